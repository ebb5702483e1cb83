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
#include "xipfs/read/find.h"
#include "xipfs/read/reader.h"
#include "xipfs/check/verify.h"

#define EXIT_DIFFERENT 1 /* as diff(1) */
#define EXIT_ERRORS    4 /* as fsck(8): errors left uncorrected */

struct dump {
	const struct options *options;
	const struct xip_diag *diag;
	const char *path; /* of the image; "standard input" */
	int fd;
	struct xip_image *image;
	const struct xip_image_info *info;
	struct xip_listing listing;
	struct xip_map map;
	struct xip_program_list programs; /* those with XIP blocks */
	bool color;
	bool damaged; /* the listing lacks something, or the CRC is wrong, as warnings have said */
};

/*
 * Opens file @path ("-": standard input) at *@fd, a copy of it when it can only be read from front
 * to back; *@name is what to call it. The caller closes *@fd. XIP_ERR_IO, XIP_ERR_NOMEM.
 */
XIP_MUST_CHECK enum xip_err open_input(
	const char *path, int *fd, const char **name, const struct xip_diag *diag);

/* XIP_ERR_USAGE, reported, when what is written would take the place of something that is read. */
XIP_MUST_CHECK enum xip_err spare_inputs(
	const struct options *options, const struct xip_diag *diag);

/* Opens the image at @path and lists it. On failure there is nothing to close. */
XIP_MUST_CHECK enum xip_err dump_open(struct dump *dump, const char *path,
	const struct options *options, const struct xip_cli *cli, const struct xip_diag *diag);
/* Fills in dump->map, and with @programs dump->programs. */
XIP_MUST_CHECK enum xip_err dump_survey(struct dump *dump, bool programs);
void dump_close(struct dump *dump);

/* The bytes that switch standard output to @color, if the user wants colours. */
const char *dump_color(const struct dump *dump, enum xip_color color);

/*
 * The entry at @path, following symlinks on the way and, with @follow or a '/' after it, also one
 * at its end. XIP_ERR_USAGE, reported: there is none; XIP_ERR_IO, XIP_ERR_NOMEM.
 */
XIP_MUST_CHECK enum xip_err dump_find(
	struct dump *dump, const char *path, bool follow, size_t *entry);

/*
 * Which entries the paths and patterns after the image name (options->paths, symlinks followed):
 * *@chosen, a flag for each entry of the listing, malloc'ed; NULL when none was given.
 * XIP_ERR_USAGE: one of them names nothing, reported.
 */
XIP_MUST_CHECK enum xip_err dump_choose(struct dump *dump, bool **chosen);
/* The same for what judges data: any of the data's names also chooses the first. */
XIP_MUST_CHECK enum xip_err dump_choose_files(struct dump *dump, bool **chosen);
/* Leaves only @chosen programs (NULL: all) in dump->programs. */
void dump_keep_programs(struct dump *dump, const bool *chosen);

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

const char *dump_loader_text(enum xip_loader loader);
const char *dump_crc_text(enum xip_crc_verdict verdict);

/* The volume name in a super block, which has no NUL when it fills its field. */
struct dump_name {
	char text[17];
};
struct dump_name dump_volume_name(const struct xip_super *super);

/* The actions. Reports go to standard output. */
XIP_MUST_CHECK enum xip_err print_summary(struct dump *dump);
XIP_MUST_CHECK enum xip_err print_list(struct dump *dump);
XIP_MUST_CHECK enum xip_err print_map(struct dump *dump);
XIP_MUST_CHECK enum xip_err print_blocks(struct dump *dump);
XIP_MUST_CHECK enum xip_err print_ram(struct dump *dump);
XIP_MUST_CHECK enum xip_err print_top(struct dump *dump);
XIP_MUST_CHECK enum xip_err print_find(const struct options *options, const struct xip_diag *diag);
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
/* "2 hot pages in place, 1 cold one compressed", and a line feed. */
void print_heat(uint64_t hot, uint64_t cold);
void json_programs(const struct dump *dump, struct json *json);

#endif
