#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Boots images made by mkxipfs in QEMU and lets the kernel judge them. MKXIPFS_BIN names the folder
# with mkxipfs and xipfs-dump; without it they are built. Kernels, tool chain and the like stay in
# ${XDG_CACHE_HOME:-~/.cache}/mkxipfs. KEEP=1 keeps the logs.
# Usage: run.sh [--linux=VERSION]: all with Linux 6.12, or what another kernel can judge differently.
set -euo pipefail

HERE=$(dirname "$(readlink -f "$0")")
TOP=$(readlink -f "$HERE/../..")
TARGET=$TOP/examples/target
LINUX=6.12
[[ ${1:-} != --linux=* ]] || LINUX=${1#--linux=}
PATCHES=$TOP/kernel-patches/linux-$LINUX
CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/mkxipfs
WORK=$(mktemp -d "${TMPDIR:-/tmp}/mkxipfs-target.XXXXXX")
passed=0 failed=0 status=0

# shellcheck source-path=SCRIPTDIR
source "$HERE/lib.sh"
# shellcheck source-path=SCRIPTDIR
source "$TARGET/partition.sh"

# --- no MMU ------------------------------------------------------------------------------------

# test_nommu BOARD...
test_nommu()
{
	local board libc name programs

	for board; do
		for libc in static shared; do
			name=$board-$libc programs=(/bin/busybox)
			[[ $libc == static ]] ||
				programs+=(/lib/ld-uClibc-1.0.35.so /lib/libuClibc-1.0.35.so)
			ok "$name: builds" build "$name" "$board" --libc="$libc"
			good || continue
			ok "$name: torture image" make_image "$libc" "$name"
			good || continue
			ok "$name: boots and ends its script" boot "$name" "$libc" "$board"
			good || continue
			ok "$name: text runs in flash where foretold" check maps "$name" "$WORK/$libc.json" \
				nommu "${programs[@]}"
			ok "$name: every mapping is as --ram foretold" check_ram "$name" "$libc"
			ok "$name: stripped programs say what the others say" check_stripped "$name" "$libc"
			ok "$name: every entry of the tree is right" check tree "$name" "$WORK/$libc.expected"
			ok "$name: the kernel does not complain" check complaints "$name"
			ok "$name: flash is untouched" flash_untouched "$name"
			[[ $name != qemu-mps2-an500-static ]] ||
				ok "$name: what leaves a hostile image is refused" hostile_boot "$board" "$name" "$libc"
		done
	done
}

# test_stock NAME BOARD IMAGE: without the patches, only the files that mkxipfs warned of read wrong.
test_stock()
{
	local name=$1 board=$2 image=$3 kernel=mmu

	case $image in static | shared) kernel=nommu ;; esac
	ok "$name: builds" build "$name" "$board" --stock
	good || return 0
	ok "$name: torture image" make_image "$image" "$name"
	good || return 0
	ok "$name: boots and ends its script" boot "$name" "$image" "$board"
	good || return 0
	ok "$name: text runs in flash where foretold" check maps "$name" "$WORK/$image.json" $kernel \
		/bin/busybox
	ok "$name: every mapping is as --ram foretold" check_ram "$name" "$image"
	ok "$name: only what mkxipfs warned of reads wrong" check tree "$name" \
		"$WORK/$image.expected" "$WORK/$image.warnings"
	ok "$name: the kernel does not complain" check complaints "$name"
	ok "$name: flash is untouched" flash_untouched "$name"
}

# test_debug NAME FRAGMENT...
test_debug()
{
	local name=$1
	shift

	ok "$name: builds" build "$name" qemu-mps2-an500 "${@/#/--config=}"
	good || return 0
	ok "$name: boots and ends its script" boot "$name" static qemu-mps2-an500 \
		--cmdline='page_poison=1'
	good || return 0
	ok "$name: every entry of the tree is right" check tree "$name" "$WORK/static.expected"
	ok "$name: text runs in flash where foretold" check maps "$name" "$WORK/static.json" nommu \
		/bin/busybox
	ok "$name: the kernel finds no fault in itself" check complaints "$name"
}

# --- MMU ---------------------------------------------------------------------------------------

# test_mmu BOARD...
test_mmu()
{
	local board

	for board; do
		ok "$board: builds" build "$board" "$board"
		good || continue
		ok "$board: torture image" make_image "$board" "$board"
		good || continue
		ok "$board: boots and ends its script" boot "$board" "$board" "$board"
		good || continue
		ok "$board: text runs in flash where foretold, Rss 0" check maps "$board" \
			"$WORK/$board.json" mmu /bin/busybox
		ok "$board: every mapping is as --ram foretold" check_ram "$board" "$board"
		ok "$board: stripped programs say what the others say" check_stripped "$board" "$board"
		ok "$board: every entry of the tree is right" check tree "$board" "$WORK/$board.expected"
		ok "$board: the kernel does not complain" check complaints "$board"
		ok "$board: flash is untouched" flash_untouched "$board"
		[[ $board != vexpress-a9 ]] ||
			ok "$board: what leaves a hostile image is refused" hostile_boot "$board" "$board" "$board"
	done
}

