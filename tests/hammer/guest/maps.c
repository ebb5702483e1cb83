/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Prints its own mappings. PAGES makes it so many pages larger, which hardly take room when
 * compressed. */

#include "call.h"

#if defined(PAGES)
__attribute__((used)) static const char more[PAGES * 4096 - 2048] = "more";
#endif

void _start(void)
{
	/* In little-endian words, so that it is in the code: "/pro", "c/se", "lf/m", "aps". */
	volatile unsigned path[4];
	char text[512];
	long maps, length;

	path[0] = 0x6f72702f;
	path[1] = 0x65732f63;
	path[2] = 0x6d2f666c;
	path[3] = 0x00737061;
	maps = call(SYS_OPEN, (long)path, 0, 0);
	while ((length = call(SYS_READ, maps, text, sizeof(text))) > 0)
		call(SYS_WRITE, 1, text, length);
	call(SYS_EXIT, 0, 0, 0);
}
