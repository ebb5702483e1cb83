#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Runs the tests. See --help.
set -euo pipefail

TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
export TOP
# Of several programs of a name, the one of Debian's package: others differ, or are scripts that look for a version first.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin:$PATH
source "$TOP/tests/lib/packages.sh"
source "$TOP/tests/lib/build.sh"
source "$TOP/tests/lib/time.sh"
source "$TOP/tests/lib/ahead.sh"

FAST=(style layers build unit man golden cli roundtrip reproducible judges limits faults
	sanitizers valgrind readme)
SLOW=(quickstart target hammer pagewise emulator net fit-in pictures faults-all)
# An hour and more, before a change of the kernel patches is published; and what another kernel repeats.
BY_NAME=(matrix matrix-7.3 target-7.3 pagewise-7.3 hammer-7.3 net-7.3)
TIME_LIMIT=${TIME_LIMIT:-} # seconds a suite; two hours, or what the suite says in a line "# time limit: SECONDS"
# Seconds after which "all" begins no test, on machines that are slow; CI has 90 minutes.
BUDGET=${BUDGET:-4200}

usage()
{
	cat <<-END
	usage: tests/run.sh [SUITE[/FILE] | all | bench | list | --help]...

	Without arguments every fast suite runs; "all" adds the slow ones, but for matrix and
	those of Linux 7.3, which only their names run; "bench" prints the table that compares
	mkxipfs with other programs; "list" names the suites; cli/signals runs one file of a suite,
	matrix/alone one part.
	Debian packages that are missing are installed. Builds are made outside the source tree, in
	\$XDG_CACHE_HOME/mkxipfs.

	Each test gives one line, "ok" or "not ok" with its log; the last line counts them. What
	cannot run on this machine says "skipped" and why. So does what "all" has no time for: after
	$((BUDGET / 60)) minutes it begins no test; BUDGET=SECONDS changes that, BUDGET=0 means no end.
	The exit code is 0 only when tests ran and none failed.

	KEEP=1 keeps the scratch directory. TIME_LIMIT=SECONDS stops a suite that hangs.
	END
}

list_suites()
{
	local suite

	for suite in "${FAST[@]}" "${SLOW[@]}" "${BY_NAME[@]}"; do
		printf '%-14s%s\n' "$suite" "$(sed -n '3s/^# //p' "$TOP/tests/suites/$suite.sh")"
	done
}

# Runs one suite in a bash of its own and adds its counts to the total.
run_suite()
{
	local suite=${1%%/*} file=${1#"${1%%/*}"} began=$SECONDS counts=$SCRATCH/counts limit

	: >"$counts"
	if out_of_time; then
		echo "ok $suite: all of it # skipped: out of time"
		skipped=$((skipped + 1))
		return
	fi
	limit=$(sed -n 's/^# time limit: //p' "$TOP/tests/suites/$suite.sh")
	COUNTS=$counts timeout -k 10 "${TIME_LIMIT:-${limit:-7200}}" \
		bash "$TOP/tests/lib/suite.sh" "$suite" "${file#/}" || {
		echo "not ok $suite: the suite itself ended with status $?"
		echo failed >>"$counts"
	}
	if [[ ! -s $counts ]]; then
		echo "not ok $suite: no test ran"
		echo failed >>"$counts"
	fi
	passed=$((passed + $(grep -c passed "$counts" || true)))
	failed=$((failed + $(grep -c failed "$counts" || true)))
	skipped=$((skipped + $(grep -c skipped "$counts" || true)))
	echo "# $suite: $((SECONDS - began)) s"
}

clean_up()
{
	ahead_end
	[[ ! ${KEEP:-} ]] || return 0
	chmod -R u+rwx "$SCRATCH"
	rm -rf "$SCRATCH"
}

main()
{
	local suite suites=() all=''

	(($#)) || set -- fast
	for suite; do
		case $suite in
		-h | --help) usage; return ;;
		list) list_suites; return ;;
		bench) packages_install "$TOP"/tests/lib/packages.{build,bench}
			build_release
			exec "$TOP/tests/bench/run.sh" "$BUILD_RELEASE" ;;
		fast) suites+=("${FAST[@]}") ;;
		all)
			suites+=("${FAST[@]}" "${SLOW[@]}") all=yes
			((!BUDGET)) || export DEADLINE=$((EPOCHSECONDS + BUDGET))
			export BOOTS=${BOOTS:-5} # of each board in hammer
			export NET_BOOTS=${NET_BOOTS:-3} NET_SIZES=${NET_SIZES:-512} # boots, and KiB of RAM, in net
			;;
		*)
			if [[ ! -e $TOP/tests/suites/${suite%%/*}.sh ]]; then
				echo "tests/run.sh: no suite '$suite' (try: tests/run.sh list)" >&2
				return 2
			fi
			suites+=("$suite") ;;
		esac
	done

	packages_install "$TOP"/tests/lib/packages.{build,test}
	SCRATCH=$(mktemp -d "${TMPDIR:-/tmp}/mkxipfs-test.XXXXXX")
	export SCRATCH
	chmod 755 "$SCRATCH" # some tests become another user
	[[ ! ${KEEP:-} ]] || echo "# scratch directory: $SCRATCH"
	trap clean_up EXIT

	passed=0 failed=0 skipped=0
	for suite in "${suites[@]}"; do
		[[ ! $all || $suite != "${SLOW[0]}" ]] || ahead_begin
		run_suite "$suite"
	done
	((skipped == 0)) || echo "$skipped skipped"
	echo "$passed passed, $failed failed"
	((failed == 0 && passed > 0))
}

main "$@"
