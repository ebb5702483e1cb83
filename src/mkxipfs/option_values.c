/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "option_values.h"

#include <string.h>

#include "xipfs/base/bytes.h"
#include "xipfs/base/text.h"
#include "xipfs/cli/cli.h"

#define JOBS_MAX 1024
/* No flash that an image is made for is larger. */
#define PAD_MAX ((uint64_t)4 << 30)

enum options_verdict option_usage(const struct parser *parser, const char *format, const char *what)
{
	xip_diag_fail(parser->diag, XIP_ERR_USAGE, NULL, XIP_NO_OFFSET, format, what);
	return OPTIONS_USAGE;
}

static enum options_verdict set_max_size(struct parser *parser, const char *text)
{
	if (!xip_parse_size(text, &parser->options->build.max_size) ||
		!parser->options->build.max_size)
		return option_usage(parser,
			"--max-size=%s: it must be a number of bytes, which K, M or G may follow",
			text);
	return OPTIONS_RUN;
}

/* "SIZE", or "erase-block:SIZE" for a multiple. */
static enum options_verdict set_pad_to(struct parser *parser, const char *text)
{
	static const char unit[] = "erase-block:";
	bool multiple = !strncmp(text, unit, strlen(unit));
	uint64_t size;

	if (!xip_parse_size(multiple ? text + strlen(unit) : text, &size) || !size)
		return option_usage(parser,
			"--pad-to=%s: it must be the size of the file, or erase-block:SIZE for a "
			"multiple of it",
			text);
	if (size > PAD_MAX)
		return option_usage(parser, "--pad-to=%s: an image is never that large", text);
	parser->pad_to = multiple ? 0 : size;
	parser->options->build.pad_unit = size;
	return OPTIONS_RUN;
}

static enum options_verdict set_pad_byte(struct parser *parser, const char *text)
{
	uint64_t byte;

	if (!xip_parse_size(text, &byte) || byte > 0xff)
		return option_usage(
			parser, "--pad-byte=%s: it must be a number from 0 to 0xff", text);
	parser->options->build.pad_byte = (uint8_t)byte;
	parser->pad_byte = true;
	return OPTIONS_RUN;
}

static enum options_verdict set_page_size(struct parser *parser, const char *text)
{
	uint64_t size;

	if (!xip_parse_size(text, &size) || !xip_page_size_is_valid(size))
		return option_usage(parser,
			"--page-size=%s: it must be the target's, a power of two from 4096 to "
			"65536",
			text);
	parser->options->build.policy.page_size = (uint32_t)size;
	return OPTIONS_RUN;
}

static enum options_verdict set_xip_align(struct parser *parser, const char *text)
{
	uint64_t size;

	if (!xip_parse_size(text, &size) || size < 4 || size > XIP_PAGE_SIZE_MAX ||
		!xip_is_power_of_two(size))
		return option_usage(parser,
			"--xip-align=%s: it must be a power of two from 4 to the page size", text);
	parser->options->build.policy.xip_align = (uint32_t)size;
	return OPTIONS_RUN;
}

static enum options_verdict set_endian(struct parser *parser, const char *text)
{
	const uint16_t probe = 1;

	if (!strcmp(text, "big"))
		parser->options->build.layout.big = true;
	else if (!strcmp(text, "little"))
		parser->options->build.layout.big = false;
	else if (!strcmp(text, "host"))
		parser->options->build.layout.big = !*(const uint8_t *)&probe;
	else
		return option_usage(parser, "--endian=%s: it must be big, little or host", text);
	parser->options->build.policy.order_given = true;
	return OPTIONS_RUN;
}

static enum options_verdict set_edition(struct parser *parser, const char *text)
{
	uint64_t number;

	if (!xip_parse_size(text, &number) || number > UINT32_MAX)
		return option_usage(
			parser, "--edition=%s: it must be a number of at most 32 bits", text);
	parser->options->build.layout.edition = (uint32_t)number;
	return OPTIONS_RUN;
}

static enum options_verdict set_name(struct parser *parser, const char *text)
{
	uint8_t *name = parser->options->build.layout.name;
	size_t room = sizeof(parser->options->build.layout.name);
	size_t length = strlen(text);

