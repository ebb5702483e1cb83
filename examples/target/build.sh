#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Builds, from Debian 12 packages alone, everything that boots one board from an XIP cramfs image:
# tool chain, C library, BusyBox, kernel, root image and what is written to flash.
set -euo pipefail

HERE=$(dirname "$(readlink -f "$0")")
REPO=$(readlink -f "$HERE/../..")
PATCHED=$REPO/kernel-patches
CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/mkxipfs
export STEPS=$HERE/steps

usage()
{
	cat <<-TEXT
	Usage: build.sh BOARD [step...] [options]
	Steps, each after those it needs: libc busybox kernel dtb root image flash (default: flash);
	emulator, a QEMU with the STM32 that boot.sh makes when it needs it; profile, the
	recorder of what to execute in place; and linux, the patched source of the kernel.
	Every result stays in $CACHE and is made again only when something it
	depends on changed; the log of a step is in its folder there.

	  --root=busybox|debian what is in the root: BusyBox, or on boards with an MMU some
	                        20 MB of Debian's programs (busybox)
	  --libc=static|shared  how BusyBox is linked on boards without an MMU (static)
	  --linux=6.12|7.3      which kernel (6.12); 7.3 is Debian's from trixie-backports
	  --series=FILE         these kernel patches, not those of kernel-patches/linux-VERSION/fixes/series and
	                        tiny/series; repeatable, in this order
	  --stock               no kernel patches
	  --pagewise            on boards with an MMU: the patches of fixes/ and pagewise/, which map page by page
	  --config=FILE         one more Kconfig fragment, after the board's own; repeatable
	  --overlay=DIR         put these files into the root as well; repeatable
	  --table=FILE          one more device table for the root; repeatable
	  --image-option=OPT    hand OPT to mkxipfs, for instance --no-xip; repeatable
	  --out=DIR             where links to the results go (out/BOARD in the cache)
	  --ledger              at the end, print where every byte of the flash is
	  --list                list the boards
	MKXIPFS_BIN names the folder with mkxipfs and xipfs-dump; without it they are built.
	Boards: $(list_boards)
	TEXT
}

list_boards()
{
	local file names=()

	for file in "$HERE"/boards/*.board; do
		file=${file##*/}
		names+=("${file%.board}")
	done
	echo "${names[*]}"
}

# shellcheck source-path=SCRIPTDIR
source "$HERE/lib.sh"

main()
{
	# shellcheck disable=SC2034 # lib.sh uses them
	local root=busybox libc=static linux=6.12 stock='' pagewise='' out='' ledger='' step board series=()
	local configs_more=() overlays=() tables=() image_options=() words=()

	while (($#)); do
		case $1 in
		--root=busybox | --root=debian) root=${1#*=} ;;
		--libc=static | --libc=shared) libc=${1#*=} ;;
		--linux=6.12 | --linux=7.3) linux=${1#*=} ;;
		--linux=*) die "no such kernel: ${1#*=} (kernels: 6.12 7.3)" ;;
		--series=*) series+=("$(readlink -e "${1#*=}")") || die "no such file: ${1#*=}" ;;
		--stock) stock=yes ;;
		--pagewise) pagewise=yes ;;
		--config=*) configs_more+=("$(readlink -e "${1#*=}")") || die "no such file: ${1#*=}" ;;
		--overlay=*) overlays+=("$(readlink -e "${1#*=}")") || die "no such folder: ${1#*=}" ;;
		--table=*) tables+=("$(readlink -e "${1#*=}")") || die "no such file: ${1#*=}" ;;
		--image-option=*) image_options+=("${1#*=}") ;;
		--out=*) out=$(readlink -m "${1#*=}") ;;
		--ledger) ledger=yes ;;
		--list) list_boards && return ;;
		-h | --help) usage && return ;;
		-*) usage >&2 && return 16 ;;
		*) words+=("$1") ;;
		esac
		shift
	done
	set -- "${words[@]}"
	(($#)) || { usage >&2 && return 16; }
	if [[ $pagewise ]]; then
		series+=("$PATCHED/linux-$linux/"{fixes,pagewise}/series)
		configs_more+=("$PATCHED/configs/pagewise.config")
	fi
	((${#series[@]})) || series=("$PATCHED/linux-$linux/"{fixes,tiny}/series)
	[[ ! $stock ]] || series=()

	board=$1
	shift
	[[ -e $HERE/boards/$board.board ]] || die "no such board: $board (boards: $(list_boards))"
	(($#)) || set -- flash
	out=${out:-$CACHE/out/$board}

	load_board "$board"
	install_packages "$@"
	for step; do
		case $step in
		libc | busybox | linux | kernel | dtb | root | image | flash | emulator | profile) ;;
		*) die "no such step: $step" ;;
		esac
		"need_$step"
		publish "$step"
	done
	[[ ! $ledger ]] || MKXIPFS_BIN=${MKXIPFS_BIN:-} python3 "$HERE/ledger/flash.py" "$out"
}

main "$@"; exit
