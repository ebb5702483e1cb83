#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What each option of the patches saves, as in the tables of kernel-patches/README.md: KiB of RAM that are free
# at the prompt and bytes of what the kernel has in flash, beside a kernel with all options but that one.
#
# usage: prices.sh [--linux=VERSION] [--board=BOARD] [OPTION]... (each that TINY_MEMORY selects on that board)
# Options that depend on OPTION are off in both kernels. Three boots of each kernel; the median counts.
set -euo pipefail

TOP=$(readlink -f "$(dirname "$(readlink -f "$0")")/../..")
LINUX=6.12 BOARD=qemu-mps2-tiny
WORK=$(mktemp -d "${TMPDIR:-/tmp}/mkxipfs-prices.XXXXXX")
TARGET=$WORK/examples/target
ram=()

# shellcheck source-path=SCRIPTDIR
source "$TOP/tests/lib/packages.sh"
# shellcheck source-path=SCRIPTDIR
source "$TOP/tests/lib/build.sh"

# The images are made by this tree's mkxipfs.
build_mkxipfs()
{
	export MKXIPFS_BIN=$WORK/bin
	packages_install "$TOP/tests/lib/packages.build"
	build_release
	mkdir "$MKXIPFS_BIN"
	cp "$BUILD_RELEASE"/src/{mkxipfs/mkxipfs,xipfs-dump/xipfs-dump} "$MKXIPFS_BIN"
}

# Kernels with an option less are larger than the flash of the board: room for them, and RAM.
copy_target()
{
	local dts=$WORK/kernel-patches/dts/qemu-mps2-tiny

	cp -r "$TOP"/{examples,kernel-patches} "$WORK"
	mkdir "$WORK/tests"
	cp -r "$TOP/tests/lib" "$WORK/tests"
	[[ $BOARD == qemu-mps2-tiny ]] || return 0
	ram=(--ram=1M)
	sed -i 's/^flash_end=.*/flash_end=0x00200000/' "$TARGET/boards/$BOARD.board"
	rm "$dts-linux-7.3.dts"
	sed -i 's/<0x4000 0x[0-9a-f]*>/<0x4000 0xfc000>/; s/flash@c6000/flash@100000/
		s/<0xc6000 0x[0-9a-f]*>/<0x100000 0x100000>/' "$dts.dts"
	(($(grep -c 'reg = <0x4000 0xfc000>\|reg = <0x100000 0x100000>' "$dts.dts") == 2))
}

# dependents OPTION: those that Kconfig refuses without it.
dependents()
{
	case $1 in
	TINY_WORKQUEUE) echo TINY_WORKERS TINY_ONE_WORKQUEUE ;;
	ARM_V7M_STACK_GUARD) echo TINY_USER_STACKS ;;
	TINY_PACKED_SLAB) [[ $LINUX == 6.12 ]] || echo TINY_PERCPU ;;
	esac
}

# build NAME LINE...: a kernel with these lines of configuration, in $WORK/NAME.
build()
{
	local name=$1
	shift
	# Without debug information, which is not loaded, it is compiled faster.
	printf '%s\n' "$@" CONFIG_DEBUG_INFO_NONE=y '# CONFIG_DEBUG_INFO_DWARF4 is not set' \
		'# CONFIG_VMLINUX_MAP is not set' >"$WORK/$name.config"
	"$TARGET/build.sh" "$BOARD" --linux="$LINUX" --config="$WORK/$name.config" --out="$WORK/$name" >"$WORK/said" 2>&1 ||
		{ cat "$WORK/said" >&2 && return 1; }
}

# build_without NAME OPTION...: all options but these.
build_without()
{
	local name=$1 option lines=('# CONFIG_TINY_MEMORY is not set')
	shift
	for option in "${selected[@]}"; do
		if [[ " $* " == *" $option "* ]]; then
			lines+=("# CONFIG_$option is not set")
		else
			lines+=("CONFIG_$option=y")
		fi
	done
	# The least that mainline has.
	[[ " $* " != *" TINY_PRINTK "* ]] || lines+=(CONFIG_LOG_BUF_SHIFT=12)
	build "$name" "${lines[@]}"
}

# contents VMLINUX: bytes of all sections in its image. The image is larger, for they are aligned, some of them
# to 4 KiB: what an option saves of it may be a page more or less by chance.
contents()
{
	local sum=0 type bytes flags

	while read -r _ type _ _ bytes _ flags _; do
		[[ $flags != *A* || $type == NOBITS ]] || ((sum += 16#$bytes))
	done < <(LC_ALL=C readelf -SW "$1" | sed -n 's/^ *\[ *[1-9][0-9]*\] //p')
	echo $sum
}

# measure NAME: sets free (KiB) and size (bytes).
measure()
{
	local i

	for i in 1 2 3; do
		"$TARGET/boot.sh" "$BOARD" --out="$WORK/$1" "${ram[@]}" --run='cat /proc/meminfo' --log="$WORK/$1.$i" \
			>"$WORK/said" 2>&1 || { cat "$WORK/said" >&2 && return 1; }
		tr -d '\r' <"$WORK/$1.$i" | sed -n 's/^MemFree: *\([0-9]*\) kB$/\1/p'
	done | sort -n >"$WORK/free"
	(($(wc -l <"$WORK/free") == 3))
	free=$(sed -n 2p "$WORK/free")
	size=$(contents "$WORK/$1/kernel/vmlinux")
}

main()
{
	local option free size all_free all_size with_free with_size

	trap 'rm -rf "$WORK"' EXIT
	while (($#)) && [[ $1 == --* ]]; do
		case $1 in
		--linux=*) LINUX=${1#*=} ;;
		--board=*) BOARD=${1#*=} ;;
		*) echo "prices.sh: unknown option: $1" >&2 && return 2 ;;
		esac
		shift
	done
	build_mkxipfs
	copy_target
	build all
	measure all
	all_free=$free all_size=$size
	mapfile -t selected < <(sed -nE 's/^CONFIG_(TINY_.*|CRAMFS_DIRECT_READ|ARM_V7M_STACK_GUARD)=y$/\1/p' \
		"$WORK/all/kernel/kernel.config" | grep -vxE 'TINY_(MEMORY|NO_WRITEBACK|RCU|SRCU)')
	((${#selected[@]}))
	(($#)) || set -- "${selected[@]}"
	echo "Linux $LINUX on $BOARD with all options: $all_free KiB free, $all_size bytes in flash"
	echo "| option | RAM | flash |"
	echo "|---|--:|--:|"
	for option; do
		[[ " ${selected[*]} " == *" $option "* ]] || { echo "prices.sh: $BOARD has no option $option" >&2 && return 2; }
		with_free=$all_free with_size=$all_size
		# shellcheck disable=SC2046 # words
		if [[ $(dependents "$option") ]]; then
			build_without with $(dependents "$option")
			measure with
			with_free=$free with_size=$size
		fi
		# shellcheck disable=SC2046
		build_without without "$option" $(dependents "$option")
		measure without
		echo "| $option | $((with_free - free)) | $((size - with_size)) |"
	done
}

main "$@"; exit
