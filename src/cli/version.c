/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <archive.h>
#include <elfutils/version.h>
#include <libdeflate.h>
#include <stdio.h>
#include <zlib.h>

#include "xipfs/cli/cli.h"

/* Versions are those of the libraries loaded, or where they cannot tell, of those built with. */
void xip_cli_print_version(const char *program)
{
	printf("%s %s\n%s, zlib %s, libelf 0.%d, libdeflate %s, zopfli %s\n", program, XIP_VERSION,
		archive_version_string(), zlibVersion(), _ELFUTILS_VERSION,
		LIBDEFLATE_VERSION_STRING, XIP_ZOPFLI_VERSION);
}
