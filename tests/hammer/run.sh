#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Boots microcontrollers to a BusyBox shell in their own memory and works there: usage: run.sh [--linux=VERSION] [--table | --least]
#
# Without an option every one of BOOTS (20) boots, each with another timing, of an STM32F429 (192 KiB of RAM
# and 64 KiB for data), F413 (320 KiB), F746 (320 KiB, and 1 MiB of flash) and F769 (512 KiB), at less with
# smaller stacks, of an F405 (128 KiB and 64 KiB for data) one program at a time, and what a person expects of
# a shell. --table prints how many of BOOTS boots pass at falling sizes with the stock kernel, one that is only
# configured, and the patched one; --least the same for the patched one and less memory, in one piece and in two.
# Another kernel than 6.12 runs the workload with the memory of an F746, and less.
# shellcheck disable=SC2317 # the tests are called by ok
set -euo pipefail

HERE=$(dirname "$(readlink -f "$0")")
TOP=$(readlink -f "$HERE/../..")
TARGET=$TOP/examples/target
CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/mkxipfs
WORK=$(mktemp -d "${TMPDIR:-/tmp}/mkxipfs-hammer.XXXXXX")
SMALLEST=208 # KiB
LINUX=6.12
SMALLEST_OTHER=256 # KiB, for another kernel
BOOTS=${BOOTS:-20}
passed=0 failed=0 status=0

# shellcheck source-path=SCRIPTDIR
source "$TOP/tests/target/lib.sh"
# shellcheck source-path=SCRIPTDIR
source "$HERE/ledger.sh"
# shellcheck source-path=SCRIPTDIR
source "$TARGET/partition.sh"
# shellcheck source-path=SCRIPTDIR
source "$HERE/robust.sh"
# shellcheck source-path=SCRIPTDIR
source "$HERE/fit.sh"

# What must not be seen on the console, and what must.
FAILURES='page allocation failure|invoked oom-killer|Out of memory|nommu: Allocation of|Kernel panic|Oops|BUG:|WARNING:|can.t execute|not found|failed'
SIGNS=('^hundred programs' '^the second shell ends' '^all is done')

# build_board NAME BOARD OPTION...: with the script of the workload in its root.
build_board()
{
	board_of[$1]=$2
	"$TARGET/build.sh" --linux="$LINUX" --out="$WORK/out/$1" --overlay="$WORK/overlay" "${@:3}" "$2"
}

# has_signs LOG SIGN...: the console has a line for each.
has_signs()
{
	local log=$1 sign
	shift

	for sign in "$@"; do
		grep -a "$sign" "$log" || {
			echo "the console has no '$sign':"
			tail -n 20 "$log"
			return 1
		}
	done
}

# boot NAME LOG OPTION...: what was built under a name, with the memory that its board has. What the emulator of
# the chip says is a failure: the stub or the kernel did what they must not.
boot()
{
	local name=$1 said=$2.said

	"$TARGET/boot.sh" --out="$WORK/out/$name" --timeout=120 --log="$2" "${@:3}" "${board_of[$name]}" 2>"$said" || {
		cat "$said"
		return 1
	}
	! grep 'stm32:' "$said"
}

# timed NAME SEED OPTION...: one boot with a timing of its own, in which nothing failed.
timed()
{
	local log=$WORK/$1-$2.log

	boot "$1" "$log" --silence="${SILENCE:-60}" --qemu="-icount shift=$((3 + $2 % 6)) -seed $2" "${@:3}" || return 1
	if grep -aE "$FAILURES" "$log"; then
		return 1
	fi
}

# workload NAME SEED [OPTION]: its status is whether nothing failed.
workload()
{
	timed "$1" "$2" --run='free' --run='ps' --run='cat /proc/self/maps' --run='ls / | grep b | wc -l' \
		--run='sh /test/hundred' --run='sh -c "sleep 1; echo the second sh""ell ends" &' \
		--run='free' --run='sleep 2' --run='echo all is "done"' "${@:3}" &&
		has_signs "$WORK/$1-$2.log" "${SIGNS[@]}"
}

# one_at_a_time NAME SEED: what a chip does that hardly has room for one program beside the shell.
one_at_a_time()
{
	timed "$1" "$2" --run='free' --run='ps' --run='cat /proc/self/maps' --run='ls /' \
		--run=$'sleep 1000\x03' --run='uname -a' --run='echo all is "done"' &&
		has_signs "$WORK/$1-$2.log" '^Mem:' '/sbin/init' '/bin/cat' '^Linux' '^all is done'
}

