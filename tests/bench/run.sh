#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# usage: tests/bench/run.sh BUILD-DIRECTORY        (through: tests/run.sh bench)
# Compares mkxipfs with mkfs.cramfs, genromfs, mksquashfs and mkfs.erofs on three trees, its levels
# on three, stripping and zopfli on one each; prints Markdown tables of size, time and memory, then
# whether the promises of the README hold.
#
# Each program runs once to warm the caches and then RUNS (default 3) times, in turns with the
# others. The shortest time counts: what disturbs a run only adds to it. The trees are kept in
# ~/.cache/mkxipfs/bench.
set -euo pipefail

TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
source "$TOP/tests/lib/packages.sh"
source "$TOP/tests/bench/trees.sh"

MKXIPFS=$1/src/mkxipfs/mkxipfs
CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/mkxipfs/bench
RUNS=${RUNS:-3}
OUT=$(mktemp -d "${TMPDIR:-/tmp}/mkxipfs-bench.XXXXXX")
trap 'rm -rf "$OUT"' EXIT

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

# measure NAME COMMAND: adds a line "tree|name|bytes|seconds|CPU seconds|KiB" to the runs.
measure()
{
	local seconds user system peak

	rm -f "$OUT/image"
	# shellcheck disable=SC2086 # a command line
	/usr/bin/time -o "$OUT/time" -f '%e %U %S %M' $2 >/dev/null 2>"$OUT/log" || {
		cat "$OUT/log" >&2
		return 1
	}
	read -r seconds user system peak < <(tail -1 "$OUT/time")
	printf '%s|%s|%s|%s|%s|%s\n' "$tree" "$1" "$(stat -c %s "$OUT/image")" "$seconds" \
		"$(awk "BEGIN { print $user + $system }")" "$peak" >>"$OUT/runs"
}

