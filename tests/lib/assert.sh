# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What the tests are written with. A test ends at the first command that fails; "fail" says why.

fail()
{
	echo "FAIL: $*"
	return 1
}

# skip WHY ends a test that cannot run on this machine; it counts as neither passed nor failed. Not
# for use in a subshell.
skip()
{
	echo "SKIP: $*"
	exit 77
}

# status CODE COMMAND... runs COMMAND with its output in ./out and ./err and wants this exit status.
status()
{
	local want=$1 got=0
	shift

	timeout 300 "$@" >out 2>err || got=$?
	((got == want)) && return
	echo "--- stdout"; tail -5 out
	echo "--- stderr"; tail -15 err
	fail "exit status $got, not $want, of: $*"
}

# fails CODE PATTERN COMMAND...: this exit status, an error on standard error that matches
# the extended regular expression, and no crash of a sanitizer.
fails()
{
	local code=$1 pattern=$2
	shift 2

	status "$code" "$@"
	grep -Eq -- "$pattern" err || {
		cat err
		fail "no message like '$pattern' from: $*"
	}
}

# one_line FILE: exactly one line in it.
one_line()
{
	(($(wc -l <"$1") == 1)) || {
		cat "$1"
		fail "$1 is not one line"
	}
}

empty()
{
	[[ ! -s $1 ]] || {
		head -5 "$1"
		fail "$1 is not empty"
	}
}

absent()
{
	[[ ! -e $1 && ! -L $1 ]] || fail "$1 exists"
}

# same FILE1 FILE2: equal bytes.
same()
{
	cmp "$1" "$2" || fail "$1 and $2 differ"
}

# equal GOT WANT WHAT
equal()
{
	[[ $1 == "$2" ]] || fail "${3:-value} is '$1', not '$2'"
}

# matches FILE PATTERN: a line of FILE matches the extended regular expression.
matches()
{
	grep -Eq -- "$2" "$1" || {
		head -20 "$1"
		fail "$1 has no line like '$2'"
	}
}

matches_not()
{
	! grep -E -- "$2" "$1" || fail "$1 has a line like '$2'"
}

# refuses_source PATTERN [OPTION...] SOURCE...: mkxipfs says so in one line, and makes no image.
refuses_source()
{
	local pattern=$1
	shift

	fails 8 "$pattern" mkxipfs -q "$@" no.img
	one_line err
	absent no.img
}

# json IMAGE FILTER [OPTION...] prints what jq finds in the inspector's JSON.
json()
{
	local image=$1 filter=$2
	shift 2

	xipfs-dump --json "$@" "$image" | jq -r "$filter"
}

# le32 FILE OFFSET, be32 FILE OFFSET: the 32-bit number there, in decimal; read by xxd.
be32()
{
	echo $((16#$(xxd -s "$2" -l 4 -p "$1")))
}

le32()
{
	local hex

	hex=$(xxd -s "$2" -l 4 -p "$1")
	echo $((16#${hex:6:2}${hex:4:2}${hex:2:2}${hex:0:2}))
}

# slice FILE OFFSET LENGTH: these bytes of the file, or fewer at its end.
slice()
{
	dd if="$1" iflag=skip_bytes,count_bytes skip=$(($2)) count=$(($3)) status=none
}

# zeros COUNT: that many zero bytes.
zeros()
{
	head -c "$1" /dev/zero
}

# noise COUNT [SEED]: bytes that do not compress, the same on every machine.
noise()
{
	awk -v n="$1" -v seed="${2:-1}" 'BEGIN {
		x = seed * 7919 + 12345
		for (i = 0; i < n; i++) {
			x = (x * 16807) % 2147483647
			printf "%02x", int(x / 8) % 256
		}
	}' | xxd -r -p
}

# text COUNT [SEED]: bytes that compress well, the same on every machine.
text()
{
	awk -v n="$1" -v seed="${2:-1}" 'BEGIN {
		x = seed * 104729 + 1
		for (i = 0; i < n; i += length(line)) {
			x = (x * 16807) % 2147483647
			line = sprintf("%d: the quick brown fox of page %d\n", i, x % 97)
			printf "%s", substr(line, 1, n - i)
		}
	}'
}

need_terminal()
{
	script -qec true /dev/null >/dev/null 2>&1 </dev/null ||
		skip "no terminal can be made here; is /dev/pts mounted?"
}

# on_terminal COLUMNS COMMAND: runs it on a terminal of its own, as wide as that; what it shows is in ./shown.
on_terminal()
{
	local status=0

	need_terminal
	TERM=xterm script -qefc "stty cols $1; $2" /dev/null >typescript 2>&1 </dev/null || status=$?
	tr -d '\r' <typescript >shown
	return $status
}

# check_names: the names of all checks of xipfs-dump --check, from their rows in the source.
check_names()
{
	sed -n 's/^\t{{"\([a-z-]*\)",.*/\1/p' "$TOP"/src/check/checks_*.c
}

# clean_of_host IMAGE: xipfs-dump --check finds nothing wrong with an image of this machine's programs. In a
# big-endian one it must find their byte order, and nothing else.
clean_of_host()
{
	if [[ $(json "$1" .byte_order) != big ]]; then
		xipfs-dump --check "$1"
		return
	fi
	xipfs-dump --check "$1" >checked && fail "$1 is clean, though its programs are little-endian"
	matches checked '^error: byte-order: '
	! grep '^error: ' checked | grep -v '^error: byte-order: ' || fail "$1 breaks other rules, too"
}

# in_own_mounts COMMANDS: a shell that knows the functions at hand, whose mounts end with it.
in_own_mounts()
{
	local flags=-m

	((EUID == 0)) || flags=-rm
	unshare $flags true 2>log || skip "no mount namespace can be made here: $(cat log)"
	declare -f >functions
	unshare $flags bash -c "set -e; source ./functions; $*"
}
