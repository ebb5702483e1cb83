#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Executes in place page by page: what programs do with such mappings, what the recorder sees, what the
# image that its profile makes costs in flash and saves in RAM. Usage: run.sh [--trace] [--linux=VERSION]
#
# --trace compares the recorder with QEMU's own trace of executed code as well, which takes minutes.
# --linux=7.3 does all of it with that kernel instead of 6.12.
# shellcheck disable=SC2034,SC2317 # lib.sh uses variables, ok calls the tests
set -euo pipefail

HERE=$(dirname "$(readlink -f "$0")")
TOP=$(readlink -f "$HERE/../..")
TARGET=$TOP/examples/target
CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/mkxipfs
WORK=$(mktemp -d "${TMPDIR:-/tmp}/mkxipfs-pagewise.XXXXXX")
LINUX=6.12
# A mapping of a file that was never profiled may take so many thousandths more instructions.
PRICE=10
BOARDS=${BOARDS:-vexpress-a9 qemu-virt-arm64}
passed=0 failed=0 status=0

# shellcheck source-path=SCRIPTDIR
source "$TOP/tests/target/lib.sh"

# What each page of a file of the first test is, as mix.py wants it.
MIXED=cdddccdjdcudddddcjjcdcddduuccdddd
SHARED=ccdddcdds
HOSTILE=xdcddxxdddcx
WHOLE=dddddddddd
# The end of the image is cut off, and with it the last three pages of this file, see cut.py.
CUT=cdcdddddd

# console BOARD LOG OPTION...: what the guest says, without the carriage returns.
console()
{
	local board=$1 log=$2
	shift 2
	"$TARGET/boot.sh" "$board" --timeout=300 --silence=120 --log="$log" "$@"
	absent 'WARNING:\|BUG:\|Oops\|command not found' "$log"
}

# --- mappings ----------------------------------------------------------------------------------

# map_letters LAYOUT: what the kernel should make of it.
map_letters()
{
	tr cdjusx 01100x <<<"$1"
}

# repeat COUNT LETTER
repeat()
{
	printf "%${1}s" '' | tr ' ' "$2"
}

# torture_image BOARD
torture_image()
{
	local board=$1 tree=$WORK/$1.small compiler=arm-linux-gnueabi-gcc image=$WORK/$1.small.img name layout

	[[ $board == vexpress-a9 ]] || compiler=aarch64-linux-gnu-gcc
	cp -R "$WORK/out/$board-small/root/tree" "$tree"
	mkdir -p "$tree/test"
	for name in pages price; do
		"$compiler" -static -Os -s -Wall -Wextra -Werror -o "$tree/test/$name" "$HERE/guest/$name.c"
	done
	python3 - "$tree/test" <<-'PYTHON'
	import sys
	# Each has a size of its own: files with the same content share their pointers.
	for name, size in ("mixed", 33 * 4096 - 1000), ("shared", 9 * 4096 - 4000), ("whole", 10 * 4096), (
	        "packed1", 4096), ("packed300", 300 * 4096), ("direct1", 4095), ("direct300", 300 * 4096 - 1), (
	        "hostile", 12 * 4096), ("table", 8 * 4096), ("cut", 9 * 4096):
	    with open(f"{sys.argv[1]}/{name}", "wb") as file:
	        file.write(bytes(((i >> 12) * 7 + (i >> 4) + i * 13) & 255 for i in range(size)))
	PYTHON
	mkxipfs --quiet --no-xip -D "$TARGET/root.table" "$tree" "$image"
	while read -r name layout; do
		python3 "$HERE/mix.py" "$image" "/test/$name" "$layout"
	done <<-LAYOUTS
	mixed $MIXED
	shared $SHARED
	whole $WHOLE
	packed1 c
	packed300 $(repeat 300 c)
	direct1 d
	direct300 $(repeat 300 d)
	hostile $HOSTILE
	table dddddddd
	cut $CUT
	LAYOUTS
	python3 "$HERE/cut.py" "$image" /test/cut /test/table
}

# torture NAME BOARD OPTION...: by the kernel that was built as NAME.
torture()
{
	local name=$1 board=$2 log=$WORK/$1.torture.log
	shift 2

	"$TARGET/boot.sh" "$board" --timeout=300 --silence=120 --log="$log" --out="$WORK/out/$name" \
		--image="$WORK/$board.small.img" \
		--run="/test/pages /test/mixed $(map_letters "$MIXED")" \
		--run="/test/pages /test/shared $(map_letters "$SHARED")" \
		--run="/test/pages /test/whole $(map_letters "$WHOLE")" \
		--run="/test/pages /test/hostile $(map_letters "$HOSTILE")" \
		--run='/test/pages /test/table 0000xxxx' \
		--run='/test/pages /test/cut 010111xxx' "$@"
	absent '^@bad\|WARNING:\|BUG:\|Oops' "$log"
	(($(grep -c '^@ok' "$log") == 3 * 15 + 3))
}

