#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Step linux: the kernel's source, unpacked and patched. Inputs: LINUX_TAR, SERIES (files that list
# the patches of their folders, one a line; empty: no patches). Output: the source tree itself.
set -euo pipefail

# shellcheck source-path=SCRIPTDIR
source "$STEPS/common.sh"

# Half of the tree is sources of drivers that no board here has; Kconfig and make files stay.
unused=()
for folder in drivers/gpu drivers/net drivers/media drivers/staging drivers/infiniband drivers/scsi sound; do
	unused+=(--exclude="*/$folder/*.[ch]")
done
for folder in testing perf; do
	unused+=(--exclude="*/tools/$folder")
done
tar -xf "$LINUX_TAR" --strip-components=1 "${unused[@]}" --exclude='*/Documentation/*.rst'

# shellcheck disable=SC2153 # SERIES is given
while IFS= read -r series; do
	[[ $series ]] || continue
	while IFS= read -r patch; do
		case $patch in '' | '#'*) continue ;; esac
		echo "applying ${series%/*}/$patch"
		patch -p1 --fuzz=0 --no-backup-if-mismatch <"${series%/*}/$patch"
	done <"$series"
done <<<"$SERIES"
