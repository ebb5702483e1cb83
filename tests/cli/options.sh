# shellcheck shell=bash disable=SC2086,SC2016 # options are split, inner shells expand
# SPDX-License-Identifier: GPL-2.0-or-later
# Each option of both mkcramfs lineages, and the long options beside them.

FLAG_HOLES=$((0x100)) FLAG_SHIFTED=$((0x400)) FLAG_EXTENDED=$((0x800))

simple_tree()
{
	mkdir -p tree/etc
	text 9000 >tree/text
	echo word >tree/etc/motd
	chmod -R u=rwX,go=rX tree
}

# The two command lines give the same bytes.
same_images()
{
	simple_tree
	mkxipfs -q $1 tree a.img
	mkxipfs -q $2 tree b.img
	same a.img b.img
	xipfs-dump --check a.img
}

byte_order()
{
	simple_tree
	mkxipfs -q $1 tree a.img
	case $2 in
	little) equal "$(xxd -l 4 -p a.img)" 453dcd28 ;;
	big) equal "$(xxd -l 4 -p a.img)" 28cd3d45 ;;
	esac
	xipfs-dump --check a.img
}

edition_is_stored()
{
	simple_tree
	mkxipfs -q -L -e 305419896 tree a.img
	equal "$(xxd -s 36 -l 4 -p a.img)" 78563412 "the edition"
	mkxipfs -q -B --edition=305419896 tree a.img
	equal "$(xxd -s 36 -l 4 -p a.img)" 12345678 "the edition"
}

name_is_stored()
{
	simple_tree
	mkxipfs -q "$@" tree a.img
	equal "$(slice a.img 48 16 | tr -d '\0')" "a volume"
}

boot_code_fits_before()
{
	simple_tree
	mkxipfs -q -L $1 tree a.img
	slice a.img 0 512 | cmp - <(zeros 512)
	equal "$(xxd -s 512 -l 4 -p a.img)" 453dcd28 "the magic"
	equal "$(le32 a.img 516)" "$(stat -c %s a.img)" "the size field"
	equal "$(hand_crc a.img 512)" "$(xxd -s 544 -l 4 -p a.img)" "the CRC"
	xipfs-dump --check a.img
	equal "$(xipfs-dump --cat=/etc/motd a.img)" word
}

# The file stands directly behind the super block, and the root directory behind it.
file_is_inserted()
{
	simple_tree
	noise 1001 >boot.bin
	mkxipfs -q -L -i boot.bin $1 tree a.img
	slice a.img $((76 + $2)) 1001 | cmp - boot.bin
	(($(le32 a.img $((8 + $2))) & FLAG_SHIFTED)) || fail "SHIFTED_ROOT_OFFSET is not set"
	xipfs-dump --check a.img
	equal "$(xipfs-dump --cat=/etc/motd a.img)" word
}

root_offset_is_not_shifted()
{
	simple_tree
	mkxipfs -q -L tree a.img
	(($(le32 a.img 8) & FLAG_SHIFTED)) && fail "SHIFTED_ROOT_OFFSET is set for nothing"
	equal $(($(le32 a.img 72) >> 6)) 19 "the root directory's offset in words"
}

owners_are_squashed()
{
	simple_tree
	tar --numeric-owner --owner=70000 --group=70000 -cf big.tar -C tree .
	mkxipfs $1 big.tar a.img
	xipfs-dump --tar=- a.img | tar --numeric-owner -tvf - >list
	equal "$(awk '{print $2}' list | sort -u)" 0/0 "the owner"
	(($(wc -l <list) >= 3)) || fail "entries are missing"
}

extended_pointers()
{
	simple_tree
	mkxipfs -q -L $1 tree a.img
	(($(le32 a.img 8) & FLAG_EXTENDED)) || fail "EXT_BLOCK_POINTERS is not set"
	xipfs-dump --check a.img
}

# Programs and blocks that do not shrink are what tempts a builder to leave the old format.
classic_is_plain()
{
	simple_tree
	noise 10000 >tree/noise
	zeros 10000 >tree/zeros
	program static tree/prog
	program fdpic tree/fdpic
	mkxipfs -q -L --classic tree a.img
	(($(le32 a.img 8) & FLAG_EXTENDED)) && fail "EXT_BLOCK_POINTERS is set"
	(($(le32 a.img 8) & FLAG_HOLES)) && fail "HOLES is set"
	equal "$(json a.img .content.hole_blocks)" 0 "the number of holes"
	xipfs-dump --check a.img
	xipfs-dump --cat=/noise a.img | cmp - tree/noise
	xipfs-dump --cat=/prog a.img | cmp - tree/prog
}

classic_refuses()
{
	simple_tree
	fails 16 classic mkxipfs -q --classic $1 tree a.img
	absent a.img
}

