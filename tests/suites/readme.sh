# shellcheck shell=bash disable=SC2086,SC2016 # options are split, inner shells expand
# SPDX-License-Identifier: GPL-2.0-or-later
# the README's console blocks: each command prints what is shown
#
# A block that begins with ```console is run, command by command ("$ ..."), in one empty directory
# with the programs in PATH. What is shown must be what is printed, byte for byte, but a line "..."
# stands for any number of lines.

need_build build_release "$BUILD_RELEASE"

# as_shown SHOWN PRINTED: equal, where a line "..." of SHOWN fits any lines.
as_shown()
{
	awk '
	NR == FNR { shown[++n] = $0; next }
	{ printed[++m] = $0 }
	END {
		i = 1
		for (j = 1; i <= n; i++) {
			if (shown[i] == "...") {
				if (i == n)
					exit 0
				while (j <= m && printed[j] != shown[i + 1])
					j++
			} else if (j > m || printed[j++] != shown[i]) {
				print "shown:   " shown[i]
				print "printed: " printed[j - 1]
				exit 1
			}
		}
		exit j <= m
	}' "$1" "$2"
}

run_blocks()
{
	local command number

	mkdir parts work
	awk -v dir=parts -f "$TOP/tests/lib/readme.awk" "$1"
	cd work
	ln -s "$TOP/examples" examples
	for command in ../parts/*.command; do
		[[ -e $command ]] || fail "$1 shows no command"
		number=${command%.command}
		echo "\$ $(cat "$command")"
		bash -c "set -e; $(cat "$command")" >"$number.printed" 2>&1 || {
			cat "$number.printed"
			fail "this command fails: $(cat "$command")"
		}
		as_shown "$number.output" "$number.printed" || {
			diff "$number.output" "$number.printed"
			fail "the output is not as shown: $(cat "$command")"
		}
	done
}

# The mechanism itself: a wrong line, a missing one, one too many are found.
finds_differences()
{
	printf '%s\n' '```console' "\$ printf 'a\\nb\\nc\\n'" a ... c '```' >good.md
	(run_blocks "$PWD/good.md")
	rm -r parts work
	local shown
	for shown in 'a\nb' 'a\nb\nc\nd' 'a\nx\nc' '...\nb'; do
		printf '%s\n' '```console' "\$ printf 'a\\nb\\nc\\n'" "$(printf %b "$shown")" '```' >bad.md
		if (run_blocks "$PWD/bad.md"); then
			fail "$shown passes for the output"
		fi
		rm -r parts work
	done
}

finds_failing_commands()
{
	printf '%s\n' '```console' '$ false' '```' >bad.md
	if (run_blocks "$PWD/bad.md"); then
		fail "a failing command passes"
	fi
}

check "a difference would be found" finds_differences
check "a failing command would be found" finds_failing_commands
check "README.md shows what the programs print" run_blocks "$TOP/README.md"
