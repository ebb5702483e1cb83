# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# kernels with all options of the patches off, each alone and sets of them: see tests/matrix
# time limit: 14400

run_script "$TOP/tests/matrix/run.sh" ${ONLY:+"$ONLY"}
