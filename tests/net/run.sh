#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Boots the board with a web server and lets clients and a malicious neighbour at it: usage: run.sh [--linux=VERSION]
#
# In each of NET_BOOTS (20) boots with each of NET_SIZES (512 384) KiB of RAM: 1,000 requests, ten at a time, for pages of
# 1 byte to 64 KiB, whose contents are compared; a flood of 1,000 connections that stay half open, and one of 1,000 frames of
# garbage. No allocation fails, and after each of two rounds no more memory is in use than before. All is on 127.0.0.1. Another
# kernel than 6.12 does the same without the serial line. KEEP=1 keeps the logs.
# shellcheck disable=SC2317 # the tests are called by ok
set -euo pipefail

HERE=$(dirname "$(readlink -f "$0")")
TOP=$(readlink -f "$HERE/../..")
TARGET=$TOP/examples/target
CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/mkxipfs
WORK=$(mktemp -d "${TMPDIR:-/tmp}/mkxipfs-net.XXXXXX")
BOARD=qemu-mps2-net
LINUX=6.12
BOOTS=${NET_BOOTS:-20}
read -r -a SIZES <<<"${NET_SIZES:-512 384}"
LEAK=4096  # bytes: some 30 peers of 144 that the kernel remembers, and a few neighbours
FORGET=80  # seconds, after which the kernel has given up what is half open, pieces of packets, and neighbours
RECOVERY=8 # seconds a request after a flood: QEMU asks for a connection again after six
# shellcheck disable=SC2034 # lib.sh uses them
passed=0 failed=0 status=0

# shellcheck source-path=SCRIPTDIR
source "$TOP/tests/target/lib.sh"
# shellcheck source-path=SCRIPTDIR
source "$HERE/slip.sh"

# What must not be seen on the console.
FAILURES='page allocation failure|invoked oom-killer|Out of memory|nommu: Allocation of|Kernel panic|Oops|BUG:|WARNING:|can.t execute|not found|failed|process .* exited'

make_board()
{
	python3 "$HERE/client.py" make-pages "$WORK/overlay/www/test"
	"$TARGET/build.sh" --linux="$LINUX" --out="$WORK/out" "$BOARD" libc
	mkdir -p "$WORK/overlay/test"
	"$WORK/out/libc/bin/arm-uclinuxfdpiceabi-gcc" -static -Os -s -Wall -Wextra -Werror -Wl,-z,stack-size=4096 \
		-o "$WORK/overlay/test/forget" "$HERE/guest/forget.c"
	"$TARGET/build.sh" --linux="$LINUX" --out="$WORK/out" --overlay="$WORK/overlay" "$BOARD"
}

# one_boot KIB SEED: all of it, in the file KIB-SEED.log. Before the ledger of a round the kernel has had time for all that ends
# by itself, and has given up all that it remembers until memory is short.
one_boot()
{
	local log=$WORK/$1-$2.log client="exec python3 $HERE/client.py" pages=$WORK/overlay/www/test http own guest requests rounds=()

	read -r http own guest < <(python3 "$HERE/client.py" ports)
	for requests in 200 1000; do
		rounds+=(--host="$client half-open $own $guest 1000 $2"
			--host="$client request $http $pages 11 1 $2 --within $RECOVERY"
			--host="$client garbage $own $guest 1000 $2"
			--host="$client request $http $pages $requests 10 $2"
			--run="sleep $FORGET" --run=/test/forget --run='grep Available /proc/meminfo' --ledger)
	done
	"$TARGET/boot.sh" "$BOARD" --out="$WORK/out" --ram="$1K" --timeout=900 --log="$log" \
		--qemu="-net nic -net user,hostfwd=tcp:127.0.0.1:$http-:80 -net socket,udp=127.0.0.1:$own,localaddr=127.0.0.1:$guest" \
		--run='grep Available /proc/meminfo' --ledger "${rounds[@]}" --run='ps' --run='netstat -t' --run='ifconfig eth0' \
		>"$WORK/$1-$2.ledgers" || return 1
	grep '^client' "$WORK/$1-$2.ledgers"
	if grep -aE "$FAILURES" "$log"; then
		return 1
	fi
	echo "available at the prompt and after each round, KiB: $(available "$log" | xargs)"
	python3 "$HERE/leak.py" "$WORK/$1-$2.ledgers" "$LEAK"
}

