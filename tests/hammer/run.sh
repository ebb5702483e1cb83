#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Boots to a BusyBox shell in the memory of a microcontroller and works there: usage: run.sh [--table]
#
# Without an option the headline: every one of 20 boots, each with another timing, at 320 KiB of RAM
# and 1 MiB of flash, 5 at 512 KiB, and what a person expects of a shell. --table prints how many of
# BOOTS (20) boots pass at falling sizes with the stock kernel, one that is only configured, and the
# patched one.
# shellcheck disable=SC2317 # the tests are called by ok
set -euo pipefail

HERE=$(dirname "$(readlink -f "$0")")
TOP=$(readlink -f "$HERE/../..")
TARGET=$TOP/examples/target
CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/mkxipfs
WORK=$(mktemp -d "${TMPDIR:-/tmp}/mkxipfs-hammer.XXXXXX")
HEADLINE=320 # KiB
BOOTS=${BOOTS:-20}
passed=0 failed=0 status=0

# shellcheck source-path=SCRIPTDIR
. "$TOP/tests/target/lib.sh"
# shellcheck source-path=SCRIPTDIR
. "$HERE/ledger.sh"

# What must not be seen on the console, and what must.
FAILURES='page allocation failure|invoked oom-killer|Out of memory|nommu: Allocation of|Kernel panic|Oops|BUG:|WARNING:|can.t execute|not found|failed'
SIGNS=('hundred programs' 'the second shell ends' 'all is done')

# build_board NAME OPTION...: with the script of the workload in its root.
build_board() {
	local name=$1
	shift
	"$TARGET/build.sh" --out="$WORK/out/$name" --overlay="$WORK/overlay" "$@" "${BOARD:-qemu-mps2-tiny}"
}

# workload NAME KIB SEED: one boot; its status is whether nothing failed.
workload() {
	local name=$1 ram=$2 seed=$3 log=$WORK/$1-$2-$3.log sign
	"$TARGET/boot.sh" --out="$WORK/out/$name" --ram="${ram}K" --timeout=120 --silence="${SILENCE:-60}" --log="$log" \
		--qemu="-icount shift=$((3 + seed % 6)) -seed $seed" \
		--run='free' --run='ps' --run='cat /proc/self/maps' --run='ls / | grep b | wc -l' \
		--run='sh /test/hundred' --run='sh -c "sleep 1; echo the second sh""ell ends" &' \
		--run='free' --run='sleep 2' --run='echo all is "done"' "${BOARD:-qemu-mps2-tiny}" || return 1
	if grep -aE "$FAILURES" "$log"; then
		return 1
	fi
	for sign in "${SIGNS[@]}"; do
		grep -aq "^$sign" "$log" || {
			echo "the console has no line '$sign':"
			tail -n 20 "$log"
			return 1
		}
	done
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

# ^C ends a program, not the shell; a program runs from a ramfs; an error is printed.
a_shell_as_expected() {
	"$TARGET/boot.sh" --out="$WORK/out/tiny" --ram=320K --timeout=120 --log="$WORK/shell.log" \
		--run=$'sleep 1000\x03' --run='echo still "here"' --run='cp /test/small /tmp/small' \
		--run='/tmp/small' --run='cat /nothing' --run='ls -l /proc/self/exe' qemu-mps2-tiny
	grep -a '^still here' "$WORK/shell.log"
	grep -a '^from memory' "$WORK/shell.log"
	grep -a "can't open '/nothing'" "$WORK/shell.log"
}

make_overlay() {
	local libc=$WORK/out/tiny/libc
	mkdir -p "$WORK/overlay/test"
	cp "$HERE/guest/hundred" "$WORK/overlay/test/"
	"$TARGET/build.sh" --out="$WORK/out/tiny" qemu-mps2-tiny libc
	"$libc/bin/arm-uclinuxfdpiceabi-gcc" -static -nostdlib -Os -s -Wall -Wextra -Werror \
		-Wl,-z,stack-size=8192 -o "$WORK/overlay/test/small" "$HERE/guest/small.c"
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
	ok "$HEADLINE KiB of RAM: 20 boots of 20" boots tiny "$HEADLINE" 20
	ok "384 KiB of RAM: 5 boots of 5" boots tiny 384 5
	ok "512 KiB of RAM: 5 boots of 5" boots tiny 512 5
	ok "512 KiB of RAM: 192 KiB are available at the prompt" available_at_prompt tiny 512 192
	ok "a shell as a person expects it" a_shell_as_expected
	ok "the ledgers of RAM and flash add up, and to what others count" ledgers
	echo "$passed passed, $failed failed"
	[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
}

main "$@"; exit
