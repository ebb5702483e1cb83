/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "xipfs/read/resolve.h"

/* Says what is missing from an image; print_check() has a finding for it. */
static void warn_of_cut(const struct dump *dump)
{
	if (dump->info->missing && dump->options->action != ACTION_CHECK)
		xip_diag_warn(dump->diag, dump->path, XIP_NO_OFFSET,
			"cut short: the last %llu of its %u bytes are missing; what is left is "
			"shown",
			(unsigned long long)dump->info->missing, dump->info->super.size);
}

/* True for the actions that hand out what the files hold. */
static bool hands_out(enum action action)
{
	return action == ACTION_EXTRACT || action == ACTION_CAT || action == ACTION_TAR ||
	       action == ACTION_DIFF;
}

/* print_check() reports faults in its own way: of the rest only errors are reported here. */
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
	const struct xip_open_options how = {
		.page_size = options->page_size,
		/* the old image of --diff begins its file */
		.offset = path == options->image ? options->offset : 0,
		.cut_short = true,
	};
	const struct xip_diag errors = {tell_errors, (void *)diag};
	unsigned warnings = cli->warnings;
	bool right;
	enum xip_err err;

	*dump = (struct dump){
		.options = options,
		.diag = diag,
		.color = xip_cli_wants_color(options->color, stdout),
	};
	err = open_input(path, &dump->fd, &dump->path, diag);
	if (err)
		return err;
	err = xip_image_open_with(&dump->image, dump->fd, dump->path, &how, diag);
	if (!err) {
		dump->info = xip_image_info(dump->image);
		warn_of_cut(dump);
		/* print_check() reports the faults in its own way. */
		err = xip_image_list(dump->image, true, &dump->listing,
			options->action == ACTION_CHECK ? &errors : diag);
	}
	if (!err && hands_out(options->action) && !dump->info->missing)
		err = xip_image_warn_crc(dump->image, &right, diag);
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

const char *dump_color(const struct dump *dump, enum xip_color color)
{
	return xip_cli_color(dump->color, color);
}

enum xip_err dump_find(struct dump *dump, const char *path, bool follow, size_t *entry)
{
	enum xip_err err =
		follow ? xip_image_resolve(dump->image, &dump->listing, path, entry, NULL)
		       : xip_image_resolve_link(dump->image, &dump->listing, path, entry, NULL);

	if (err == XIP_ERR_NOMEM)
		return xip_diag_nomem(dump->diag);
	if (err)
		return xip_diag_fail(dump->diag, err, dump->path, XIP_NO_OFFSET, "cannot be read");
	if (*entry == SIZE_MAX)
		return xip_diag_fail(dump->diag, XIP_ERR_USAGE, path, XIP_NO_OFFSET,
			"the image has no such entry");
	return XIP_OK;
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

const char *dump_crc_text(enum xip_crc_verdict verdict)
{
	switch (verdict) {
	case XIP_CRC_GOOD:
		return "good";
	case XIP_CRC_BAD:
		return "bad";
	case XIP_CRC_CUT:
		return "cut";
	case XIP_CRC_NONE:
		break;
	}
	return "none";
}

struct dump_name dump_volume_name(const struct xip_super *super)
{
	struct dump_name name = {{0}};

	memcpy(name.text, super->name, sizeof(super->name));
	return name;
}
