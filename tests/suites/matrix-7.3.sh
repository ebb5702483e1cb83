# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Linux 7.3 with all options of its patches off, and all on: see tests/matrix

run_script "$TOP/tests/matrix/run.sh" --linux=7.3 off all
