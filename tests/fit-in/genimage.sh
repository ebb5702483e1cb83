# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# examples/genimage, run by genimage itself

# ./root and ./input, what examples/genimage/genimage.cfg puts together.
inputs()
{
	cp -r "$TOP/examples/make/root" root
	mkdir root/bin input
	program fdpic root/bin/program
	noise 5000 1 >input/loader.bin
	noise 3000 2 >input/board.dtb
	noise 100000 3 >input/xipImage
	cp "$TOP/examples/genimage/genimage.cfg" .
}

# lies_at KIB FILE: the flash image holds FILE there.
lies_at()
{
	cmp -i "$(($1 << 10)):0" -n "$(stat -c %s "$2")" images/flash.bin "$2" ||
		fail "$2 is not at $1 KiB"
}

makes_flash_image()
{
	inputs
	status 0 genimage
	equal "$(stat -c %s images/flash.bin)" $((2 << 20)) "size of the flash"
	lies_at 0 input/loader.bin
	lies_at 16 input/board.dtb
	lies_at 32 input/xipImage
	lies_at 1088 images/rootfs.cramfs

	xipfs-dump --check images/rootfs.cramfs
	equal "$(dd if=images/rootfs.cramfs bs=1 skip=48 count=7 status=none)" product "volume name"
	matches rootfs.report.txt '/bin/program: in place'
}

refuses_beyond_partition()
{
	inputs
	noise 1000000 4 >root/large
	! genimage >log 2>&1 || fail "genimage made an image beyond the partition"
	matches log '/large'
	absent images/flash.bin
}

check "genimage: calls mkxipfs in the place of mkcramfs" makes_flash_image
check "genimage: a root beyond its partition fails" refuses_beyond_partition
