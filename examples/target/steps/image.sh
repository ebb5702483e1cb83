#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Step image: the root image. Inputs: ROOT (step folder), TABLES (device tables), MKXIPFS (the
# program), OPTIONS. Output: root.cramfs.
set -euo pipefail

# shellcheck source-path=SCRIPTDIR
source "$STEPS/common.sh"

arguments=()
for table in $TABLES; do
	arguments+=(-D "$table")
done
# shellcheck disable=SC2086
"$MKXIPFS" -q "${arguments[@]}" $OPTIONS "$ROOT/tree" root.cramfs
