# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A web server behind a serial line of a chip. run.sh sources it.

# make_slip BOARD
make_slip()
{
	"$TARGET/build.sh" --out="$WORK/$1" --overlay="$WORK/overlay" "$1"
}

# slip_boot BOARD SEED PARALLEL [OPTION...]: clients, a flood from beyond the line, and clients again when the server no longer
# repeats its answers to what was half open. While it does, or a flood fills the line, characters are lost that the USART has
# no room for, and some are at any time. Who has lost a request twice waits for longer than the ten seconds that httpd does,
# and asks again. 11 pages one by one, and 20 requests, some at a time, are some 350 kB: a minute and a half at 4 kB a second.
slip_boot()
{
	local log=$WORK/$1-$2.log client="exec python3 $HERE/client.py" again="--again 5 --within 400"
	local pages=$WORK/overlay/www/test http own guest

	read -r http own guest < <(python3 "$HERE/client.py" ports)
	"$TARGET/boot.sh" "$1" --out="$WORK/$1" --timeout=1500 --log="$log" \
		--qemu="-net user,hostfwd=tcp:127.0.0.1:$http-:80 -net socket,udp=127.0.0.1:$own,localaddr=127.0.0.1:$guest" \
		--host="$client request $http $pages 11 1 $2 $again" --host="$client half-open $own $guest 1000 $2" \
		--host="$client garbage $own $guest 1000 $2" --run="sleep $FORGET" --host="$client request $http $pages 20 $3 $2 $again" \
		--run='grep Available /proc/meminfo' --run='ps' --run='ifconfig sl0' "${@:4}" \
		>"$log.clients" 2>"$log.said" || {
		sed 's/0x[0-9a-f]*/.../' "$log.said" | uniq -c # what is lost has a line for each character
		cat "$log.clients"
		return 1
	}
	if grep -aE "$FAILURES" "$log"; then
		return 1
	fi
}
