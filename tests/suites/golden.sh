# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# images encoded by hand, and each rule of the format broken once in them

need_build build_release "$BUILD_RELEASE"
run_files "$TOP/tests/golden"
