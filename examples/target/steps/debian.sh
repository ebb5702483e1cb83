#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Step debian: a root of Debian's programs for the target. Inputs: PACKAGES (folder of the step
# fetch), ROOT (files of this root), PROFILE (step folder of the recorder). Output: tree/.
set -euo pipefail

# shellcheck source-path=SCRIPTDIR
source "$STEPS/common.sh"

mkdir -p tree/{dev,proc,tmp,mnt,sbin}
cp -a "$PACKAGES/files/." tree/
# What no device would have: documents, translations, and the character sets of iconv.
rm -rf tree/usr/share/{doc,man,info,locale,lintian,bash-completion,bug,menu} tree/usr/lib/*/gconv
cp "$PROFILE/xipfs-profile" tree/sbin/
cp -R "$ROOT/." tree/
ln -s bash tree/bin/sh
ln -s mawk tree/usr/bin/awk
chmod -R go-w,a+rX tree
