/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The paths and patterns after the image: what they name.
 */
#include <stdlib.h>
#include <string.h>

#include "common.h"
#include "xipfs/base/pattern.h"
#include "xipfs/read/resolve.h"

/* Marks what one path or pattern names, and for directories what is below them. */
static enum xip_err choose(struct dump *dump, const char *given, bool *chosen)
{
	const struct xip_listing *listing = &dump->listing;
	char pattern[XIP_RESOLVE_PATH_MAX];
	enum xip_err err = xip_image_resolve_pattern(dump->image, listing, given, true, pattern);
	size_t found = 0, reach;

	if (err)
		return err == XIP_ERR_NOMEM ? xip_diag_nomem(dump->diag)
					    : xip_diag_fail(dump->diag, err, given, XIP_NO_OFFSET,
						      "cannot be looked up");
	reach = xip_pattern_reach(pattern);
	for (size_t i = 0; i < listing->count; i++) {
		char *path = xip_listing_path_end(listing, i, reach);
		bool matches;

		if (!path)
			return xip_diag_nomem(dump->diag);
		matches = i ? xip_pattern_match(pattern, path)
			    : !strcmp(pattern + strspn(pattern, "./"), "");
		free(path);
		if (!matches)
			continue;
		found++;
		chosen[i] = true;
	}
	/* Directories come before what is in them. */
	for (size_t i = 1; i < listing->count; i++)
		chosen[i] |= chosen[listing->entries[i].parent];
	if (!found)
		return xip_diag_fail(dump->diag, XIP_ERR_USAGE, given, XIP_NO_OFFSET,
			"matches nothing in the image");
	return XIP_OK;
}

enum xip_err dump_choose(struct dump *dump, bool **chosen)
{
	enum xip_err err = XIP_OK;

	*chosen = NULL;
	if (!dump->options->path_count)
		return XIP_OK;
	*chosen = calloc(dump->listing.count, sizeof(**chosen));
	if (!*chosen)
		return xip_diag_nomem(dump->diag);
	for (size_t i = 0; !err && i < dump->options->path_count; i++)
		err = choose(dump, dump->options->paths[i], *chosen);
	if (err) {
		free(*chosen);
		*chosen = NULL;
	}
	return err;
}

enum xip_err dump_choose_files(struct dump *dump, bool **chosen)
{
	enum xip_err err = dump_choose(dump, chosen);

	for (size_t i = 0; !err && *chosen && i < dump->listing.count; i++) {
		uint32_t file = dump->map.file_of_entry[i];

		if ((*chosen)[i] && file != XIP_NO_ENTRY)
			(*chosen)[dump->map.files[file].entry] = true;
	}
	return err;
}

void dump_keep_programs(struct dump *dump, const bool *chosen)
{
	struct xip_program_list *list = &dump->programs;
	size_t kept = 0;

	for (size_t i = 0; chosen && i < list->count; i++)
		if (chosen[list->programs[i].entry])
			list->programs[kept++] = list->programs[i];
	if (chosen)
		list->count = kept;
}