# boots WORKLOAD NAME [OPTION]: as many passes as boots, or the log of one that failed.
boots()
{
	local seed

	for ((seed = 1; seed <= BOOTS; seed++)); do
		"$1" "$2" "$seed" "${@:3}" || {
			echo "boot $seed of $BOOTS failed"
			return 1
		}
	done
}

# available_at_prompt NAME KIB: free memory at the first prompt is no less.
available_at_prompt()
{
	local free

	free=$(sed -n 's/^Mem:.* \([0-9]*\)\r*$/\1/p' "$WORK/$1-1.log" | head -n 1)
	echo "available at the prompt: $free KiB"
	((free >= $2))
}

# in_one_mebibyte NAME: the whole image, from the boot stub to the end of the root.
in_one_mebibyte()
{
	local size

	size=$(stat -Lc %s "$WORK/out/$1/flash/flash.bin")
	echo "$size bytes of flash"
	((size <= 1024 * 1024))
}

# shell NAME WHAT SIGN... -- COMMAND...: the console has all signs after the commands.
shell()
{
	local name=$1 log=$WORK/$2.log signs=() runs=() command
	shift 2

	while [[ $1 != -- ]]; do
		signs+=("$1")
		shift
	done
	shift
	for command in "$@"; do
		runs+=("--run=$command")
	done
	boot "$name" "$log" "${runs[@]}" || return 1
	has_signs "$log" "${signs[@]}"
}

# ^C ends a program, not the shell; a program runs from a ramfs, in pages that anybody may have had; a signal
# handler returns by code on the stack; an error is printed; a loop reads its file, not what is typed.
a_shell_as_expected()
{
	# shellcheck disable=SC2016 # the guest expands it
	shell "$1" shell '^still here' '^from memory' '^handled' "can't open '/nothing'" '^read ::respawn' '^the loop is done' -- \
		$'sleep 1000\x03' 'echo still "here"' 'cp /test/small /tmp/small' '/tmp/small' '/test/signal' 'cat /nothing' \
		'while read -r l; do echo read $l; done </etc/inittab' 'echo the "loop" is done'
}

# Nothing was written to the flash.
flash_is_untouched()
{
	local size

	size=$(stat -Lc %s "$WORK/out/f746/flash/flash.bin")
	boot f746 "$WORK/flash.log" --flash="$WORK/flash.before" --run='ps' \
		--save="0x08000000:$size:$WORK/flash.after" || return 1
	flash_untouched flash
}

# A shell that recurses for ever ends, and only it.
stacks_are_guarded()
{
	shell "$1" guard 'stack overflow: sp' '^status 139' '^still here' -- \
		'sh -c "g() { g; }; g"; echo status $?' 'echo still "here"'
}

# Arguments that take more than a quarter of the stack make it larger, instead of what lies below be lost.
arguments_find_room()
{
	local x=abcdefghijklmno
	# shellcheck disable=SC2016 # the guest expands them

	shell f769 arguments '^15364' '^x is 3840 long' -- \
		"x=$x$x$x$x$x$x$x$x; x=\$x\$x\$x\$x; x=\$x\$x\$x\$x; x=\$x\$x" '/bin/echo $x $x $x $x | wc -c' \
		'echo "x" is ${#x} long'
}

# A program that asks for a page of stack gets one.
a_page_of_stack()
{
	local start end

	shell f746 page '\[stack\]' -- /test/maps || return 1
	IFS='- ' read -r start end _ < <(grep -a '\[stack\]' "$WORK/page.log")
	((0x$end - 0x$start == 4096))
}

# Every mapping of a program is as xipfs-dump --ram foretells.
maps_as_foretold()
{
	local address

	read -r address _ < <(partition root "$WORK/out/$1/dtb/board.dtb")
	xipfs-dump --json --ram=nommu --flash-addr="$address" "$WORK/out/$1/image/root.cramfs" >"$WORK/$1.ram" || return 1
	boot "$1" "$WORK/maps.log" --run='echo "@"maps cat; cat /proc/self/maps' || return 1
	sed -i 's|/bin/cat$|/bin/busybox|' "$WORK/maps.log" # a hard link to it
	python3 "$TOP/tests/target/ram.py" "$WORK/maps.log" "$WORK/$1.ram" 'maps cat=/bin/busybox'
}

