/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which layers a container image has: the manifests of the OCI image layout (image-spec,
 * image-index.md and manifest.md), or the one that `docker save` wrote before.
 */
#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "source_private.h"
#include "xipfs/tree/scan.h"

#define DOCUMENT_MAX   ((uint64_t)4 << 20) /* bytes of a manifest, as registries limit them */
#define JSON_DEPTH     32
#define DOCUMENTS_MAX  512u /* manifests, indexes and configurations of an archive */
#define CANDIDATES_MAX 256u
#define PLATFORM_ROOM  128u

/* An image that the archive has. */
struct candidate {
	struct json_object *layers; /* an array: of descriptors, or (docker) of paths */
	const char *digest;         /* of its manifest; NULL: docker's has none */
	char platform[PLATFORM_ROOM];
};

struct finder {
	const struct xip_tree *tree;
	const char *path; /* of the archive */
	const struct xip_diag *diag;
	struct json_object *documents[DOCUMENTS_MAX]; /* to be released */
	size_t document_count;
	struct json_object *queue[DOCUMENTS_MAX]; /* descriptors that are still to be looked at */
	size_t queue_count;
	struct candidate candidates[CANDIDATES_MAX];
	size_t candidate_count;
};

static enum xip_err damaged(const struct finder *finder, const char *document, const char *why)
{
	return xip_diag_fail(finder->diag, XIP_ERR_SOURCE, finder->path, XIP_NO_OFFSET,
		"container image: %s %s", document, why);
}

/* --- JSON ------------------------------------------------------------------------------------ */

/* The regular file at @path of the archive, symlinks followed; NULL: none. */
static const struct xip_node *find_file(const struct xip_tree *tree, const char *path)
{
	const struct xip_node *node = xip_tree_resolve(tree, path);

	return node && xip_mode_is_regular(node->inode->mode) ? node : NULL;
}

static enum xip_err read_text(
	const struct xip_tree_inode *inode, char *text, const struct xip_diag *diag)
{
	struct xip_content content;
	enum xip_err closed, err = xip_content_open(&content, inode, diag);

	if (err)
		return err;
	err = xip_content_read(&content, text, (size_t)inode->size, 0, diag);
	closed = xip_content_close(&content, diag);
	return err ? err : closed;
}

/*
 * json-c (0.16) has no error for running out of memory: it goes on without a member, with half of a
 * text, or with NULL for a name, on which it crashes at the value. errno shows it, but converting a
 * number resets errno. So it is looked at after every character that a number or value can follow.
 * *@object is NULL when the text is not a JSON document.
 */
static enum xip_err parse_text(struct json_tokener *parser, const char *text, size_t size,
	struct json_object **object, const struct xip_diag *diag)
{
	size_t at = 0, step;

	errno = 0;
	do {
		step = strcspn(text + at, ",:[") + 1;
		if (step > size - at)
			step = size - at;
		*object = json_tokener_parse_ex(parser, text + at, (int)step);
		at += step;
		if (errno == ENOMEM) {
			json_object_put(*object);
			*object = NULL;
			return xip_diag_nomem(diag);
		}
	} while (at < size && json_tokener_get_error(parser) == json_tokener_continue);
	if (at < size || json_tokener_get_error(parser) != json_tokener_success) {
		json_object_put(*object);
		*object = NULL;
	}
	return XIP_OK;
}

