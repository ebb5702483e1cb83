# shellcheck shell=bash disable=SC2086,SC2016 # options are split, inner shells expand
# SPDX-License-Identifier: GPL-2.0-or-later
# the mechanism by which the suite quickstart checks what the README shows

need_build build_release "$BUILD_RELEASE"
source "$TOP/tests/lib/readme.sh"

# The mechanism itself: a wrong line, a missing one, one too many are found.
finds_differences()
{
	printf '%s\n' '```console' "\$ printf 'a\\nb\\nc\\n'" a ... c '```' >good.md
	(run_blocks console "$PWD/good.md")
	rm -r parts work
	local shown
	for shown in 'a\nb' 'a\nb\nc\nd' 'a\nx\nc' '...\nb'; do
		printf '%s\n' '```console' "\$ printf 'a\\nb\\nc\\n'" "$(printf %b "$shown")" '```' >bad.md
		if (run_blocks console "$PWD/bad.md"); then
			fail "$shown passes for the output"
		fi
		rm -r parts work
	done
}

finds_failing_commands()
{
	printf '%s\n' '```console' '$ false' '```' >bad.md
	if (run_blocks console "$PWD/bad.md"); then
		fail "a failing command passes"
	fi
}

check "a difference would be found" finds_differences
check "a failing command would be found" finds_failing_commands
