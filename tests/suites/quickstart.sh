# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# examples/quickstart.sh, twice: the second run changes nothing; and it prints what the README shows

need_build build_release "$BUILD_RELEASE"
source "$TOP/tests/lib/readme.sh"

runs_twice()
{
	XDG_CACHE_HOME=$PWD/cache "$TOP/examples/quickstart.sh" >first
	XDG_CACHE_HOME=$PWD/cache "$TOP/examples/quickstart.sh" >second
	same first second
	matches first '/bin/busybox'
	# The last line is what brings the programs into PATH.
	equal "$(PATH=/usr/bin:/bin bash -c "$(tail -n 1 first); command -v mkxipfs")" \
		"$PWD/cache/mkxipfs/quickstart/bin/mkxipfs" "mkxipfs in PATH"
}

check "runs, and again" runs_twice
check "README.md shows what it prints" run_blocks "console any-numbers" "$TOP/README.md"
