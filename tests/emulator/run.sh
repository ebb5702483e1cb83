#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The emulator of the STM32 and the boot stub against each other: the stub as it is starts every
# board, each of its mistakes is caught, and timers, console and faults are as the reference manuals say.
# EMULATOR names it; without it it is built.
# shellcheck disable=SC2034,SC2317 # lib.sh uses variables of this one, ok calls the tests
set -euo pipefail

HERE=$(dirname "$(readlink -f "$0")")
TOP=$(readlink -f "$HERE/../..")
TARGET=$TOP/examples/target
WORK=$(mktemp -d "${TMPDIR:-/tmp}/mkxipfs-emulator.XXXXXX")
passed=0 failed=0 status=0

# shellcheck source-path=SCRIPTDIR
source "$TOP/tests/target/lib.sh"

CC=(arm-linux-gnueabi-gcc -Os -mthumb -mcpu=cortex-m3 -mfloat-abi=soft -ffreestanding -fno-pic -fno-delete-null-pointer-checks -fno-unwind-tables -Wall -Wextra
	-nostdlib -static -no-pie "-Wl,-T,$TARGET/boards/stub.ld,-e,0,--build-id=none")
# What each board's stub makes of its clocks: the core's rate, that of timers and console.
declare -A RATES=([stm32f429-onchip]='-DCORE_HZ=168000000 -DCLOCK=84000000 -DFLASH_KIB=2048 -DCCM'
	[stm32f405-onchip]='-DCORE_HZ=168000000 -DCLOCK=84000000 -DFLASH_KIB=1024 -DCCM'
	[stm32f413-onchip]='-DCORE_HZ=100000000 -DCLOCK=100000000 -DFLASH_KIB=1536'
	[stm32f746-onchip]='-DCORE_HZ=216000000 -DCLOCK=108000000 -DFLASH_KIB=1024'
	[stm32f769-onchip]='-DCORE_HZ=216000000 -DCLOCK=108000000 -DFLASH_KIB=2048'
	[stm32f429-disco]='-DCORE_HZ=168000000 -DCLOCK=84000000 -DFLASH_KIB=2048 -DSDRAM_BASE=0x90000000 -DSDRAM_SIZE=0x800000'
	[stm32f469-disco]='-DCORE_HZ=168000000 -DCLOCK=84000000 -DFLASH_KIB=2048 -DSDRAM_BASE=0 -DSDRAM_SIZE=0x1000000'
	[stm32f746-disco]='-DCORE_HZ=216000000 -DCLOCK=108000000 -DFLASH_KIB=1024 -DSDRAM_BASE=0xc0000000 -DSDRAM_SIZE=0x800000'
	[stm32f769-disco]='-DCORE_HZ=216000000 -DCLOCK=108000000 -DFLASH_KIB=2048 -DSDRAM_BASE=0xc0000000 -DSDRAM_SIZE=0x1000000')

# binary FILE ADDRESS OPTION... SOURCE: compiles to what lies at an address.
binary()
{
	local file=$1 address=$2
	shift 2

	"${CC[@]}" "-Wl,-Ttext=$address" "$@" -o "$file.elf" || return 1
	arm-linux-gnueabi-objcopy -O binary -j .text "$file.elf" "$file"
}

# image NAME BOARD STUB PROGRAM-FLAGS...: $WORK/NAME.bin, with a program where the kernel would be.
image()
{
	local name=$1 stub_flags='' qemu=() HERE=$TARGET words
	shift
	# shellcheck disable=SC1090,SC2034

	source "$TARGET/boards/$1.board"
	read -r -a words <<<"$stub_flags ${RATES[$1]}"
	mkdir -p "$WORK/$name"
	binary "$WORK/$name/stub" 0x08000000 -Wl,--defsym=DTB=0x08001000,--defsym=KERNEL=0x08004000 \
		"-I$TARGET/boards" "${words[@]}" "$2" || return 1
	binary "$WORK/$name/program" 0x08004000 "${words[@]}" "${@:3}" "$TOP/tests/emulator/program.c" || return 1
	truncate -s 16384 "$WORK/$name/stub"
	cat "$WORK/$name/stub" "$WORK/$name/program" >"$WORK/$name.bin"
	machine=${qemu[*]: -1}
}