# allocator_holds NAME: that of the patches, compiled as a program with a checking memory, against random use.
allocator_holds()
{
	local dir=$WORK/allocator source=$WORK/out/$1/linux/mm/slab_packed.c header seed other=()

	[[ $LINUX == 6.12 ]] || other=(-DLINUX_7_3)
	sed -n 's/^#include [<"]\(.*\)[>"]$/\1/p' "$source" | while read -r header; do
		mkdir -p "$dir/$(dirname "$header")"
		echo '#include "kernel.h"' >"$dir/$header"
	done
	cp "$source" "$dir/"
	gcc -std=gnu11 -g -O1 -Wall -Wextra -Wno-unused-parameter -Wno-sign-compare -fsanitize=address,undefined \
		"${other[@]}" -I"$dir" -I"$HERE/allocator" -o "$dir/test" "$HERE/allocator/test.c" "$dir/slab_packed.c" || return 1
	for seed in 1 2 3 4; do
		"$dir/test" "$seed" || return 1
	done
}

make_overlay()
{
	local libc=$WORK/out/libc/libc name

	mkdir -p "$WORK/overlay/test"
	cp "$HERE/guest/hundred" "$WORK/overlay/test/"
	"$TARGET/build.sh" --out="$WORK/out/libc" stm32f746-onchip libc
	[[ $LINUX == 6.12 ]] || return 0 # more would not fit in the flash
	for name in small maps signal vmin; do
		"$libc/bin/arm-uclinuxfdpiceabi-gcc" -static -nostdlib -Os -s -Wall -Wextra -Werror \
			-Wl,-z,stack-size=4096 -o "$WORK/overlay/test/$name" "$HERE/guest/$name.c"
	done
}

# row NAME TITLE [KIB]: pass rates, with so much less than what the columns tell. As many boots at a time as there
# are processors.
row()
{
	local ram seed good

	printf '| %s |' "$2"
	for ram in "${SIZES[@]}"; do
		: >"$WORK/passed"
		for ((seed = 1; seed <= BOOTS; seed++)); do
			{
				! workload "$1" "$seed" --ram="$((ram - ${3:-0}))K" || echo passed >>"$WORK/passed"
			} >/dev/null 2>&1 &
			((seed % $(nproc))) || wait
		done
		wait
		good=$(wc -l <"$WORK/passed")
		printf ' %d/%d |' "$good" "$BOOTS"
	done
	echo
}

# head_of_table TITLE
head_of_table()
{
	printf '| %s |' "$1"
	printf ' %s |' "${SIZES[@]}"
	printf '\n|---|%s\n' "$(printf -- '---|%.0s' "${SIZES[@]}")"
}

# The memory of an STM32F429 and F405 is in two pieces, of which one, of 64 KiB, has only the kernel's data and
# stacks. The last column is the F405's.
print_least()
{
	local SILENCE=10 SIZES=(256 240 224 208 192) name

	make_overlay
	for name in qemu-mps2-tiny stm32f429-onchip; do
		build_board "$name" "$name"
		build_board "$name-page" "$name" --image-option=--stack-size=4096
	done
	head_of_table memory
	row qemu-mps2-tiny 'one piece'
	row qemu-mps2-tiny-page 'one piece, stacks of a page'
	row stm32f429-onchip '64 KiB of it are CCM' 64
	row stm32f429-onchip-page '64 KiB of it are CCM, stacks of a page' 64
}

# The stock kernels are for a board with more RAM than any of the chips, and another UART and timer.
print_table()
{
	local SILENCE=10 # most boots that fail do so in silence
	local SIZES=(768 640 512 448 384 352 320 288 256)

	make_overlay
	build_board stock qemu-mps2-an500 --stock
	grep -v TINY_MEMORY "$TOP/kernel-patches/configs/tiny.config" |
		sed 's/LOG_BUF_SHIFT=11/LOG_BUF_SHIFT=12/' >"$WORK/configured.config"
	build_board configured qemu-mps2-an500 --stock --config="$WORK/configured.config"
	build_board tiny qemu-mps2-tiny
	head_of_table kernel
	row stock 'stock'
	row configured 'configured'
	row tiny 'patched'
}

