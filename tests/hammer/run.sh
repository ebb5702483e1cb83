#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Boots to a BusyBox shell in the memory of a microcontroller and works there: usage: run.sh [--table]
#
# Without an option every one of BOOTS (20) boots, each with another timing, at 256, 320, 384 and 512 KiB
# of RAM and 1 MiB of flash, at less with smaller stacks, and what a person expects of a shell. --table
# prints how many of BOOTS boots pass at falling sizes with the stock kernel, one that is only configured,
# and the patched one.
# shellcheck disable=SC2317 # the tests are called by ok
set -euo pipefail

HERE=$(dirname "$(readlink -f "$0")")
TOP=$(readlink -f "$HERE/../..")
TARGET=$TOP/examples/target
CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/mkxipfs
WORK=$(mktemp -d "${TMPDIR:-/tmp}/mkxipfs-hammer.XXXXXX")
HEADLINE=256 # KiB
SMALLEST=236
BOOTS=${BOOTS:-20}
passed=0 failed=0 status=0

# shellcheck source-path=SCRIPTDIR
. "$TOP/tests/target/lib.sh"
# shellcheck source-path=SCRIPTDIR
. "$HERE/ledger.sh"
# shellcheck source-path=SCRIPTDIR
. "$HERE/robust.sh"

# What must not be seen on the console, and what must.
FAILURES='page allocation failure|invoked oom-killer|Out of memory|nommu: Allocation of|Kernel panic|Oops|BUG:|WARNING:|can.t execute|not found|failed'
SIGNS=('^hundred programs' '^the second shell ends' '^all is done')

# build_board NAME OPTION...: with the script of the workload in its root.
build_board() {
	local name=$1
	shift
	"$TARGET/build.sh" --out="$WORK/out/$name" --overlay="$WORK/overlay" "$@" "${BOARD:-qemu-mps2-tiny}"
}

