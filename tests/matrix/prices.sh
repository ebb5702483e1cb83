#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What each option of the patches saves, as in the tables of kernel-patches/README.md: KiB of RAM that are free
# at the prompt and bytes of what the kernel has in flash, beside a kernel with all options but that one.
#
# usage: prices.sh [--linux=VERSION] [--board=BOARD] [OPTION]... (each that TINY_MEMORY selects on that board)
# Options that depend on OPTION are off in both kernels. Three boots of each kernel; the median counts.
set -euo pipefail

HERE=$(dirname "$(readlink -f "$0")")
TOP=$(readlink -f "$HERE/../..")
LINUX=6.12 BOARD=qemu-mps2-tiny
CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/mkxipfs
WORK=$(mktemp -d "${TMPDIR:-/tmp}/mkxipfs-prices.XXXXXX")
TARGET=$TOP/examples/target
ram=()

# shellcheck source-path=SCRIPTDIR
source "$TOP/tests/target/lib.sh"
# shellcheck source-path=SCRIPTDIR
source "$HERE/options.sh"

# begin_with_first KERNEL.SH: each kernel begins with the objects of the first, so that make compiles only what differs.
begin_with_first()
{
	sed -i "s,^out=.*,out=\$LINUX/${WORK##*/} first=\$LINUX/${WORK##*/}-first,"'
		s,^mkdir "$out"$,[[ ! -d $first ]] \&\& mkdir "$out" || cp -a "$first" "$out",
		$s,^rm -rf "$out"$,[[ -d $first ]] || mv "$out" "$first",' "$1"
	(($(grep -c first "$1") == 3))
}

# Kernels with an option less are larger than the flash of the board: room for them, and RAM.
copy_target()
{
	local dts=$WORK/kernel-patches/dts/qemu-mps2-tiny

	cp -r "$TOP"/{examples,kernel-patches} "$WORK"
	mkdir "$WORK/tests"
	cp -r "$TOP/tests/lib" "$WORK/tests"
	TARGET=$WORK/examples/target
	begin_with_first "$TARGET/steps/kernel.sh"
	[[ $BOARD == qemu-mps2-tiny ]] || return 0
	ram=(--ram=1M)
	sed -i 's/^flash_end=.*/flash_end=0x00200000/' "$TARGET/boards/$BOARD.board"
	rm "$dts-linux-7.3.dts"
	sed -i 's/<0x4000 0x[0-9a-f]*>/<0x4000 0xfc000>/; s/flash@c6000/flash@100000/
		s/<0xc6000 0x[0-9a-f]*>/<0x100000 0x100000>/' "$dts.dts"
	(($(grep -c 'reg = <0x4000 0xfc000>\|reg = <0x100000 0x100000>' "$dts.dts") == 2))
}

# dependents OPTION: others of the chosen that Kconfig refuses without it.
dependents()
{
	local other

	for other in "${chosen[@]}"; do
		[[ $other == "$1" ]] || ! with_needs "$other" | grep -qx "$1" || echo "$other"
	done
}

# build_kernel NAME LINE...: with these lines of configuration, in $WORK/out/NAME. Without debug information,
# which is not loaded, it is compiled faster.
build_kernel()
{
	local name=$1
	shift
	printf '%s\n' "$@" CONFIG_DEBUG_INFO_NONE=y '# CONFIG_DEBUG_INFO_DWARF4 is not set' \
		'# CONFIG_VMLINUX_MAP is not set' >"$WORK/$name.config"
	build "$name" "$BOARD" --config="$WORK/$name.config" >"$WORK/said" || { cat "$WORK/said" >&2 && return 1; }
}

# build_without NAME OPTION...: all options but these.
build_without()
{
	local name=$1 option lines=('# CONFIG_TINY_MEMORY is not set')
	shift
	for option in "${chosen[@]}"; do
		if [[ " $* " == *" $option "* ]]; then
			lines+=("# CONFIG_$option is not set")
		else
			lines+=("CONFIG_$option=y")
		fi
	done
	# The least that mainline has.
	[[ " $* " != *" TINY_PRINTK "* ]] || lines+=(CONFIG_LOG_BUF_SHIFT=12)
	build_kernel "$name" "${lines[@]}"
}

# contents VMLINUX: bytes of all sections in its image. The image is larger, for they are aligned, some of them
# to 4 KiB: what an option saves of it may be a page more or less by chance.
contents()
{
	PYTHONPATH=$TARGET/ledger python3 -c 'import sys, elf
print(sum(s.size for s in elf.File(sys.argv[1]).kept() if s.type != elf.NOBITS))' "$1"
}

# measure NAME: sets free (KiB) and size (bytes).
measure()
{
	local i

	for i in 1 2 3; do
		"$TARGET/boot.sh" "$BOARD" --out="$WORK/out/$1" "${ram[@]}" --run='cat /proc/meminfo' --log="$WORK/$1.$i" \
			>"$WORK/said" 2>&1 || { cat "$WORK/said" >&2 && return 1; }
		tr -d '\r' <"$WORK/$1.$i" | sed -n 's/^MemFree: *\([0-9]*\) kB$/\1/p'
	done | sort -n >"$WORK/free"
	(($(wc -l <"$WORK/free") == 3))
	free=$(sed -n 2p "$WORK/free")
	size=$(contents "$WORK/out/$1/kernel/vmlinux")
}

main()
{
	local option off free size all_free all_size with_free with_size

	trap 'rm -rf "$WORK"/out/all/linux/"${WORK##*/}"*; cleanup' EXIT
	while (($#)) && [[ $1 == --* ]]; do
		case $1 in
		--linux=*) LINUX=${1#*=} ;;
		--board=*) BOARD=${1#*=} ;;
		*) echo "prices.sh: unknown option: $1" >&2 && return 2 ;;
		esac
		shift
	done
	find_programs >"$WORK/said"
	copy_target
	build_kernel all
	measure all
	all_free=$free all_size=$size
	mapfile -t chosen < <(options "$WORK/out/all/linux" | selected | grep -xFf - "$WORK/out/all/kernel/kernel.config" |
		sed 's/^CONFIG_//; s/=y$//')
	((${#chosen[@]}))
	(($#)) || set -- "${chosen[@]}"
	echo "Linux $LINUX on $BOARD with all options: $all_free KiB free, $all_size bytes in flash"
	echo "| option | RAM | flash |"
	echo "|---|--:|--:|"
	for option; do
		[[ " ${chosen[*]} " == *" $option "* ]] || { echo "prices.sh: $BOARD has no option $option" >&2 && return 2; }
		mapfile -t off < <(dependents "$option")
		with_free=$all_free with_size=$all_size
		if ((${#off[@]})); then
			build_without with "${off[@]}"
			measure with
			with_free=$free with_size=$size
		fi
		build_without without "$option" "${off[@]}"
		measure without
		echo "| $option | $((with_free - free)) | $((size - with_size)) |"
	done
}

main "$@"; exit
