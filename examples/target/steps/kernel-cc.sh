#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The compiler of a kernel, found again by ccache: kernel-cc.sh GCC ARGUMENT... SOURCE
#
# ccache can know what a source includes from the names that the compiler tells it anyway, and need not preprocess
# it as well, which takes a fifth of the time and rarely helps: under another configuration nearly every file is
# another one. But so it does not see what .incbin includes.
set -euo pipefail

source=${!#}
if [[ $source == *.c ]] && ! grep -q '\.incbin' "$source"; then
	export CCACHE_DEPEND=1
fi
exec ccache "$@"
