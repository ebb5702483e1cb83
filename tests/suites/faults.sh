# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# memory that runs out and system calls that fail, a part of each command's

need_build build_release "$BUILD_RELEASE"
gcc -O1 -shared -fPIC -o "$SCRATCH/failing_malloc.so" "$TOP/tests/faults/failing_malloc.c"
export FAILING_MALLOC=$SCRATCH/failing_malloc.so
# How many failures of each command are tried, evenly spread; 0: all.
MEMORY_POINTS=${MEMORY_POINTS-25}
CALL_POINTS=${CALL_POINTS-8}

# What the commands below work on: a bit of everything.
fault_inputs()
{
	mkdir -p tree/bin tree/dir/sub tree/dev
	text 9000 >tree/text
	noise 5000 >tree/noise
	ln -s ../text tree/dir/link
	ln tree/text tree/hard
	cp tree/text tree/dir/copy
	program fdpic tree/bin/fdpic
	program flat tree/bin/flat
	program static tree/bin/static
	: >tree/dir/sub/empty
	mkfifo tree/dir/fifo
	rm -f ./*.img
	echo '/dev/null c 666 0 0 1 3 - - -' >table
	printf '%s\n' 'bin/static xip' '/dir/none exclude' 'text mode=0600' >policy
	printf '%s\n' 'xip /bin/static' no-setuid 'size <= 2M' 'xip /text # no' >expect
	mkxipfs --quiet -D table tree a.img
	mkxipfs --quiet --no-xip tree b.img
	cp a.img bad.img
	printf x | dd of=bad.img bs=1 seek=9000 conv=notrunc status=none
}

sweep()
{
	local what=$1 points=$2
	shift 2

	fault_inputs
	python3 "$TOP/tests/faults/sweep.py" "$what" "$points" "$@"
}

# each_command CHECK...: calls CHECK for each command line of both programs.
each_command()
{
	local view

	for view in '' --list --map --blocks=/text --check --ram --ram=mmu; do
		"$@" "$XIPFS_DUMP" ${view:+"$view"} a.img
		"$@" "$XIPFS_DUMP" --json ${view:+"$view"} a.img
	done
	"$@" "$XIPFS_DUMP" --check -v bad.img
	"$@" "$XIPFS_DUMP" --cat=/text a.img
	"$@" "$XIPFS_DUMP" --tar=- a.img
	"$@" "$XIPFS_DUMP" --tar=out.tar a.img
	"$@" "$XIPFS_DUMP" --extract=out.dir a.img
	"$@" "$XIPFS_DUMP" --diff=b.img -v a.img
	"$@" "$XIPFS_DUMP" --diff=b.img --json a.img
	"$@" "$XIPFS_DUMP" --expect=expect --junit=out.xml a.img
	"$@" "$XIPFS_DUMP" --html=out.html a.img
	"$@" "$XIPFS_DUMP" --svg=out.svg a.img
	"$@" "$XIPFS_DUMP" --help
	"$@" "$MKXIPFS" -j 1 tree out.img
	"$@" "$MKXIPFS" -j 1 -v -D table --policy=policy --exclude='*.o' --stack-size=8K \
		--max-size=1M --fit --report=out.json tree out.img
	"$@" "$MKXIPFS" -j 1 --quiet --classic --compressor=zlib -i table --report=out.txt \
		--pad-to=erase-block:64K tree out.img
	"$@" "$MKXIPFS" -j 1 --explain=/bin/static --policy=policy tree
	"$@" "$MKXIPFS" -j 1 tree -
	"$@" "$MKXIPFS" --help
}

# A name for the report without the directory of the build.
sweep_check()
{
	local what=$1 points=$2 program=${3##*/}

	check "$what: $program ${*:4}" sweep "$@"
}

each_command sweep_check memory "$MEMORY_POINTS"
each_command sweep_check calls "$CALL_POINTS"
