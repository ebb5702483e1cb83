# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# the two programs as a user calls them: options, messages, exit codes, signals, full disks

need_build build_release "$BUILD_RELEASE"
run_files "$TOP/tests/cli"
