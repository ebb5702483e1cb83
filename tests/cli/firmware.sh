# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# xipfs-dump on images inside files, from pipes, cut short, of other dialects

small_tree()
{
	mkdir -p tree/dir
	text 20000 >tree/a
	text 9000 2 >tree/dir/b
	noise 9000 3 >tree/z
}

# firmware NAME OFFSET IMAGE: noise, the image at OFFSET, noise.
firmware()
{
	{
		noise "$2" 7
		cat "$3"
		noise 3000 8
	} >"$1"
}

# Every view shows what it shows of the image alone.
offset_in_every_view()
{
	small_tree
	program static tree/static
	mkxipfs -q --quiet tree a.img
	firmware fw.bin 5001 a.img
	local view
	for view in --list --map --blocks=/a --ram --cat=/dir/b --tar=- --top --diff=a.img; do
		xipfs-dump $view a.img >want
		xipfs-dump --offset=5001 $view fw.bin >got
		[[ $view != --diff* ]] || sed -i 1,2d want got # the names of the files
		diff want got || fail "$view differs at an offset"
	done
	xipfs-dump a.img | sed 1d >want
	xipfs-dump --offset=5001 fw.bin | sed 1d | grep -v 'after it' | diff want -
	status 0 xipfs-dump --offset=5001 --check fw.bin
	status 0 xipfs-dump --offset=0x1389 --extract=there fw.bin
	same_tree tree there
	fails 8 'ends at byte' xipfs-dump --offset=1G fw.bin
	one_line err
	fails 16 'offset=here' xipfs-dump --offset=here fw.bin
	fails 16 'offset=' xipfs-dump --offset=99999999999999999999 fw.bin
}

hints_at_the_offset()
{
	small_tree
	mkxipfs -q --quiet tree a.img
	firmware fw.bin 777 a.img
	fails 8 'no super block at 0 or 512; an image begins at byte 777: xipfs-dump --offset=777' \
		xipfs-dump fw.bin
	one_line err
	noise 9000 >noise
	fails 8 'no super block at 0 or 512$' xipfs-dump noise
	one_line err
}

# Both byte orders, both places of the super block, across the border of a buffer, one in another.
finds_all()
{
	small_tree
	mkxipfs -q --quiet -n little tree le.img
	mkxipfs -q --quiet -B -n big tree be.img
	mkxipfs -q --quiet -p -n padded tree boot.img
	mkdir nested
	cp le.img nested/inner
	mkxipfs -q --quiet --xip=inner -n nested nested outer.img
	local mib=1048576
	{
		noise 100
		cat be.img
		zeros $((mib - 40 - 100 - $(stat -c %s be.img)))
		cat le.img boot.img outer.img
		printf 'Compressed ROMFSCompressed ROMFS'
		slice le.img 0 6000
	} >fw.bin
	json fw.bin '.found[] | "\(.offset) \(.super_offset) \(.byte_order) \(.crc_state) \(.name)"' \
		--find >got
	local le boot outer inner cut
	le=$((mib - 40)) boot=$((le + $(stat -c %s le.img)))
	outer=$((boot + $(stat -c %s boot.img)))
	inner=$((outer + $(json outer.img '.entries[] | select(.path == "/inner") | .xip_start' --list)))
	cut=$((outer + $(stat -c %s outer.img) + 32))
	diff got - <<-END
		100 0 big good big
		$le 0 little good little
		$boot 512 little good padded
		$outer 0 little good nested
		$inner 0 little good little
		$cut 0 little cut little
	END
	status 0 xipfs-dump --find fw.bin
	equal "$(wc -l <out)" 7
	matches out "^0x00000064 +$(stat -c %s be.img)  big .* good +5  big$"
	json fw.bin '.found[0].offset' --find --offset=101 >got
	equal "$(cat got)" $le "the first one from byte 101 on"
	local offset
	for offset in $le $boot $outer $inner; do
		status 0 xipfs-dump --offset="$offset" --check fw.bin
	done
}

# A wrong CRC is told; what only looks like a super block is none.
find_judges()
{
	small_tree
	mkxipfs -q --quiet tree a.img
	patch_bytes a.img 5000 "$(xxd -p -s 5000 -l 1 a.img | tr 0-9a-f 1-9a-f0)"
	equal "$(json a.img '.found[].crc_state' --find)" bad
	hand_image plain-le
	patch_bytes plain-le.img 64 0081 # the root is a regular file
	fails 8 'no cramfs image is in it' xipfs-dump --find plain-le.img
	one_line err
	fails 8 'nowhere' xipfs-dump --find nowhere
	fails 16 '--find is about many' xipfs-dump --find --partition=1M none
	fails 16 '--find is about many' xipfs-dump --find --flash-addr=0x8000000 none
	: >none
	fails 8 'no cramfs image' xipfs-dump --find none
}

# Linear, whatever the super blocks claim: 20000 of them, each as large as the file.
find_is_linear()
{
	hand_image plain-le
	patch_bytes plain-le.img 4 00001000
	slice plain-le.img 0 76 >super
	awk 'BEGIN { for (i = 0; i < 12000; i++) print "super" }' | xargs cat >many
	ulimit -t 5
	fails 8 'more than 10000 images' xipfs-dump --find many
	equal "$(wc -l <out)" 10001
}

