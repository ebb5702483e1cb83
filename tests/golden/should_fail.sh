# shellcheck shell=bash disable=SC2086,SC2016 # options are split, inner shells expand
# SPDX-License-Identifier: GPL-2.0-or-later
# Each rule of the format, broken once in an image encoded by hand: the check of that name finds it.
# The addresses are those of the text files beside this one.

# broken CHECK IMAGE [OFFSET HEX]...: the image with these bytes, and the CRC right again.
broken()
{
	local image=$2
	shift 2

	hand_image $image
	mv $image.img bad.img
	while (($#)); do
		if [[ $1 == size ]]; then
			truncate -s $(($2)) bad.img
		else
			patch_bytes bad.img $1 "$2"
		fi
		shift 2
	done
	hand_crc_fix bad.img $image
}

# The image is in error: exit 4, the check names itself, alone as well, and no other way of looking
# at the image crashes.
should_fail()
{
	broken "$@"
	status 4 xipfs-dump --check bad.img
	matches out "^error: $1: "
	status 4 xipfs-dump --check=$1 bad.img
	matches out "^error: $1: "
	survives
}

should_warn()
{
	broken "$@"
	status 0 xipfs-dump --check bad.img
	matches out "^warning: $1: "
	status 0 xipfs-dump --check=$1 bad.img
	matches out "^warning: $1: "
	survives
}

# No super block that a kernel would mount: nothing else can be said of it.
should_not_open()
{
	broken "$@"
	fails 4 'super block|root' xipfs-dump --check bad.img
	fails 8 . xipfs-dump bad.img
	fails 8 . xipfs-dump --list bad.img
}

survives()
{
	local option code

	for option in --list --map --json --extract=out --tar=out.tar --diff=bad.img --cat=/file \
		--blocks=/file --svg=map.svg '--html=page.html --diff=bad.img' ''; do
		code=0
		timeout 60 xipfs-dump $option bad.img >out.txt 2>err.txt || code=$?
		case $code in
		0 | 1 | 8) ;;
		*) tail -20 err.txt; fail "exit status $code of xipfs-dump $option" ;;
		esac
	done
}

wrong_crc()
{
	hand_image plain-le
	patch_bytes plain-le.img 0x900 01
	status 4 xipfs-dump --check plain-le.img
	matches out '^error: crc: '
	status 0 xipfs-dump --check=names,order plain-le.img
}

unknown_check()
{
	hand_image plain-le
	fails 16 'frob' xipfs-dump --check=crc,frob plain-le.img
}

cut_file()
{
	hand_image plain-le
	local size
	for size in 0 1 4 75 76 100 300 4095; do
		head -c $size plain-le.img >bad.img
		local code=0
		xipfs-dump --check bad.img >out 2>err || code=$?
		equal $code 4 "the exit status at $size bytes"
		[[ -s out || -s err ]] || fail "no word about $size bytes"
	done
}

is_no_image()
{
	hand_image plain-le
	patch_bytes plain-le.img 0 44
	status 4 xipfs-dump --check plain-le.img
	fails 8 'cramfs|super block' xipfs-dump plain-le.img
	fails 8 . xipfs-dump --list /dev/null
	fails 8 'No such file' xipfs-dump nowhere.img
	fails 8 . xipfs-dump .
}

# As cramfs_uncompress_block(), which looks at nothing behind the stream.
bytes_behind_stream()
{
	broken inflate plain-le 0xf8 26
	status 0 xipfs-dump --check bad.img
	hand_image plain-le
	xipfs-dump --cat=/file plain-le.img >right
	status 0 xipfs-dump --cat=/file bad.img
	same right out
}

# Without the image's size the kernel takes 256 MiB, which mtd_point() does not give it.
no_size_no_xip()
{
	hand_image xip-le
	status 0 xipfs-dump --check xip-le.img
	matches_not out 'xip-nommu'
	patch_bytes xip-le.img 0x08 02
	status 0 xipfs-dump --check=xip-nommu xip-le.img
	matches out '^warning: xip-nommu: .*256 MiB'
}

# Every rule has a test here.
all_checks_are_tested()
{
	check_names | sort >names
	(($(wc -l <names) >= 20)) || fail "no table of checks found"
	sed -n 's/^check ".*" should_\(fail\|warn\) \([a-z-]*\) .*/\2/p' \
		"$TOP/tests/golden/should_fail.sh" | sort -u >tested
	echo crc >>tested
	sort -o tested tested
	diff names tested || fail "checks without a test (<)"
}

# The headers of the ELF in xip-be.txt, to stand elsewhere.
elf_of_xip_be=$("$TOP/tests/golden/assemble" "$TOP/tests/golden/xip-be.txt" |
	xxd -p | tr -d '\n')
elf_of_xip_be=${elf_of_xip_be:8192:232} # from byte 4096 on, 116 bytes

