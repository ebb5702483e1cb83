/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <archive.h>
#include <elfutils/version.h>
#include <json-c/json_c_version.h>
#include <libdeflate.h>
#include <stdio.h>
#include <zlib.h>
#ifdef XIP_HAVE_ISAL
#include <isa-l.h>
#endif

#include "xipfs/cli/cli.h"

/* Versions are those of the libraries loaded, or, where they cannot tell, those built with. */
void xip_cli_print_version(const char *program)
{
	printf("%s %s\n%s, zlib %s, libelf 0.%d, libdeflate %s, zopfli %s, json-c %s", program,
		XIP_VERSION, archive_version_string(), zlibVersion(), _ELFUTILS_VERSION,
		LIBDEFLATE_VERSION_STRING, XIP_ZOPFLI_VERSION, json_c_version());
#ifdef XIP_HAVE_ISAL
	printf(", ISA-L %d.%d.%d", ISAL_MAJOR_VERSION, ISAL_MINOR_VERSION, ISAL_PATCH_VERSION);
#endif
	putchar('\n');
}
