# shellcheck shell=bash disable=SC2086,SC2016 # options are split, inner shells expand
# SPDX-License-Identifier: GPL-2.0-or-later
# very large directories, deep trees, memory

need_build build_release "$BUILD_RELEASE"

# within MIB COMMAND...: the command's resident memory stays below this.
within()
{
	local limit=$(($1 * 1024)) peak
	shift

	/usr/bin/time -f %M -o peak "$@"
	peak=$(tail -1 peak)
	echo "peak: $peak KiB"
	((peak <= limit)) || fail "$peak KiB of memory, more than $limit, for: $*"
}

mib_of()
{
	echo $((($(stat -c %s "$1") + 1048575) / 1048576))
}

many_files_in_a_directory()
{
	mkdir tree
	(cd tree && seq 300000 | split -l 1 -a 4 -) # xaaaa ... 300,000 files of a few bytes
	equal "$(find tree -type f | wc -l)" 300000 "files in the source"
	local began=$SECONDS
	mkxipfs -q tree a.img # once to know its size
	within $(($(mib_of a.img) + 128)) mkxipfs -q tree a.img
	xipfs-dump --check a.img
	xipfs-dump --tar=- a.img | tar -tf - | grep -c '[a-z0-9]$' >count
	equal "$(cat count)" 300000 "files in the image"
	((SECONDS - began < 120)) || fail "it took $((SECONDS - began)) s"
	tar -cf a.tar -C tree .
	mkxipfs -q a.tar b.img
	same a.img b.img
}

deep_directories()
{
	mkdir tree
	python3 - <<-'END'
		import os
		os.chdir("tree")
		for i in range(10000):
		    os.mkdir("d")
		    os.chdir("d")
		open("bottom", "w").write("here\n")
	END
	(ulimit -s 256 && within 256 mkxipfs -q tree a.img)
	(ulimit -s 256 && xipfs-dump --check a.img)
	(ulimit -s 256 && xipfs-dump --tar=a.tar a.img)
	mkxipfs -q a.tar b.img
	same a.img b.img
	mkdir out
	(ulimit -s 256 && xipfs-dump --extract=out a.img)
	(cd out && mkxipfs -q . ../c.img)
	same a.img c.img
	python3 - <<-'END' # rm -r of some systems gives up
		import os
		for top in ("tree", "out"):
		    os.chdir(top)
		    for i in range(10000):
		        os.chdir("d")
		    os.unlink("bottom")
		    for i in range(10000):
		        os.chdir("..")
		        os.rmdir("d")
		    os.chdir("..")
	END
}

# A path of each length would be 2 GB of them.
views_of_deep_directories()
{
	mkdir tree
	python3 -c 'import os
os.chdir("tree")
for i in range(65000):
	os.mkdir("d")
	os.chdir("d")'
	timeout 60 mkxipfs -q -v --report=report.json tree a.img
	printf '%s\n' '/d/d mode=0700' 'd/x* xip' '*.o exclude' '/e owner=1:1' >policy
	timeout 60 mkxipfs -q --xip=/d/e --exclude='/d/x/*' --exclude='*.a' --policy=policy tree b.img
	equal "$(xipfs-dump --list b.img | head -4 | cut -c 1-10)" $'drwxr-xr-x\ndrwxr-xr-x\ndrwx------\ndrwxr-xr-x'
	python3 -c 'import os
os.chdir("tree")
for i in range(65000):
	os.chdir("d")
for i in range(65000):
	os.chdir("..")
	os.rmdir("d")'
	local view
	for view in '' --list --map --check --ram --svg=a.svg --html=a.html --diff=a.img; do
		timeout 60 xipfs-dump $view a.img >out || fail "$view took more than 60 s"
		timeout 60 xipfs-dump --json ${view/--[sh][vt]*/} a.img >out || fail "$view, JSON"
	done
	printf '%s\n' 'absent /d/e' no-setuid no-world-writable >expect
	timeout 60 xipfs-dump --expect=expect a.img
	timeout 60 xipfs-dump --check a.img /d/d '*d'
	timeout 60 xipfs-dump --list a.img | tail -1 | grep -q ' \.\.\./d/d/.*/d$'
	fails 8 'out of all proportion' timeout 60 xipfs-dump --tar=a.tar a.img
	absent a.tar
}

memory_is_bounded()
{
	mkdir tree
	local i
	noise 3000000 >piece
	for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
		tail -c +$((i + 1)) piece >tree/$i # no two blocks are equal
	done
	within 200 mkxipfs -q --level=1 "$@" tree a.img
	local size
	size=$(mib_of a.img)
	((size >= 50)) || fail "the image has $size MiB only"
	within $((size + 128)) mkxipfs -q --level=1 "$@" tree a.img
	within $((size + 128)) mkxipfs -q "$@" - b.img < <(tar -cf - -C tree .)
	within $((size + 128)) xipfs-dump --check a.img
	within $((size + 128)) xipfs-dump --tar=a.tar a.img
}

# Holes on the disk are not in memory.
memory_for_sparse_files()
{
	mkdir tree
	local i
	for i in {1..60}; do
		truncate -s 16777215 tree/$i
		printf %s $i | dd of=tree/$i bs=1 seek=$((i * 1000)) conv=notrunc status=none
	done
	within 140 mkxipfs -q tree a.img
	xipfs-dump --check a.img
}

# 3,000 small files took mkcramfs 42 s: its search for equal files is quadratic.
many_copies()
{
	mkdir tree
	local i began
	text 20000 >one
	for i in {1..3000}; do
		cp one tree/$i
	done
	began=$SECONDS
	mkxipfs -q tree a.img
	((SECONDS - began <= 5)) || fail "it took $((SECONDS - began)) s"
	(($(stat -c %s a.img) < 200000)) || fail "copies take $(stat -c %s a.img) bytes"
	xipfs-dump --check a.img
}

# Files that differ in one block share the others.
blocks_are_shared()
{
	mkdir tree
	local i
	noise 400000 >one
	for i in {1..20}; do
		{ noise 4096 $((i + 1)); cat one; } >tree/$i
	done
	mkxipfs -q tree a.img
	(($(stat -c %s a.img) < 600000)) || fail "blocks are not shared: $(stat -c %s a.img) bytes"
	xipfs-dump --check a.img
}

check "300,000 files in a directory" many_files_in_a_directory
check "10,000 nested directories, with a stack of 256 KiB" deep_directories
check "65,000 nested directories, every view" views_of_deep_directories
check "memory: the image's size and 128 MiB" memory_is_bounded
check "memory: the same with 8 jobs" memory_is_bounded -j 8
check "memory: 1 GB of sparse files" memory_for_sparse_files
check "3,000 copies in a few seconds" many_copies
check "equal blocks of different files are shared" blocks_are_shared
