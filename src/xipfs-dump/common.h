/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the actions of xipfs-dump share: an open image with all that is known of it.
 */
#ifndef DUMP_COMMON_H
#define DUMP_COMMON_H

#include "xipfs/cli/json.h"
#include "options.h"
#include "xipfs/base/io.h"
#include "xipfs/cli/cli.h"
#include "xipfs/inspect/map.h"
#include "xipfs/inspect/programs.h"
#include "xipfs/read/reader.h"
#include "xipfs/check/verify.h"

#define EXIT_DIFFERENT 1 /* as diff(1) */
#define EXIT_ERRORS    4 /* as fsck(8): errors left uncorrected */

struct dump {
	const struct options *options;
	const struct xip_diag *diag;
	const char *path; /* of the image */
	int fd;
	struct xip_image *image;
	const struct xip_image_info *info;
	struct xip_listing listing;
	struct xip_map map;
	struct xip_program_list programs; /* those with XIP blocks */
	bool damaged;                     /* the listing lacks something, as warnings have told */
};

/* Opens the image at @path and lists it. On failure there is nothing to close. */
XIP_MUST_CHECK enum xip_err dump_open(struct dump *dump, const char *path,
	const struct options *options, const struct xip_cli *cli, const struct xip_diag *diag);
/* Fills in dump->map, and with @programs dump->programs. */
XIP_MUST_CHECK enum xip_err dump_survey(struct dump *dump, bool programs);
void dump_close(struct dump *dump);

/* Prints the path of an entry, escaped; "-" for XIP_NO_ENTRY. */
void dump_print_path(const struct dump *dump, FILE *out, uint32_t entry);
void dump_json_path(const struct dump *dump, struct json *json, const char *key, uint32_t entry);

/* The address of byte @offset of the image: in flash when that is known. */
uint64_t dump_address(const struct dump *dump, uint64_t offset);
/* The physical address of byte @offset; null when the image's is not known. */
void dump_json_address(
	const struct dump *dump, struct json *json, const char *key, uint64_t offset);

/* "{" and what every report in JSON begins with: image, page_size, size, flash_address. */
void dump_json_begin(const struct dump *dump, struct json *json);

/* XIP_ERR_USAGE, reported, when @output would take the place of the image that is being read. */
XIP_MUST_CHECK enum xip_err dump_spare_image(
	const struct dump *dump, const struct xip_output *output);

const char *dump_loader_text(enum xip_loader loader);

/* The actions. Reports go to standard output. */
XIP_MUST_CHECK enum xip_err print_summary(struct dump *dump);
XIP_MUST_CHECK enum xip_err print_list(struct dump *dump);
XIP_MUST_CHECK enum xip_err print_map(struct dump *dump);
XIP_MUST_CHECK enum xip_err print_blocks(struct dump *dump);
XIP_MUST_CHECK enum xip_err print_ram(struct dump *dump);
XIP_MUST_CHECK enum xip_err print_check(struct dump *dump, int *status);
XIP_MUST_CHECK enum xip_err write_picture(struct dump *dump);
XIP_MUST_CHECK enum xip_err write_page(struct dump *dump, const struct xip_cli *cli);
XIP_MUST_CHECK enum xip_err print_expect(struct dump *dump, int *status);

XIP_MUST_CHECK enum xip_err extract_all(struct dump *dump);
XIP_MUST_CHECK enum xip_err cat_file(struct dump *dump);
XIP_MUST_CHECK enum xip_err write_tar(struct dump *dump);
XIP_MUST_CHECK enum xip_err print_diff(struct dump *dump, const struct xip_cli *cli, int *status);

/* Part of print_map on a terminal. */
void print_bar(const struct dump *dump);

/* Parts of print_summary and print_check. */
void print_programs(const struct dump *dump);
void json_programs(const struct dump *dump, struct json *json);

#endif