# torture_debug BOARD: by a kernel that checks itself; what it finds in its locks turns debug_locks off.
torture_debug()
{
	torture "$1-debug" "$1" --run='cat /proc/lockdep_stats'
	absent 'INFO:\|bad page\|\[ cut here' "$WORK/$1-debug.torture.log"
	grep 'debug_locks: *1' "$WORK/$1-debug.torture.log"
	grep 'debug_vm_pgtable' "$WORK/$1-debug.torture.log"
}

# --- the price of a mapping --------------------------------------------------------------------

# price NAME BOARD: instructions by the kernel that was built as NAME.
price()
{
	"$TARGET/boot.sh" "$2" --timeout=300 --silence=120 --log="$WORK/$1.price" --out="$WORK/out/$1" \
		--image="$WORK/$2.small.img" --qemu='-icount shift=0,sleep=off' --cmdline=norandmaps \
		--run='/test/price /test/packed1 /test/packed300 /test/direct1 /test/direct300'
	(($(grep -c '^@price /test/' "$WORK/$1.price") == 4))
}

# is_cheap BOARD: files that were never profiled are mapped as fast as without the patches.
is_cheap()
{
	local board=$1 path with without dear=0

	price "$board-fixes" "$board"
	price "$board" "$board"
	while read -r _ path without; do
		with=$(tr -d '\r' <"$WORK/$board.price" | sed -n "s,^@price $path ,,p")
		printf '%s: mmap() of %s: %d instructions without the patches, %d with them\n' "$board" \
			"${path##*/}" $((without / 1000)) $((with / 1000)) | tee -a "$WORK/price"
		((1000 * (with - without) <= PRICE * without)) || dear=1
	done < <(tr -d '\r' <"$WORK/$board-fixes.price" | grep '^@price /test/')
	((dear == 0))
}

# --- the recorder ------------------------------------------------------------------------------

# record BOARD OPTION...: the profile of the work on the compressed image.
record()
{
	local board=$1 log=$WORK/$1.record
	shift
	console "$board" "$log" --out="$WORK/out/$board" --image="$WORK/$board.compressed.img" \
		--cmdline=profile --run=workload --run='pkill xipfs-profile' \
		--run='while pkill -0 xipfs-profile; do :; done' --run='cat /tmp/profile.csv' "$@"
	sed -n '/^path,page,count$/,/^[^/]*#/p' "$log" | grep '^path,\|^/.*,[0-9]*$' >"$WORK/$board.csv"
	(($(wc -l <"$WORK/$board.csv") > 500))
	absent xipfs-profile "$WORK/$board.csv"
	grep '^/bin/bash,0,' "$WORK/$board.csv"
	grep '^/usr/bin/perl.*,0,' "$WORK/$board.csv"
}

# --- images ------------------------------------------------------------------------------------

make_one()
{
	local board=$1 name=$2
	shift 2
	mkxipfs --quiet -D "$TARGET/root.table" "$@" "$WORK/out/$board/root/tree" "$WORK/$board.$name.img"
	xipfs-dump --check "$WORK/$board.$name.img"
}

size_of()
{
	stat -c %s "$WORK/$1.$2.img"
}

make_images()
{
	local board=$1

	make_one "$board" all
	make_one "$board" profile --xip-profile="$WORK/$board.csv"
	make_one "$board" half --xip-profile="$WORK/$board.csv" --fit \
		--max-size=$((($(size_of "$board" compressed) + $(size_of "$board" profile)) / 2))
}

# boot_image BOARD NAME: the work, in the time that instructions take; then what smaps says of a program.
boot_image()
{
	local board=$1 name=$2

	console "$board" "$WORK/$board.$name.log" --out="$WORK/out/$board" \
		--image="$WORK/$board.$name.img" --qemu='-icount shift=2,sleep=off' \
		--run=workload --run='cat /proc/self/smaps'
	grep '^time [0-9]* us$' "$WORK/$board.$name.log"
}

# value BOARD NAME WORD: the number that stands behind a word in what the work printed.
value()
{
	grep '^time \|^used ' "$WORK/$1.$2.log" | tr ' ' '\n' | grep -A1 "^$3$" | tail -n 1
}

# Each mapping has as many pages in place as foretold.
check_smaps()
{
	local board=$1 name=$2

	xipfs-dump --json --ram=pagewise "$WORK/$board.$name.img" >"$WORK/$board.$name.ram"
	python3 "$HERE/smaps.py" "$WORK/$board.$name.log" "$WORK/$board.$name.ram" /bin/cat
}

