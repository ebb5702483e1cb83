# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# the least memory a root file system in place needs: see tests/hammer

need_build build_release "$BUILD_RELEASE"
run_script "$TOP/tests/hammer/run.sh"
