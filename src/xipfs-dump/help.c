/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "options.h"

/* Every option is explained in xipfs-dump(1); a test compares the two lists. */
const char help_text[] =
	"Usage: xipfs-dump [OPTION]... IMAGE\n"
	"Show, check and extract a cramfs image, from whatever builder.\n"
	"\n"
	"What to do (one of them; without any: print a summary):\n"
	"      --list[=PATH]          list the entries, or those at and below PATH\n"
	"      --map                  list every extent of the image in address order\n"
	"      --blocks=PATH          list the blocks of a file\n"
	"      --check[=NAME,...]     check every rule of the format, or these\n"
	"      --extract=DIR          extract the tree below DIR\n"
	"      --cat=PATH             write the content of a file to standard output\n"
	"      --tar=FILE             write the tree as a tar archive (- is standard output)\n"
	"      --diff=IMAGE2          compare with another image\n"
	"\n"
	"How:\n"
	"      --flash-addr=ADDR      show physical addresses: the image lies at ADDR\n"
	"      --page-size=SIZE       page size of the target; found out when not given\n"
	"      --json                 print JSON; its schema is in xipfs-dump(1)\n"
	"  -v, --verbose              print more\n"
	"  -h, --help                 print this text\n"
	"  -V, --version              print the version\n"
	"\n"
	"Exit status: 0 success; 1 --diff found differences; 4 --check found errors;\n"
	"8 failure; 16 wrong usage. See xipfs-dump(1) and xipfs(5).\n";