# play NAME OPTION...: runs it until it ends itself, at most LIMIT (120) seconds; standard input is what it receives, NAME.log
# what it sends, NAME.said what the emulator says.
play()
{
	local name=$1
	shift

	timeout "${LIMIT:-120}" "$EMULATOR" -machine "$machine" -icount shift=3 -kernel "$WORK/$name.bin" -nographic -no-reboot \
		-monitor none -serial stdio "$@" >"$WORK/$name.log" 2>"$WORK/$name.said" || true
	cat "$WORK/$name.log" "$WORK/$name.said"
}

# passes NAME COUNT: so many "ok", the end, and no "not ok".
passes()
{
	[[ $(tail -n 1 "$WORK/$1.log") == end ]] || return 1
	(($(grep -c '^ok ' "$WORK/$1.log") == $2)) || return 1
	absent '^not ok' "$WORK/$1.log"
}

# program BOARD TEST COUNT [OPTION...]: with the stub as it is.
program()
{
	local name=$1-$2

	image "$name" "$1" "$TARGET/boards/stm32-stub.c" "-DTEST=$2" || return 1
	play "$name" "${@:4}"
	passes "$name" "$3"
}

says_nothing()
{
	[[ ! -s $WORK/$1.said ]]
}

says()
{
	local name=$1 text
	shift

	for text; do
		grep -qF "$text" "$WORK/$name.said" || return 1
	done
	(($(wc -l <"$WORK/$name.said") == $#))
}

starts()
{
	program "$1" arguments 3 </dev/null && says_nothing "$1-arguments"
}

times()
{
	program "$1" times 15 </dev/null && says_nothing "$1-times"
}

# In the order of the character set, from 0 on.
characters()
{
	local i

	for ((i = 48; i < 48 + $1; i++)); do
		# shellcheck disable=SC2059
		printf "\\x$(printf %x "$i")"
	done
}

receives()
{
	program "$1" receive 1 < <(characters 64) && says_nothing "$1-receive"
}

overruns()
{
	local count=5

	case $1 in *f7*) count=6 ;; esac
	program "$1" overrun "$count" < <(characters 3) &&
		says "$1-overrun" 'the character 0x31 is lost' 'the character 0x32 is lost'
}

faults()
{
	local count=7

	case $1 in *f405* | *f429*) count=9 ;; esac
	program "$1" faults "$count" </dev/null &&
		says "$1-faults" 'backup SRAM is written at offset 0x0 while its clock is off' \
			'flash is written to at 0x08000000'
}

# sdram_checks BOARD: how many the program has for its external memories.
sdram_checks()
{
	case $1 in
	*f746*) echo 12 ;;
	*) echo 6 ;;
	esac
}

# qspi BOARD: options of the emulator for its QSPI flash, which has two instructions.
qspi()
{
	printf pGpG >"$WORK/qspi"
	case $1 in *f746-disco) echo "-global stm32-chip.qspi=$WORK/qspi" ;; esac
}

has_sdram()
{
	# shellcheck disable=SC2046
	program "$1" sdram "$(sdram_checks "$1")" $(qspi "$1") </dev/null && says_nothing "$1-sdram"
}

vectors_in_ccm()
{
	program stm32f429-onchip vectors_in_ccm 1 </dev/null || true
	grep -x 'ok so far' "$WORK/stm32f429-onchip-vectors_in_ccm.log"
	absent 'not ok' "$WORK/stm32f429-onchip-vectors_in_ccm.log"
	grep Lockup "$WORK/stm32f429-onchip-vectors_in_ccm.said"
}

