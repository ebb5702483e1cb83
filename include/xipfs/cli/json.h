/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writes JSON as it comes, one line for each element of an outer list. Texts are escaped like those
 * of the other reports (xip_cli_print_escaped), so they are valid whatever bytes a name holds.
 */
#ifndef XIPFS_JSON_H
#define XIPFS_JSON_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct json {
	FILE *out;
	unsigned depth;
	bool follows; /* something comes before it at this depth */
};

/* @key is NULL inside a list. */
void json_open_object(struct json *json, const char *key);
void json_close_object(struct json *json);
void json_open_list(struct json *json, const char *key);
void json_close_list(struct json *json);
void json_number(struct json *json, const char *key, uint64_t value);
void json_bool(struct json *json, const char *key, bool value);
/* NULL gives null. */
void json_text(struct json *json, const char *key, const char *text);
void json_null(struct json *json, const char *key);

#endif
