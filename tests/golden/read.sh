# shellcheck shell=bash disable=SC2086,SC2016 # options are split, inner shells expand
# SPDX-License-Identifier: GPL-2.0-or-later
# The inspector and each image encoded by hand: metadata, contents, placement.

# listed IMAGE WANT [OPTION]: the inspector finds these entries.
listed()
{
	hand_image $1
	json $1.img '.entries[] | "\(.path) \(.type) \(.mode) \(.uid):\(.gid) " +
		(if .major != null then "\(.major),\(.minor)" else "\(.size)" end) +
		(if .target then " -> " + .target else "" end)' --list >got
	while read -r path type mode rest; do
		echo "$path $type $((8#$mode)) $rest"
	done <<<"$2" >want
	diff want got || fail "the entries (<) are listed otherwise (>)"
}

plain='/ directory 0755 0:0 136
/block block 0640 0:6 8,1
/char character 0666 0:0 1,3
/dir directory 0755 0:0 32
/dir/in file 0644 1000:50 3
/dir/é file 0444 65535:255 0
/empty file 0600 0:0 0
/fifo fifo 0644 0:0 0
/file file 04755 0:0 4101
/link symlink 0777 0:0 6 -> dir/in
/sock socket 0755 0:0 0'

letters()
{
	zeros "$1" | tr '\0' "$2"
}

# holds IMAGE PATH COMMAND: the file has what COMMAND prints.
holds()
{
	hand_image $1
	eval "$3" >want
	xipfs-dump --cat="$2" $1.img >got
	same want got
	kernel -p "${4:-4096}" cat $1.img "$2" | cmp - want
}

# found IMAGE FILTER WANT OPTION...
found()
{
	local image=$1 filter=$2 want=$3
	shift 3

	hand_image $image
	equal "$(json $image.img "$filter" "$@")" "$want" "$filter"
}

is_clean()
{
	hand_image $1
	status 0 xipfs-dump --check $1.img
	matches out ' 0 errors, 0 warnings'
}

# The CRC in the text is the one that gzip computes.
crc_by_gzip()
{
	local start

	hand_image $1
	start=$(hand_start $1)
	equal "$(xxd -s $((start + 32)) -l 4 -p $1.img)" \
		"$(hand_order $1 "$(hand_crc $1.img $start)")" "the CRC in the text"
}

# Each byte of the image is in one extent.
map_adds_up()
{
	hand_image $1
	json $1.img '.extents[] | "\(.start) \(.length)"' --map | awk '
		$1 != position { print "gap or overlap at " position; bad = 1 }
		{ position = $1 + $2 }
		END { print position; exit bad }' >position
	equal "$(cat position)" "$(stat -c %s $1.img)" "the end of the map"
}

pages_by_the_second_reader()
{
	hand_image xip-pages
	equal "$(kernel map pages xip-pages.img /elf 0 4)" "2 4096" "page by page"
	equal "$(kernel map mmu xip-pages.img /elf 0 4)" "0 0" "with an MMU"
	equal "$(kernel map mmu xip-pages.img /elf 1 3)" "1 4096" "from page 1 on"
}

blocks='[.blocks[] | "\(.kind)@\(.start)+\(.length)"] | join(" ")'

check "plain, little-endian: entries" listed plain-le "$plain"
check "plain, big-endian: entries" listed plain-be "$plain"
check "plain, little-endian: file" holds plain-le /file 'letters 4096 a; echo tail'
check "plain, big-endian: file" holds plain-be /file 'letters 4096 a; echo tail'
check "plain, little-endian: dir/in" holds plain-le /dir/in 'echo in'
check "plain, little-endian: empty" holds plain-le /empty 'true'
check "plain, big-endian: dir/in" holds plain-be /dir/in 'echo in'
check "boot: entries" listed boot-le '/ directory 0755 0:0 16
/in file 0644 0:0 3'
check "boot: in" holds boot-le /in 'echo in'
check "boot: super block" found boot-le '"\(.super.offset) \(.super.name) \(.byte_order)"' \
	'512 behind 512 bytes little'
