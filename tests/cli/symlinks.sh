# shellcheck shell=bash disable=SC2016 # inner shells expand
# SPDX-License-Identifier: GPL-2.0-or-later
# Paths through symlinks inside the image, as the kernel follows them; --top, paths behind the image

# /bin -> usr/bin, as distributions have it, and names of programs as BusyBox has them.
merged_tree()
{
	mkdir -p tree/usr/bin tree/etc
	ln -s usr/bin tree/bin
	ln -s /usr tree/absolute
	program fdpic tree/usr/bin/busybox
	ln -s busybox tree/usr/bin/sh
	ln -s nowhere tree/usr/bin/dangling
	text 9000 >tree/etc/text
	ln -s ../absolute/bin/busybox tree/etc/far
	mkdir 'tree/a*b'
	echo star >'tree/a*b/file'
	ln -s 'a*b' tree/star
}

dump_follows()
{
	merged_tree
	mkxipfs -q --quiet tree a.img
	local path
	for path in /bin/busybox bin/sh /etc/far /absolute/bin/sh //bin/../bin/./busybox; do
		xipfs-dump --cat="$path" a.img | cmp - tree/usr/bin/busybox
	done
	equal "$(xipfs-dump --cat=/star/file a.img)" star
	xipfs-dump --list=/bin/busybox a.img >out
	matches out ' /usr/bin/busybox$'
	xipfs-dump --list=/bin a.img >out
	one_line out
	matches out ' /bin -> usr/bin$'
	xipfs-dump --list=/bin/ a.img >out
	equal "$(wc -l <out)" 4
	xipfs-dump --list=/bin/sh a.img >out
	matches out ' /usr/bin/sh -> busybox$'
	xipfs-dump --blocks=/absolute/bin/busybox a.img >out
	matches out xip
	fails 8 '/bin/dangling: the image has no such' xipfs-dump --cat=/bin/dangling a.img
	fails 8 '/bin/nowhere: the image has no such' xipfs-dump --list=/bin/nowhere a.img
	xipfs-dump --extract=there a.img /bin/sh /star
	equal "$(cd there && find . -type f | sort | paste -sd ' ')" './a*b/file ./usr/bin/busybox'
}

# holds LINE, breaks LINE: one expectation.
holds()
{
	status 0 xipfs-dump --expect=- a.img <<<"$1"
}

breaks()
{
	status 4 xipfs-dump --expect=- a.img <<<"$1"
	matches out '^not ok 1 '
}

expectations_follow()
{
	merged_tree
	mkxipfs -q --quiet tree a.img
	local line
	for line in 'xip /bin/busybox' 'xip /bin/sh' 'xip /etc/far' 'xip /bin/b*' 'loads /bin/sh' \
		'ram /absolute/bin/sh <= 1M' 'present /bin/busybox mode=0755' \
		'present /bin/sh mode=0777' 'present /bin mode=0777' 'absent /bin/bash' \
		'not-xip /star/file' 'present /star/file'; do
		holds "$line"
	done
	for line in 'not-xip /bin/busybox' 'not-xip /bin/sh' 'absent /bin/busybox' 'absent /bin/b*' \
		'absent /bin/sh' 'xip /bin/dangling' 'present /bin/bash' 'absent /star/*'; do
		breaks "$line"
	done
}

builder_follows()
{
	merged_tree
	mkxipfs -q --quiet --no-xip=/bin/sh tree a.img
	not_in_place a.img /usr/bin/busybox
	mkxipfs -q -E --quiet --no-xip='/absolute/bin/b*' tree a.img
	not_in_place a.img /usr/bin/busybox
	printf '%s\n' '/bin/sh no-xip' '/bin/busybox mode=700' '/bin/sh owner=7:8' '/star/file xip' >policy
	mkxipfs -q -E --quiet --policy=policy tree a.img
	not_in_place a.img /usr/bin/busybox
	json a.img '.entries[] | select(.path == "/usr/bin/busybox") | "\(.mode) \(.uid)"' --list >got
	equal "$(cat got)" "448 0" "mode and owner of the program"
	json a.img '.entries[] | select(.path == "/usr/bin/sh") | "\(.uid) \(.gid)"' --list >got
	equal "$(cat got)" "7 8" "the owner of the symlink itself"
	kernel blocks a.img '/a*b/file' | grep -q ' xip$' || fail "the file behind /star is not in place"
	status 0 mkxipfs --quiet --xip=/bin/nothing tree a.img
	matches err '--xip=/bin/nothing: matches nothing'
}

explain_follows()
{
	merged_tree
	printf '%s\n' '/usr/bin/busybox no-xip' '/usr/bin/sh owner=7:8' >policy
	local path
	for path in /bin/busybox absolute/bin/busybox; do
		mkxipfs -q --policy=policy --explain=$path tree >out
		equal "$(sed -n 1p out)" /usr/bin/busybox
		matches out 'wanted +compressed +\(policy:1'
	done
	mkxipfs -q --policy=policy --explain=/bin/sh tree >out
	equal "$(grep '^/' out | paste -sd ' ')" '/usr/bin/sh /usr/bin/busybox'
	matches out 'owner +7:8 +\(policy:2'
	matches out 'wanted +compressed +\(policy:1'
	fails 8 '/bin/nowhere: not in the image' mkxipfs --explain=/bin/nowhere tree
}

