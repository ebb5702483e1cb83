# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What every step script sources. A step runs in its own, empty output folder ($PWD); everything it
# prints goes to the log there.

JOBS=${JOBS:-$(nproc)}

die()
{
	printf '%s: %s\n' "${0##*/}" "$*" >&2
	exit 1
}

# An inherited -j or -O would reach the sub-makes of the source packages.
unset MAKEFLAGS MFLAGS

# Results must not depend on who builds them, where, or when.
export LC_ALL=C
export KBUILD_BUILD_TIMESTAMP='1970-01-01' KBUILD_BUILD_USER=mkxipfs KBUILD_BUILD_HOST=mkxipfs