check "holes: all zeros" holds holes-be '/all zeros' 'zeros 8193'
check "holes: half" holds holes-be /half 'zeros 4096; letters 4096 a'
check "holes: blocks" found holes-be '[.blocks[].kind] | join(" ")' 'hole compressed' --blocks=/half
check "extended: kind" holds extended-le /kind \
	'letters 4096 a; letters 4096 b; zeros 4096; letters 4096 s; echo tail'
check "extended: stored" holds extended-le /stored 'letters 4096 s; echo tail'
check "extended: kinds of blocks" found extended-le '[.blocks[].kind] | join(" ")' \
	'compressed compressed hole xip stored' --blocks=/kind
check "extended: places of blocks" found extended-le "$blocks" \
	'stored@200+4096 stored@4296+5' --blocks=/stored
check "shared: one" holds shared-le /one 'letters 4096 a'
check "shared: priv" holds shared-le /priv 'letters 4096 a'
check "shared: two+" holds shared-le /two+ 'letters 4096 a; echo tail'
check "shared: entries" listed shared-le '/ directory 0755 0:0 64
/one file 0644 0:0 4096
/priv file 0600 0:0 4096
/two file 0644 0:0 4096
/two+ file 04755 0:0 4101'
check "pages of 64 KiB: found out" found page64k-le '.page_size' 65536
check "pages of 64 KiB: big" holds page64k-le /big 'letters 65536 a; echo in' 65536
check "version 1: entries" listed version1-le '/ directory 0755 0:0 32
/z file 0644 0:0 3
/a file 0444 0:0 0'
check "version 1: z" holds version1-le /z 'echo in'

views='.programs[] | "\(.path) \(.loader) \(.nommu.direct) \(.mmu.direct) " +
	([.nommu.mappings[], .mmu.mappings[] | select(.direct_pages > 0) |
		"\(.start)+\(.direct_pages)"] | join(" "))'
check "XIP, little-endian: programs" found xip-le "$views" \
	'/flash fdpic true true 4096+2 4096+2
/uneven fdpic true false 12320+2'
check "XIP, big-endian: programs" found xip-be "$views" \
	'/elf elf false true 4096+1
/flat flat true false 12288+1'
check "XIP, page by page: programs" found xip-pages '.programs[] | [.nommu.pages, .mmu.direct, .mmu.pages,
	.mmu.pagewise_pages, .mmu.mappings[0].pagewise_pages, .mmu.hot_pages, .mmu.cold_pages] | tojson' \
	'[0,false,0,2,2,2,2]'
check "XIP, page by page: --map" found xip-pages '.programs | tojson' \
	'[{"path":"/elf","hot_pages":2,"cold_pages":2}]' --map
check "XIP, not page by page: --map" found xip-le '.programs | tojson' '[]' --map
check "XIP, page by page: --ram" found xip-pages '[.pagewise, .saved_pages,
	.programs[0].objects[0].lines[0].mapped_in_place_pages] | tojson' '[true,2,2]' --ram
check "XIP, page by page: --ram=mmu" found xip-pages '[.pagewise, .saved_pages] | tojson' '[false,0]' \
	--ram=mmu
check "XIP, page by page: the second reader" pages_by_the_second_reader
check "XIP, page by page: content" holds xip-pages /elf '
	echo 7f454c460101010000000000000000000200280001000000740001003400000000000000 \
		0000000534002000010000000000000001000000000000000000010000000100 \
		00380000003800000500000000100000 | xxd -r -p
	letters 4012 N; letters 4096 a; letters 4096 b; letters 2048 c'
check "XIP, physical addresses" found xip-le \
	'.programs[0].nommu.mappings[0].address' $((0x60801000)) --flash-addr=0x60800000
check "XIP, big-endian: blocks" found xip-be "$blocks" 'xip@4096+4096 stored@8192+16' --blocks=/elf

for image in plain-le plain-be boot-le holes-be extended-le shared-le page64k-le version1-le xip-be \
	xip-pages; do
	check "$image has no faults" is_clean $image
done
for image in plain-le plain-be boot-le holes-be extended-le shared-le page64k-le version1-le xip-be \
	xip-le xip-pages; do
	check "$image: the map adds up" map_adds_up $image
	[[ $image == version1-le ]] || check "$image: its CRC is gzip's" crc_by_gzip $image
done
