# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# execution in place page by page with Linux 7.3: see tests/pagewise

need_build build_release "$BUILD_RELEASE"
run_script "$TOP/tests/pagewise/run.sh" --linux=7.3
