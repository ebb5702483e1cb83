# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# the memory that Linux 7.3 needs: see tests/hammer

need_build build_release "$BUILD_RELEASE"
run_script "$TOP/tests/hammer/run.sh" --linux=7.3