check "super: an unknown flag" should_not_open super plain-le 0x09 10
check "super: root is no directory" should_not_open super plain-le 0x41 81
check "super: root not behind the super block" should_fail super plain-le 0x48 0005
check "super: size larger than the file" should_fail super plain-le 0x05 20
check "super: signature" should_fail super plain-le 0x10 63
check "crc: a byte changed" wrong_crc
check "bounds: root directory past the end" should_fail bounds plain-le 0x44 ffff
check "bounds: directory past the end" should_fail bounds plain-le 0x78 4100ff0f
check "bounds: directory ends inside an entry" should_fail bounds plain-le 0x74 1f
check "bounds: directory ends inside an inode" should_fail bounds plain-le 0x74 18
check "bounds: table past the end" should_fail bounds plain-le 0xac 41ffff
check "loops: a directory that contains itself" should_fail loops plain-le 0x74 88 0x78 c104
check "loops: a directory inside another" should_fail loops plain-le 0x74 10 0x78 010a
check "loops: two names for one directory" should_fail loops plain-le 0x80 ed41 0x84 20 0x88 420d
check "names: dot" should_fail names plain-le 0xe0 2e00
check "names: dot dot" should_fail names plain-le 0xe0 2e2e
check "names: a slash" should_fail names plain-le 0xe0 2f
check "names: a NUL inside" should_fail names plain-le 0xe1 006e
check "names: nothing but NULs" should_fail names plain-le 0xe0 0000
check "names: no length" should_fail names plain-le 0xdc c0
check "padding: four NULs" should_fail padding plain-le 0x5b 0000
check "order: char after sock" should_fail order plain-le 0x6c 7a
check "order: bytes are unsigned" should_fail order plain-le 0xe0 ff
check "duplicates: file twice" should_fail duplicates plain-le 0xa0 66696c65
check "modes: no type" should_fail modes plain-le 0x81 01
check "modes: type 3" should_fail modes plain-le 0x81 31
check "modes: type 15" should_fail modes plain-le 0x81 f1
check "devices: 17 bits" should_fail devices plain-le 0x66 01
check "sizes: a file with a size and no data" should_fail sizes plain-le 0xac 0100
check "sizes: a symlink longer than a page" should_fail sizes plain-le 0xb8 0110
check "sizes: an empty symlink" should_fail sizes plain-le 0xb8 0000
check "symlinks: a NUL in the target" should_fail symlinks plain-le 0x12c 78da4bc92c62c8cc030007730217
check "read-ahead: the last entry near the end" should_fail read-ahead plain-le \
	size 0x160 0x04 6001
check "shared-inode: modes differ" should_fail shared-inode shared-le 0x64 c108
check "shared-inode: types differ" should_fail shared-inode shared-le 0x6c ffa1
check "shared-inode: owners differ" should_fail shared-inode shared-le 0x6e 01
check "overlap: a table inside another" should_fail overlap plain-le 0xbc 810f
check "overlap: a block over another file's table" should_fail overlap plain-le 0x128 5001
check "blocks: an end before the start" should_fail blocks plain-le 0xf4 f000
check "blocks: an end past the image" should_fail blocks plain-le 0xf9 20
check "blocks: a stored block of 4097 bytes" should_fail blocks extended-le 0xc0 c910
check "blocks: a compressed block of 12 KiB" should_fail blocks extended-le 0xc0 c8300000
check "blocks: a direct block past the image" should_fail blocks extended-le 0x7c 00ff
check "blocks: the length of a direct block past the image" should_fail blocks extended-le \
	0x70 ff0f 0x3ffc ffff
check "inflate: a changed byte" should_fail inflate plain-le 0x104 ff
check "inflate: a changed Adler-32" should_fail inflate plain-le 0x117 5c
check "inflate: too short a block" should_fail inflate plain-le 0xa8 06
check "inflate: too long a block" should_fail inflate plain-le 0xa8 04
check "inflate: a preset dictionary" should_fail inflate plain-le 0xfc 7820
check "inflate: a window of 64 KiB" should_fail inflate plain-le 0xfc 881c
check "inflate: bytes behind the stream are padding" bytes_behind_stream
check "pointer-flags: not announced" should_fail pointer-flags extended-le 0x08 0301
check "holes: not announced" should_warn holes holes-be 0x0a 00
check "counts: one file more" should_warn counts plain-le 0x2c 0c
check "counts: one block more" should_warn counts plain-le 0x28 05
check "last-block: direct, uncompressed, full" should_warn last-block extended-le 0x50 0040
check "byte-order: a big-endian ELF" should_fail byte-order xip-le 0x1005 02 0x1010 0002
check "xip-nommu: no size in the super block" no_size_no_xip
check "xip-overlap: two inodes, the same pages" should_fail xip-overlap xip-le \
	0x74 ed89 0x118 000400c0000800c0
check "xip-overlap: page-rounded ranges" should_fail xip-overlap xip-tight
check "xip-align: sections of 64 bytes at 32" should_warn xip-align xip-sections
check "xip-tail: a byte behind the end of the file" should_warn xip-tail xip-be 0x70 c0000800 0x2010 01
check "xip-nommu: a page elsewhere" should_warn xip-nommu xip-sections 0x64 48
check "xip-mmu: no page address" should_warn xip-mmu xip-be \
	0x6c c0000408 0x70 80002030 0x1020 "$elf_of_xip_be"
check "xip-mmu: a page off its boundary, behind a compressed one" should_warn xip-mmu xip-pages 0x68 01
check "a check of no such name: exit 16" unknown_check
check "an image cut short" cut_file
check "no image at all" is_no_image
check "every check has a test" all_checks_are_tested
