#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Step dtb: a board's device tree. Inputs: LINUX, DTS. Output: board.dtb. A warning of dtc fails.
set -euo pipefail

# shellcheck source-path=SCRIPTDIR
source "$STEPS/common.sh"

# Includes are found as in the kernel's own build, and the checks it leaves out are left out here.
cpp -nostdinc -undef -D__DTS__ -x assembler-with-cpp -I "$LINUX/scripts/dtc/include-prefixes" \
	-o board.pre.dts "$DTS"
dtc -I dts -O dtb -b 0 -o board.dtb -Wno-unit_address_vs_reg \
	-Wno-avoid_unnecessary_addr_size -Wno-alias_paths -Wno-graph_child_address \
	-Wno-simple_bus_reg -Wno-unique_unit_address -Wno-interrupt_provider \
	board.pre.dts 2>warnings || true
cat warnings
[[ ! -s warnings ]] || die "dtc complains of $DTS"