# --- Paths behind the image ---

limited_ram()
{
	merged_tree
	program static tree/usr/bin/static
	program shared tree/usr/bin/libx.so
	mkxipfs -q --quiet tree a.img
	equal "$(json a.img '[.programs[].path] | join(" ")' --ram)" '/usr/bin/busybox /usr/bin/static'
	local given
	for given in /bin/sh busybox '/bin/bu*'; do
		xipfs-dump --ram --json a.img "$given" >got
		equal "$(jq -r '[.programs[].path] | join(" ")' got)" /usr/bin/busybox "programs for $given"
		equal "$(jq '.saved == .programs[0].saved' got)" true
		equal "$(jq -r '[.advice[].path] | unique - ["/usr/bin/busybox"] | length' got)" 0
	done
	xipfs-dump --ram a.img /etc >out
	matches out 'none of these is a program'
	fails 8 '/nowhere: matches nothing' xipfs-dump --ram a.img /nowhere
	fails 16 'only --check, --extract, --ram and --top take paths' xipfs-dump --map a.img /etc
}

limited_check()
{
	merged_tree
	program static tree/usr/bin/static
	mkxipfs -q --quiet --no-xip tree a.img
	local block
	block=$(json a.img '.blocks[0].start' --blocks=/etc/text)
	patch_bytes a.img $((block + 20)) ffffffff
	status 4 xipfs-dump --check=inflate a.img
	status 4 xipfs-dump --check=inflate a.img /etc
	matches out 'error: inflate: /etc/text: '
	status 0 xipfs-dump --check=inflate a.img /bin/sh
	matches out '0 errors'
	status 4 xipfs-dump --check a.img /bin/sh # the CRC is the whole image's
	matches out 'error: crc: '
	matches_not out /etc/text
	mkxipfs -q --quiet tree a.img
	xipfs-dump --check a.img /bin/sh >out
	matches out '/usr/bin/busybox'
	matches_not out static
}

limited_extract()
{
	merged_tree
	mkdir -p tree/usr/share/deep
	echo x >tree/usr/share/deep/file
	chmod 750 tree/usr tree/usr/share
	mkxipfs -q --quiet tree a.img
	xipfs-dump --extract=there a.img '/usr/share/*' text
	equal "$(cd there && find . | sort | paste -sd ' ')" \
		'. ./etc ./etc/text ./usr ./usr/share ./usr/share/deep ./usr/share/deep/file'
	equal "$(stat -c %a there/usr/share)" 750
	fails 8 'matches nothing' xipfs-dump --extract=none a.img /usr/nothing
	absent none
}

# The order and the bytes are those of the list and of the second reader.
top()
{
	merged_tree
	noise 30000 >tree/etc/noise
	cp tree/etc/noise tree/etc/again
	mkxipfs -q --quiet tree a.img
	json a.img '[.entries[] | select(.packed_bytes and .links) |
		.packed_bytes + 4 * ((.size + 4095) / 4096 | floor)] | unique | reverse | .[:3][]' --list >want
	json a.img '.top[].bytes' --top=3 | diff want -
	xipfs-dump --top=1 a.img >out
	matches out "^ +$(head -1 want) .* %  /etc/again and 1 more$"
	equal "$(wc -l <out)" 2
	json a.img '.top | length' --top >got
	equal "$(cat got)" "$(json a.img .files --top)" "all files, of which there are fewer than ten"
	xipfs-dump --top a.img /bin/ >out
	matches out '/usr/bin/busybox$'
	matches_not out /etc
	fails 16 'top=none' xipfs-dump --top=none a.img
	fails 16 'top=0' xipfs-dump --top=0 a.img
}

# The first image is the old one, and the columns say which is which.
diff_order()
{
	merged_tree
	mkxipfs -q --quiet tree old.img
	noise 9000 >tree/etc/new
	rm tree/etc/text
	mkxipfs -q --quiet tree new.img
	status 1 xipfs-dump --diff old.img new.img
	matches out '^\+ .* /etc/new'
	matches out '^- .* /etc/text'
	matches out '^bytes of +old.img +new.img +change$'
	matches out "^  total +$(stat -c %s old.img) +$(stat -c %s new.img) "
	mkdir there
	mv new.img there/old.img
	status 1 xipfs-dump --diff old.img there/old.img
	matches out '^bytes of +old.img +there/old.img +change$'
	xipfs-dump --json --diff old.img there/old.img >got || true
	equal "$(jq -r '"\(.image) \(.other)"' got)" 'old.img there/old.img'
	fails 8 nowhere xipfs-dump --diff nowhere old.img
}

check "xipfs-dump follows symlinks" dump_follows
check "expectations follow symlinks" expectations_follow
check "patterns of mkxipfs follow symlinks" builder_follows
check "--explain follows symlinks" explain_follows
check "--ram of some programs" limited_ram
check "--check of some paths" limited_check
check "--extract of some paths" limited_extract
check "--top" top
check "--diff OLD NEW" diff_order
