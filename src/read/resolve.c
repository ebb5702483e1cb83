/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "xipfs/read/resolve.h"

#include <stdlib.h>
#include <string.h>

#include "internal.h"
#include "xipfs/base/pattern.h"

/* State of one look-up: @done is a path without symlinks that exists, @rest is yet to be walked. */
struct walk {
	char done[XIP_RESOLVE_PATH_MAX];
	char rest[XIP_RESOLVE_PATH_MAX];
	unsigned links; /* followed so far */
	bool keep_last; /* a symlink with nothing after it is not followed */
	size_t entry;   /* of @done */
};

/* Takes the first component off walk->rest into @name; false when none is left. */
static bool next_component(struct walk *walk, char *name)
{
	size_t skip = strspn(walk->rest, "/");
	size_t length = strcspn(walk->rest + skip, "/");

	memcpy(name, walk->rest + skip, length);
	name[length] = '\0';
	memmove(walk->rest, walk->rest + skip + length, strlen(walk->rest + skip + length) + 1);
	return length;
}

/* Puts the content of symlink walk->entry before walk->rest. False: there is nothing to be found.
 */
static bool follow(struct walk *walk, struct xip_image *image, const struct xip_inode *inode,
	size_t parent_length, enum xip_err *err)
{
	size_t rest_length = strlen(walk->rest), size;
	uint8_t *target;
	bool fits;

	if (++walk->links > XIP_RESOLVE_LINKS_MAX)
		return false;
	*err = xip_image_load(image, inode, &target, &size, NULL, NULL);
	if (*err) {
		/* damage is for the checks to report: here the link leads nowhere */
		if (*err == XIP_ERR_CORRUPT)
			*err = XIP_OK;
		return false;
	}
	size = strlen((const char *)target);
	fits = size && size + rest_length < sizeof(walk->rest);
	if (fits) {
		memmove(walk->rest + size, walk->rest, rest_length + 1);
		memcpy(walk->rest, target, size);
		walk->done[*target == '/' ? 0 : parent_length] = '\0';
	}
	free(target);
	return fits;
}

/* One step along @name. False: there is nothing to be found, or *@err. */
static bool step(struct walk *walk, struct xip_image *image, const struct xip_listing *listing,
	const char *name, enum xip_err *err)
{
	size_t length = strlen(walk->done);

	if (!strcmp(name, "."))
		return true;
	if (!strcmp(name, "..")) {
		char *slash = strrchr(walk->done, '/');

		if (slash)
			*slash = '\0';
		return true;
	}
	if (length + 1 + strlen(name) >= sizeof(walk->done))
		return false;
	walk->done[length] = '/';
	strcpy(walk->done + length + 1, name);
	walk->entry = xip_listing_find(listing, walk->done);
	if (walk->entry == SIZE_MAX)
		return false;
	if (xip_mode_is_symlink(listing->entries[walk->entry].inode.mode) &&
		(!walk->keep_last || *walk->rest))
		return follow(walk, image, &listing->entries[walk->entry].inode, length, err);
	return true;
}

static enum xip_err resolve(struct xip_image *image, const struct xip_listing *listing,
	const char *path, bool keep_last, size_t *entry, char *real)
{
	struct walk *walk = calloc(1, sizeof(*walk));
	char name[XIP_RESOLVE_PATH_MAX];
	enum xip_err err = XIP_OK;
	bool found = true;

	*entry = SIZE_MAX;
	if (!walk)
		return XIP_ERR_NOMEM;
	if (strlen(path) >= sizeof(walk->rest)) {
		free(walk);
		return XIP_OK;
	}
	strcpy(walk->rest, path);
	walk->keep_last = keep_last;
	while (found && next_component(walk, name))
		found = step(walk, image, listing, name, &err);
	if (found) {
		*entry = *walk->done ? xip_listing_find(listing, walk->done) : 0;
		if (real)
			strcpy(real, walk->done);
	}
	free(walk);
	return err;
}

enum xip_err xip_image_resolve(struct xip_image *image, const struct xip_listing *listing,
	const char *path, size_t *entry, char *real)
{
	return resolve(image, listing, path, false, entry, real);
}

enum xip_err xip_image_resolve_link(struct xip_image *image, const struct xip_listing *listing,
	const char *path, size_t *entry, char *real)
{
	return resolve(image, listing, path, true, entry, real);
}

enum xip_err xip_image_resolve_pattern(struct xip_image *image, const struct xip_listing *listing,
	const char *pattern, bool follow, char *out)
{
	size_t length = xip_pattern_literal(pattern), entry;
	char path[XIP_RESOLVE_PATH_MAX], real[XIP_RESOLVE_PATH_MAX];
	const char *rest = pattern + length;
	bool whole = !rest[strspn(rest, "/")]; /* a path, not a pattern */
	enum xip_err err;

	if (strlen(pattern) >= XIP_RESOLVE_PATH_MAX)
		return XIP_ERR_LIMIT;
	strcpy(out, pattern);
	if (!length)
		return XIP_OK;
	memcpy(path, pattern, length);
	path[length] = '\0';
	err = resolve(image, listing, path, whole && !follow && !*rest, &entry, real);
	if (!err && entry != SIZE_MAX && !xip_pattern_below(out, XIP_RESOLVE_PATH_MAX, real, rest))
		strcpy(out, pattern);
	return err;
}
