# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A web server behind a serial line of a chip. run.sh sources it.

make_slip()
{
	"$TARGET/build.sh" --out="$WORK/slip" --overlay="$WORK/overlay" stm32f769-slip
}

# slip_boot SEED: clients, a flood from beyond the line, and clients again half a minute after it: while it fills the line, what
# the USART has no room for is lost, requests as well. 11 pages one by one, and 20 requests, 4 at a time, are some 350 kB,
# which take a minute at 5 kB a second.
slip_boot()
{
	local log=$WORK/slip-$1.log client="exec python3 $HERE/client.py" pages=$WORK/overlay/www/test http own guest

	read -r http own guest < <(python3 "$HERE/client.py" ports)
	"$TARGET/boot.sh" stm32f769-slip --out="$WORK/slip" --timeout=900 --log="$log" \
		--qemu="-net user,hostfwd=tcp:127.0.0.1:$http-:80 -net socket,udp=127.0.0.1:$own,localaddr=127.0.0.1:$guest" \
		--host="$client request $http $pages 11 1 $1" --host="$client half-open $own $guest 1000 $1" \
		--host="$client garbage $own $guest 1000 $1" --run='sleep 30' --host="$client request $http $pages 20 4 $1" \
		--run='grep Available /proc/meminfo' --run='ps' --run='ifconfig sl0' --run='wget -q -O - http://127.0.0.1/test/1 | wc -c' \
		2>"$log.said" || {
		cat "$log.said"
		return 1
	}
	if grep -aE "$FAILURES" "$log"; then
		return 1
	fi
}
