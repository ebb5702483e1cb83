# shellcheck shell=bash disable=SC2086,SC2016 # options are split, inner shells expand
# SPDX-License-Identifier: GPL-2.0-or-later
# Device tables: the dialect of mkcramfs and that of Buildroot's makedevs.

# metadata IMAGE: "path mode uid/gid size-or-major,minor" of every entry, as GNU tar sees it.
metadata()
{
	xipfs-dump --tar=- "$1" | tar --numeric-owner --quoting-style=literal -tvf - |
		awk '{print $6, $1, $2, $3}' | sed 's,^\(\./\|/\)*,/,; s,/ , ,' | sort
}

# entry PATH WANT
entry()
{
	equal "$(metadata a.img | sed -n "s,^$1 ,,p")" "$2" "$1"
}

table()
{
	mkdir -p tree/etc tree/bin tree/var/lib/deep
	printf 'root:x:0:0::/root:/bin/sh\ndaemon:x:7:8::/:/bin/false\n' >tree/etc/passwd
	printf 'root:x:0:\nwheel:x:10:\n' >tree/etc/group
	echo x >tree/bin/busybox
	echo x >tree/var/lib/deep/file
	ln -s file tree/var/lib/deep/link
	chmod -R u=rwX,go=rX tree
	printf '%s\n' "$@" >table
	mkxipfs -q -D table tree a.img
	xipfs-dump --check a.img
}

mkcramfs_dialect()
{
	table '# a comment' '' \
		'/dev		d	755	0	0	-	-	-	-	-' \
		'/dev/mem	c	640	0	6	1	1	0	0	-' \
		'/dev/tty	c	666	0	5	4	0	0	1	3' \
		'/dev/hda	b	640	0	0	3	0	0	0	-' \
		'/dev/hda	b	640	0	0	3	1	1	1	3' \
		'/dev/initctl	p	600	0	0	-	-	-	-	-' \
		'/bin/busybox	f	4755	0	0	-	-	-	-	-'
	entry /dev 'drwxr-xr-x 0/0 0'
	entry /dev/mem 'crw-r----- 0/6 1,1'
	entry /dev/tty0 'crw-rw-rw- 0/5 4,0'
	entry /dev/tty2 'crw-rw-rw- 0/5 4,2'
	entry /dev/tty3 ''
	entry /dev/hda 'brw-r----- 0/0 3,0'
	entry /dev/hda1 'brw-r----- 0/0 3,1'
	entry /dev/hda3 'brw-r----- 0/0 3,3'
	entry /dev/hda4 ''
	entry /dev/initctl 'prw------- 0/0 0'
	entry /bin/busybox '-rwsr-xr-x 0/0 2'
}

makedevs_dialect()
{
	table '/var r 750 daemon wheel - - - - -' \
		'/etc/passwd F 600 0 0 - - - - -' \
		'/no/such/file F 600 0 0 - - - - -' \
		'/bin/busybox f -1 7 wheel - - - - -' \
		'/dev d 755 root root - - - - -' \
		'/dev/ttyS c 660 root wheel 4 64 0 1 2'
	entry /var 'drwxr-x--- 7/10 0'
	entry /var/lib/deep/file '-rwxr-x--- 7/10 2'
	entry /etc/passwd "-rw------- 0/0 $(stat -c %s tree/etc/passwd)"
	entry /bin/busybox '-rw-r--r-- 7/10 2'
	entry /dev/ttyS1 'crw-rw---- 0/10 4,65'
}

recursive()
{
	table '/var r 750 daemon wheel - - - - -'
	entry /var 'drwxr-x--- 7/10 0'
	entry /var/lib 'drwxr-x--- 7/10 0'
	entry /var/lib/deep 'drwxr-x--- 7/10 0'
	entry /var/lib/deep/file '-rwxr-x--- 7/10 2'
}

recursive_keeps_modes()
{
	table '/var r -1 daemon wheel - - - - -'
	entry /var/lib/deep 'drwxr-xr-x 7/10 0'
	entry /var/lib/deep/file '-rw-r--r-- 7/10 2'
}

optional_file()
{
	table '/etc/passwd F 600 0 0 - - - - -' '/no/such F 600 0 0 - - - - -'
	entry /etc/passwd "-rw------- 0/0 $(stat -c %s tree/etc/passwd)"
	entry /no ''
}

# As in mkcramfs: the table's owners stand also with -q.
owners_survive_squash()
{
	mkdir tree
	echo x >tree/file
	echo x >tree/other
	tar --numeric-owner --owner=9 --group=9 -cf a.tar -C tree file other
	echo '/file f 644 5 6 - - - - -' >table
	mkxipfs -q -D table a.tar a.img
	entry /file '-rw-r--r-- 5/6 2'
	entry /other '-rw-r--r-- 0/0 2'
}

two_tables()
{
	mkdir tree
	echo '/one c 600 0 0 1 3 - - -' >table.1
	echo '/two c 600 0 0 1 5 - - -' >table.2
	mkxipfs -q -D table.1 --devtable=table.2 tree a.img
	entry /one 'crw------- 0/0 1,3'
	entry /two 'crw------- 0/0 1,5'
}

crlf_and_blanks()
{
	mkdir tree
	printf '   \t# comment\r\n\r\n  /one  c 600 0 0 1 3 - - - \r\n/two c 600 0 0 1 5' >table
	mkxipfs -q -D table tree a.img
	entry /one 'crw------- 0/0 1,3'
	entry /two 'crw------- 0/0 1,5'
}

largest_device()
{
	table '/big c 600 0 0 255 255 - - -' '/bblk b 600 0 0 255 0 - - -'
	entry /big 'crw------- 0/0 255,255'
	entry /bblk 'brw------- 0/0 255,0'
}

# A table over an archive: the entries are one tree.
over_an_archive()
{
	mkdir tree
	echo x >tree/file
	tar -cf a.tar -C tree file
	echo '/dev d 755 0 0 - - - - -' >table
	echo '/dev/null c 666 0 0 1 3 - - -' >>table
	mkxipfs -q -D table a.tar a.img
	entry /dev/null 'crw-rw-rw- 0/0 1,3'
	entry /file '-rw-r--r-- 0/0 2'
}

check "mkcramfs's dialect" mkcramfs_dialect
check "makedevs's dialect: names, F, r, -1, counts" makedevs_dialect
check "type r changes all below" recursive
check "type r with mode -1 keeps modes" recursive_keeps_modes
check "type F may be missing" optional_file
check "owners of the table survive -q" owners_survive_squash
check "two tables" two_tables
check "blanks, carriage returns, no line feed at the end" crlf_and_blanks
check "device 255, 255" largest_device
check "a table over an archive" over_an_archive
