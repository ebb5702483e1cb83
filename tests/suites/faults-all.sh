# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# memory that runs out and system calls that fail: every allocation and call of every command

MEMORY_POINTS=0
CALL_POINTS=0
source "$TOP/tests/suites/faults.sh"
