# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# unit tests, fuzz corpora, command-line tests and golden images under ASan and UBSan

need_build build_sanitize "$BUILD_SANITIZE"
export ASAN_OPTIONS=detect_leaks=1:exitcode=99 UBSAN_OPTIONS=print_stacktrace=1
run_ctest "$BUILD_SANITIZE"
run_files "$TOP/tests/golden"
run_files "$TOP/tests/cli"
