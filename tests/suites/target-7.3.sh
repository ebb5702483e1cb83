# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# images booted in QEMU by Linux 7.3: see tests/target

need_build build_release "$BUILD_RELEASE"
run_script "$TOP/tests/target/run.sh" --linux=7.3