pipes()
{
	small_tree
	mkxipfs -q --quiet tree a.img
	xipfs-dump --list a.img >want
	xipfs-dump --list - <a.img | diff want -
	# shellcheck disable=SC2002 # it must be a pipe
	cat a.img | xipfs-dump --list - | diff want -
	xipfs-dump --list <(cat a.img) | diff want -
	status 0 xipfs-dump --diff=<(cat a.img) a.img
	# shellcheck disable=SC2002
	cat a.img | status 0 xipfs-dump --extract=there -
	same_tree tree there
	printf x | fails 8 'standard input: not a cramfs image' xipfs-dump -
	fails 16 'only once' xipfs-dump --diff=- -
	TMPDIR=/nowhere fails 8 'scratch file' xipfs-dump <(cat a.img)
}

# What is left is shown, what is missing is told, and nothing is called right.
cut_short()
{
	small_tree
	mkxipfs -q --quiet --no-xip tree a.img
	local size first
	size=$(stat -c %s a.img)
	first=$(json a.img '.blocks[0].start' --blocks=/z)
	slice a.img 0 $((first + 10)) >cut.img
	status 8 xipfs-dump --list cut.img
	matches err "warning: cut short: the last $((size - first - 10)) of its $size bytes are missing"
	equal "$(wc -l <out)" 5
	status 8 xipfs-dump --extract=there cut.img
	same tree/a there/a
	absent there/z
	matches err '/z: block 0 cannot be read'
	status 8 xipfs-dump cut.img
	matches out 'cut short +the last'
	status 4 xipfs-dump --check cut.img
	matches out 'error: super: the image is cut short'
	empty err
	# Any length, down to the super block: no view fails otherwise, no entry is made up.
	local length view
	for ((length = 76; length < size; length += 397)); do
		slice a.img 0 $length >cut.img
		for view in --list --map --top --ram --tar=cut.tar; do
			status 8 xipfs-dump $view cut.img
		done
		status 4 xipfs-dump --check cut.img
		xipfs-dump --json --map cut.img >map.json 2>err || true
		jq -e ".size == $length and ([.extents[].length] | add) == $length" map.json
	done
}

# Cut inside the root directory: the entries before are there.
cut_directory()
{
	mkdir tree
	touch tree/{a,b,c,d}{1..20}
	mkxipfs -q --quiet tree a.img
	slice a.img 0 $((76 + 16 * 30 + 4)) >cut.img
	status 8 xipfs-dump --list cut.img
	equal "$(wc -l <out)" 31
	matches err 'ends inside an entry'
	status 8 xipfs-dump --extract=there cut.img
	equal "$(find there -type f | wc -l)" 30
	status 4 xipfs-dump --check cut.img
}

# dialect NAME: an image with the flags 0xa003 whose blocks are of LZMA, or with inodes of 16 bytes.
dialect()
{
	python3 - "$1" >"$1.img" <<-'END'
		import lzma, struct, sys, zlib
		wide = sys.argv[1] == 'wide'
		data = b'hello world ' * 300
		packed = zlib.compress(data) if wide else lzma.compress(data, lzma.FORMAT_ALONE)
		def inode(mode, size, name, offset):
		    last = ('<II', name // 4 << 8, offset // 4) if wide else ('<I', name // 4 | offset // 4 << 6)
		    return struct.pack('<II', mode, size) + struct.pack(*last)
		width = 16 if wide else 12
		root, table = 64 + width, 64 + 2 * width + 8
		body = inode(0o40755, width + 8, 0, root) + inode(0o100644, len(data), 8, table) + b'file.txt'
		body += struct.pack('<I', table + 4 + len(packed)) + packed
		body += bytes(-(64 + len(body)) % 4096)
		super_block = struct.pack('<4I', 0x28cd3d45, 64 + len(body), 3 if wide else 0xa003, 0)
		super_block += b'Compressed ROMFS' + struct.pack('<4I', 0, 0, 1, 2) + b'dialect'.ljust(16, b'\0')
		crc = zlib.crc32(super_block + body)
		sys.stdout.buffer.write(super_block[:32] + struct.pack('<I', crc) + super_block[36:] + body)
	END
}

# is_refused IMAGE WORDS: with these words and no output, whatever is asked.
is_refused()
{
	local view

	for view in '' --list --map --cat=/file.txt --tar=- --extract=there --json; do
		fails 8 "$2" xipfs-dump $view "$1"
		one_line err
		empty out
	done
	absent there/file.txt
	fails 4 "$2" xipfs-dump --check "$1"
	status 0 xipfs-dump --find "$1"
	matches out ' good '
}

other_dialects()
{
	dialect lzma
	is_refused lzma.img 'flags 0xa000.*LZMA instead of zlib'
	dialect wide
	is_refused wide.img 'inodes take 16 bytes instead of 12: a dialect of some e-readers'
	hand_image plain-le
	patch_bytes plain-le.img 9 90
	hand_crc_fix plain-le.img plain-le
	is_refused plain-le.img 'flags that no kernel knows: 0x9000'
}

# An empty root as mkfs.cramfs makes it is no dialect.
empty_root()
{
	mkdir tree
	mkfs.cramfs tree a.img
	status 0 xipfs-dump --list a.img
	mkxipfs -q --quiet tree b.img
	status 0 xipfs-dump --check b.img
}

check "--offset in every view" offset_in_every_view
check "a hint at the offset" hints_at_the_offset
check "--find: both orders, boot code, nested, cut" finds_all
check "--find: bad CRC, no super block" find_judges
check "--find: 12000 super blocks in five seconds" find_is_linear
check "images from pipes" pipes
check "an image cut short" cut_short
check "an image cut short in a directory" cut_directory
check "dialects are refused by name" other_dialects
check "an empty root is no dialect" empty_root