another_kernel()
{
	board_of[tiny]=qemu-mps2-tiny
	ok "qemu-mps2-tiny: kernel and root" build_board tiny qemu-mps2-tiny
	good || return 1
	ok "stub, device tree, kernel and root in 1 MiB of flash" in_one_mebibyte tiny
	ok "the slab allocator keeps objects apart, aligned and whole" allocator_holds tiny
	ok "qemu-mps2-tiny, 320 KiB of RAM: $BOOTS boots of $BOOTS" boots workload tiny
	ok "qemu-mps2-tiny, $SMALLEST_OTHER KiB of RAM: $BOOTS boots of $BOOTS" boots workload tiny --ram="${SMALLEST_OTHER}K"
	finish
}

main()
{
	local name
	declare -A board_of=()

	trap cleanup EXIT
	find_programs
	if [[ ${1:-} == --linux=* ]]; then
		LINUX=${1#*=}
		shift
	fi
	if [[ ${1:-} == --table ]]; then
		print_table
		return
	fi
	if [[ ${1:-} == --least ]]; then
		print_least
		return
	fi
	ok "the C library and the workload" make_overlay
	good || return 1
	if [[ $LINUX != 6.12 ]]; then
		another_kernel
		return
	fi
	for name in f405 f413 f429 f746 f769; do
		board_of[$name]=stm32$name-onchip
		ok "stm32$name-onchip: kernel and root" build_board "$name" "stm32$name-onchip"
		good || return 1
	done
	board_of[small]=stm32f746-onchip
	ok "stm32f746-onchip: stub, device tree, kernel and root in 1 MiB of flash" in_one_mebibyte f746
	ok "the slab allocator keeps objects apart, aligned and whole" allocator_holds f746
	ok "stm32f405-onchip, 128 KiB of RAM and 64 KiB of CCM: one program at a time, $BOOTS boots of $BOOTS" \
		boots one_at_a_time f405
	ok "stm32f405-onchip: a pipe that is too much ends, and the shell is back: 6 boots" large_pipes_end
	ok "stm32f429-onchip, 192 KiB of RAM and 64 KiB of CCM: $BOOTS boots of $BOOTS" boots workload f429
	ok "stm32f413-onchip, 320 KiB of RAM: $BOOTS boots of $BOOTS" boots workload f413
	ok "stm32f746-onchip, 320 KiB of RAM: $BOOTS boots of $BOOTS" boots workload f746
	ok "stm32f769-onchip, 512 KiB of RAM: $BOOTS boots of $BOOTS" boots workload f769
	ok "the root with stacks of a page" build_board small stm32f746-onchip --image-option=--stack-size=4096
	ok "stm32f746-onchip, $SMALLEST KiB of RAM with stacks of a page: $BOOTS boots of $BOOTS" boots workload small --ram="${SMALLEST}K"
	ok "stm32f429-onchip: 64 KiB are available at the prompt" available_at_prompt f429 64
	ok "stm32f746-onchip: 136 KiB are available at the prompt" available_at_prompt f746 136
	ok "stm32f769-onchip: 328 KiB are available at the prompt" available_at_prompt f769 328
	for name in f429 f746; do
		ok "stm32$name-onchip: a shell as a person expects it" a_shell_as_expected "$name"
		ok "stm32$name-onchip: a program that overflows its stack ends alone" stacks_are_guarded "$name"
		ok "stm32$name-onchip: every mapping is as --ram foretells" maps_as_foretold "$name"
	done
	ok "stm32f746-onchip: what --fit chooses is what the chip maps" fits_as_chosen
	ok "nothing is written to the flash" flash_is_untouched
	ok "long lists of arguments find room" arguments_find_room
	ok "a program that asks for a page of stack gets one" a_page_of_stack
	ok "a flood of input that nobody reads" input_may_flood
	ok "read(2) of 200 characters with flow control" long_reads_end
	ok "dynamic majors are at most 254" majors_fit
	ok "stm32f746-onchip: the kernel starts init in 160 KiB" init_starts
	ok "the ledgers of RAM and flash add up, and to what others count" ledgers
	ok "stm32f746-onchip: the page on the first boot tells what comes" first_lines_as_told
	ok "the picture in README.md is that of the STM32F746" picture_is_current
	ok "the ledger of a chip whose data is in CCM adds up" ledger_of_ccm
	finish
}

finish()
{
	echo "$passed passed, $failed failed"
	((failed == 0 && passed > 0))
}

main "$@"; exit
