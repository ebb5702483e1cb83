#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Step dtb: a board's device tree. Inputs: LINUX, ARCH, DTS. Output: board.dtb. A warning fails.
. "$STEPS/common.sh"

folders=()
for folder in "$LINUX/arch/$ARCH/boot/dts"/{,st,arm}; do
	folders+=(-I "$folder")
done
cpp -nostdinc -undef -D__DTS__ -x assembler-with-cpp -I "$LINUX/include" "${folders[@]}" \
	-I "$(dirname "$DTS")" -o board.pre.dts "$DTS"
include=()
for folder in "$LINUX/arch/$ARCH/boot/dts"/{,st,arm}; do
	include+=(-i "$folder")
done
# The checks that the kernel's own build leaves out as well.
dtc -I dts -O dtb -b 0 -o board.dtb "${include[@]}" -Wno-unit_address_vs_reg \
	-Wno-avoid_unnecessary_addr_size -Wno-alias_paths -Wno-graph_child_address \
	-Wno-simple_bus_reg -Wno-unique_unit_address -Wno-interrupt_provider \
	board.pre.dts 2>warnings
cat warnings
[ ! -s warnings ] || die "dtc warns about $DTS"
