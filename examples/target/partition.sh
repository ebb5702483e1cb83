# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash

# partition LABEL DTB: physical address and size of a flash partition and the address of the flash it
# is in, from the device tree; fails when there is none.
partition() {
	local node base part reg
	for node in $(fdtget -l "$2" / | grep '^flash@'); do
		read -r base _ < <(fdtget -t u "$2" "/$node" reg)
		for part in $(fdtget -l "$2" "/$node/partitions"); do
			[ "$(fdtget "$2" "/$node/partitions/$part" label)" = "$1" ] || continue
			read -r -a reg < <(fdtget -t u "$2" "/$node/partitions/$part" reg)
			echo $((base + reg[0])) "${reg[1]}" "$base"
			return
		done
	done
	echo "the device tree has no flash partition named $1" >&2
	return 1
}