holes_take_no_bytes()
{
	mkdir tree
	zeros 4000000 >tree/zeros
	mkxipfs -q -L $1 tree a.img
	(($(le32 a.img 8) & FLAG_HOLES)) || fail "HOLES is not set"
	(($(stat -c %s a.img) <= 8192)) || fail "zeros take $(stat -c %s a.img) bytes"
	xipfs-dump --cat=/zeros a.img | cmp - tree/zeros
}

page_size_is_used()
{
	simple_tree
	text 200000 >tree/long
	mkxipfs -q $1 tree a.img
	equal "$(json a.img '.super.page_size // .page_size')" "$2" "the page size"
	xipfs-dump --cat=/long a.img | cmp - tree/long
	xipfs-dump --check a.img
}

excludes()
{
	simple_tree
	mkdir -p tree/doc tree/etc/doc
	touch tree/doc/a.txt tree/etc/doc/b.txt tree/a.o tree/etc/b.o tree/etc/c.txt
	printf '%s\n' doc '/etc/*.o' >patterns
	"${@}" tree a.img
	xipfs-dump --tar=- a.img | tar -tf - | sed 's,^\./,,; s,/$,,' | grep -v '^\.*$' | sort | paste -sd ' ' >list
}

exclude_by_name()
{
	excludes mkxipfs -q --exclude=doc '--exclude=*.o'
	equal "$(cat list)" "etc etc/c.txt etc/motd text"
}

exclude_by_path()
{
	excludes mkxipfs -q '--exclude=etc/*.o' --exclude=/doc
	equal "$(cat list)" "a.o etc etc/c.txt etc/doc etc/doc/b.txt etc/motd text"
}

exclude_from_file()
{
	excludes mkxipfs -q --exclude-from=patterns
	equal "$(cat list)" "a.o etc etc/c.txt etc/motd text"
}

# As editors of other systems write it.
exclude_from_windows()
{
	simple_tree
	mkdir tree/doc
	touch tree/doc/a.txt tree/a.o tree/etc/b.o
	printf '\xef\xbb\xbfdoc\r\n# x\r\n\r\n/etc/*.o\r\n' >patterns
	mkxipfs -q --exclude-from=patterns tree a.img
	xipfs-dump --list a.img >listed
	matches_not listed '/doc|/etc/.*\.o$'
	matches listed ' /a\.o$'
	printf 'doc\n/etc/\0*.o\n' >patterns
	rm a.img
	fails 8 '^mkxipfs: patterns: line 2: a NUL byte' mkxipfs -q --exclude-from=patterns tree a.img
	one_line err
	absent a.img
}

# Policies, device tables and expectations are read likewise.
text_from_windows()
{
	simple_tree
	printf '\xef\xbb\xbf/text mode=0600\r\n# x\r\n' >policy
	printf '\xef\xbb\xbf/dev d 755 0 0 - - - - -\r\n/dev/null c 666 0 0 1 3 - - -\r\n' >table
	printf '\xef\xbb\xbfsize <= 1M\r\n# x\r\nno-setuid\r\n' >expect
	mkxipfs -q -E --policy=policy -D table tree a.img
	xipfs-dump --list a.img >listed
	matches listed '^-rw------- .* /text$'
	matches listed '^crw-rw-rw- .* /dev/null$'
	xipfs-dump --expect=expect a.img >tap
	matches tap '^1\.\.2$'
	for file in policy table expect; do
		printf 'x\n\0\n' >$file
	done
	fails 8 'policy: line 2: a NUL byte' mkxipfs -q --policy=policy tree b.img
	fails 8 'table: line 2: a NUL byte' mkxipfs -q -D table tree b.img
	absent b.img
	fails 8 'expect: line 2: a NUL byte' xipfs-dump --expect=expect a.img
}

# is_plain IMAGE: one that kernels before 4.15, U-Boot and these judges read.
is_plain()
{
	equal "$(le32 "$1" 8)" 3 "the flags of $1"
	fsck.cramfs "$1"
	7z t "$1" >out
	matches out 'Everything is Ok'
}

# The programs whose names it takes make plain images unless -X is given.
drop_in()
{
	mkdir -p tree bin
	program static tree/app
	program fdpic tree/fdpic
	noise 9000 >tree/noise
	zeros 9000 >tree/zeros
	ln -s noise tree/link
	for name in mkcramfs mkfs.cramfs; do
		ln -s "$(command -v mkxipfs)" bin/$name
		bin/$name -q -L tree a.img >out
		matches out 'called as mkcramfs: nothing in place without -X, --xip, --fit or a policy'
		is_plain a.img
		mkxipfs -q --classic tree b.img
		same a.img b.img
		bin/$name -q -X tree c.img >out
		matches_not out 'called as'
		mkxipfs -q -X tree d.img
		same c.img d.img
		in_place nommu c.img /fdpic tree/fdpic
		bin/$name -q -x tree e.img
		mkxipfs -q -x --no-xip tree f.img
		same e.img f.img
		bin/$name -q --policy=<(echo '/fdpic auto') tree g.img
		in_place nommu g.img /fdpic tree/fdpic
		bin/$name -q --fit --max-size=1M tree h.img
		in_place nommu h.img /fdpic tree/fdpic
	done
}

