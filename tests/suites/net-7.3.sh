# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# a web server in half a megabyte with Linux 7.3: see tests/net

need_build build_release "$BUILD_RELEASE"
run_script "$TOP/tests/net/run.sh" --linux=7.3
