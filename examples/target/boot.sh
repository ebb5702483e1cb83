#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Boots in QEMU what build.sh made for a board.
set -euo pipefail

HERE=$(dirname "$(readlink -f "$0")")
CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/mkxipfs

usage()
{
	cat <<-TEXT
	Usage: boot.sh BOARD [options]
	Boots what build.sh made; interactive (Ctrl-A X ends QEMU) unless a command is given.

	  --ram=SIZE       RAM the kernel may use, such as 512K or 4M (the board's all)
	  --image=FILE     this root image instead of the one in flash.bin
	  --data=FILE      this in the partition "data"
	  --cmdline=TEXT   more words for the kernel's command line; repeatable
	  --run=COMMANDS   type this at the shell prompt, then end; repeatable
	  --host=COMMAND   between them, run this on this machine when the prompt is there
	  --ledger         between them, or at the prompt, print where every page of RAM is; then end; repeatable
	  --flood=N:COMMAND  run this after them, and send N characters meanwhile
	  --until=REGEX    wait until the console shows this, then end (or go on with --run)
	  --timeout=SEC    for --run and --until (120)
	  --silence=SEC    fail as soon as the console was silent for so long
	  --log=FILE       the console goes to this file with --run and --until
	  --save=A:N:FILE  write N bytes of guest memory from address A to FILE before the end
	  --flash=FILE     keep the flash contents that were booted
	  --qemu=WORDS     more words for QEMU, such as '-icount shift=4'
	  --out=DIR        where build.sh put its links (out/BOARD in the cache)
	TEXT
}

die()
{
	printf 'boot.sh: %s\n' "$*" >&2
	exit 8
}

# shellcheck source-path=SCRIPTDIR
source "$HERE/partition.sh"

# bytes SIZE: 512K, 4M or a number of bytes, as that number.
bytes()
{
	case $1 in
	*[Kk]) echo $((${1%?} * 1024)) ;;
	*[Mm]) echo $((${1%?} * 1024 * 1024)) ;;
	*) echo $(($1)) ;;
	esac
}

# replace LABEL FILE: overwrites that partition of the flash contents, in the file of the chip that has it.
replace()
{
	local address size chip file base=$flash_base

	read -r address size chip < <(partition "$1" "$run/board.dtb")
	(($(stat -Lc %s "$2") <= size)) || die "$2 is larger than partition $1"
	file=$run/$(printf 'flash-%08x.bin' "$chip")
	[[ -e $file ]] && base=$chip || file=$run/flash.bin
	dd if="$2" of="$file" bs=64K seek=$((address - base))B conv=notrunc status=none
}

# The device tree with the RAM size and command line asked for.
edit_dtb()
{
	local node base

	node=$(fdtget -l "$run/board.dtb" / | grep '^memory')
	if [[ $ram ]]; then
		read -r base _ < <(fdtget -t x "$run/board.dtb" "/$node" reg)
		fdtput -t x "$run/board.dtb" "/$node" reg "$base" "$(printf %x "$(bytes "$ram")")"
	fi
	cmdline="$(fdtget "$run/board.dtb" /chosen bootargs)${cmdline:+ $cmdline}"
	fdtput -t s "$run/board.dtb" /chosen bootargs "$cmdline"
}

main()
{
	local ram='' image='' data='' cmdline='' flash='' out='' board script=() limits=() more=() boards=()
	local qemu=() emulator='' flash_base words=()

	while (($#)); do
		case $1 in
		--ram=*) ram=${1#*=} ;;
		--image=*) image=${1#*=} ;;
		--data=*) data=${1#*=} ;;
		--cmdline=*) cmdline+="${cmdline:+ }${1#*=}" ;;
		--run=* | --host=* | --flood=* | --until=* | --save=*) script+=("$1") ;;
		--ledger) script+=("--ledger") ;;
		--timeout=* | --silence=* | --log=*) limits+=("$1") ;;
		--flash=*) flash=${1#*=} ;;
		--qemu=*) read -r -a more <<<"${1#*=}" ;;
		--out=*) out=${1#*=} ;;
		-h | --help) usage && return ;;
		-*) usage >&2 && return 16 ;;
		*) boards+=("$1") ;;
		esac
		shift
	done
	((${#boards[@]} == 1)) || { usage >&2 && return 16; }

	board=${boards[0]}
	[[ -e $HERE/boards/$board.board ]] || die "no such board: $board"
	source "$HERE/boards/$board.board"
	[[ ${qemu[*]} ]] || die "QEMU does not play the board $board"
	out=${out:-$CACHE/out/$board}
	script=("${script[@]/#--ledger/--ledger=$out/kernel/vmlinux}")
	[[ -e $out/flash/flash.bin ]] || die "nothing built in $out; run build.sh $board first"

	if [[ $emulator ]]; then
		"$HERE/build.sh" "$board" emulator --out="$out"
		qemu[0]=$out/emulator/qemu-system-arm
	fi

	run=$(mktemp -d)
	trap 'rm -rf "$run"' EXIT
	cp --sparse=always "$out"/flash/flash*.bin "$run/"
	cp "$out/dtb/board.dtb" "$run/board.dtb"
	edit_dtb
	[[ ! $image ]] || replace root "$image"
	[[ ! $data ]] || replace data "$data"
	board_qemu
	export QEMU_AUDIO_DRV=none # not a word about sound cards
	[[ ! $flash ]] || cp "$run/flash.bin" "$flash"

	if ((${#script[@]})); then
		python3 "$HERE/console.py" "${script[@]}" "${limits[@]}" -- "${qemu[@]}" "${words[@]}" "${more[@]}"
	else
		"${qemu[0]}" -nographic -serial mon:stdio -no-reboot "${qemu[@]:1}" "${words[@]}" "${more[@]}"
	fi
}

main "$@"; exit
