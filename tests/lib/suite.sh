# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Runs one suite: bash suite.sh NAME [FILE]. Called by tests/run.sh, which sets TOP, SCRATCH, COUNTS.
set -euo pipefail

SUITE=$1
# The suites that consist of several files run only this one when it is given.
ONLY=${2:-}
running=0 # of what beside started
# What the programs and the tests' tools read is the same wherever a suite is run.
export LC_ALL=C.UTF-8 TERM=dumb
unset NO_COLOR CDPATH GREP_COLORS POSIXLY_CORRECT SOURCE_DATE_EPOCH TAR_OPTIONS

source "$TOP/tests/lib/build.sh"
source "$TOP/tests/lib/assert.sh"
source "$TOP/tests/lib/time.sh"
source "$TOP/tests/lib/trees.sh"

# report NAME STATUS LOG prints the line of one test and counts it.
report()
{
	if (($2 == 0)); then
		echo "ok $SUITE: $1"
		echo passed >>"$COUNTS"
	elif (($2 == 77)) && grep -q '^SKIP: ' "$3"; then
		echo "ok $SUITE: $1 # skipped: $(sed -n 's/^SKIP: //p' "$3")"
		echo skipped >>"$COUNTS"
	else
		# in one piece: other tests may print at the same time
		printf '%s\n' "not ok $SUITE: $1: $(sed -n 's/^FAIL: //p' "$3" | sed q)" \
			"$(grep -av '^FAIL: assert.sh:' "$3" | tail -25 | tr -d '\0' | sed 's/^/#   /')"
		echo failed >>"$COUNTS"
	fi
}

# check NAME COMMAND... is one test: COMMAND, usually a function, runs in an empty directory of
# its own and in a subshell of its own, and fails with the first command that fails in it.
check()
{
	local name=$1 directory status
	shift

	if out_of_time; then
		echo "ok $SUITE: $name # skipped: out of time"
		echo skipped >>"$COUNTS"
		return
	fi
	directory=$(mktemp -d "$SCRATCH/$SUITE.XXXXXX")
	chmod 755 "$directory"
	set +e
	(
		set -eE
		trap 'echo "FAIL: ${BASH_SOURCE[0]##*/}:$LINENO: $BASH_COMMAND"' ERR
		cd "$directory"
		"$@"
	) >"$directory.log" 2>&1 </dev/null
	status=$?
	set -e
	report "$name" $status "$directory.log"
	if [[ ! ${KEEP:-} ]]; then
		chmod -R u+rwx "$directory"
		rm -rf "$directory" "$directory.log"
	fi
}

# use_build DIRECTORY puts the programs built there first in PATH.
use_build()
{
	MKXIPFS=$1/src/mkxipfs/mkxipfs
	XIPFS_DUMP=$1/src/xipfs-dump/xipfs-dump
	PATH=$1/src/mkxipfs:$1/src/xipfs-dump:$PATH
	export MKXIPFS XIPFS_DUMP PATH
}

# need_build FUNCTION DIRECTORY builds, and ends the suite with one failure when that fails.
need_build()
{
	if ! "$1" >"$SCRATCH/build.log" 2>&1; then
		report "build" 1 "$SCRATCH/build.log"
		exit 0
	fi
	use_build "$2"
}

# beside COMMAND... starts COMMAND, with the tests in it, in a subshell beside others: one per
# processor. join, also at the end of the suite, waits for all of them. A command that fails as a
# whole ends the suite.
beside()
{
	if ((running == $(nproc))); then
		wait -n
		running=$((running - 1))
	fi
	("$@") &
	running=$((running + 1))
}

join()
{
	for (( ; running; running--)); do
		wait -n
	done
}

# run_files DIRECTORY sources each *.sh file there, or only the one asked for, the largest first.
# None sees what another defines.
run_files()
{
	local file files=()

	for file in "$1"/${ONLY:-*}.sh; do
		files+=("$file")
	done
	while read -r file; do
		beside source "$file"
	done <<<"$(ls -S "${files[@]}")"
	join
}

script_failed()
{
	if out_of_time; then # what it skipped others may need; tests that failed have said so
		echo "ok $SUITE: the rest of $1 # skipped: out of time"
	else
		echo "not ok $SUITE: $1 ended with status $2"
	fi
}

# run_script SCRIPT ARGUMENT...: each "ok NAME" and "not ok NAME" line it prints is one test.
run_script()
{
	local script=$1 line
	shift

	if [[ ! -x $script ]]; then
		echo "FAIL: $script is not there" >"$SCRATCH/script.log"
		report "run.sh" 1 "$SCRATCH/script.log"
		return
	fi
	while IFS= read -r line; do
		echo "$line"
		case $line in
		'ok '*' # skipped: '*) echo skipped ;;
		'ok '*) echo passed ;;
		'not ok '*) echo failed ;;
		esac >>"$COUNTS"
	done < <("$script" "$@" 2>&1 || script_failed "${script##*/}" $?)
}

# run_ctest DIRECTORY: each case of ctest is one test. They run side by side.
run_ctest()
{
	local log=$SCRATCH/ctest.log case cases

	cases=$(ctest --test-dir "$1" -N | sed -n 's/^ *Test *#[0-9]*: //p')
	ctest --test-dir "$1" -j "$(nproc)" --output-on-failure --timeout 600 >"$log" 2>&1 || true
	for case in $cases; do
		if grep -Eq "Test +#[0-9]+: $case \.+ +Passed" "$log"; then
			report "$case" 0 "$log"
		else # from the line that says so up to the next case's
			sed -n "\|Test *#[0-9]*: $case |,\|^ *[0-9]*/[0-9]* Test|p" "$log" >"$log.case"
			report "$case" 1 "$log.case"
		fi
	done
}

source "$TOP/tests/suites/$SUITE.sh"
join