# Nothing sets the flag of extended pointers where no pointer has a flag.
no_flag_without_a_reason()
{
	simple_tree
	mkxipfs -q --no-xip tree a.img
	equal "$(($(le32 a.img 8) & FLAG_EXTENDED))" 0
	is_plain a.img
}

# What a stronger compressor gives is smaller, never different in content.
compressor_works()
{
	mkdir tree
	text 60000 >tree/text
	mkxipfs -q --compressor="$1" --level="$2" tree a.img
	xipfs-dump --check a.img
	xipfs-dump --cat=/text a.img | cmp - tree/text
}

higher_level_is_no_larger()
{
	mkdir tree
	cp /usr/bin/bash tree/data # a real program, compressed whole
	mkxipfs -q --no-xip --level=1 tree fast.img
	mkxipfs -q --no-xip --level=12 tree best.img
	(($(stat -c %s best.img) < $(stat -c %s fast.img))) || fail "level 12 is no smaller than 1"
}

# Blocks of text are compressed as by level 12, others as by level 10.
default_level()
{
	mkdir code text
	head -c 65536 /dev/zero | tr '\0' '\1' >text/ones
	text 300000 >text/text
	! grep -qP '\x00' text/text || fail "the text has zeros"
	# every block has a zero
	for ((i = 0; i < 64; i++)); do
		head -c 4095 <(tail -c +$((i * 4095 + 20000)) /usr/bin/bash)
		printf '\0'
	done >code/code
	mkxipfs -q --no-xip code a.img
	mkxipfs -q --no-xip --level=10 code b.img
	same a.img b.img
	mkxipfs -q --no-xip --level=12 code b.img
	! cmp -s a.img b.img || fail "level 12 makes no difference to code"
	mkxipfs -q --no-xip text a.img
	mkxipfs -q --no-xip --level=12 text b.img
	same a.img b.img
	mkxipfs -q --no-xip --level=10 text b.img
	! cmp -s a.img b.img || fail "level 10 makes no difference to text"
}

usage_error()
{
	mkdir tree
	fails 16 "$@"
	absent a.img
	empty out
}

prints_usage()
{
	status 0 "$@"
	matches out '^[Uu]sage: mkxipfs'
	empty err
	for word in -b -B -D -e -E -h -i -L -n -N -p -q -s -v -x -X -z -V --name --edition --devtable \
		--squash-owner --big-endian --little-endian --page-size --pad-boot --exclude \
		--exclude-from --jobs --compressor --level --quiet --verbose --classic --xip --no-xip \
		--xip-align --no-verify --truncate-ids --xattrs --platform --max-unpacked; do
		grep -q -- "$word\\b" out || fail "--help does not name $word"
	done
}

prints_version()
{
	status 0 "$@"
	matches out '^(mkxipfs|xipfs-dump) .*[0-9]+\.[0-9]+'
	matches out 'json-c [0-9]+\.[0-9]+'
	empty err
}

ignores_sort_option()
{
	same_images "" "-s"
}

# getopt's freedom: options behind the operands, joined letters, "--".
options_anywhere()
{
	simple_tree
	mkxipfs -q -B -e 3 tree a.img
	mkxipfs tree b.img -qBe3
	mkxipfs -qBe3 -- tree c.img
	same a.img b.img
	same a.img c.img
}

# How Buildroot and genimage call it.
called_by_build_systems()
{
	simple_tree
	program static tree/init
	mkxipfs -q -L -X -X tree buildroot.img
	xipfs-dump --check buildroot.img
	mkxipfs -q -n rootfs tree genimage.img
	xipfs-dump --check genimage.img
}

# Warnings make the exit status 8 under -E, and only then.
warnings_are_errors()
{
	simple_tree
	tar --numeric-owner --owner=65537 --group=256 -cf big.tar -C tree .
	status 0 mkxipfs --truncate-ids big.tar a.img
	matches err 'warning'
	fails 8 'warning' mkxipfs -E --truncate-ids big.tar b.img
}