/* *@object is NULL when the file is not a JSON document. */
static enum xip_err parse_file(
	const struct xip_node *node, struct json_object **object, const struct xip_diag *diag)
{
	struct json_tokener *parser;
	char *text;
	enum xip_err err;

	*object = NULL;
	if (node->inode->size > DOCUMENT_MAX)
		return XIP_OK;
	text = malloc((size_t)node->inode->size + 1);
	parser = json_tokener_new_ex(JSON_DEPTH);
	err = text && parser ? read_text(node->inode, text, diag) : xip_diag_nomem(diag);
	if (!err) {
		json_tokener_set_flags(parser, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
		text[node->inode->size] = '\0'; /* ends a number at the end of the text */
		err = parse_text(parser, text, (size_t)node->inode->size + 1, object, diag);
	}
	if (parser)
		json_tokener_free(parser);
	free(text);
	return err;
}

/* A member of an object, if it has the type asked for; otherwise NULL. */
static struct json_object *member(
	const struct json_object *object, const char *name, enum json_type type)
{
	struct json_object *value;

	if (!json_object_is_type(object, json_type_object) ||
		!json_object_object_get_ex(object, name, &value) ||
		!json_object_is_type(value, type))
		return NULL;
	return value;
}

/* A text, "" when there is none. */
static const char *text_member(const struct json_object *object, const char *name)
{
	struct json_object *value = member(object, name, json_type_string);

	return value ? json_object_get_string(value) : "";
}

/* Parses the document at @path, which @finder keeps until the end. */
static enum xip_err load(
	struct finder *finder, const char *path, const char *name, struct json_object **object)
{
	const struct xip_node *node = find_file(finder->tree, path);
	enum xip_err err;

	if (!node)
		return damaged(finder, name, "is not in the archive");
	if (finder->document_count == DOCUMENTS_MAX)
		return damaged(finder, name, "is one manifest too many");
	err = parse_file(node, object, finder->diag);
	if (err)
		return err;
	if (!*object)
		return damaged(finder, name, "is not a JSON document of at most 4 MiB");
	finder->documents[finder->document_count++] = *object;
	return XIP_OK;
}

/* --- Platforms ------------------------------------------------------------------------------- */

/* "linux/arm/v7". The variant of arm64 is v8 unless stated otherwise, so v8 is left out. */
static void write_platform(char *platform, const struct json_object *object)
{
	const char *architecture = text_member(object, "architecture");
	const char *variant = text_member(object, "variant");

	if (!strcmp(architecture, "arm64") && !strcmp(variant, "v8"))
		variant = "";
	snprintf(platform, PLATFORM_ROOM, "%s/%s%s%s", text_member(object, "os"), architecture,
		*variant ? "/" : "", variant);
}

/* @wanted without a variant matches all variants. */
static bool is_platform(const char *platform, const char *wanted)
{
	size_t length = strlen(wanted);

	if (!strcmp(wanted, "linux/arm64/v8"))
		length -= strlen("/v8");
	return !strncmp(platform, wanted, length) && (!platform[length] || platform[length] == '/');
}

/* --- Manifests ------------------------------------------------------------------------------- */

/* Where the blob of a digest is: "sha256:0123..." in blobs/sha256/0123... */
static bool blob_path(const char *digest, char *path, size_t room)
{
	size_t length = strcspn(digest, ":");

	if (!length || !digest[length] || strchr(digest, '/') || strstr(digest, ".."))
		return false;
	return (size_t)snprintf(path, room, "blobs/%.*s/%s", (int)length, digest,
		       digest + length + 1) < room;
}

static enum xip_err load_blob(
	struct finder *finder, const struct json_object *descriptor, struct json_object **object)
{
	const char *digest = text_member(descriptor, "digest");
	char path[256];

	if (!blob_path(digest, path, sizeof(path)))
		return damaged(finder, *digest ? digest : "a descriptor", "has no valid digest");
	return load(finder, path, digest, object);
}

static bool has_blob(const struct finder *finder, const struct json_object *descriptor)
{
	char path[256];

	return !blob_path(text_member(descriptor, "digest"), path, sizeof(path)) ||
	       find_file(finder->tree, path);
}

static enum xip_err add_candidate(struct finder *finder, struct json_object *layers,
	const char *digest, const struct json_object *platform)
{
	struct candidate *candidate = &finder->candidates[finder->candidate_count];

	for (size_t i = 0; digest && i < finder->candidate_count; i++) {
		if (!strcmp(finder->candidates[i].digest, digest))
			return XIP_OK; /* one image with several tags */
	}
	if (finder->candidate_count == CANDIDATES_MAX)
		return damaged(
			finder, "the archive", "has more images than anyone could choose from");
	candidate->layers = layers;
	candidate->digest = digest;
	write_platform(candidate->platform, platform);
	finder->candidate_count++;
	return XIP_OK;
}

/* An image manifest: the platform is in the descriptor, or else in the configuration. */
static enum xip_err take_manifest(struct finder *finder, const struct json_object *descriptor,
	const struct json_object *manifest)
{
	const struct json_object *platform = member(descriptor, "platform", json_type_object);
	struct json_object *layers = member(manifest, "layers", json_type_array);
	const struct json_object *config = member(manifest, "config", json_type_object);
	struct json_object *loaded;
	enum xip_err err;

	if (!layers || !config)
		return damaged(finder, text_member(descriptor, "digest"),
			"is neither an index nor the manifest of an image");
	if (!platform) {
		err = load_blob(finder, config, &loaded);
		if (err)
			return err;
		platform = loaded;
	}
	/* What a builder says about an image is stored as an image for no platform. */
	if (!strcmp(text_member(platform, "os"), "unknown"))
		return XIP_OK;
	return add_candidate(finder, layers, text_member(descriptor, "digest"), platform);
}

/* Images of other platforms may be named in an archive without being in it. */
static enum xip_err queue_manifests(
	struct finder *finder, const struct json_object *index, const char *name)
{
	const struct json_object *manifests = member(index, "manifests", json_type_array);
	size_t count = manifests ? json_object_array_length(manifests) : 0;

	if (!count)
		return damaged(finder, name, "names no manifests");
	for (size_t i = 0; i < count; i++) {
		struct json_object *descriptor = json_object_array_get_idx(manifests, i);

		if (!has_blob(finder, descriptor))
			continue;
		if (finder->queue_count == DOCUMENTS_MAX)
			return damaged(finder, name, "names too many manifests");
		finder->queue[finder->queue_count++] = descriptor;
	}
	return XIP_OK;
}

/* Indexes may lead to indexes; the limit on documents makes that end. */
static enum xip_err find_in_layout(struct finder *finder)
{
	struct json_object *document;
	enum xip_err err = load(finder, "index.json", "index.json", &document);

	if (!err)
		err = queue_manifests(finder, document, "index.json");
	for (size_t i = 0; !err && i < finder->queue_count; i++) {
		struct json_object *descriptor = finder->queue[i];

		err = load_blob(finder, descriptor, &document);
		if (err)
			break;
		if (member(document, "manifests", json_type_array))
			err = queue_manifests(finder, document, text_member(descriptor, "digest"));
		else
			err = take_manifest(finder, descriptor, document);
	}
	return err;
}

static enum xip_err find_in_docker(struct finder *finder)
{
	struct json_object *images, *config;
	enum xip_err err = load(finder, "manifest.json", "manifest.json", &images);
	size_t count = err ? 0 : json_object_array_length(images);

	for (size_t i = 0; !err && i < count; i++) {
		const struct json_object *image = json_object_array_get_idx(images, i);
		struct json_object *layers = member(image, "Layers", json_type_array);
		const char *path = text_member(image, "Config");

		if (!layers || !*path)
			return damaged(finder, "manifest.json", "has an image without layers");
		err = load(finder, path, path, &config);
		if (!err)
			err = add_candidate(finder, layers, NULL, config);
	}
	return err;
}

static bool is_layout(const struct xip_tree *tree)
{
	return find_file(tree, "oci-layout") && find_file(tree, "index.json");
}

enum xip_err xip_oci_detect(
	const struct xip_tree *tree, bool *detected, const struct xip_diag *diag)
{
	const struct xip_node *node = find_file(tree, "manifest.json");
	struct json_object *object = NULL;
	enum xip_err err = XIP_OK;

	*detected = is_layout(tree);
	if (*detected || !node)
		return XIP_OK;
	err = parse_file(node, &object, diag);
	*detected = object && json_object_is_type(object, json_type_array) &&
		    json_object_array_length(object) &&
		    member(json_object_array_get_idx(object, 0), "Layers", json_type_array);
	json_object_put(object);
	return err;
}

/* --- The choice ------------------------------------------------------------------------------ */

/* All platforms, or those that match, with commas between. */
static void list_platforms(const struct finder *finder, const char *wanted, char *text, size_t room)
{
	size_t used = 0;

	*text = '\0';
	for (size_t i = 0; i < finder->candidate_count && used < room; i++) {
		const char *platform = finder->candidates[i].platform;

		if (!wanted || is_platform(platform, wanted))
			used += (size_t)snprintf(
				text + used, room - used, "%s%s", used ? ", " : "", platform);
	}
}

static enum xip_err choose(
	const struct finder *finder, const char *wanted, const struct candidate **chosen)
{
	size_t count = 0;
	char list[512];

	for (size_t i = 0; i < finder->candidate_count; i++) {
		if (wanted && !is_platform(finder->candidates[i].platform, wanted))
			continue;
		*chosen = &finder->candidates[i];
		count++;
	}
	if (count == 1)
		return XIP_OK;
	list_platforms(finder, count ? wanted : NULL, list, sizeof(list));
	if (!count)
		return xip_diag_fail(finder->diag, XIP_ERR_SOURCE, finder->path, XIP_NO_OFFSET,
			"has no image%s%s%s%s", wanted ? " for " : "", wanted ? wanted : "",
			*list ? ", only for " : "", list);
	return xip_diag_fail(finder->diag, XIP_ERR_SOURCE, finder->path, XIP_NO_OFFSET,
		"has %zu images%s%s (%s): choose one with --platform, or save only one", count,
		wanted ? " for " : "", wanted ? wanted : "", list);
}

static enum xip_err take_layer(const struct finder *finder, const struct json_object *item,
	struct xip_arena *arena, struct xip_oci_layer *layer)
{
	const char *name = json_object_is_type(item, json_type_string)
				   ? json_object_get_string((struct json_object *)item)
				   : text_member(item, "digest");
	const char *path = name;
	char blob[256];

	if (!json_object_is_type(item, json_type_string)) {
		if (!blob_path(name, blob, sizeof(blob)))
			return damaged(finder, "a layer", "has no valid digest");
		path = blob;
	}
	layer->name = xip_arena_strndup(arena, name, strlen(name));
	layer->path = xip_arena_strndup(arena, path, strlen(path));
	return layer->name && layer->path ? XIP_OK : xip_diag_nomem(finder->diag);
}

static enum xip_err take_layers(const struct finder *finder, const struct candidate *candidate,
	struct xip_oci_layers *layers)
{
	enum xip_err err = XIP_OK;

	layers->count = json_object_array_length(candidate->layers);
	layers->arena = xip_arena_new();
	if (layers->arena)
		layers->layers =
			xip_arena_calloc(layers->arena, layers->count + 1, sizeof(*layers->layers));
	if (!layers->arena || !layers->layers)
		err = xip_diag_nomem(finder->diag);
	for (size_t i = 0; !err && i < layers->count; i++)
		err = take_layer(finder, json_object_array_get_idx(candidate->layers, i),
			layers->arena, &layers->layers[i]);
	if (err)
		xip_arena_free(layers->arena);
	return err;
}

enum xip_err xip_oci_find_layers(const struct xip_tree *tree, const char *path,
	const char *platform, struct xip_oci_layers *layers, const struct xip_diag *diag)
{
	struct finder *finder = calloc(1, sizeof(*finder));
	const struct candidate *chosen;
	enum xip_err err;

	if (!finder)
		return xip_diag_nomem(diag);
	finder->tree = tree;
	finder->path = path;
	finder->diag = diag;
	err = is_layout(tree) ? find_in_layout(finder) : find_in_docker(finder);
	if (!err)
		err = choose(finder, platform, &chosen);
	if (!err)
		err = take_layers(finder, chosen, layers);
	for (size_t i = 0; i < finder->document_count; i++)
		json_object_put(finder->documents[i]);
	free(finder);
	return err;
}
