# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# images booted in QEMU: see tests/target

need_build build_release "$BUILD_RELEASE"
source "$TOP/tests/lib/readme.sh"
run_script "$TOP/tests/target/run.sh"
check "README.md shows what build.sh and boot.sh print" run_blocks "console target any-numbers" \
	"$TOP/README.md"
