#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Step flash: what is written to the board's flash, laid out by the partitions in its device tree.
# Inputs: IMAGE, KERNEL, DTB (step folders), FLASH_BASE (where the flash begins), FLASH_END (where it ends, or empty), STUB (boot code, or
# empty), STUB_FLAGS (what its compiler is to know), PARTS (labels of the partitions to fill), CROSS_COMPILE. Output: flash.bin (and one more
# file for each further chip) and map. A part larger than its partition is refused.
set -euo pipefail

# shellcheck source-path=SCRIPTDIR
source "$STEPS/common.sh"
# shellcheck source-path=SCRIPTDIR
source "$STEPS/../partition.sh"

dtb=$DTB/board.dtb

# place LABEL FILE: writes FILE where that partition begins: in flash.bin, or when it is in another
# chip in flash-ADDRESS.bin, with erased flash between the parts.
place()
{
	local label=$1 file=$2 address size chip used output=flash.bin begin=$FLASH_BASE gap

	read -r address size chip < <(partition "$label" "$dtb")
	if ((address < FLASH_BASE || address - FLASH_BASE >= 0x8000000)); then
		begin=$chip
		output=$(printf 'flash-%08x.bin' "$chip")
	fi
	used=$(stat -Lc %s "$file")
	printf '0x%08x  %-7s %8d of %8d bytes  %s\n' "$address" "$label" "$used" "$size" "$output" >>map
	((used <= size)) || die "$label is $used bytes, its partition only $size"
	gap=$((address - begin - $(stat -c %s "$output" 2>/dev/null || echo 0)))
	((gap >= 0)) || die "$label begins before the end of what is in front of it"
	{
		head -c "$gap" /dev/zero | tr '\0' '\377'
		cat "$file"
	} >>"$output"
}

# In flash.bin alone; a second chip ends where its partition does.
check_end()
{
	local used

	used=$((FLASH_BASE + $(stat -c %s flash.bin)))
	printf '0x%08x  end     %8d bytes of flash free\n' "$used" $((FLASH_END - used)) >>map
	((used <= FLASH_END)) || die "flash.bin ends at $used, the flash at $((FLASH_END))"
}

: >flash.bin
: >map
if [[ $STUB ]]; then
	read -r dtb_address _ _ < <(partition dtb "$dtb")
	read -r kernel_address _ _ < <(partition kernel "$dtb")
	case $STUB in
	*.S) language=assembler-with-cpp addresses=("-DDTB=$dtb_address" "-DKERNEL=$kernel_address") ;;
	*) language=c addresses=("-Wl,--defsym=DTB=$dtb_address,--defsym=KERNEL=$kernel_address") ;;
	esac
	# shellcheck disable=SC2086 # words
	"${CROSS_COMPILE}gcc" -Os -mthumb -mcpu=cortex-m3 -mfloat-abi=soft -ffreestanding -fno-pic -fno-unwind-tables -Wall -Wextra -Werror \
		-nostdlib -static -no-pie "-Wl,-T,$STEPS/../boards/stub.ld,-Ttext=$FLASH_BASE,-e,0,--build-id=none" \
		"${addresses[@]}" $STUB_FLAGS -x $language "$STUB" -o stub.elf
	"${CROSS_COMPILE}objcopy" -O binary -j .text stub.elf stub.bin
	printf '0x%08x  %-7s %8d bytes in front of the partitions  flash.bin\n' "$FLASH_BASE" boot "$(stat -c %s stub.bin)" >>map
	cat stub.bin >flash.bin
fi
for part in $PARTS; do
	case $part in
	dtb) place dtb "$dtb" ;;
	kernel) place kernel "$KERNEL/kernel" ;;
	root) place root "$IMAGE/root.cramfs" ;;
	esac
done
[[ ! $FLASH_END ]] || check_end
cat map
