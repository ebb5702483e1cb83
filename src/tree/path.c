/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Paths as text: of a node, and component by component.
 */
#include <stdlib.h>
#include <string.h>

#include "tree_private.h"

const char *xip_path_next(const char *path, size_t *length)
{
	do {
		path += strspn(path, "/");
		*length = strcspn(path, "/");
		path += *length;
	} while (*length == 1 && path[-1] == '.');
	return path - *length;
}

char *xip_tree_path(const struct xip_node *node)
{
	return xip_tree_path_end(node, SIZE_MAX);
}

char *xip_tree_path_end(const struct xip_node *node, size_t components)
{
	const struct xip_node *top = node;
	size_t length = 0;
	char *path;

	for (size_t i = 0; i < components && top->parent; i++, top = top->parent)
		length += 1 + (size_t)top->name_length;
	path = malloc(length ? length + 1 : 2);
	if (!path)
		return NULL;
	strcpy(path, length ? "" : "/");
	if (length)
		path[length] = '\0';
	for (; node != top; node = node->parent) {
		length -= node->name_length;
		memcpy(path + length, node->name, node->name_length);
		path[--length] = '/';
	}
	return path;
}

const char *xip_tree_show(const struct xip_node *node, char *buffer)
{
	const char *const dots = "...";
	char *path = buffer + XIP_SHOWN_NODE_SIZE - 1;

	*path = '\0';
	if (!node->parent)
		*--path = '/';
	for (; node->parent; node = node->parent) {
		if ((size_t)(path - buffer) < strlen(dots) + 1 + node->name_length) {
			path -= strlen(dots);
			memcpy(path, dots, strlen(dots));
			break;
		}
		path -= node->name_length;
		memcpy(path, node->name, node->name_length);
		*--path = '/';
	}
	return path;
}