row()
{
	local board=$1 name=$2

	printf '| %s | %s | %d | %d | %d | %d | %d |\n' "$board" "$name" "$(size_of "$board" "$name")" \
		"$(value "$board" "$name" used)" "$(value "$board" "$name" cached)" \
		"$(value "$board" "$name" files)" $(($(value "$board" "$name" time) / 1000))
}

# At most 70 % of the growth that everything in place costs, and at least 90 % of what it saves.
is_worth_it()
{
	local board=$1 what none all some

	none=$(size_of "$board" compressed) all=$(size_of "$board" all) some=$(size_of "$board" profile)
	((100 * (some - none) <= 70 * (all - none)))
	for what in cached files; do
		none=$(value "$board" compressed "$what") all=$(value "$board" all "$what")
		some=$(value "$board" profile "$what")
		echo "$what: $none $all $some"
		((none > all))
		((100 * (none - some) >= 90 * (none - all)))
	done
}

test_board()
{
	local board=$1 name

	ok "$board: builds" build "$board" "$board" --pagewise --root=debian --image-option=--no-xip
	good || return 0
	ok "$board: builds a small root" build "$board-small" "$board" root
	ok "$board: an image with pages in any place" torture_image "$board"
	ok "$board: what programs do with mappings of which some pages are in place" torture "$board" "$board"
	ok "$board: builds without the patches" build "$board-fixes" "$board" \
		--series="$TOP/kernel-patches/linux-$LINUX/fixes/series"
	ok "$board: mappings of other files take as many instructions as before" is_cheap "$board"
	cp "$WORK/out/$board/image/root.cramfs" "$WORK/$board.compressed.img"
	ok "$board: records the work" record "$board"
	good || return 0
	ok "$board: images with all programs, and with the profile's pages in place" make_images "$board"
	good || return 0
	for name in compressed all profile half; do
		ok "$board: boots with $name" boot_image "$board" "$name"
		good || return 0
		ok "$board: smaps of a program is as --ram foretold with $name" check_smaps "$board" "$name"
		row "$board" "$name" >>"$WORK/table"
	done
	ok "$board: the profile's image is smaller and saves as much" is_worth_it "$board"
}

# --- elsewhere ---------------------------------------------------------------------------------

# A stock kernel maps only the leading run of each mapping, and reads every byte.
stock_reads()
{
	local board=$1 log=$WORK/$1.stock.log

	console "$board" "$log" --out="$WORK/out/$board-stock" --image="$WORK/$board.profile.img" \
		--run='find / -xdev -type f -exec md5sum {} +' --run='workload'
	(cd "$WORK/out/$board/root/tree" && find . -type f -exec md5sum {} +) |
		sed 's,  \./,  /,' | sort >"$WORK/want"
	grep -E '^[0-9a-f]{32}  /' "$log" | sort >"$WORK/have"
	(($(wc -l <"$WORK/want") > 1000))
	cmp "$WORK/want" "$WORK/have"
}

# --- the recorder against QEMU's trace ---------------------------------------------------------

# trace BOARD: the recorder and QEMU watch the same run.
trace()
{
	local board=$1

	record "$board" --qemu="-plugin $WORK/trace.so,out=$WORK/$board.trace"
	python3 "$HERE/judge.py" "$(readlink -f "$WORK/out/$board/root")/tree" "$WORK/$board.csv" \
		"$WORK/$board.trace" | tee "$WORK/$board.judged"
}

test_trace()
{
	local board

	gcc -shared -fPIC -O2 -Wall -Wextra -Werror -o "$WORK/trace.so" "$HERE/trace.c"
	for board in $BOARDS; do
		ok "$board: the recorder sees what QEMU sees" trace "$board"
		tail -qn 1 "$WORK/$board.judged" | sed 's/^/# /'
	done
}

main()
{
	local board trace=''

	while (($#)); do
		case $1 in
		--trace) trace=yes ;;
		--linux=*) LINUX=${1#*=} ;;
		*) echo "run.sh: $1?" >&2 && return 2 ;;
		esac
		shift
	done
	trap cleanup EXIT
	check_harness
	find_programs
	for board in $BOARDS; do
		test_board "$board"
	done
	ok "debug-arm64: builds" build qemu-virt-arm64-debug qemu-virt-arm64 --pagewise --config="$HERE/debug.config"
	ok "debug-arm64: the kernel finds no fault in itself" torture_debug qemu-virt-arm64
	ok "stock-arm64: builds" build qemu-virt-arm64-stock qemu-virt-arm64 --stock
	ok "stock-arm64: every file is as its source" stock_reads qemu-virt-arm64
	[[ ! $trace ]] || test_trace
	echo '# | board | in place | image | used | cached | of files in processes | ms |'
	sed 's/^/# /' "$WORK/table" "$WORK/price" || true
	echo "$passed passed, $failed failed"
	((failed == 0 && passed > 0))
}

main "$@"; exit