check "-B makes a big-endian image" byte_order -B big
check "--big-endian" byte_order --big-endian big
check "-L makes a little-endian image" byte_order -L little
check "--little-endian" byte_order --little-endian little
check "-N big" byte_order "-N big" big
check "-N little" byte_order "-N little" little
check "-N host is the order of this machine" same_images "" "-N host"
check "the last of -B and -L wins" byte_order "-B -L" little
check "-e, --edition" edition_is_stored
check "-n" name_is_stored -n "a volume"
check "--name" name_is_stored "--name=a volume"
check "-p leaves 512 bytes to boot code" boot_code_fits_before -p
check "--pad-boot" boot_code_fits_before --pad-boot
check "-i inserts a file" file_is_inserted "" 0
check "-i with -p" file_is_inserted -p 512
check "without -i the root is not shifted" root_offset_is_not_shifted
check "-q squashes owners" owners_are_squashed -q
check "--squash-owner" owners_are_squashed --squash-owner
check "-x uses extended block pointers" extended_pointers -x
check "-X implies -x" extended_pointers -X
check "--classic keeps to the old format" classic_is_plain
check "--classic against -X" classic_refuses -X
check "--classic against -x" classic_refuses -x
check "--classic against --xip" classic_refuses "--xip=text"
check "holes always" holes_take_no_bytes ""
check "-z makes holes" holes_take_no_bytes -z
check "--classic -z makes holes" holes_take_no_bytes "--classic -z"
check "-b 4096" page_size_is_used "-b 4096" 4096
check "-b 65536" page_size_is_used "-b 65536" 65536
check "--page-size=16384" page_size_is_used --page-size=16384 16384
check "--page-size=64K" page_size_is_used --page-size=64K 65536
check "-s is ignored" ignores_sort_option
check "-v is --verbose" same_images -v --verbose
check "--exclude=NAME" exclude_by_name
check "--exclude=PATH" exclude_by_path
check "--exclude-from" exclude_from_file
check "--exclude-from with carriage returns, a byte order mark, a NUL" exclude_from_windows
check "policies, tables and expectations with the same" text_from_windows
check "under the names of mkcramfs and mkfs.cramfs" drop_in
check "--no-xip sets no flag without a reason" no_flag_without_a_reason
check "--compressor=libdeflate" compressor_works libdeflate 6
check "--compressor=zlib" compressor_works zlib 9
check "--compressor=zopfli" compressor_works zopfli 5
check "--level: 12 is smaller than 1" higher_level_is_no_larger
check "--level: the default is 12 for text, 10 for code" default_level
check "options anywhere on the line" options_anywhere
check "called as Buildroot and genimage call mkcramfs" called_by_build_systems
check "-E makes warnings errors" warnings_are_errors
check "-h" prints_usage mkxipfs -h
check "--help" prints_usage mkxipfs --help
check "-V" prints_version mkxipfs -V
check "--version" prints_version mkxipfs --version
check "unknown letter: exit 16" usage_error . mkxipfs -Q tree a.img
check "unknown long option: exit 16" usage_error . mkxipfs --frobnicate tree a.img
check "no operand: exit 16" usage_error . mkxipfs
check "one operand: exit 16" usage_error . mkxipfs tree
check "standard input twice: exit 16" usage_error 'only once' mkxipfs - - a.img
check "--xattrs=x: exit 16" usage_error 'warn or ignore' mkxipfs --xattrs=x tree a.img
check "--max-unpacked=0: exit 16" usage_error 'K, M or G' mkxipfs --max-unpacked=0 tree a.img
check "an empty IMAGE: exit 16" usage_error 'IMAGE is empty' mkxipfs tree ''
check "an empty IMAGE, before the source is read: exit 16" usage_error 'IMAGE is empty' \
	mkxipfs nowhere ''
check "page size 1000: exit 16" usage_error 'page size|1000' mkxipfs -b 1000 tree a.img
check "page size 131072: exit 16" usage_error 'page size|131072' mkxipfs --page-size=131072 tree a.img
check "page size 4096x: exit 16" usage_error 'page size|4096x' mkxipfs --page-size=4096x tree a.img
check "byte order middle: exit 16" usage_error middle mkxipfs -N middle tree a.img
check "edition x: exit 16" usage_error . mkxipfs -e x tree a.img
check "edition 4294967296: exit 16" usage_error . mkxipfs -e 4294967296 tree a.img
check "edition -1: exit 16" usage_error . mkxipfs -e -1 tree a.img
check "compressor lzma: exit 16" usage_error lzma mkxipfs --compressor=lzma tree a.img
check "level 13: exit 16" usage_error . mkxipfs --level=13 tree a.img
check "level 10 of zlib: exit 16" usage_error . mkxipfs --compressor=zlib --level=10 tree a.img
check "level 0: exit 16" usage_error . mkxipfs --level=0 tree a.img
check "jobs x: exit 16" usage_error . mkxipfs -j x tree a.img
check "xip-align 3: exit 16" usage_error . mkxipfs --xip-align=3 tree a.img
check "xip-align 8192 of pages of 4096: exit 16" usage_error . mkxipfs --xip-align=8192 tree a.img
