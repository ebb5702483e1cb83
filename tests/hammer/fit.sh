# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What --fit chooses for a partition that is too small for all programs is what the chip then does. Read by run.sh.

# Programs of 2, 4 and 7 pages beside BusyBox, in a tree of their own.
make_fit_tree()
{
	local pages

	"$TARGET/build.sh" stm32f746-onchip --out="$WORK/out/plain" >/dev/null || return 1
	rm -rf "$WORK/fit"
	cp -a "$WORK/out/plain/root/tree" "$WORK/fit"
	mkdir "$WORK/fit/test"
	for pages in 2 4 7; do
		"$WORK/out/libc/libc/bin/arm-uclinuxfdpiceabi-gcc" -static -nostdlib -Os -s -Wall -Wextra -Werror \
			-Wl,-z,stack-size=8192 -DPAGES=$pages -o "$WORK/fit/test/fit-$pages" "$HERE/guest/maps.c" || return 1
	done
}

# fit_image SIZE: $WORK/fit.img within that size, and what was chosen.
fit_image()
{
	mkxipfs -q -D "$TARGET/root.table" --fit --max-size="$1" --report="$WORK/fit.json" "$WORK/fit" "$WORK/fit.img" &&
		jq -r '.entries[] | select(.fit and (.path | test("^/test/|/busybox$"))) | "\(.path) \(.fit) \(.fit_ram_pages)"' "$WORK/fit.json" >"$WORK/fit.chosen" &&
		cat "$WORK/fit.chosen"
}

# text_of PROGRAM: whether the chip has its text in flash, or a copy of so many pages.
text_of()
{
	local start end first size

	IFS='- ' read -r start end _ < <(sed -n "/^@maps ${1##*/}/,/^@/p" "$WORK/fit.log" | grep -a ' r-xp ')
	read -r first size _ < <(partition root "$WORK/out/plain/dtb/board.dtb")
	if ((0x$start >= first && 0x$end <= first + size)); then
		echo in-place $(((0x$end - 0x$start) / 4096))
	else
		echo compressed $(((0x$end - 0x$start) / 4096))
	fi
}

# With 3 pages too little the program of 4 pages is the one to be copied: that of 2 would not do, any other
# is larger.
fits_as_chosen()
{
	local address name choice pages all pairs=() runs=()

	make_fit_tree && fit_image 1M || return 1
	all=$(stat -c %s "$WORK/fit.img")
	fit_image $((all - 3 * 4096)) || return 1
	grep -x '/bin/busybox in-place [0-9]*' "$WORK/fit.chosen" && grep -x '/test/fit-2 in-place [0-9]*' "$WORK/fit.chosen" &&
		grep -x '/test/fit-4 compressed [0-9]*' "$WORK/fit.chosen" &&
		grep -x '/test/fit-7 in-place [0-9]*' "$WORK/fit.chosen" || return 1
	for pages in 2 4 7; do
		runs+=(--run="echo @\"\"maps fit-$pages; /test/fit-$pages")
		pairs+=("maps fit-$pages=/test/fit-$pages")
	done
	boot f746 "$WORK/fit.log" --image="$WORK/fit.img" "${runs[@]}" || return 1
	while read -r name choice pages; do
		[[ $name != /bin/busybox ]] || continue
		echo "$name: chosen was $choice, $pages pages; on the chip $(text_of "$name")"
		[[ $(text_of "$name") == "$choice $pages" ]] || return 1
	done <"$WORK/fit.chosen"
	read -r address _ < <(partition root "$WORK/out/plain/dtb/board.dtb")
	xipfs-dump --json --ram=nommu --flash-addr="$address" "$WORK/fit.img" >"$WORK/fit.ram" &&
		python3 "$TOP/tests/target/ram.py" "$WORK/fit.log" "$WORK/fit.ram" "${pairs[@]}"
}
