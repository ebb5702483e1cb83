# shellcheck shell=bash disable=SC2086,SC2016 # options are split, inner shells expand
# SPDX-License-Identifier: GPL-2.0-or-later
# Archives as a source.

small_tree()
{
	mkdir -p tree/dir
	text 9000 >tree/dir/text
	echo word >tree/word
	ln -s dir/text tree/link
	ln tree/word tree/hard
	chmod 4755 tree/word
	chmod -R go-w tree
}

# The image of each kind of archive is that of the directory.
kind_of_archive()
{
	small_tree
	(cd tree && eval "$1") >archive
	mkxipfs -q tree want.img
	mkxipfs -q archive a.img
	same want.img a.img
	mkxipfs -q - b.img <archive
	same want.img b.img
}

names()
{
	xipfs-dump --tar=- "$1" | tar -tf - | sed 's,^\./,,; s,/$,,' | grep -vx '\.*' | sort
}

from_a_pipe()
{
	small_tree
	mkxipfs -q tree want.img
	tar -cf - -C tree . | mkxipfs -q - a.img
	same want.img a.img
	tar -cf - -C tree . | mkxipfs -q - - | cmp - want.img
}

later_entry_wins()
{
	small_tree
	tar -cf a.tar -C tree word
	echo other >tree/word
	chmod 600 tree/word
	tar -rf a.tar -C tree word
	mkxipfs -q a.tar a.img
	equal "$(xipfs-dump --cat=/word a.img)" other
	equal "$(names a.img)" word
	xipfs-dump --tar=- a.img | tar -tvf - >listed
	grep -q '^-rw------- .*word' listed || fail "the mode is the old one"
}

# A file that was linked to before it was overridden: the link keeps the old content, as tar does.
override_leaves_the_link()
{
	small_tree
	tar -cf a.tar -C tree word hard
	rm tree/word
	echo other >tree/word
	tar -rf a.tar -C tree word
	mkxipfs -q a.tar a.img
	equal "$(xipfs-dump --cat=/word a.img)" other
	equal "$(xipfs-dump --cat=/hard a.img)" word
}

directory_over_directory()
{
	small_tree
	tar -cf a.tar -C tree dir
	chmod 700 tree/dir
	tar --no-recursion -rf a.tar -C tree dir
	mkxipfs -q a.tar a.img
	equal "$(names a.img | paste -sd ' ')" "dir dir/text"
	xipfs-dump --tar=- a.img | tar -tvf - >listed
	grep -q '^drwx------ .*dir/\?$' listed || fail "the mode is the old one"
}

missing_parents()
{
	small_tree
	tar --no-recursion --transform 's,^,a/b/c/,' -cf a.tar -C tree word
	mkxipfs a.tar a.img
	equal "$(names a.img | paste -sd ' ')" "a a/b a/b/c a/b/c/word"
	xipfs-dump --tar=- a.img | tar --numeric-owner -tvf - >listed
	grep -q '^drwxr-xr-x 0/0 .*a/b/c/\?$' listed || fail "a parent is not 0755 0:0"
}

prefixes()
{
	small_tree
	tar --transform 's,^,././/./,' -cf a.tar -C tree word
	mkxipfs -q a.tar a.img
	equal "$(names a.img)" word
}

whiteouts_are_files()
{
	mkdir tree
	touch tree/.wh.file tree/.wh..wh..opq
	tar -cf a.tar -C tree .
	mkxipfs -q a.tar a.img
	equal "$(names a.img | paste -sd ' ')" ".wh..wh..opq .wh.file"
}

# The order of the entries has no say.
order_has_no_say()
{
	small_tree
	mkxipfs -q tree want.img
	tar --no-recursion -cf a.tar -C tree link word hard dir/text dir .
	mkxipfs -q a.tar a.img
	same want.img a.img
}

devices_and_owners()
{
	mkdir tree
	touch tree/file
	mkxipfs -q -D <(printf '%s\n' '/null c 666 1 2 1 3 - - -' '/loop b 660 3 4 7 0 - - -' \
		'/pipe p 600 5 6 - - - - -') tree a.img
	xipfs-dump --tar=a.tar a.img
	mkxipfs a.tar b.img
	same a.img b.img
	tar --numeric-owner -tvf a.tar >list
	matches list '^crw-rw-rw- 1/2 +1,3 .*null'
	matches list '^brw-rw---- 3/4 +7,0 .*loop'
	matches list '^prw------- 5/6 .*pipe'
}

sparse_member()
{
	mkdir tree
	truncate -s 3000000 tree/sparse
	printf x | dd of=tree/sparse bs=1 seek=2000000 conv=notrunc status=none
	tar --sparse -cf a.tar -C tree .
	(($(stat -c %s a.tar) < 100000)) || fail "tar stored the holes"
	mkxipfs -q a.tar a.img
	xipfs-dump --cat=/sparse a.img | cmp - tree/sparse
	mkxipfs -q tree b.img
	same a.img b.img
}

names_in_any_locale()
{
	mkdir tree
	touch $'tree/\xff\xfe' $'tree/\xc3\xa9' $'tree/new\nline'
	mkxipfs -q tree want.img
	for format in gnu pax ustar; do
		tar --format=$format -cf a.tar -C tree .
		for locale in C C.UTF-8; do
			LC_ALL=$locale mkxipfs -q a.tar a.img
			same want.img a.img
		done
	done
	(cd tree && find . -print0 | cpio --null -o -H newc --quiet) >a.cpio
	LC_ALL=C mkxipfs -q a.cpio a.img
	same want.img a.img
}

