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

# make_profile TREE: a few pages of each file that begins like an ELF, to ./p.csv.
make_profile()
{
	echo path,page,count >p.csv
	(cd "$1" && find . -type f -size +1 -perm /111 -printf '/%P\n') | LC_ALL=C sort |
		sed 's/"/""/g; s/\(.*\)/"\1",0,2\n"\1",2,1\n"\1",3,3/' >>p.csv
}

# elf_of_size SIZE FILE: a program for the x86-64 that is one read-only segment of SIZE bytes.
elf_of_size()
{
	local size

	size=$(printf '%016x' "$1" | fold -w 2 | tac | tr -d '\n')
	{
		echo 7f454c46020101000000000000000000 02003e0001000000 7800400000000000
		echo 4000000000000000 0000000000000000 00000000 4000380001000000 00000000
		echo 0100000005000000 0000000000000000 0000400000000000 0000400000000000
		echo "$size $size 0000010000000000"
		text "$1" | tail -c +121 | xxd -p
	} | xxd -r -p >"$2"
	chmod 755 "$2"
	equal "$(stat -c %s "$2")" "$1" "bytes of the program"
}

# Programs of sizes around a block's boundary, each page of them hot in one of them.
profiled_sizes()
{
	local size hot

	mkdir -p tree
	echo path,page,count >p.csv
	for size in $((page - 1)) $page $((page + 1)) $((2 * page - 1)) $((2 * page)) \
		$((2 * page + 1)) $((3 * page)); do
		for ((hot = 0; hot * page < size; hot++)); do
			elf_of_size $size tree/$size.$hot
			# equal ones would have the hot pages of each other
			echo $hot | dd of=tree/$size.$hot bs=1 seek=200 conv=notrunc status=none
			echo "/$size.$hot,$hot,1" >>p.csv
			# by read(2) a kernel without the patch has zeros on a full last page in place
			((hot * page + page < size || size % page)) || rm tree/$size.$hot
		done
	done
	mkxipfs $squash -b $page --xip-profile=p.csv tree a.img
	xipfs-dump --page-size=$page --check a.img
	xipfs-dump --page-size=$page --extract=out a.img
	same_tree tree out
	kernel -p "$page" read a.img
	kernel -p "$page" compare a.img tree
	for file in tree/*; do
		hot=${file##*.}
		equal "$(kernel -p $page map pages a.img /${file#*/} 0 3 | cut -d ' ' -f 1)" 1 "$file"
		equal "$(kernel -p $page map pages a.img /${file#*/} $hot 1 | cut -d ' ' -f 1)" 1 "$file"
	done
}

profile_comes_back()
{
	make_tree tree
	program static tree/bin/static
	program shared tree/bin/shared
	cp "$(command -v bash)" tree/bin
	((EUID)) || add_root_things
	make_profile tree
	mkxipfs $squash --xip-profile=p.csv "$@" tree a.img
	clean_of_host a.img
	xipfs-dump --check a.img >check
	matches check ' 0 errors, 0 warnings'
	xipfs-dump --extract=out a.img
	same_tree tree out
	kernel -p "$page" read a.img
	# the same profile for an archive of the image
	rm -f tree/socket
	mkxipfs $squash --xip-profile=p.csv "$@" tree a.img
	xipfs-dump --tar=- a.img | mkxipfs --xip-profile=p.csv "$@" - b.img
	same a.img b.img
}

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
	kernel -p "$page" compare a.img tree
}

for order in -L -B; do
	beside check "a tree, $order" tree_comes_back $order
	beside check "a tree, $order --classic" tree_comes_back $order --classic
	beside check "a tree, $order -p" tree_comes_back $order -p
	beside check "image -> archive -> image, $order" image_to_archive_to_image $order
	for page in 4096 8192 16384 32768 65536; do
		beside check "boundary sizes, $order, pages of $page" boundary_sizes $order -b $page
	done
	beside check "a tree, $order, pages of $page" tree_comes_back $order -b $page
	page=4096
	beside check "boundary sizes, $order --classic" boundary_sizes $order --classic
done
beside check "a tree and a profile" profile_comes_back
beside check "a tree and a profile, -p" profile_comes_back -p
beside check "a tree and a profile, --fit" profile_comes_back --fit --max-size=1M
for page in 4096 16384 65536; do
	beside check "sizes of profiled programs, pages of $page" profiled_sizes
done
page=4096
beside check "a tree, --no-xip" tree_comes_back --no-xip
beside check "a tree, -x" tree_comes_back -x
beside check "a tree, all of it in place" tree_comes_back '--xip=*'
beside check "image -> archive -> image, -p" image_to_archive_to_image -p
beside check "image -> archive -> image, --classic" image_to_archive_to_image --classic
beside check "an archive gives the image of its directory" archive_equals_directory
beside check "an extracted image gives the same image" extracted_image_is_the_same
