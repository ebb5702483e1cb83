# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Directories as a source: what only a file system has.

# set_attribute FILE NAME [HEX]
set_attribute()
{
	python3 -c 'import os, sys
os.setxattr(sys.argv[1], sys.argv[2], bytes.fromhex(sys.argv[3]), follow_symlinks=False)' \
		"$1" "$2" "${3:-78}"
}

lost_attributes()
{
	mkdir -p tree/dir
	echo x >tree/a
	echo x >tree/b
	ln tree/b tree/c
	ln -s a tree/link
	mkxipfs -q -E tree a.img 2>err
	empty err
	set_attribute tree/b user.note
	mkxipfs -q tree b.img 2>err
	same a.img b.img
	one_line err
	matches err '^mkxipfs: /b: warning: its extended attribute user.note is lost: cramfs has none'
	fails 8 'not written: -E' mkxipfs -q -E tree c.img
	absent c.img
	set_attribute tree/dir user.other
	for name in {1..12}; do
		set_attribute tree/a "user.$(printf 'n%.0s' {1..100})$name"
	done
	set_attribute tree/a user.000
	mkxipfs -q tree b.img 2>err
	matches err '^mkxipfs: /a: warning: its .* user.000 is lost, as are those of 2 more entries'
	mkxipfs -q -E --xattrs=ignore tree b.img 2>err
	empty err
	set_attribute tree user.root
	mkxipfs -q tree b.img 2>err
	matches err '^mkxipfs: /: warning: .* user.root is lost, as are those of 3 more entries'
	mkxipfs -q --exclude=a --exclude=dir tree b.img 2>err
	matches err '^mkxipfs: /: warning: .* those of 1 more'
	((EUID)) && return
	set_attribute tree/a security.capability 0100000200200000000000000000000000000000
	rm tree/b tree/c
	mkxipfs -q --exclude=dir tree b.img 2>err
	matches err 'user.root is lost, as are those of 1 more'
	mkdir clean
	mv tree/a clean
	mkxipfs -q clean b.img 2>err
	matches err '^mkxipfs: /a: warning: its extended attribute security.capability is lost'
}

# Files of /proc have content, but no size.
content_without_size()
{
	fails 8 '^mkxipfs: /proc/self/fdinfo/[0-9]+: has content although its size is 0' \
		mkxipfs -q /proc/self/fdinfo a.img
	one_line err
	absent a.img
	mkdir tree
	touch tree/unreadable
	chmod 000 tree/unreadable
	as_nobody mkxipfs -q tree /dev/null
}

# The report and the image that are there already are no part of a new image.
outputs_inside()
{
	mkdir tree
	echo x >tree/file
	mkxipfs -q tree want.img
	for _ in 1 2; do
		mkxipfs -q --report=tree/report tree tree/a.img
		same want.img tree/a.img
	done
	mkxipfs -q --report=tree/report.json tree - >b.img
	mkxipfs -q --report=tree/report.json --exclude=report --exclude=a.img tree c.img
	same want.img c.img
	# under another name, as well
	ln tree/report.json tree/other
	mkxipfs -q --report=tree/report.json --exclude=report --exclude=a.img tree d.img
	xipfs-dump --list d.img >list
	matches_not list report
	# in a later source
	mkdir first
	mkxipfs -q --report=tree/report --exclude=other --exclude=a.img --exclude=report.json \
		first tree e.img
	same want.img e.img
}

check "extended attributes are lost with a warning" lost_attributes
check "content without a size" content_without_size
check "image and report in the source" outputs_inside
