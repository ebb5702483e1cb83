# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# examples/yocto: the command of its class; bitbake is not in Debian

LAYER=$TOP/examples/yocto

# The command of IMAGE_CMD, with what bitbake puts in for its variables.
makes_image()
{
	local command

	make_tree tree
	program fdpic tree/bin/fdpic
	mkdir deploy
	command=$(sed -n 's/^IMAGE_CMD:xipfs = "\(.*\)"$/\1/p' \
		"$LAYER/classes-recipe/image_types_xipfs.bbclass")
	env XIPFS_ENDIANNESS="$1" EXTRA_IMAGECMD="$2" IMAGE_ROOTFS=tree IMGDEPLOYDIR=deploy \
		IMAGE_NAME=product bash -euc "fakeroot -- $command"
	clean_of_host deploy/product.xipfs
	equal "$(xxd -l 4 -p deploy/product.xipfs)" "$3" "magic number"
}

# The recipe is of these sources: their version, their licence, and what they need.
recipe_is_true()
{
	local recipe library

	recipe=$(echo "$LAYER"/recipes-devtools/mkxipfs/mkxipfs-native_*.bb)
	equal "$(basename "$recipe" .bb)" "mkxipfs-native_$(mkxipfs --version | awk 'NR == 1 { print $2 }')"
	matches "$recipe" "LICENSE;md5=$(md5sum <"$TOP/LICENSE" | cut -c1-32)\"$"
	sed -n 's/^xip_require([a-z]* \([a-z-]*\) .*/\1/p' "$TOP/cmake/dependencies.cmake" >libraries
	(($(wc -l <libraries) > 3)) || fail "no libraries in dependencies.cmake"
	while read -r library; do
		[[ $library != libelf ]] || library=elfutils
		matches "$recipe" "^DEPENDS = .*\b$library-native\b"
	done <libraries
}

check "Yocto: the class's command, little-endian" makes_image -L '-X -X' 453dcd28
check "Yocto: the class's command, big-endian" makes_image -B '-X --max-size=4M' 28cd3d45
check "Yocto: the recipe" recipe_is_true
