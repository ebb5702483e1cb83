/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "xipfs/cli/json.h"

#include <inttypes.h>

#include "xipfs/cli/cli.h"

/* Deeper elements are on the line of the one they belong to. */
#define DEPTH_OF_LINES 2

static void begin(struct json *json, const char *key)
{
	if (json->follows)
		fputc(',', json->out);
	if (json->depth && json->depth <= DEPTH_OF_LINES)
		fprintf(json->out, "\n%*s", (int)json->depth, "");
	else if (json->follows)
		fputc(' ', json->out);
	if (key)
		fprintf(json->out, "\"%s\": ", key);
	json->follows = true;
}

static void open_level(struct json *json, const char *key, char bracket)
{
	begin(json, key);
	fputc(bracket, json->out);
	json->depth++;
	json->follows = false;
}

static void close_level(struct json *json, char bracket)
{
	json->depth--;
	if (json->follows && json->depth < DEPTH_OF_LINES)
		fprintf(json->out, "\n%*s", (int)json->depth, "");
	fputc(bracket, json->out);
	json->follows = true;
	if (!json->depth)
		fputc('\n', json->out);
}

void json_open_object(struct json *json, const char *key)
{
	open_level(json, key, '{');
}

void json_close_object(struct json *json)
{
	close_level(json, '}');
}

void json_open_list(struct json *json, const char *key)
{
	open_level(json, key, '[');
}

void json_close_list(struct json *json)
{
	close_level(json, ']');
}

void json_number(struct json *json, const char *key, uint64_t value)
{
	begin(json, key);
	fprintf(json->out, "%" PRIu64, value);
}

void json_bool(struct json *json, const char *key, bool value)
{
	begin(json, key);
	fputs(value ? "true" : "false", json->out);
}

void json_null(struct json *json, const char *key)
{
	begin(json, key);
	fputs("null", json->out);
}

void json_text(struct json *json, const char *key, const char *text)
{
	if (!text) {
		json_null(json, key);
		return;
	}
	begin(json, key);
	fputc('"', json->out);
	xip_cli_print_json(json->out, text);
	fputc('"', json->out);
}