# available LOG: KiB at the prompt, after the first round and after the second, a line each.
available()
{
	sed -n 's/^MemAvailable: *\([0-9]*\) kB$/\1/p' "$1"
}

# boots KIB: all of them, some at a time, or the log of one that failed.
boots()
{
	local seed failed=''

	for ((seed = 1; seed <= BOOTS; seed++)); do
		{
			one_boot "$1" "$seed" || echo failed
		} >"$WORK/$1-$seed.said" 2>&1 &
		((seed % (2 * $(nproc)))) || wait # most of the time they sleep
	done
	wait
	for ((seed = 1; seed <= BOOTS; seed++)); do
		[[ $(tail -n 1 "$WORK/$1-$seed.said") != failed ]] || failed=$seed
	done
	cat "$WORK/$1-${failed:-1}.said"
	[[ ! $failed ]] || echo "boot $failed of $BOOTS failed"
	[[ ! $failed ]]
}

# available_idle KIB WANTED: at the prompt of the first boot.
available_idle()
{
	local available

	available=$(available "$WORK/$1-1.log" | head -n 1)
	echo "available with $1 KiB of RAM: $available KiB"
	((available >= $2))
}

# The judge of contents: a page that differs by a byte, or is missing, is a failure.
wrong_pages_are_found()
{
	local http server fails=0

	cp -r "$WORK/overlay/www" "$WORK/wrong"
	printf 'x' >"$WORK/wrong/test/1"
	rm "$WORK/wrong/test/4096"
	read -r http _ < <(python3 "$HERE/client.py" ports)
	(cd "$WORK/wrong" && exec python3 -m http.server --bind 127.0.0.1 "$http" >"$WORK/server.log" 2>&1) &
	server=$!
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		sleep 0.5
		! python3 "$HERE/client.py" request "$http" "$WORK/overlay/www/test" 11 1 1 >"$WORK/wrong.log" || break
		! grep '9 of 11 requests right' "$WORK/wrong.log" || fails=1
		((!fails)) || break
	done
	kill "$server"
	cat "$WORK/wrong.log"
	((fails))
}

# leaks_are_found KIB: the judge of leaks, with two more pages in the last ledger of a boot that passed.
leaks_are_found()
{
	local ledgers=$WORK/$1-1.ledgers

	python3 "$HERE/leak.py" "$ledgers" "$LEAK"
	awk '{ print } /^RAM: / && ++ledgers == 3 { print "      8 KiB  pipes" }' "$ledgers" >"$WORK/leaky"
	! python3 "$HERE/leak.py" "$WORK/leaky" "$LEAK"
}

main()
{
	local size

	trap cleanup EXIT
	find_programs
	if [[ ${1:-} == --linux=* ]]; then
		LINUX=${1#*=}
	fi
	ok "$BOARD: kernel and root in 2 MiB of flash" make_board
	good || return 1
	ok "a page that is wrong or missing would be found" wrong_pages_are_found
	for size in "${SIZES[@]}"; do
		ok "$size KiB of RAM: $BOOTS boots of $BOOTS" boots "$size"
		! good || ok "a leak of 8 KiB would be found" leaks_are_found "$size"
	done
	[[ " ${SIZES[*]} " != *' 512 '* ]] || ok "512 KiB of RAM: 200 KiB are available" available_idle 512 200
	if [[ $LINUX == 6.12 ]]; then
		ok "stm32f769-slip: kernel and root in the flash of the chip" make_slip stm32f769-slip
		! good || ok "stm32f769-slip: a web server behind a serial line, flooded" \
			slip_boot stm32f769-slip 1 4 --run='wget -q -O - http://127.0.0.1/test/1 | wc -c'
		# One client at a time is what 320 KiB of RAM are enough for.
		ok "stm32f746-slip: kernel and root in QSPI NOR" make_slip stm32f746-slip
		! good || ok "stm32f746-slip: a web server behind a serial line, flooded" slip_boot stm32f746-slip 1 1
	fi
	echo "$passed passed, $failed failed"
	((failed == 0 && passed > 0))
}

main "$@"; exit
