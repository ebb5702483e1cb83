/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/* print_check() tells of faults in its own way: of the rest only errors are told here. */
static void tell_errors(void *user, enum xip_severity severity, const char *path, uint64_t offset,
	const char *message)
{
	const struct xip_diag *diag = user;

	if (severity == XIP_DIAG_ERROR)
		diag->emit(diag->user, severity, path, offset, message);
}

enum xip_err dump_open(struct dump *dump, const char *path, const struct options *options,
	const struct xip_cli *cli, const struct xip_diag *diag)
{
	const struct xip_diag errors = {tell_errors, (void *)diag};
	unsigned warnings = cli->warnings;
	enum xip_err err;

	*dump = (struct dump){.options = options, .diag = diag, .path = path};
	dump->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (dump->fd < 0)
		return xip_diag_fail_errno(diag, errno, path, "cannot open");
	err = xip_image_open(&dump->image, dump->fd, path, options->page_size, diag);
	if (!err) {
		dump->info = xip_image_info(dump->image);
		err = xip_image_list(dump->image, true, &dump->listing,
			options->action == ACTION_CHECK ? &errors : diag);
	}
	if (err)
		dump_close(dump);
	dump->damaged = cli->warnings != warnings;
	return err;
}

enum xip_err dump_survey(struct dump *dump, bool programs)
{
	const struct xip_programs_options options = {
		.flash_address = dump->options->flash_address,
	};
	enum xip_err err = xip_map_build(dump->image, &dump->listing, &dump->map, dump->diag);

	if (!err && programs)
		err = xip_programs_judge(dump->image, &dump->listing, &dump->map, &options,
			&dump->programs, dump->diag);
	return err;
}

void dump_close(struct dump *dump)
{
	xip_programs_free(&dump->programs);
	xip_map_free(&dump->map);
	xip_listing_free(&dump->listing);
	xip_image_close(dump->image);
	if (dump->fd >= 0)
		close(dump->fd);
	dump->image = NULL;
	dump->fd = -1;
}

void dump_print_path(const struct dump *dump, FILE *out, uint32_t entry)
{
	char buffer[XIP_SHOWN_PATH_SIZE];

	if (entry == XIP_NO_ENTRY)
		fputc('-', out);
	else
		xip_cli_print_escaped(out, xip_listing_show(&dump->listing, entry, buffer));
}

void dump_json_path(const struct dump *dump, struct json *json, const char *key, uint32_t entry)
{
	char buffer[XIP_SHOWN_PATH_SIZE];

	if (entry == XIP_NO_ENTRY)
		json_null(json, key);
	else
		json_text(json, key, xip_listing_show(&dump->listing, entry, buffer));
}

uint64_t dump_address(const struct dump *dump, uint64_t offset)
{
	return dump->options->flash_address + offset;
}

void dump_json_address(const struct dump *dump, struct json *json, const char *key, uint64_t offset)
{
	if (dump->options->flash_address)
		json_number(json, key, dump_address(dump, offset));
	else
		json_null(json, key);
}

void dump_json_begin(const struct dump *dump, struct json *json)
{
	json_open_object(json, NULL);
	json_text(json, "image", dump->path);
	json_number(json, "page_size", dump->info->page_size);
	json_number(json, "size", dump->info->size);
	dump_json_address(dump, json, "flash_address", 0);
}

enum xip_err dump_spare_image(const struct dump *dump, const struct xip_output *output)
{
	struct stat image;

	if (fstat(dump->fd, &image))
		return xip_diag_fail_errno(dump->diag, errno, dump->path, "cannot stat");
	if (!xip_output_is(output, &image))
		return XIP_OK;
	return xip_diag_fail(dump->diag, XIP_ERR_USAGE, dump->path, XIP_NO_OFFSET,
		"the output would be written over the image");
}

const char *dump_loader_text(enum xip_loader loader)
{
	switch (loader) {
	case XIP_LOADER_FDPIC:
		return "FDPIC ELF";
	case XIP_LOADER_ELF:
		return "ELF";
	case XIP_LOADER_FLAT:
		return "bFLT";
	case XIP_LOADER_NONE:
		break;
	}
	return "data";
}
