# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# examples/quickstart.sh, twice: the second run changes nothing

runs_twice()
{
	XDG_CACHE_HOME=$PWD/cache "$TOP/examples/quickstart.sh" >first
	XDG_CACHE_HOME=$PWD/cache "$TOP/examples/quickstart.sh" >second
	same first second
	matches first '/bin/busybox'
}

check "runs, and again" runs_twice
