/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "strip.h"

#include <elf.h>

#include "xipfs/base/pattern.h"

bool xip_strip_is_kernels(const char *path)
{
	static const char *const places[] = {"/lib/firmware/**", "/usr/lib/firmware/**",
		"/lib/modules/**", "/usr/lib/modules/**"};

	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++)
		if (xip_pattern_match(places[i], path))
			return true;
	return false;
}

enum xip_strip xip_strip_judge(
	const struct xip_program *program, size_t size, uint32_t mode, uint32_t *end)
{
	const struct xip_elf *elf = &program->elf;

	if (program->loader == XIP_LOADER_FLAT || program->why == XIP_WHY_NOT_PROGRAM)
		return XIP_STRIP_NOT_ELF;
	if (program->loader == XIP_LOADER_NONE || program->why == XIP_WHY_BAD_HEADER)
		return XIP_STRIP_NOT_PROGRAM;
	/* Nobody executes it, so somebody else reads it: remoteproc for instance. */
	if (elf->type == ET_EXEC && !(mode & 0111))
		return XIP_STRIP_NOT_EXECUTABLE;
	if (elf->looked_up)
		return XIP_STRIP_LOOKED_UP;
	if (elf->run_end > size)
		return XIP_STRIP_BEYOND_FILE;
	if (elf->appendix)
		return XIP_STRIP_APPENDIX;
	if (elf->run_end == size)
		return XIP_STRIP_NOTHING;
	*end = (uint32_t)elf->run_end;
	return XIP_STRIP_DONE;
}

void xip_strip_patch(const struct xip_elf *elf, struct xip_plan_patch *patches)
{
	/* e_shnum and e_shstrndx lie side by side; zero is the same in both byte orders */
	patches[0] = (struct xip_plan_patch){
		.offset = elf->is64 ? offsetof(Elf64_Ehdr, e_shoff) : offsetof(Elf32_Ehdr, e_shoff),
		.length = elf->is64 ? sizeof(Elf64_Off) : sizeof(Elf32_Off),
	};
	patches[1] = (struct xip_plan_patch){
		.offset = elf->is64 ? offsetof(Elf64_Ehdr, e_shnum) : offsetof(Elf32_Ehdr, e_shnum),
		.length = 2 * sizeof(Elf32_Half),
	};
}

static const struct {
	const char *name;
	const char *text;
} outcomes[XIP_STRIP_COUNT] = {
	[XIP_STRIP_UNASKED] = {"unasked", "nothing asks for it"},
	[XIP_STRIP_DONE] = {"done", "it ends after its last segment"},
	[XIP_STRIP_NOTHING] = {"nothing", "nothing lies after its last segment"},
	[XIP_STRIP_NOT_ELF] = {"not-elf", "it is no ELF file"},
	[XIP_STRIP_NOT_PROGRAM] = {"not-program", "it is not a program or shared object with sound "
						  "headers, and whatever reads it may "
						  "need its sections"},
	[XIP_STRIP_KERNELS] = {"kernels",
		"it lies among the modules and firmware of the kernel, which may need its "
		"sections"},
	[XIP_STRIP_NOT_EXECUTABLE] = {"not-executable",
		"nobody may execute it, so it may be the firmware of another processor"},
	[XIP_STRIP_LOOKED_UP] = {"looked-up",
		"it has a section that is looked up in the file at run time (.qtmetadata, pydata, "
		".resource_table or .modinfo)"},
	[XIP_STRIP_APPENDIX] = {"appendix",
		"it has data after its sections, which it may read itself"},
	[XIP_STRIP_BEYOND_FILE] = {"beyond-file",
		"one of its program headers refers to bytes after its end"},
};

const char *xip_strip_name(enum xip_strip strip)
{
	return (unsigned)strip < XIP_STRIP_COUNT ? outcomes[strip].name : "unknown";
}

const char *xip_strip_text(enum xip_strip strip)
{
	return (unsigned)strip < XIP_STRIP_COUNT ? outcomes[strip].text : "unknown";
}