exclude_in_archive()
{
	small_tree
	tar -cf a.tar -C tree .
	mkxipfs -q --exclude=dir a.tar a.img
	mkxipfs -q --exclude=dir tree b.img
	same a.img b.img
	equal "$(names a.img | paste -sd ' ')" "hard link word"
}

archive_of_16_mib_file()
{
	mkdir tree
	truncate -s 16M tree/large
	tar --sparse -cf a.tar -C tree .
	fails 8 '16 ?MiB|16777215|16777216' mkxipfs -q a.tar a.img
	absent a.img
}

# libarchive would run these programs for what begins like their output.
no_program_is_run()
{
	mkdir bin
	for name in lrzip grzip lzop lz4 zstd xz bzip2 gzip; do
		printf '#!/bin/sh\ntouch %q\ncat\n' "$PWD/ran" >bin/$name
	done
	chmod 755 bin/*
	{ printf 'LRZI\0\6'; zeros 200; } >a.lrz
	{ printf 'GRZipII\0\2\4:)'; zeros 200; } >a.grz
	{ printf '\x89LZO\0\r\n\x1a\n\x10\x30\x20\x60\x09\x40\1\5'; zeros 200; } >a.lzo
	for archive in a.lrz a.grz a.lzo; do
		PATH=$PWD/bin:$PATH refuses_source 'nor an archive of a known format' $archive
	done
	absent ran
}

# A small file that becomes a large one is refused in seconds, whatever it is compressed by.
bombs()
{
	local began=$SECONDS

	for filter in gzip zstd; do
		{ head -c 1100M /dev/zero || true; } | $filter -1 -c >$filter.bomb
		refuses_source "^mkxipfs: $filter.bomb: unpacks to more than the 1073741824 bytes" \
			$filter.bomb
	done
	((SECONDS - began < 120)) || fail "it took $((SECONDS - began)) s"
	{ head -c 1100M /dev/zero || true; } | refuses_source '^mkxipfs: -: unpacks to more' --max-unpacked=10M -
	# by its entries: ten files of 8 MiB that are nothing but holes
	mkdir tree
	for i in {1..10}; do
		truncate -s 8M tree/$i
	done
	tar --sparse -cf a.tar -C tree .
	mkxipfs -q --max-unpacked=80M a.tar a.img
	refuses_source 'a.tar: "./[0-9]+": unpacks to more than the 83886079 bytes' \
		--max-unpacked=83886079 a.tar
	# the limit is one for all sources
	refuses_source 'unpacks to more' --max-unpacked=150M a.tar a.tar
	mkxipfs -q --max-unpacked=160M a.tar a.tar b.img
	same a.img b.img
}

lost_attributes()
{
	mkdir tree
	echo x >tree/a
	echo x >tree/b
	echo x >tree/c
	(cd tree && tar --format=pax --pax-option=SCHILY.xattr.user.note:=x -cf ../a.tar a b c)
	mkxipfs -q a.tar a.img 2>err
	one_line err
	matches err '^mkxipfs: /a: warning: its extended attribute user.note is lost, as are .* 2 more'
	mkxipfs -q --xattrs=ignore -E a.tar b.img 2>err
	same a.img b.img
	empty err
	fails 8 'not written: -E' mkxipfs -q -E a.tar c.img
	absent c.img
	mkxipfs -q --exclude=a --exclude=b a.tar d.img 2>err
	matches err '^mkxipfs: /c: warning: its extended attribute user.note is lost: '
	tar --format=pax --pax-option=LIBARCHIVE.xattr.security.capability:=AAA -cf a.tar -C tree a
	mkxipfs -q a.tar a.img 2>err
	matches err '^mkxipfs: /a: warning: its extended attribute security.capability is lost: '
	# the label that a machine puts on each of its files
	tar --format=pax --pax-option=SCHILY.xattr.security.selinux:=x -cf a.tar -C tree a
	mkxipfs -q -E a.tar a.img 2>err
	empty err
}

check "tar" kind_of_archive 'tar -cf - .'
check "tar, pax format" kind_of_archive 'tar --format=pax -cf - .'
check "tar.gz" kind_of_archive 'tar -czf - .'
check "tar.xz" kind_of_archive 'tar -cJf - .'
check "cpio, newc" kind_of_archive 'find . | cpio -o -H newc --quiet'
check "cpio, odc" kind_of_archive 'find . | cpio -o -H odc --quiet'
check "cpio.gz" kind_of_archive 'find . | cpio -o -H newc --quiet | gzip'
check "zip (no hard links)" kind_of_archive 'rm hard; zip -q -r -y - .'
check "from a pipe, to a pipe" from_a_pipe
check "a later entry wins" later_entry_wins
check "a link to an overridden entry keeps its content" override_leaves_the_link
check "a directory over a directory" directory_over_directory
check "missing parents" missing_parents
check "prefixes of './'" prefixes
check "whiteouts are plain files" whiteouts_are_files
check "the order of entries has no say" order_has_no_say
check "devices and owners" devices_and_owners
check "a sparse member" sparse_member
check "names of any bytes in any locale" names_in_any_locale
check "--exclude" exclude_in_archive
check "a member of 16 MiB" archive_of_16_mib_file
check "no program is run for a filter" no_program_is_run
check "archives that unpack to too much" bombs
check "extended attributes are lost with a warning" lost_attributes
