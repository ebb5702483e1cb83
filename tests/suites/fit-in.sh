# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# builds of others: CMake, make, genimage, Buildroot's calls, CI scripts, the Debian package

source "$TOP/tests/lib/packages.sh"
packages_install "$TOP/tests/fit-in/packages"
need_build build_release "$BUILD_RELEASE"
run_files "$TOP/tests/fit-in"
