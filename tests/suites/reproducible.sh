# shellcheck shell=bash disable=SC2086,SC2016 # options are split, inner shells expand
# SPDX-License-Identifier: GPL-2.0-or-later
# the image is the same for every -j, locale, umask, time, user, path and order of directories

need_build build_release "$BUILD_RELEASE"

the_tree()
{
	make_tree tree
	program static tree/bin/static
	program fdpic tree/bin/fdpic
	touch tree/B tree/a tree/_ tree/Ä # sorted otherwise in most locales
	cp "$(command -v bash)" tree/bash
	mkxipfs -q tree want.img
}

for_all_jobs()
{
	the_tree
	local jobs
	for jobs in 1 2 3 4 8 64; do
		mkxipfs -q -j $jobs tree a.img
		same want.img a.img
	done
	for jobs in 1 2 3 4 5 6 7 8 9 10; do
		mkxipfs -q -j 7 tree a.img
		same want.img a.img
	done
}

# A profile in any order, in pieces, and in the other form says the same.
for_all_orders_of_a_profile()
{
	the_tree
	rm tree/bin/fdpic
	mkxipfs -q --no-xip tree none.img
	local bytes i
	for i in {0..199..3} {50..99..2}; do
		echo "/bash,$i,$((i % 7 + 1))"
	done >lines
	{ echo path,page,count; cat lines; } >p.csv
	bytes=$(($(stat -c %s none.img) + 100000))
	mkxipfs -q --xip-profile=p.csv --max-size=$bytes --fit tree want.img
	{ echo path,page,count; tac lines; } >other.csv
	mkxipfs -q -j 7 --xip-profile=other.csv --max-size=$bytes --fit tree a.img
	same want.img a.img
	{ echo path,page,count; head -30 lines; } >one.csv
	awk -F, 'NR > 30 { print "." $1 "," $2 * 4096 "," $3 }' lines >two.csv
	mkxipfs -q -j 1 --xip-profile=two.csv --xip-profile=one.csv --max-size=$bytes --fit tree a.img
	same want.img a.img
}

for_all_environments()
{
	the_tree
	local locale
	for locale in C C.UTF-8 de_DE.UTF-8 tr_TR.UTF-8; do
		LC_ALL=$locale LANGUAGE=de mkxipfs -q tree a.img
		same want.img a.img
	done
	TZ=Pacific/Kiritimati mkxipfs -q tree a.img
	same want.img a.img
	SOURCE_DATE_EPOCH=1 mkxipfs -q tree a.img
	same want.img a.img
	POSIXLY_CORRECT=1 TMPDIR=$PWD mkxipfs -q tree a.img
	same want.img a.img
	env -i "$MKXIPFS" -q tree a.img
	same want.img a.img
}

for_all_umasks()
{
	the_tree
	local mask
	for mask in 000 022 077 777; do
		(umask $mask && mkxipfs -q tree - >a.img)
		same want.img a.img
	done
}

for_all_times()
{
	the_tree
	find tree -exec touch -h -d '2001-02-03 04:05:06' {} +
	mkxipfs -q tree a.img
	same want.img a.img
	find tree -exec touch -h -d '@-5' {} +
	mkxipfs -q tree a.img
	same want.img a.img
}

for_all_paths()
{
	the_tree
	local top=$PWD
	mkdir -p 'else where/deep'
	cp -a tree 'else where/deep/other name'
	mkxipfs -q 'else where/deep/other name' a.img
	same want.img a.img
	mkxipfs -q "$top/tree/" a.img
	same want.img a.img
	(cd tree && mkxipfs -q . ../a.img)
	same want.img a.img
	ln -s tree link
	mkxipfs -q link a.img
	same want.img a.img
	mkxipfs -q tree - >b.img
	same want.img b.img
}

# A copy made in another order has its directory entries, inodes and holes elsewhere.
for_all_orders()
{
	the_tree
	mkdir other
	(cd tree && find . -depth -print0 | sort -rz | cpio --null -o -H newc --quiet) |
		(cd other && cpio -id --quiet)
	chmod --reference=tree other
	mkxipfs -q other a.img
	same want.img a.img
	cp -a --sparse=never tree dense
	mkxipfs -q dense a.img
	same want.img a.img
}

for_all_users()
{
	((EUID)) || chmod -R o+rX "$SCRATCH"
	the_tree
	chmod -R o+r tree
	chmod o+x tree/dir/sub
	mkxipfs -q tree want.img
	if ((EUID == 0)); then
		cp "$MKXIPFS" program
		chmod 755 . program tree
		setpriv --reuid=65534 --regid=65534 --clear-groups ./program -q tree - >a.img
		same want.img a.img
	fi
	fakeroot -- "$MKXIPFS" -q tree a.img
	same want.img a.img
	fakeroot -- "$MKXIPFS" tree a.img
	same want.img a.img
}

twice_in_a_row()
{
	the_tree
	mkxipfs -q tree a.img
	mkxipfs -q tree a.img
	same want.img a.img
}

# What the address space looks like has no say (hash tables of pointers would).
for_all_layouts_of_memory()
{
	the_tree
	for _ in 1 2 3 4 5; do
		mkxipfs -q tree a.img
		same want.img a.img
	done
	setarch -R "$MKXIPFS" -q tree a.img
	same want.img a.img
	MALLOC_PERTURB_=165 mkxipfs -q tree a.img
	same want.img a.img
}

check "-j" for_all_jobs
check "order of a profile" for_all_orders_of_a_profile
check "locale, TZ, SOURCE_DATE_EPOCH, TMPDIR, no environment" for_all_environments
check "umask" for_all_umasks
check "times of the files" for_all_times
check "paths of source and image" for_all_paths
check "order of directories, holes on the disk" for_all_orders
check "user, fakeroot" for_all_users
check "an old image in place" twice_in_a_row
check "addresses and content of fresh memory" for_all_layouts_of_memory
