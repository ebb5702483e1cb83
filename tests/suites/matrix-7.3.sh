# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# the same with Linux 7.3
# time limit: 14400

run_script "$TOP/tests/matrix/run.sh" --linux=7.3 ${ONLY:+"$ONLY"}
