#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Step linux for a board with a network: as linux.sh, with the drivers for it. Inputs and output are the same.
set -euo pipefail

folders=()
for folder in ethernet/smsc mdio phy slip; do
	folders+=("*/drivers/net/$folder/*.[ch]")
done
tar -xf "$LINUX_TAR" --strip-components=1 --wildcards --no-wildcards-match-slash '*/drivers/net/*.[ch]' "${folders[@]}"

# shellcheck source-path=SCRIPTDIR
source "$STEPS/linux.sh"
