# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The ledgers of RAM and flash against judges of their own: the kernel's /proc/meminfo, the sizes of files,
# binutils. Sourced by run.sh.

# table FILE TITLE: the rows below the line that begins with TITLE.
table()
{
	awk -v title="$2" 'on && !/^  /{ exit } on { print } index($0, title) == 1 { on = 1 }' "$1"
}

# rows_sum FILE TITLE: the rows of a table are as many as its row "sum" says, and more than one.
rows_sum()
{
	table "$1" "$2" | awk -v title="$2" '
		/not in the sum$/ { next }
		$NF == "sum" || $2 == "sum" || $3 == "sum" || $2 == "sum," { sum = $1; ended = 1; next }
		!ended { total += $1; rows++ }
		END {
			print title, total, "in", rows + 0, "rows, sum", sum
			exit !(ended && rows > 1 && total == sum)
		}'
}

# kib FILE ROW: the KiB of a row of the first table.
kib()
{
	table "$1" RAM: | sed -n "s/^ *\([0-9]*\) KiB  $2\$/\1/p"
}

# near NAME A B HOW-MUCH: two figures differ no more than that.
near()
{
	echo "$1: $2 and $3 KiB"
	[[ $2 && $3 ]] && (($2 - $3 <= $4 && $3 - $2 <= $4))
}

# What the kernel tells its users, by a program that ran just before: its own memory is the difference.
as_meminfo_says()
{
	local name value
	declare -A says=()

	while IFS=': ' read -r name value _; do
		says[$name]=$value
	done < <(tr -d '\r' <"$2" | grep -aE '^(MemTotal|MemFree|Slab|KernelStack|Cached|MmapCopy):')
	near 'MemTotal' "$((512 - $(kib "$1" 'reserved at boot')))" "${says[MemTotal]}" 0 &&
		near 'MemFree' "$(kib "$1" free)" "${says[MemFree]}" 32 &&
		near 'Slab' "$(kib "$1" slab)" "${says[Slab]}" 8 &&
		near 'KernelStack' "$(kib "$1" 'kernel stacks')" "${says[KernelStack]}" 4 &&
		near 'MmapCopy' "$(kib "$1" processes)" "${says[MmapCopy]}" 32
}

# ram_ledger NAME: every page of 512 KiB, and what the issue of each row is about.
ram_ledger()
{
	local row title

	boot "$1" "$WORK/ledger.log" --run='cat /proc/meminfo' --ledger >"$WORK/ledger" || return 1
	cat "$WORK/ledger"
	[[ $(kib "$WORK/ledger" sum) == 512 ]] || return 1
	for title in 'the kernel, bytes' 'RAM:' 'reserved at boot, bytes'; do
		rows_sum "$WORK/ledger" "$title" || return 1
	done
	[[ $(table "$WORK/ledger" 'reserved at boot' | awk '$2 == "sum" { print $1 }') == \
		$(($(kib "$WORK/ledger" 'reserved at boot') * 1024)) ]] || return 1
	for row in 'read-only data, in flash' 'data, copied to RAM' 'kernel image: .data' 'kernel image: .bss' \
		'kernel image: .init.data: was freed' 'mem_map (' 'device tree, unpacked (' \
		'command line, two copies (' 'rounding to pages' 'interrupt stack: ' '  swapper ' '  stack, ' \
		'  heap ' '  data and bss of sh' ' bytes in place, in flash'; do
		grep -qF -e "$row" "$WORK/ledger" || {
			echo "the ledger has no row '$row'"
			return 1
		}
	done
	! grep 'not seen' "$WORK/ledger" && as_meminfo_says "$WORK/ledger" "$WORK/ledger.log"
}

