# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# the emulator of the STM32 and the boot stub: see tests/emulator

need_build build_release "$BUILD_RELEASE"
run_script "$TOP/tests/emulator/run.sh"
