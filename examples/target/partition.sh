# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later

# partition LABEL DTB: physical address and size of a flash partition and the address of the flash it
# is in, from the device tree; fails when there is none. A flash node without partitions is one by
# the name that it gives its MTD device.
partition()
{
	local node base size part reg

	for node in $(fdtget -l "$2" / | grep '^flash@'); do
		read -r base size < <(fdtget -t u "$2" "/$node" reg)
		if [[ $(fdtget -d '' "$2" "/$node" linux,mtd-name) == "$1" ]]; then
			echo "$base" "$size" "$base"
			return
		fi
		for part in $(fdtget -l "$2" "/$node/partitions" 2>/dev/null); do
			[[ $(fdtget "$2" "/$node/partitions/$part" label) == "$1" ]] || continue
			read -r -a reg < <(fdtget -t u "$2" "/$node/partitions/$part" reg)
			echo $((base + reg[0])) "${reg[1]}" "$base"
			return
		done
	done
	echo "the device tree has no flash partition named $1" >&2
	return 1
}
