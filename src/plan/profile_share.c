/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What was seen of one of several equal files counts for all of them: only files whose pages are
 * placed in the same way are one in the image.
 */
#include <stdlib.h>
#include <string.h>

#include "xipfs/base/bytes.h"
#include "xipfs/format/format.h"
#include "xipfs/plan/profile.h"
#include "xipfs/tree/scan.h"

/* A file that may be equal to others. */
struct member {
	uint64_t size; /* bytes */
	uint64_t hash; /* of the content, once it is known */
	uint32_t file; /* number in xip_tree.data_inodes */
};

struct sharer {
	struct xip_profile *profile;
	const struct xip_tree *tree;
	const struct xip_diag *diag;
	struct member *members;
	size_t count;
	uint32_t *first; /* of each file the first one with the same content */
};

static int compare_members(const void *a, const void *b)
{
	const struct member *left = a, *right = b;

	if (left->size != right->size)
		return left->size > right->size ? 1 : -1;
	if (left->hash != right->hash)
		return left->hash > right->hash ? 1 : -1;
	return (left->file > right->file) - (left->file < right->file);
}

static bool is_profiled(const struct sharer *s, const struct member *member)
{
	size_t count;

	return xip_profile_of(s->profile, member->file, &count);
}

/* The files that are as large as another one, when the profile has one of them. */
static void gather(struct sharer *s)
{
	size_t all = 0, end;

	for (uint32_t i = 0; i < s->tree->data_inode_count; i++) {
		const struct xip_tree_inode *inode = s->tree->data_inodes[i];

		s->first[i] = i;
		if (xip_mode_is_regular(inode->mode) && inode->size &&
			inode->size <= XIP_FILE_SIZE_MAX)
			s->members[all++] = (struct member){.size = inode->size, .file = i};
	}
	qsort(s->members, all, sizeof(*s->members), compare_members);
	for (size_t begin = 0; begin < all; begin = end) {
		bool profiled = false;

		for (end = begin; end < all && s->members[end].size == s->members[begin].size;
			end++)
			profiled |= is_profiled(s, &s->members[end]);
		if (!profiled || end - begin == 1)
			continue;
		memmove(&s->members[s->count], &s->members[begin],
			(end - begin) * sizeof(*s->members));
		s->count += end - begin;
	}
}

/* *@data: the content, malloc'ed. */
static enum xip_err load(const struct sharer *s, const struct member *member, uint8_t **data)
{
	struct xip_content content;
	enum xip_err err, closed;

	*data = malloc(member->size);
	if (!*data)
		return xip_diag_nomem(s->diag);
	err = xip_content_open(&content, s->tree->data_inodes[member->file], s->diag);
	if (!err) {
		err = xip_content_read(&content, *data, member->size, 0, s->diag);
		closed = xip_content_close(&content, s->diag);
		err = err ? err : closed;
	}
	if (err) {
		free(*data);
		*data = NULL;
	}
	return err;
}

static enum xip_err hash_all(struct sharer *s)
{
	for (size_t i = 0; i < s->count; i++) {
		uint8_t *data;
		enum xip_err err = load(s, &s->members[i], &data);

		if (err)
			return err;
		s->members[i].hash = xip_bytes_hash(data, s->members[i].size);
		free(data);
	}
	return XIP_OK;
}

/* Finds which of the members up to @end, all of one hash, are equal to the one at @begin. */
static enum xip_err compare_with(struct sharer *s, size_t begin, size_t end)
{
	const struct member *first = &s->members[begin];
	uint8_t *want;
	enum xip_err err = load(s, first, &want);

	for (size_t i = begin + 1; i < end && !err; i++) {
		uint8_t *data;

		err = load(s, &s->members[i], &data);
		if (!err && !memcmp(want, data, first->size))
			s->first[s->members[i].file] = first->file;
		free(data);
	}
	free(want);
	return err;
}

static enum xip_err find_equal(struct sharer *s)
{
	enum xip_err err = hash_all(s);
	size_t end;

	if (err)
		return err;
	qsort(s->members, s->count, sizeof(*s->members), compare_members);
	for (size_t begin = 0; begin < s->count && !err; begin = end) {
		const struct member *first = &s->members[begin];

		for (end = begin + 1; end < s->count && s->members[end].size == first->size &&
				      s->members[end].hash == first->hash;
			end++)
			;
		if (end - begin > 1)
			err = compare_with(s, begin, end);
	}
	return err;
}

/* The pages that a member gets from the first of its equals, *@count of them. */
static const struct xip_profile_page *pages_for(const struct sharer *s,
	const struct xip_profile *firsts, const struct member *member, size_t *count)
{
	*count = 0;
	return s->first[member->file] == member->file
		       ? NULL
		       : xip_profile_of(firsts, s->first[member->file], count);
}

/* Gives the first of equal files the pages of all of them, and then the others the same. */
static enum xip_err spread(struct sharer *s)
{
	struct xip_profile *profile = s->profile, firsts;
	struct xip_profile_page *larger;
	size_t room, count;

	for (size_t i = 0; i < profile->count; i++)
		profile->pages[i].file = s->first[profile->pages[i].file];
	xip_profile_merge(profile);
	room = profile->count;
	for (size_t i = 0; i < s->count; i++) {
		pages_for(s, profile, &s->members[i], &count);
		room += count;
	}
	larger = realloc(profile->pages, room * sizeof(*larger));
	if (!larger)
		return xip_diag_nomem(s->diag);
	profile->pages = larger;
	firsts = *profile;
	for (size_t i = 0; i < s->count; i++) {
		const struct xip_profile_page *pages =
			pages_for(s, &firsts, &s->members[i], &count);

		for (size_t k = 0; k < count; k++) {
			profile->pages[profile->count] = pages[k];
			profile->pages[profile->count++].file = s->members[i].file;
		}
	}
	xip_profile_merge(profile);
	return XIP_OK;
}

enum xip_err xip_profile_share(
	struct xip_profile *profile, const struct xip_tree *tree, const struct xip_diag *diag)
{
	struct sharer s = {.profile = profile, .tree = tree, .diag = diag};
	enum xip_err err = XIP_OK;

	s.members = calloc(tree->data_inode_count + 1, sizeof(*s.members));
	s.first = calloc(tree->data_inode_count + 1, sizeof(*s.first));
	if (!s.members || !s.first)
		err = xip_diag_nomem(diag);
	if (!err) {
		gather(&s);
		err = find_equal(&s);
	}
	if (!err && s.count)
		err = spread(&s);
	free(s.members);
	free(s.first);
	return err;
}
