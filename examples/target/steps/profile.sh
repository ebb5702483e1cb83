#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Step profile: the recorder for the target, a static program. Inputs: SOURCE, CROSS_COMPILE. Output: xipfs-profile.
set -euo pipefail

# shellcheck source-path=SCRIPTDIR
source "$STEPS/common.sh"

"${CROSS_COMPILE}gcc" -std=c11 -static -Os -s -Wall -Wextra -Werror -o xipfs-profile "$SOURCE"
