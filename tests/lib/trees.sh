# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Source trees and programs to build images of, and how two trees are compared.

# make_tree DIRECTORY: everything that a user who is not root can make, boundary sizes included.
make_tree()
{
	mkdir -p "$1"
	(
		cd "$1"
		umask 022
		mkdir -p bin dir/sub/deeper 'empty dir' sticky
		chmod 1777 sticky
		chmod 2750 dir/sub
		text 10000 >text
		noise 9000 >noise
		noise 1 >dir/1
		noise 4095 2 >dir/4095
		text 4096 >dir/4096
		text 4097 >dir/4097
		noise 8192 3 >dir/8192
		: >dir/0
		zeros 12288 >zeros
		{ zeros 8192; text 500; zeros 4096; } >zeros-inside
		truncate -s 100000 sparse
		printf x | dd of=sparse bs=1 seek=50000 conv=notrunc status=none
		text 10000 >copy # of text
		text 10000 >copy-0600
		chmod 600 copy-0600
		text 10000 >copy-setuid
		chmod 4755 copy-setuid
		ln text hard
		ln dir/0 dir/0-hard
		ln -s dir/4096 link
		ln -s "$(printf 'n%.0s' {1..300})" long-link
		ln -s nowhere dangling
		mkfifo fifo
		printf %s name >$'bytes \xff\x01\n\t"\\'
		printf %s name >'-n'
		printf %s name >"$(printf 'w%.0s' {1..252})"
		printf '#!/bin/sh\n' >bin/script
		chmod 755 bin/script
	)
}

# inventory DIRECTORY: one line an entry, with all that an image keeps. Owners only for root,
# since nobody else can give files away.
inventory()
{
	local owner=''

	((EUID)) || owner='%U:%G '
	(cd "$1" && find . -mindepth 1 \( -type d -printf "%p %y %m $owner\0" -o \
		-printf "%p %y %m $owner%s %l\0" \)) | tr '\n\0' '\001\n' | sort
	(cd "$1" && find . \( -type b -o -type c \) -exec stat -c '%n %t:%T' {} + | sort)
}

# same_tree DIRECTORY1 DIRECTORY2: the same names, contents, modes and (for root) owners.
same_tree()
{
	inventory "$1" >inventory.1
	inventory "$2" >inventory.2
	diff inventory.1 inventory.2 || fail "$1 and $2 differ in names or metadata"
	(cd "$1" && find . -type f -print0) | while IFS= read -r -d '' file; do
		cmp "$1/$file" "$2/$file"
	done || fail "$1 and $2 differ in content"
}

# program KIND FILE: a small program. fdpic: ARM without an MMU, encoded by hand; mips: a big-endian
# ELF, flat: a bFLT, likewise; static, pie, shared: what gcc makes for this machine; fixed: a static
# program as of gcc for ARM.
program()
{
	local source='
		static const char text[8192] = "constant";
		char data[5000] = "data";
		char bss[10000];
		int look(int i) { return text[i & 8191] + data[i % 5000] + bss[i % 10000]; }
		void _start(void) { for (;;) data[0] += look(data[1]); }'

	case $1 in
	fdpic) hand_image xip-le; dd if=xip-le.img of="$2" bs=4096 skip=1 count=2 status=none
		truncate -s $((0x1810)) "$2" ;;
	mips) hand_image xip-be; dd if=xip-be.img of="$2" bs=4096 skip=1 count=2 status=none
		truncate -s $((0x1010)) "$2" ;;
	flat) hand_image xip-be; dd if=xip-be.img of="$2" bs=4096 skip=3 count=2 status=none
		truncate -s $((0x1010)) "$2" ;;
	static) gcc -O1 -nostdlib -static -x c -o "$2" - <<<"$source" ;;
	fixed) arm_gcc "$2" <<<"$source" ;;
	pie) gcc -O1 -nostdlib -fPIE -static-pie -x c -o "$2" - <<<"$source" ;;
	shared) gcc -O1 -nostdlib -fPIC -shared -x c -o "$2" - <<<"$source" ;;
	*) fail "no program of kind $1" ;;
	esac
	chmod 755 "$2"
}

# hand_image NAME: tests/golden/NAME.txt as ./NAME.img.
hand_image()
{
	"$TOP/tests/golden/assemble" "$TOP/tests/golden/$1.txt" >"$1.img"
}

# hand_start NAME: where the super block of that image is.
hand_start()
{
	case $1 in
	boot-*) echo 512 ;;
	*) echo 0 ;;
	esac
}

