# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# unit tests of the library and replays of the fuzz corpora, each case of ctest on its own

need_build build_release "$BUILD_RELEASE"
run_ctest "$BUILD_RELEASE"