no_crystal()
{
	program "$1" arguments 3 -global stm32-chip.crystal=off </dev/null && says_nothing "$1-arguments"
}

# mutant BOARD SED SIGN [OPTION...]: a stub with that mistake does not start the program as it should, and the
# emulator says why; SIGN - means that it has nothing to say, for nothing legible is on the line.
mutant()
{
	local board=$1 sign=$3 name=$1-mutant folder=$WORK/stub test=arguments checks=3
	local LIMIT=15 # many of them hang, after what they say

	rm -rf "$folder" "$folder.sound"
	mkdir "$folder"
	cp "$TARGET"/boards/stm32-{stub.c,sdram.h,qspi.h} "$folder"
	cp -r "$folder" "$folder.sound"
	sed -i "$2" "$folder"/*
	if diff -r "$folder" "$folder.sound"; then
		echo "the stub has no line for '$2'"
		return 1
	fi
	case $board in *-disco) test=sdram checks=$(sdram_checks "$board") ;; esac
	image "$name" "$board" "$folder/stm32-stub.c" "-DTEST=$test" || return 1
	# shellcheck disable=SC2046
	play "$name" $(qspi "$board") "${@:4}" </dev/null
	if [[ $sign != - ]]; then
		grep -F "$sign" "$WORK/$name.said"
	elif passes "$name" "$checks"; then
		return 1
	fi
}

# registers_of EMULATOR MACHINE FILE: what the program prints there. It gets its character once it awaits one: a
# port that is not on yet loses it.
registers_of()
{
	local tries

	: >"$3"
	{
		for ((tries = 0; tries < 600; tries++)); do
			! grep -q '^FTSR ' "$3" || break
			sleep 0.1
		done
		printf A
	} | timeout 120 "$1" -machine "$2" -kernel "$WORK/compare" -nographic -no-reboot -monitor none -serial stdio >"$3"
}

# QEMU's own STM32F405 and this one print the same registers.
as_qemu_does()
{
	binary "$WORK/compare" 0x08000000 "$HERE/compare.c" || return 1
	registers_of "$EMULATOR" stm32f405 "$WORK/compare.ours"
	registers_of qemu-system-arm netduinoplus2 "$WORK/compare.theirs"
	cat "$WORK/compare.ours"
	(($(wc -l <"$WORK/compare.ours") == 12))
	cmp "$WORK/compare.ours" "$WORK/compare.theirs"
}

test_mutants()
{
	local what sed sign board count=0

	while IFS='|' read -r board what sed sign option; do
		# shellcheck disable=SC2086
		ok "$board: $what is caught" mutant "stm32$board" "$sed" "$sign" $option
		count=$((count + 1))
	done < <(grep -v '^#' "$HERE/mutants")
	((count > 10)) || ok "there are mutants" false
}

main()
{
	local board

	trap cleanup EXIT
	check_harness
	if [[ ! ${EMULATOR:-} ]]; then
		"$TARGET/build.sh" stm32f746-onchip emulator --out="$WORK/out"
		EMULATOR=$WORK/out/emulator/qemu-system-arm
	fi
	for board in "${!RATES[@]}"; do
		ok "$board: the stub starts what stands for the kernel" starts "$board"
		ok "$board: and without a crystal" no_crystal "$board"
		case $board in
		*-disco)
			ok "$board: SDRAM is there and executable" has_sdram "$board"
			continue
			;;
		esac
		ok "$board: timers and console keep their times" times "$board"
		ok "$board: 64 characters at full speed are received" receives "$board"
		ok "$board: characters that nobody reads are lost" overruns "$board"
		ok "$board: what the chip does not have ends in a fault" faults "$board"
	done
	ok "no vector is fetched from CCM" vectors_in_ccm
	ok "registers are as in QEMU's own STM32F405" as_qemu_does
	test_mutants
	echo "$passed passed, $failed failed"
	((failed == 0 && passed > 0))
}

main; exit
