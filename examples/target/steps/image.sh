#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Step image: the root image. Inputs: ROOT (step folder), TABLES (device tables), MKXIPFS (the
# program), OPTIONS. Output: root.cramfs.
. "$STEPS/common.sh"

tables=()
for table in $TABLES; do
	tables+=(-D "$table")
done
# shellcheck disable=SC2086
"$MKXIPFS" -q "${tables[@]}" $OPTIONS "$ROOT/tree" root.cramfs
