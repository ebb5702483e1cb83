/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is said of each reason: a name for machines, a clause and advice for people.
 */
#include <stddef.h>

#include "xipfs/elf/loader.h"
#include "xipfs/elf/machine.h"

static const struct {
	const char *name;
	const char *text;
	const char *advice;   /* NULL: nothing to be done */
	const char *no_fdpic; /* the advice where there is no FDPIC; NULL: the same */
	bool refused;         /* the kernel does not start the program */
} reasons[XIP_WHY_COUNT] = {
	[XIP_WHY_DIRECT] = {"direct", "it is mapped from flash", NULL, NULL, false},
	[XIP_WHY_NOT_PROGRAM] = {"not-program", "it is neither ELF nor bFLT", NULL, NULL, false},
	[XIP_WHY_BAD_HEADER] = {"bad-header", "its headers are damaged",
		"build or copy the file again", NULL, true},
	[XIP_WHY_NOT_EXECUTABLE_TYPE] = {"not-executable-type",
		"it is an ELF file, but not a program or shared object", NULL, NULL, false},
	[XIP_WHY_WRITABLE] = {"writable", "the segment is writable", NULL, NULL, false},
	[XIP_WHY_BSS_IN_TEXT] = {"bss-in-text",
		"the read-only segment has bss, which the loader clears",
		"move the zero-initialised sections to a writable segment", NULL, false},
	[XIP_WHY_BEYOND_FILE] = {"beyond-file",
		"the segment's pages reach past the end of the file, so the program cannot start",
		"move the zero-initialised sections to a writable segment", NULL, true},
	[XIP_WHY_UNALIGNED_SEGMENT] = {"unaligned-segment",
		"a segment's address and file offset differ modulo the page size, so the program "
		"cannot start",
		"link with -z max-page-size= of the target's page size or more", NULL, true},
	[XIP_WHY_ALIGN_TOO_BIG] = {"align-too-big",
		"a section of the segment wants more alignment than a page",
		"lower that section's alignment to a page (readelf -SW shows it)", NULL, false},
	[XIP_WHY_NOT_FDPIC] = {"not-fdpic",
		"it is not an FDPIC program, so a kernel without an MMU copies all of it to RAM",
		"build it with an FDPIC tool chain (-mfdpic), or use -X -X if there is an MMU",
		"its machine has no FDPIC: use -X -X if there is an MMU; without one no ELF "
		"program of this machine executes in place",
		false},
	[XIP_WHY_FLAT_RAM] = {"flat-ram", "its bFLT header asks for text in RAM",
		"compile for data at any distance from the text (ARM: -fPIC -msingle-pic-base, "
		"m68k: -msep-data), so that elf2flt does not ask for it",
		NULL, false},
	[XIP_WHY_FLAT_PACKED] = {"flat-packed", "its bFLT text is packed",
		"unpack it with flthdr -Z, or pack only its data with elf2flt -d", NULL, false},
	[XIP_WHY_TEXTREL] = {"textrel", "it has text relocations, so its text is written to",
		"compile all of it position independent; for ELF, ld -z text finds the culprit",
		NULL, false},
	[XIP_WHY_NO_TEXT] = {"no-text", "it has no read-only segment",
		"link without -N (--omagic), so that text and data get segments of their own", NULL,
		false},
	[XIP_WHY_CONSTDISP] = {"constant-displacement",
		"it is flagged as position independent at constant displacement, so a kernel "
		"without an MMU copies all of it to RAM",
		"compile and link all of its objects with -mfdpic", NULL, false},
	[XIP_WHY_TOO_MANY_HEADERS] = {"too-many-headers",
		"it has more than a page of program headers, so it cannot start",
		"link it with fewer segments", NULL, true},
	[XIP_WHY_FLAT_MMU] = {"flat-mmu",
		"a kernel with an MMU copies bFLT programs to RAM, if it takes them at all",
		"build it as ELF", NULL, false},
	[XIP_WHY_SHARED_PAGE] = {"shared-page",
		"two of its read-only segments share a page, and a kernel without an MMU cannot "
		"map both from flash",
		"link with -z separate-code, or with all that is read-only in one segment", NULL,
		false},
	[XIP_WHY_BYTE_ORDER] = {"byte-order",
		"its byte order is not that of the image, so no kernel that mounts the image can "
		"load it",
		"make the image in the byte order of its programs (mkxipfs -B or -L)", NULL, true},
	[XIP_WHY_FIXED] = {"fixed-address",
		"it is linked to a fixed address, so a kernel without an MMU cannot load it",
		"build it with an FDPIC tool chain (-mfdpic), or use -X -X if there is an MMU",
		"link it with -static-pie, which is copied to RAM, or use -X -X if there is an MMU",
		true},
	[XIP_WHY_NO_NOMMU] = {"no-nommu",
		"Linux for its machine always has an MMU, so a kernel without one cannot load it",
		"use -X -X, the rules of a kernel with an MMU", NULL, true},
	[XIP_WHY_FDPIC_MMU] = {"fdpic-mmu",
		"kernels of its machine load FDPIC programs only without an MMU",
		"build it as ordinary ELF for a kernel with an MMU", NULL, true},
};

static bool is_known(enum xip_why why)
{
	return (unsigned)why < XIP_WHY_COUNT;
}

const char *xip_why_text(enum xip_why why)
{
	return is_known(why) ? reasons[why].text : "unknown";
}

bool xip_why_refuses(enum xip_why why)
{
	return is_known(why) && reasons[why].refused;
}

const char *xip_why_advice(enum xip_why why, uint16_t machine)
{
	if (!is_known(why))
		return NULL;
	if (reasons[why].no_fdpic && !xip_machine_find(machine)->fdpic)
		return reasons[why].no_fdpic;
	return reasons[why].advice;
}

const char *xip_why_name(enum xip_why why)
{
	return is_known(why) ? reasons[why].name : "unknown";
}
