#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# usage: tests/bench/run.sh BUILD-DIRECTORY        (through: tests/run.sh bench)
# Compares mkxipfs with mkfs.cramfs, genromfs, mksquashfs and mkfs.erofs on three trees, and prints
# Markdown tables of size, time and memory, then whether the promises of the README hold.
#
# Each time is the mean of RUNS (default 3) runs after one that warms the caches. The trees are kept
# in ~/.cache/mkxipfs/bench.
set -euo pipefail

TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
source "$TOP/tests/lib/packages.sh"
source "$TOP/tests/bench/trees.sh"

MKXIPFS=$1/src/mkxipfs/mkxipfs
CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/mkxipfs/bench
RUNS=${RUNS:-3}
OUT=$(mktemp -d "${TMPDIR:-/tmp}/mkxipfs-bench.XXXXXX")
trap 'rm -rf "$OUT"' EXIT
PATH=$PATH:/usr/sbin:/sbin

# The command lines. OUT and TREE are put in; the first one is what the others are compared with.
competitors()
{
	cat <<-END
		mkfs.cramfs|mkfs.cramfs TREE OUT
		mkxipfs --no-xip|$MKXIPFS --quiet -q --no-xip TREE OUT
		mkxipfs --no-xip --level=6|$MKXIPFS --quiet -q --no-xip --level=6 TREE OUT
		mkxipfs (in place)|$MKXIPFS --quiet -q TREE OUT
		genromfs|genromfs -d TREE -f OUT
		mksquashfs -b 4096|mksquashfs TREE OUT -b 4096 -noappend -no-progress -quiet
		mkfs.erofs -zlz4hc|mkfs.erofs -zlz4hc OUT TREE
	END
}

# measure NAME COMMAND: sets bytes, seconds, peak (KiB) and remembers them for the promises.
measure()
{
	local command=$2

	rm -f "$OUT/image"
	# shellcheck disable=SC2086 # a command line
	/usr/bin/time -o "$OUT/peak" -f %M $command >/dev/null 2>"$OUT/log" || {
		cat "$OUT/log" >&2
		return 1
	}
	peak=$(tail -1 "$OUT/peak")
	bytes=$(stat -c %s "$OUT/image")
	hyperfine -N --style none --warmup 1 --runs "$RUNS" --export-json "$OUT/times" \
		--prepare "rm -f $OUT/image" "$command" >/dev/null 2>&1
	seconds=$(jq '.results[0].mean' "$OUT/times")
	printf '%s|%s|%s|%s\n' "$tree" "$1" "$bytes" "$seconds" >>"$OUT/results"
}

table()
{
	local name command bytes seconds peak first_bytes='' first_seconds

	echo
	echo "**$1**: $2"
	echo
	echo "| program | bytes | size | time | times | memory |"
	echo "|---|--:|--:|--:|--:|--:|"
	while IFS='|' read -r name command; do
		command=${command//TREE/$CACHE/$tree}
		measure "$name" "${command//OUT/$OUT/image}" || {
			echo "| $name | fails | | | | |"
			continue
		}
		first_bytes=${first_bytes:-$bytes}
		first_seconds=${first_seconds:-$seconds}
		awk -v n="$name" -v b="$bytes" -v s="$seconds" -v p="$peak" -v fb="$first_bytes" \
			-v fs="$first_seconds" 'BEGIN {
			printf "| %s | %d | %.1f %% | %.2f s | %.2f | %d MiB |\n", n, b, 100 * b / fb,
				s, s / fs, p / 1024
		}'
	done
}

# Zopfli takes its time, so it has a small tree of its own.
zopfli_table()
{
	tree=few
	table "A few binaries" "$(describe few)" <<-END
		mkfs.cramfs|mkfs.cramfs TREE OUT
		mkxipfs --no-xip|$MKXIPFS --quiet -q --no-xip TREE OUT
		mkxipfs --compressor=zopfli|$MKXIPFS --quiet -q --no-xip --compressor=zopfli TREE OUT
	END
}

describe()
{
	find "$CACHE/$1" -type f -printf '%s\n' |
		awk '{ n++; b += $1 } END { printf "%d files, %.1f MB", n, b / 1e6 }'
}

# promise WHAT TREE PROGRAM FIELD LIMIT: the figure is at most LIMIT times mkfs.cramfs's.
promise()
{
	awk -F '|' -v what="$1" -v tree="$2" -v name="$3" -v field="$4" -v limit="$5" '
		$1 == tree && $2 == "mkfs.cramfs" { theirs = $field }
		$1 == tree && $2 == name { ours = $field }
		END {
			good = theirs > 0 && ours > 0 && ours <= limit * theirs
			printf "%s %s: %s: %.3f (at most %.3f)\n", good ? "ok" : "not ok", tree, what,
				theirs > 0 ? ours / theirs : 0, limit
			exit !good
		}' "$OUT/results" || failed=$((failed + 1))
	count=$((count + 1))
}

promises()
{
	count=0 failed=0
	for tree in binaries text copies; do
		promise "size" $tree "mkxipfs --no-xip" 3 0.987
		promise "size, level 6" $tree "mkxipfs --no-xip --level=6" 3 1
	done
	promise "time" binaries "mkxipfs --no-xip" 4 1
	promise "time" text "mkxipfs --no-xip" 4 1.8
	promise "time, level 6" binaries "mkxipfs --no-xip --level=6" 4 0.25
	promise "time, level 6" text "mkxipfs --no-xip --level=6" 4 0.25
	echo "$((count - failed)) passed, $failed failed"
	((failed == 0))
}

main()
{
	make_trees "$CACHE"
	echo "Measured on $(date -u +%Y-%m-%d) by \`tests/run.sh bench\`, $(nproc) cores" \
		"($(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | sort -u | sed q)); size and" \
		"times are in proportion to mkfs.cramfs."
	tree=binaries
	competitors | table "Binaries" "$(describe binaries), ELF of Debian 12 for armhf"
	tree=text
	competitors | table "Text" "$(describe text)"
	tree=copies
	competitors | table "Copies" "$(describe copies), 40 of them different"
	zopfli_table
	echo
	promises
}

main