# measure_all RUNS: reads competitors; with more than one run the first is not counted.
measure_all()
{
	local runs=$1 run name command

	cat >"$OUT/competitors"
	: >"$OUT/runs"
	for ((run = 0; run < runs; run++)); do
		((run != 1)) || : >"$OUT/runs"
		while IFS='|' read -r name command; do
			command=${command//TREE/$CACHE/$tree}
			measure "$name" "${command//OUT/$OUT/image}" </dev/null ||
				echo "$tree|$name|fails" >>"$OUT/runs"
		done <"$OUT/competitors"
	done
}

# table TITLE DESCRIPTION: the shortest run of each, also to the results.
table()
{
	echo
	echo "**$1**: $2"
	echo
	echo "| program | bytes | size | time | times | CPU | memory |"
	echo "|---|--:|--:|--:|--:|--:|--:|"
	awk -F '|' -v results="$OUT/results" '
		!($2 in line) { order[++n] = $2; line[$2] = $0; least[$2] = $4 }
		$4 < least[$2] { line[$2] = $0; least[$2] = $4 }
		END {
			split(line[order[1]], first)
			for (i = 1; i <= n; i++) {
				split(line[order[i]], f)
				if (f[3] == "fails") {
					printf "| %s | fails | | | | | |\n", f[2]
					continue
				}
				print line[order[i]] >> results
				printf "| %s | %d | %.1f %% | %.2f s | %.2f | %.2f s | %d MiB |\n", f[2], f[3],
					100 * f[3] / first[3], f[4], f[4] / first[4], f[5], f[6] / 1024
			}
		}' "$OUT/runs"
}

# The levels among which the default was chosen.
levels_table()
{
	local level

	measure_all $((RUNS + 1)) < <(
		echo "mkfs.cramfs|mkfs.cramfs TREE OUT"
		echo "the default|$MKXIPFS --quiet -q --no-xip TREE OUT"
		for level in 6 9 10 11 12; do
			echo "level $level|$MKXIPFS --quiet -q --no-xip --level=$level TREE OUT"
		done
	)
	table "Levels, $tree" "$(describe "$tree")"
}

# Programs with 30 % of sections that no segment has.
strip_table()
{
	tree=sections
	measure_all 1 <<-END
		mkxipfs (in place)|$MKXIPFS --quiet -q TREE OUT
		mkxipfs --strip|$MKXIPFS --quiet -q --strip TREE OUT
	END
	table "Sections" "$(describe sections), in place"
}

# Zopfli takes its time, so it has a small tree of its own. Zopfli as it comes, on the same blocks
# and with one thread, goes to zopfli: bytes and CPU seconds, and what mkxipfs makes of it.
zopfli_table()
{
	tree=few
	measure_all 1 <<-END
		mkfs.cramfs|mkfs.cramfs TREE OUT
		mkxipfs --no-xip|$MKXIPFS --quiet -q --no-xip TREE OUT
		mkxipfs --compressor=zopfli|$MKXIPFS --quiet -q --no-xip --compressor=zopfli TREE OUT
	END
	table "A few binaries" "$(describe few)"
	gcc -O2 -I/usr/include/zopfli -o "$OUT/zopfli" "$TOP/tests/bench/zopfli_blocks.c" -lzopfli
	/usr/bin/time -o "$OUT/time" -f '%U' "$OUT/zopfli" "$CACHE"/few/* >"$OUT/bytes"
	/usr/bin/time -o "$OUT/our-time" -f '%U' "$MKXIPFS" -q -j 1 --no-xip --compressor=zopfli \
		"$CACHE/few" "$OUT/image" |
		sed -n 's/^  compressed  [0-9]* -> \([0-9]*\) .*/\1/p' >"$OUT/our-bytes"
	{
		echo "few|zopfli's own|$(tail -n 1 "$OUT/bytes")||$(tail -n 1 "$OUT/time")"
		echo "few|of mkxipfs|$(cat "$OUT/our-bytes")||$(tail -n 1 "$OUT/our-time")"
	} >>"$OUT/results"
}

describe()
{
	find "$CACHE/$1" -type f -printf '%s\n' |
		awk '{ n++; b += $1 } END { printf "%d files, %.1f MB", n, b / 1e6 }'
}

# promise WHAT TREE PROGRAM FIELD LIMIT [OTHER]: the figure is at most LIMIT times that of OTHER,
# mkfs.cramfs unless given.
promise()
{
	awk -F '|' -v what="$1" -v tree="$2" -v name="$3" -v field="$4" -v limit="$5" \
		-v other="${6:-mkfs.cramfs}" '
		$1 == tree && $2 == other { theirs = $field }
		$1 == tree && $2 == name { ours = $field }
		END {
			good = theirs > 0 && ours > 0 && ours <= limit * theirs
			part = theirs > 0 ? ours / theirs : 0
			printf "%s %s: %s: %.4f (at most %.4f)\n", (good ? "ok" : "not ok"), tree, what,
				part, limit
			exit !good
		}' "$OUT/results" || failed=$((failed + 1))
	count=$((count + 1))
}

promises()
{
	count=0 failed=0
	for tree in binaries text; do
		promise "size" $tree "mkxipfs --no-xip" 3 0.987
	done
	# Some 310 pages: one is 0.32 % of them, and here lies between level 12 and all below it.
	promise "size" copies "mkxipfs --no-xip" 3 0.988
	promise "size, level 12" copies "mkxipfs --no-xip --level=12" 3 0.987
	for tree in binaries text copies; do
		promise "size, level 6" $tree "mkxipfs --no-xip --level=6" 3 1
	done
	for tree in binaries x86 text; do
		promise "time" $tree "the default" 4 0.8
		promise "time, level 6" $tree "level 6" 4 0.25
		promise "size, of level 12's" $tree "the default" 3 1.001 "level 12"
	done
	promise "size, stripped" sections "mkxipfs --strip" 3 0.86 "mkxipfs (in place)"
	promise "bytes of zopfli" few "of mkxipfs" 3 1.0001 "zopfli's own"
	promise "CPU time of zopfli" few "of mkxipfs" 5 0.2 "zopfli's own"
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
	measure_all $((RUNS + 1)) < <(competitors)
	table "Binaries" "$(describe binaries), ELF of Debian 12 for armhf"
	tree=text
	measure_all $((RUNS + 1)) < <(competitors)
	table "Text" "$(describe text)"
	tree=copies
	measure_all $((RUNS + 1)) < <(
		competitors
		echo "mkxipfs --no-xip --level=12|$MKXIPFS --quiet -q --no-xip --level=12 TREE OUT"
	)
	table "Copies" "$(describe copies), 40 of them different"
	for tree in binaries x86 text; do
		levels_table
	done
	strip_table
	zopfli_table
	echo
	promises
}

main
