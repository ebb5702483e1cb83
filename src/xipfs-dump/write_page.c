/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * --html: one page with the flash to scale, a treemap of the files and the RAM that programs take.
 * It refers to nothing outside itself.
 */
#include "page.h"
#include "web.h"
#include "xipfs/cli/stream.h"

static enum xip_err print_page(FILE *out, struct dump *dump, struct dump *before)
{
	enum xip_err err;

	fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
	      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>",
		out);
	xip_cli_print_xml(out, dump->path);
	fprintf(out, "</title>\n<style>\n%s%s</style>\n</head>\n%s", web_colours_css, web_page_css,
		web_page_html);
	fputs("<script type=\"application/json\" id=\"data\">", out);
	err = page_print_data(out, dump, before);
	fprintf(out, "</script>\n<script>\n%s</script>\n</body>\n</html>\n", web_page_js);
	return err;
}

static enum xip_err write_file(struct dump *dump, struct dump *before)
{
	struct xip_stream stream;
	enum xip_err err = xip_stream_open(&stream, dump->options->argument, dump->diag);

	if (err)
		return err;
	err = print_page(stream.file, dump, before);
	return xip_stream_close(&stream, err, dump->diag);
}

enum xip_err write_page(struct dump *dump, const struct xip_cli *cli)
{
	const char *path = dump->options->before;
	struct dump before;
	enum xip_err err = dump_survey(dump, false);

	if (err || !path)
		return err ? err : write_file(dump, NULL);
	err = dump_open(&before, path, dump->options, cli, dump->diag);
	if (err)
		return err;
	err = dump_survey(&before, false);
	if (!err)
		err = write_file(dump, &before);
	dump->damaged |= before.damaged;
	dump_close(&before);
	return err;
}