# hand_crc IMAGE START: the CRC of the image whose super block is at START, as gzip computes it: its
# bytes in little-endian order.
hand_crc()
{
	{
		slice "$1" "$2" 32
		zeros 4
		tail -c +$(($2 + 37)) "$1"
	} | gzip -1c | tail -c 8 | head -c 4 | xxd -p
}

# hand_order NAME CRC: the CRC in the byte order of that image.
hand_order()
{
	case $1 in
	*-be) echo "${2:6:2}${2:4:2}${2:2:2}${2:0:2}" ;;
	*) echo "$2" ;;
	esac
}

# hand_crc_fix IMAGE NAME: puts the right CRC in a changed image.
hand_crc_fix()
{
	local start

	start=$(hand_start "$2")
	patch_bytes "$1" $((start + 32)) "$(hand_order "$2" "$(hand_crc "$1" "$start")")"
}

# patch_bytes FILE OFFSET HEX
patch_bytes()
{
	xxd -r -p <<<"$3" | dd of="$1" bs=1 seek=$(($2)) conv=notrunc status=none
}

# kernel COMMAND ARGUMENT...: what a kernel would do with an image, see cramfs.py.
kernel()
{
	python3 "$TOP/tests/lib/cramfs.py" "$@"
}

# loads ELF: "first-page pages" of each PT_LOAD that is not writable, as the kernel maps it with
# pages of 4096 bytes; by readelf.
loads()
{
	readelf -lW "$1" | awk '
		function hex(text,    i, value) {
			for (i = 3; i <= length(text); i++)
				value = value * 16 + index("0123456789abcdef", substr(text, i, 1)) - 1
			return value
		}
		$1 == "LOAD" && $7 !~ /W/ && $8 !~ /W/ {
			begin = hex($2) - hex($3) % 4096
			print int(begin / 4096), int((hex($2) + hex($6) + 4095) / 4096) - int(begin / 4096)
		}'
}

# in_place nommu|mmu IMAGE PATH PROGRAM: every read-only segment of the program is mapped from
# flash, at a place where the image holds the very bytes of the program.
in_place()
{
	local first count pages start bytes found=0

	while read -r first count; do
		read -r pages start < <(kernel map "$1" "$2" "$3" "$first" "$count")
		((pages == count)) || fail "$1: $pages of $count pages of $3 from page $first are in place"
		bytes=$(stat -c %s "$4")
		bytes=$((bytes - first * 4096 < count * 4096 ? bytes - first * 4096 : count * 4096))
		cmp <(slice "$2" "$start" "$bytes") <(slice "$4" $((first * 4096)) "$bytes") ||
			fail "other bytes in flash than in $4"
		found=$((found + 1))
	done < <(loads "$4")
	((found)) || fail "$4 has no read-only segment"
}

# not_in_place IMAGE PATH: no block of the file is mappable.
not_in_place()
{
	kernel blocks "$1" "$2" >blocks
	[[ -s blocks ]] || fail "$2 has no blocks"
	! grep -q ' xip$' blocks || fail "$2 has XIP blocks"
}

# as_nobody FUNCTION ARGUMENT...: root may read everything, so become somebody who may not.
as_nobody()
{
	if ((EUID)); then
		"$@"
	else
		local program

		mkdir -p bin
		for program in "$MKXIPFS" "$XIPFS_DUMP"; do
			cp "$program" bin
		done
		chmod 755 bin bin/*
		{ declare -f; echo "set -e; PATH=$PWD/bin:\$PATH"; printf '%q ' "$@"; } >script
		setpriv --reuid=65534 --regid=65534 --clear-groups bash script
	fi
}

# arm_gcc FILE OPTION...: what gcc and ld make of the C source on standard input for i386, with the
# machine in its header made ARM: segments of a real linker's, though nothing could run it.
arm_gcc()
{
	local file=$1
	shift

	gcc -m32 -O1 -nostdlib -static -fno-pic -fno-asynchronous-unwind-tables -Wl,--build-id=none \
		-x c -o "$file" - "$@"
	patch_bytes "$file" 18 2800
}

# fdpic_gcc FILE OPTION...: as arm_gcc, with the ABI in its header made FDPIC.
fdpic_gcc()
{
	arm_gcc "$@"
	patch_bytes "$1" 7 41
	readelf -h "$1" | grep -q 'ARM FDPIC'
}
