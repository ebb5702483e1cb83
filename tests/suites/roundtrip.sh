# shellcheck shell=bash disable=SC2086,SC2016 # options are split, inner shells expand
# SPDX-License-Identifier: GPL-2.0-or-later
# tree -> image -> extract -> compare, archive -> image -> archive -> image

need_build build_release "$BUILD_RELEASE"

# The tree comes back, and the second reader agrees.
tree_comes_back()
{
	make_tree tree
	program fdpic tree/bin/fdpic
	program static tree/bin/static
	program flat tree/bin/flat
	((EUID)) || add_root_things
	mkxipfs $squash "$@" tree a.img
	clean_of_host a.img
	xipfs-dump --extract=out a.img
	same_tree tree out
	kernel -p "$page" read a.img
}

add_root_things()
{
	mknod tree/null c 1 3
	mknod tree/loop b 7 200
	chown 1000:100 tree/dir
	chown 65535:255 tree/text
	chown -h 12:34 tree/link
	python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("tree/socket")'
}

# Who is not root has perhaps a gid that the format cannot hold.
squash=''
((EUID == 0)) || squash=-q
page=4096

# Nothing is lost from image to archive to image, not even the order of the bytes. Archives have no
# sockets, so there is none here.
image_to_archive_to_image()
{
	make_tree tree
	program static tree/bin/static
	program fdpic tree/bin/fdpic
	echo '/dev d 755 0 0 - - - - -
/dev/tty c 620 0 5 4 0 0 1 9' >table
	mkxipfs $squash -D table "$@" tree a.img
	xipfs-dump --tar=- a.img | mkxipfs "$@" - b.img
	same a.img b.img
	xipfs-dump --tar=a.tar a.img
	mkxipfs "$@" a.tar c.img
	same a.img c.img
}

archive_equals_directory()
{
	make_tree tree
	((EUID)) || { add_root_things; rm tree/socket; }
	mkxipfs $squash tree a.img
	for format in gnu pax; do
		tar --format=$format -cf a.tar -C tree .
		mkxipfs $squash a.tar b.img
		same a.img b.img
	done
}

extracted_image_is_the_same()
{
	make_tree tree
	program static tree/bin/static
	((EUID)) || add_root_things
	mkxipfs $squash tree a.img
	xipfs-dump --extract=out a.img
	chmod --reference=tree out
	mkxipfs $squash out b.img
	same a.img b.img
}

# Every size around a block's boundary, every kind of content.
boundary_sizes()
{
	local size kind

	mkdir tree
	for size in 0 1 2 3 $((page - 1)) $page $((page + 1)) $((2 * page - 1)) $((2 * page)) \
		$((2 * page + 1)) $((3 * page)); do
		for kind in zeros text noise; do
			$kind $size >tree/$kind.$size
		done
	done
	noise 5000000 >tree/noise.max
	truncate -s 16777215 tree/noise.max
	printf x | dd of=tree/noise.max bs=1 seek=16777214 conv=notrunc status=none
	mkxipfs $squash "$@" tree a.img
	xipfs-dump --check a.img
	xipfs-dump --extract=out a.img
	same_tree tree out
	kernel -p "$page" read a.img
	for file in tree/*; do
		kernel -p "$page" cat a.img /${file#*/} | cmp - $file
	done
}

for order in -L -B; do
	check "a tree, $order" tree_comes_back $order
	check "a tree, $order --classic" tree_comes_back $order --classic
	check "a tree, $order -p" tree_comes_back $order -p
	check "image -> archive -> image, $order" image_to_archive_to_image $order
	for page in 4096 8192 16384 32768 65536; do
		check "boundary sizes, $order, pages of $page" boundary_sizes $order -b $page
	done
	check "a tree, $order, pages of $page" tree_comes_back $order -b $page
	page=4096
	check "boundary sizes, $order --classic" boundary_sizes $order --classic
done
check "a tree, --no-xip" tree_comes_back --no-xip
check "a tree, -x" tree_comes_back -x
check "a tree, all of it in place" tree_comes_back '--xip=*'
check "image -> archive -> image, -p" image_to_archive_to_image -p
check "image -> archive -> image, --classic" image_to_archive_to_image --classic
check "an archive gives the image of its directory" archive_equals_directory
check "an extracted image gives the same image" extracted_image_is_the_same
