# shellcheck shell=bash disable=SC2086,SC2016 # options are split, inner shells expand
# SPDX-License-Identifier: GPL-2.0-or-later
# fsck.cramfs, 7-Zip, mkfs.cramfs and file(1) as judges of plain images and of the reader

need_build build_release "$BUILD_RELEASE"

# Regular files of every size without a block of zeros, which fsck.cramfs refuses as a hole.
plain_tree()
{
	mkdir -p tree/dir/sub tree/empty
	local size
	for size in 0 1 4095 4096 4097 8192 100000; do
		text $size >tree/dir/text.$size
		noise $size >tree/dir/sub/noise.$size
	done
	cp tree/dir/text.4097 tree/copy
	chmod 4755 tree/copy
	ln -s dir/text.1 tree/link
	mkfifo tree/fifo
	program static tree/static
}

fsck_agrees()
{
	plain_tree
	mkxipfs -q --classic "$@" tree a.img
	status 0 fsck.cramfs -v a.img
	matches out 'OK'
	fsck.cramfs --extract=back a.img >log 2>&1 || { cat log; fail "fsck.cramfs cannot extract"; }
	same_tree tree back
}

seven_zip_agrees()
{
	plain_tree
	rm tree/fifo
	mkxipfs -q --classic "$@" tree a.img
	7z t a.img >log 2>&1 || { cat log; fail "7-Zip finds faults"; }
	7z x -oout a.img >log 2>&1 || { cat log; fail "7-Zip cannot extract"; }
	find tree -type f -printf '%P\n' | while read -r file; do
		cmp tree/$file out/$file
	done
}

# Blocks of zeros: neither judge knows holes, so --classic makes them only with -z.
zeros_without_holes()
{
	mkdir tree
	{ text 100; zeros 20000; text 100; } >tree/zeros
	mkxipfs -q --classic tree a.img
	fsck.cramfs a.img
	7z x -oout a.img >log 2>&1 || { cat log; fail "7-Zip cannot extract"; }
	same tree/zeros out/zeros
}

# Images of the old tool: the reader agrees with the tree.
reads_images_of_util_linux()
{
	plain_tree
	rm tree/fifo
	chmod --reference=tree/dir/text.4097 tree/copy # otherwise see below
	mkfs.cramfs "$@" tree a.img
	clean_of_host a.img
	xipfs-dump --extract=out a.img
	same_tree tree out
}

# The old tool makes one inode of a file and its setuid copy; ours must not, and finds it.
finds_the_fault_of_util_linux()
{
	plain_tree
	mkfs.cramfs tree a.img
	status 4 xipfs-dump --check=shared-inode a.img
	matches out 'shared-inode: .*its mode differs'
	mkxipfs -q --classic tree b.img
	xipfs-dump --check=shared-inode b.img
}

# No -b here: mkfs.cramfs takes the page size of this machine.
reads_holes_of_util_linux()
{
	mkdir tree
	{ text 5000; zeros 20000; text 100; } >tree/zeros
	mkfs.cramfs -z tree a.img
	xipfs-dump --check a.img
	xipfs-dump --cat=/zeros a.img | cmp - tree/zeros
}

no_larger_than_util_linux()
{
	plain_tree
	cp "$(command -v bash)" tree
	mkfs.cramfs tree a.img
	mkxipfs -q --no-xip tree b.img
	mkxipfs -q --classic tree c.img
	(($(stat -c %s b.img) <= $(stat -c %s a.img))) || fail "the image is larger"
	(($(stat -c %s c.img) <= $(stat -c %s a.img))) || fail "the classic image is larger"
}

file_knows_it()
{
	plain_tree
	mkxipfs -q -L tree a.img
	file a.img | grep -q 'Linux Compressed ROM File System data, little endian' || fail "$(file a.img)"
	mkxipfs -q -B tree a.img
	file a.img | grep -q 'Linux Compressed ROM File System data, big endian' || fail "$(file a.img)"
}

# readelf names the segments, a kernel's rules find their pages, the bytes are the program's.
segments_are_in_flash()
{
	mkdir tree
	cp "$(command -v bash)" "$(command -v readelf)" tree
	cp -L /lib/*-linux-gnu/ld-linux*.so.2 tree/ld.so
	mkxipfs -q tree a.img
	in_place mmu a.img /bash tree/bash
	in_place mmu a.img /readelf tree/readelf
	in_place mmu a.img /ld.so tree/ld.so
}

check "fsck.cramfs, little-endian" fsck_agrees -L
check "fsck.cramfs, big-endian" fsck_agrees -B
check "fsck.cramfs, behind boot code" fsck_agrees -p
check "7-Zip, little-endian" seven_zip_agrees -L
check "7-Zip, big-endian" seven_zip_agrees -B
check "blocks of zeros, --classic" zeros_without_holes
check "images of mkfs.cramfs" reads_images_of_util_linux
check "images of mkfs.cramfs, big-endian" reads_images_of_util_linux -N big
check "images of mkfs.cramfs, behind boot code" reads_images_of_util_linux -p
check "a setuid copy that mkfs.cramfs shares" finds_the_fault_of_util_linux
check "images of mkfs.cramfs with holes" reads_holes_of_util_linux
check "no larger than mkfs.cramfs" no_larger_than_util_linux
check "file(1)" file_knows_it
check "readelf: the segments are in flash" segments_are_in_flash
