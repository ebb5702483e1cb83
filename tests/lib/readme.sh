# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Runs what a Markdown file shows.
#
# A block that begins with ```console is run, command by command ("$ ..."), in one empty directory
# with the programs in PATH. What is shown must be what is printed, byte for byte, but a line "..."
# stands for any number of lines. In a block of "```console any-numbers" numbers, and how many blanks
# precede them, may differ: for what depends on the version of a package. It is run by the suite
# quickstart.

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

without_numbers()
{
	sed -E 's/\b(0x[0-9a-f]+|[0-9a-f]{8}|[0-9]+(\.[0-9]+)?)\b/N/g; s/ +/ /g'
}

# run_blocks FENCE FILE: FENCE is "console" or "console any-numbers".
run_blocks()
{
	local command number

	mkdir parts work
	awk -v dir=parts -v fence="$1" -f "$TOP/tests/lib/readme.awk" "$2"
	cd work
	ln -s "$TOP/examples" examples
	for command in ../parts/*.command; do
		[[ -e $command ]] || fail "$2 shows no command in a block of $1"
		number=${command%.command}
		echo "\$ $(cat "$command")"
		bash "$command" >"$number.printed" 2>&1 || {
			cat "$number.printed"
			fail "this command fails: $(cat "$command")"
			return 1
		}
		if [[ $1 == *any-numbers ]]; then
			without_numbers <"$number.output" >"$number.shown"
			without_numbers <"$number.printed" >"$number.out"
		else
			cp "$number.output" "$number.shown"
			cp "$number.printed" "$number.out"
		fi
		as_shown "$number.shown" "$number.out" || {
			diff "$number.shown" "$number.out" || true
			fail "the output is not as shown: $(cat "$command")"
			return 1
		}
	done
}