	if (length > room)
		xip_diag_warn(parser->diag, NULL, XIP_NO_OFFSET,
			"the name %s is cut to its first %zu bytes, all that the super block holds",
			text, room);
	memset(name, 0, room);
	memcpy(name, text, length < room ? length : room);
	return OPTIONS_RUN;
}

static enum options_verdict set_jobs(struct parser *parser, const char *text)
{
	uint64_t jobs;

	if (!xip_parse_size(text, &jobs) || jobs > JOBS_MAX)
		return option_usage(parser,
			"--jobs=%s: it must be a number of threads (0: one per processor)", text);
	parser->options->build.encode.threads = (unsigned)jobs;
	return OPTIONS_RUN;
}

static enum options_verdict set_compressor(struct parser *parser, const char *text)
{
	enum xip_compressor *compressor = &parser->options->build.encode.compressor;

	if (!strcmp(text, "libdeflate"))
		*compressor = XIP_LIBDEFLATE;
	else if (!strcmp(text, "zlib"))
		*compressor = XIP_ZLIB;
	else if (!strcmp(text, "zopfli"))
		*compressor = XIP_ZOPFLI;
	else
		return option_usage(
			parser, "--compressor=%s: it must be libdeflate, zlib or zopfli", text);
	return OPTIONS_RUN;
}

static enum options_verdict set_level(struct parser *parser, const char *text)
{
	uint64_t level;

	if (!xip_parse_size(text, &level) || !level || level > 1000)
		return option_usage(parser, "--level=%s: it must be a number of at least 1", text);
	parser->level = (int)level;
	return OPTIONS_RUN;
}

static enum options_verdict set_xattrs(struct parser *parser, const char *text)
{
	if (strcmp(text, "ignore") != 0 && strcmp(text, "warn") != 0)
		return option_usage(parser, "--xattrs=%s: it must be warn or ignore", text);
	parser->options->ignore_xattrs = !strcmp(text, "ignore");
	return OPTIONS_RUN;
}

static enum options_verdict set_unpack_limit(struct parser *parser, const char *text)
{
	if (!xip_parse_size(text, &parser->options->unpack_limit) ||
		!parser->options->unpack_limit || parser->options->unpack_limit > INT64_MAX)
		return option_usage(parser,
			"--max-unpacked=%s: it must be a number of bytes, which K, M or G may "
			"follow",
			text);
	return OPTIONS_RUN;
}

static enum options_verdict set_platform(struct parser *parser, const char *text)
{
	const char *architecture = strchr(text, '/');

	if (!architecture || architecture == text || !architecture[1])
		return option_usage(parser,
			"--platform=%s: it must be OS/ARCHITECTURE or OS/ARCHITECTURE/VARIANT",
			text);
	parser->options->platform = text;
	return OPTIONS_RUN;
}

static enum options_verdict set_color(struct parser *parser, const char *text)
{
	if (!xip_cli_parse_when(text, &parser->options->color))
		return option_usage(parser, "--color=%s: it must be auto, always or never", text);
	return OPTIONS_RUN;
}

static const struct {
	int option;
	enum options_verdict (*set)(struct parser *parser, const char *text);
} values[] = {
	{'b', set_page_size},
	{'e', set_edition},
	{'j', set_jobs},
	{'n', set_name},
	{'N', set_endian},
	{OPT_XIP_ALIGN, set_xip_align},
	{OPT_MAX_SIZE, set_max_size},
	{OPT_PAD_TO, set_pad_to},
	{OPT_PAD_BYTE, set_pad_byte},
	{OPT_COLOR, set_color},
	{OPT_XATTRS, set_xattrs},
	{OPT_MAX_UNPACKED, set_unpack_limit},
	{OPT_PLATFORM, set_platform},
	{OPT_COMPRESSOR, set_compressor},
	{OPT_LEVEL, set_level},
};

#define VALUES (sizeof(values) / sizeof(*values))

/* Its place in the table; VALUES: it is not there. */
static size_t find(int option)
{
	size_t i = 0;

	while (i < VALUES && values[i].option != option)
		i++;
	return i;
}

bool option_has_value(int option)
{
	return find(option) < VALUES;
}

enum options_verdict option_set_value(struct parser *parser, int option, const char *text)
{
	return values[find(option)].set(parser, text);
}