# --- what it saves -----------------------------------------------------------------------------

# The same root compressed and in place; a table of KiB of RAM goes to the output as comments.
test_memory()
{
	local name

	ok "memory-compressed: builds" memory_build compressed --image-option=--no-xip \
		--image-option=-x # of plain images the kernel has nothing to map, so nothing to say
	good || return 0
	ok "memory-inplace: builds" memory_build inplace
	good || return 0
	for name in compressed inplace; do
		ok "memory-$name: boots, runs four shells" memory_boot "$name"
		good || return 0
		ok "memory-$name: the kernel does not complain" check complaints "memory-$name"
	done
	ok "memory-compressed: the kernel says why nothing runs in place" grep -q \
		'cramfs: /bin/busybox: pages 0-[0-9]* not in place: block 0 is compressed' \
		"$WORK/memory-compressed.log"
	ok "memory-inplace: the kernel has nothing to say about it" absent 'bin/busybox: pages 0-' \
		"$WORK/memory-inplace.log"
	ok "memory: executing in place saves the text's pages, copied and cached" memory_saved
	sed 's/^/# /' "$WORK/memory.table" || true
}

# --- boards of ST ------------------------------------------------------------

test_stm32()
{
	local board

	ok "programs for the boards of ST" make_disco_programs
	for board in stm32f429-disco stm32f469-disco stm32f746-disco stm32f769-disco; do
		ok "$board: builds" build "$board" "$board" --overlay="$WORK/disco"
		good || continue
		ok "$board: boots, runs programs in its SDRAM" boot_stm32 "$board"
		ok "$board: everything lies where the board expects it" \
			python3 "$HERE/static.py" "$board" "$WORK/out/$board"
		ok "$board: build.sh shows the map and how to write it" tells_how_to_write "$board"
	done
	for board in stm32f429-rcc stm32f769-rcc; do
		ok "$board: builds" build "$board" "$board" --overlay="$WORK/disco"
		good || continue
		ok "$board: boots, with clocks, pins and resets by the kernel" boot_stm32 "$board"
		ok "$board: build.sh shows the map and how to write it" tells_how_to_write "$board"
	done
}

# --- the scripts -------------------------------------------------------------------------------

test_scripts()
{
	ok "an unchanged second build takes seconds" build_again
	ok "a fragment that does not stick fails by name" refuse_fragment
	ok "a build that failed goes on where it failed" build_resumes
	ok "what a kernel includes by .incbin is read anew" incbin_is_read
	ok "a policy for the root image is an input of it" build_policy
	ok "a part that overflows its partition is refused" refuse_overflow
	ok "an unknown board is refused" refuse_board
	ok "boot.sh runs commands in the RAM that is asked for" boot_runs
	ok "boot.sh is interactive without any" boot_interactive
	ok "a boot that hangs fails soon and shows the console" boot_hangs
	ok "a kernel that panics fails at once and shows the console" boot_panics
}

test_patches()
{
	local part patch

	for part in fixes pagewise tiny; do
		[[ -d $PATCHES/$part ]] || continue # not for every kernel
		while read -r patch; do
			ok "$part/$patch: checkpatch.pl has no objection, UPSTREAM.md its row" check_patch $part "$patch"
		done < <(grep -v '^#' "$PATCHES/$part/series")
		ok "$part: the series names every patch" series_is_complete $part
	done
}

main()
{
	trap cleanup EXIT
	check_harness
	find_programs
	test_stock stock qemu-mps2-an500 static
	if [[ $LINUX != 6.12 ]]; then
		test_stock stock-vexpress-a9 vexpress-a9 vexpress-a9
		test_stock stock-arm64 qemu-virt-arm64 qemu-virt-arm64
		test_nommu qemu-mps2-an500
		test_patches
		finish
		return
	fi
	test_nommu qemu-mps2-an500 qemu-mps2-an385
	test_debug debug "$HERE/debug-nommu.config"
	test_debug debug-tiny "$TOP/kernel-patches/configs/tiny.config" "$HERE/debug-tiny.config"
	test_memory
	test_mmu vexpress-a9 qemu-virt-arm64
	test_stock stock-arm64 qemu-virt-arm64 qemu-virt-arm64
	test_stm32
	test_scripts
	test_patches
	finish
}

finish()
{
	echo "$passed passed, $failed failed"
	((failed == 0 && passed > 0))
}

main; exit