# has_signs LOG SIGN...: the console has a line for each.
has_signs() {
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

# workload NAME KIB SEED: one boot; its status is whether nothing failed.
workload() {
	local name=$1 ram=$2 seed=$3 log=$WORK/$1-$2-$3.log
	"$TARGET/boot.sh" --out="$WORK/out/$name" --ram="${ram}K" --timeout=120 --silence="${SILENCE:-60}" --log="$log" \
		--qemu="-icount shift=$((3 + seed % 6)) -seed $seed" \
		--run='free' --run='ps' --run='cat /proc/self/maps' --run='ls / | grep b | wc -l' \
		--run='sh /test/hundred' --run='sh -c "sleep 1; echo the second sh""ell ends" &' \
		--run='free' --run='sleep 2' --run='echo all is "done"' "${BOARD:-qemu-mps2-tiny}" || return 1
	if grep -aE "$FAILURES" "$log"; then
		return 1
	fi
	has_signs "$log" "${SIGNS[@]}"
}

# boots NAME KIB COUNT: as many passes as boots, or the log of one that failed.
boots() {
	local name=$1 ram=$2 count=$3 seed
	for ((seed = 1; seed <= count; seed++)); do
		workload "$name" "$ram" "$seed" || {
			echo "boot $seed of $count at $ram KiB failed"
			return 1
		}
	done
}

# Free memory at the first prompt, in KiB.
available_at_prompt() {
	local free
	free=$(sed -n 's/^Mem:.* \([0-9]*\)\r*$/\1/p' "$WORK/$1-$2-1.log" | head -n 1)
	echo "available at the prompt: $free KiB"
	[ "$free" -ge "$3" ]
}

# The whole image, from the boot stub to the end of the root, in 1 MiB.
in_one_mebibyte() {
	local size
	size=$(stat -Lc %s "$WORK/out/tiny/flash/flash.bin")
	echo "$size bytes of flash"
	[ "$size" -le $((1024 * 1024)) ]
}

# shell NAME KIB SIGN... -- COMMAND...: the console has all signs after the commands.
shell() {
	local log=$WORK/$1.log ram=$2 signs=() runs=() command
	shift 2
	while [ "$1" != -- ]; do
		signs+=("$1")
		shift
	done
	shift
	for command in "$@"; do
		runs+=("--run=$command")
	done
	"$TARGET/boot.sh" --out="$WORK/out/tiny" --ram="${ram}K" --timeout=120 --log="$log" "${runs[@]}" \
		qemu-mps2-tiny || return 1
	has_signs "$log" "${signs[@]}"
}

# ^C ends a program, not the shell; a program runs from a ramfs; an error is printed.
a_shell_as_expected() {
	shell shell "$HEADLINE" '^still here' '^from memory' "can't open '/nothing'" -- \
		$'sleep 1000\x03' 'echo still "here"' 'cp /test/small /tmp/small' '/tmp/small' 'cat /nothing'
}

# Nothing was written to what is flash, where QEMU would let it.
flash_is_untouched() {
	local size
	size=$(stat -Lc %s "$WORK/out/tiny/flash/flash.bin")
	"$TARGET/boot.sh" --out="$WORK/out/tiny" --ram="${HEADLINE}K" --timeout=120 --log="$WORK/flash.log" \
		--flash="$WORK/flash.before" --run='ps' --save="0:$size:$WORK/flash.after" qemu-mps2-tiny || return 1
	flash_untouched flash
}

# A shell that recurses for ever ends, and only it.
stacks_are_guarded() {
	shell guard "$HEADLINE" 'stack overflow: sp' '^status 139' '^still here' -- \
		'sh -c "g() { g; }; g"; echo status $?' 'echo still "here"'
}

# Arguments that take more than a quarter of the stack make it larger, instead of what lies below be lost.
arguments_find_room() {
	local x=abcdefghijklmno
	# shellcheck disable=SC2016 # the guest expands them
	shell arguments 512 '^15364' '^x is 3840 long' -- \
		"x=$x$x$x$x$x$x$x$x; x=\$x\$x\$x\$x; x=\$x\$x\$x\$x; x=\$x\$x" '/bin/echo $x $x $x $x | wc -c' \
		'echo "x" is ${#x} long'
}

# A program that asks for a page of stack gets one.
a_page_of_stack() {
	local start end
	shell page 512 '\[stack\]' -- /test/maps || return 1
	IFS='- ' read -r start end _ < <(grep -a '\[stack\]' "$WORK/page.log")
	[ $((0x$end - 0x$start)) = 4096 ]
}

# The slab allocator of the patches, compiled as a program with a checking memory, against random use.
allocator_holds() {
	local dir=$WORK/allocator source=$WORK/out/tiny/linux/mm/slab_packed.c header seed
	sed -n 's/^#include [<"]\(.*\)[>"]$/\1/p' "$source" | while read -r header; do
		mkdir -p "$dir/$(dirname "$header")"
		echo '#include "kernel.h"' >"$dir/$header"
	done
	cp "$source" "$dir/"
	gcc -std=gnu11 -g -O1 -Wall -Wextra -Wno-unused-parameter -Wno-sign-compare -fsanitize=address,undefined \
		-I"$dir" -I"$HERE/allocator" -o "$dir/test" "$HERE/allocator/test.c" "$dir/slab_packed.c" || return 1
	for seed in 1 2 3 4; do
		"$dir/test" "$seed" || return 1
	done
}

make_overlay() {
	local libc=$WORK/out/tiny/libc name
	mkdir -p "$WORK/overlay/test"
	cp "$HERE/guest/hundred" "$WORK/overlay/test/"
	"$TARGET/build.sh" --out="$WORK/out/tiny" qemu-mps2-tiny libc
	for name in small maps vmin; do
		"$libc/bin/arm-uclinuxfdpiceabi-gcc" -static -nostdlib -Os -s -Wall -Wextra -Werror \
			-Wl,-z,stack-size=4096 -o "$WORK/overlay/test/$name" "$HERE/guest/$name.c"
	done
}

# table NAME: a row of pass rates.
row() {
	local name=$1 ram seed good
	printf '| %s |' "$2"
	for ram in 768 640 512 448 384 352 320 288 256; do
		good=0
		for ((seed = 1; seed <= BOOTS; seed++)); do
			if workload "$name" "$ram" "$seed" >/dev/null 2>&1; then
				good=$((good + 1))
			fi
		done
		printf ' %d/%d |' "$good" "$BOOTS"
	done
	echo
}

print_table() {
	local SILENCE=10 # most boots that fail do so in silence
	make_overlay
	build_board tiny
	BOARD=qemu-mps2-an500 build_board stock --stock
	grep -v TINY_MEMORY "$TOP/kernel-patches/configs/tiny.config" |
		sed 's/LOG_BUF_SHIFT=11/LOG_BUF_SHIFT=12/' >"$WORK/configured.config"
	BOARD=qemu-mps2-an500 build_board configured --stock --config="$WORK/configured.config"
	echo '| kernel | 768 | 640 | 512 | 448 | 384 | 352 | 320 | 288 | 256 |'
	echo '|---|---|---|---|---|---|---|---|---|---|'
	BOARD=qemu-mps2-an500 row stock 'stock'
	BOARD=qemu-mps2-an500 row configured 'configured'
	row tiny 'patched'
}

main() {
	local ram
	trap cleanup EXIT
	find_programs
	if [ "${1:-}" = --table ]; then
		print_table
		return
	fi
	ok "the C library and the workload" make_overlay
	good || return 1
	ok "the kernel and root of qemu-mps2-tiny" build_board tiny
	good || return 1
	ok "stub, device tree, kernel and root in 1 MiB of flash" in_one_mebibyte
	ok "the slab allocator keeps objects apart, aligned and whole" allocator_holds
	ok "$HEADLINE KiB of RAM: $BOOTS boots of $BOOTS" boots tiny "$HEADLINE" "$BOOTS"
	for ram in 320 384 512; do
		ok "$ram KiB of RAM: $BOOTS boots of $BOOTS" boots tiny "$ram" "$BOOTS"
	done
	ok "the root with stacks of a page" build_board small --image-option=--stack-size=4096
	ok "$SMALLEST KiB of RAM with stacks of a page: $BOOTS boots of $BOOTS" boots small "$SMALLEST" "$BOOTS"
	ok "512 KiB of RAM: 192 KiB are available at the prompt" available_at_prompt tiny 512 192
	ok "a shell as a person expects it" a_shell_as_expected
	ok "nothing is written to the flash" flash_is_untouched
	ok "a program that overflows its stack ends alone" stacks_are_guarded
	ok "long lists of arguments find room" arguments_find_room
	ok "a program that asks for a page of stack gets one" a_page_of_stack
	ok "a flood of input that nobody reads" input_may_flood
	ok "read(2) of 200 characters with flow control" long_reads_end
	ok "dynamic majors are at most 254" majors_fit
	ok "the kernel starts init in 160 KiB" init_starts_in 160K
	ok "the ledgers of RAM and flash add up, and to what others count" ledgers
	echo "$passed passed, $failed failed"
	[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
}

main "$@"; exit
