/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "target.h"

#include <stdio.h>
#include <stdlib.h>

#include "xipfs/elf/machine.h"
#include "xipfs/format/format.h"

/* Programs of one kind: how many, and the first of them. */
struct kind {
	uint16_t family; /* of the machine */
	size_t count, first;
};

/* More kinds than this are not told apart. */
#define KINDS_MAX 8

/* Only what is executable counts: data may be a program for another processor, such as firmware. */
static bool counts(const struct xip_tree *tree, const struct xip_plan *plan, size_t file)
{
	const struct xip_tree_inode *inode = tree->data_inodes[file];

	return plan->files[file].machine && xip_mode_is_regular(inode->mode) &&
	       (inode->mode & 0111);
}

static enum xip_err check_order(const struct xip_tree *tree, const struct xip_plan *plan,
	const struct xip_policy *policy, const struct xip_diag *diag)
{
	size_t wrong = 0, right = 0, first = 0;
	const char *image = policy->big ? "big" : "little", *other = policy->big ? "little" : "big";
	char *path;

	for (size_t i = 0; i < plan->file_count; i++) {
		if (!counts(tree, plan, i))
			continue;
		if (plan->files[i].why != XIP_WHY_BYTE_ORDER)
			right++;
		else if (!wrong++)
			first = i;
	}
	if (!wrong)
		return XIP_OK;
	path = xip_tree_path(tree->data_inodes[first]->first);
	if (!path)
		return xip_diag_nomem(diag);
	if (wrong > right && !policy->order_given)
		(void)xip_diag_fail(diag, XIP_ERR_SOURCE, path, XIP_NO_OFFSET,
			"%zu of %zu programs are %s-endian, this one is the first, but the image "
			"would be %s-endian, and no kernel takes both: use %s, or %s if it must be",
			wrong, wrong + right, other, image, policy->big ? "-L" : "-B",
			policy->big ? "-B" : "-L");
	else
		xip_diag_warn(diag, path, XIP_NO_OFFSET,
			"%zu of %zu programs are %s-endian, this one is the first: a kernel that "
			"mounts this %s-endian image cannot load them",
			wrong, wrong + right, other, image);
	free(path);
	return wrong > right && !policy->order_given ? XIP_ERR_SOURCE : XIP_OK;
}

static void count_kind(struct kind *kinds, size_t *kind_count, uint16_t family, size_t file)
{
	size_t i = 0;

	while (i < *kind_count && kinds[i].family != family)
		i++;
	if (i == KINDS_MAX)
		return;
	if (i == *kind_count)
		kinds[(*kind_count)++] = (struct kind){.family = family, .first = file};
	kinds[i].count++;
}

static void print_machine(uint16_t machine, char *text, size_t size)
{
	const char *name = xip_machine_name(machine);

	if (name)
		snprintf(text, size, "%s", name);
	else
		snprintf(text, size, "machine %u", machine);
}

static enum xip_err check_machines(
	const struct xip_tree *tree, const struct xip_plan *plan, const struct xip_diag *diag)
{
	struct kind kinds[KINDS_MAX];
	size_t count = 0, most = 0, least = 0;
	char one[32], other[32];
	char *path;

	for (size_t i = 0; i < plan->file_count; i++)
		if (counts(tree, plan, i))
			count_kind(kinds, &count, xip_machine_family(plan->files[i].machine), i);
	for (size_t i = 1; i < count; i++) {
		most = kinds[i].count > kinds[most].count ? i : most;
		least = kinds[i].count <= kinds[least].count ? i : least;
	}
	if (count < 2)
		return XIP_OK;
	path = xip_tree_path(tree->data_inodes[kinds[least].first]->first);
	if (!path)
		return xip_diag_nomem(diag);
	print_machine(plan->files[kinds[most].first].machine, one, sizeof(one));
	print_machine(plan->files[kinds[least].first].machine, other, sizeof(other));
	xip_diag_warn(diag, path, XIP_NO_OFFSET,
		"it is a program for %s, but others are for %s: programs for %zu machines, and no "
		"kernel loads them all",
		other, one, count);
	free(path);
	return XIP_OK;
}

enum xip_err xip_plan_check_target(const struct xip_tree *tree, const struct xip_plan *plan,
	const struct xip_policy *policy, const struct xip_diag *diag)
{
	enum xip_err err = check_order(tree, plan, policy, diag);

	return err ? err : check_machines(tree, plan, diag);
}