# flash_ledger OUT: every byte of a megabyte, and of the kernel's file.
flash_ledger()
{
	local ledger=$WORK/flash-ledger kernel title

	kernel=$(stat -Lc %s "$1/kernel/kernel")
	python3 "$TARGET/ledger/flash.py" --all "$1" >"$ledger" || return 1
	cat "$ledger"
	for title in 'flash.bin' 'kernel, by kind' 'kernel, by folder' 'root, by kind' 'root, by file'; do
		rows_sum "$ledger" "$title" || return 1
	done
	table "$ledger" 'flash.bin' | grep -x ' *1048576  sum' &&
		table "$ledger" 'kernel, by kind' | grep -x " *$kernel  sum" &&
		table "$ledger" 'kernel, by object' | awk -v kernel="$kernel" '
			$1 == "sum" { next }
			$NF == "sum" { sum = $1; next }
			/\(alignment/ && $1 > kernel / 48 { exit 1 } # rows of the map were overlooked
			{ total += $1; kinds += $2 + $3 + $4 + $5 + $6 + $7 }
			END { exit !(sum && total == kernel && sum == kernel && kinds == kernel) }' &&
		table "$ledger" 'root, by kind' | grep -x " *$(stat -Lc %s "$1/image/root.cramfs")  sum"
}

# flash_ledger_fails OUT: a kernel that is not what its map says is an error, of one line.
flash_ledger_fails()
{
	local wrong=$WORK/wrong

	mkdir -p "$wrong/kernel"
	cp "$1"/kernel/{vmlinux,vmlinux.map,kernel} "$wrong/kernel/"
	echo >>"$wrong/kernel/kernel"
	! python3 "$TARGET/ledger/flash.py" "$wrong" --against "$1" >"$WORK/out.txt" 2>"$WORK/wrong.txt" &&
		(($(wc -l <"$WORK/wrong.txt") == 1)) && grep 'bytes in sections' "$WORK/wrong.txt"
}

# static_ledger OUT: data and bss, as binutils see them.
static_ledger()
{
	local judge mine option

	judge=$(arm-linux-gnueabi-size -A "$1/kernel/vmlinux" |
		awk '$1 == ".data" || $1 == ".data.ro_after_init" || $1 == ".bss" { sum += $2 } END { print sum }')
	for option in --objects --all; do
		python3 "$TARGET/ledger/static.py" "$1/kernel/vmlinux" $option >"$WORK/static" || return 1
		mine=$(awk '$2 == "sum" { print $1 }' "$WORK/static")
		echo "static.py $option: $mine of $judge bytes"
		[[ $mine == "$judge" ]] || return 1
	done
	grep '^ *[1-9][0-9]*  .data  init_task$' "$WORK/static"
}

ledgers()
{
	ram_ledger f769 && flash_ledger "$WORK/out/f746" && flash_ledger_fails "$WORK/out/f746" &&
		static_ledger "$WORK/out/f746" && picture_of_flash "$WORK/out/f746"
}

# picture_of_flash OUT: one box a row, as wide as the bar together, and the same bytes.
picture_of_flash()
{
	python3 "$TARGET/ledger/flash.py" "$1" --svg="$WORK/flash.svg" &&
		grep -o 'height="48"' "$WORK/flash.svg" | wc -l | grep -x 10 &&
		sed -n 's/.*>\([0-9,]*\) bytes<.*/\1/p' "$WORK/flash.svg" | tr -d , |
		awk '{ sum += $1 } END { print sum; exit sum != 1048576 }'
}

# The picture that README.md shows, of the root without tests.
picture_is_current()
{
	"$TARGET/build.sh" stm32f746-onchip --out="$WORK/out/plain" >/dev/null &&
		python3 "$TARGET/ledger/flash.py" "$WORK/out/plain" --svg="$WORK/plain.svg" &&
		diff "$WORK/plain.svg" "$TARGET/stm32f746-flash.svg"
}

# ledger_of_ccm: 64 KiB of data and stacks, and no page of it in the 192 KiB of RAM.
ledger_of_ccm()
{
	local title row

	boot f429 "$WORK/ccm.log" --run=free --ledger >"$WORK/ccm" || return 1
	cat "$WORK/ccm"
	for title in 'the kernel, bytes' "RAM of the kernel's data at 0x10000000" 'RAM:'; do
		rows_sum "$WORK/ccm" "$title" || return 1
	done
	table "$WORK/ccm" "RAM of the kernel's data" | grep -x ' *65536  sum' || return 1
	[[ $(kib "$WORK/ccm" sum) == 192 ]] || return 1
	for row in 'data, copied to a RAM of its own' 'bss, in a RAM of its own' '  kernel stacks, 7 of 4096 bytes' \
		', beside .data' 'allocated before there were pages'; do
		grep -qF -e "$row" "$WORK/ccm" || return 1
	done
	! grep 'kernel image: .data\|not seen' "$WORK/ccm"
}
