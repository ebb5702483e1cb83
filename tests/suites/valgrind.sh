# shellcheck shell=bash disable=SC2086,SC2016 # options are split, inner shells expand
# SPDX-License-Identifier: GPL-2.0-or-later
# the two programs under valgrind: no invalid or uninitialised bytes, no leak

need_build build_release "$BUILD_RELEASE"

# clean STATUS COMMAND...: exits with STATUS, and valgrind has nothing to say.
clean()
{
	local want=$1
	shift

	status "$want" valgrind -q --error-exitcode=99 --leak-check=full "$@"
	matches_not err '^==[0-9]+=='
}

small_tree()
{
	make_tree tree
	rm tree/sparse
	program static tree/bin/static
	program fdpic tree/bin/fdpic
}

builder()
{
	small_tree
	clean 0 "$MKXIPFS" -q "$@" tree a.img
	clean_of_host a.img
	mkxipfs -q "$@" tree b.img
	same a.img b.img
}

builder_of_archive()
{
	small_tree
	tar -czf a.tar.gz -C tree .
	echo '/dev/null c 666 0 0 1 3 - - -' >table
	mkdir -p tree/dev
	tar -czf a.tar.gz -C tree .
	clean 0 "$MKXIPFS" -q -D table a.tar.gz a.img
	xipfs-dump --check a.img
}

builder_that_fails()
{
	small_tree
	truncate -s 16M tree/large
	clean 8 "$MKXIPFS" -q tree a.img
	absent a.img
	clean 16 "$MKXIPFS" --unknown
	clean 8 "$MKXIPFS" -q nowhere a.img
}

inspector()
{
	small_tree
	mkxipfs -q tree a.img
	local option
	for option in --check --list --map --blocks=/bin/static --json --cat=/text --extract=back \
		--tar=- --diff=a.img --svg=map.svg '--html=page.html --diff=a.img' --top --find ''; do
		clean 0 "$XIPFS_DUMP" $option a.img
	done
}

inspector_of_bad_images()
{
	hand_image plain-le
	patch_bytes plain-le.img 68 ffffff
	clean 4 "$XIPFS_DUMP" --check plain-le.img
	head -c 100 plain-le.img >cut.img
	clean 4 "$XIPFS_DUMP" --check cut.img
	clean 8 "$XIPFS_DUMP" --list cut.img
}

beside check "mkxipfs" builder
beside check "mkxipfs -j 4, big-endian, pages of 64 KiB" builder -j 4 -B -b 65536
beside check "mkxipfs --compressor=zlib --classic" builder --compressor=zlib --classic
beside check "mkxipfs of an archive and a table" builder_of_archive
beside check "mkxipfs that fails" builder_that_fails
beside check "xipfs-dump" inspector
beside check "xipfs-dump of bad images" inspector_of_bad_images
