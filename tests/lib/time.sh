# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The time that a run has as a whole.

# out_of_time: no test may begin any more. DEADLINE, seconds of the epoch, is set by tests/run.sh.
out_of_time()
{
	((${DEADLINE:-0} && EPOCHSECONDS >= DEADLINE))
}
