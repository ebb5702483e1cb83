# shellcheck shell=bash disable=SC2086,SC2016 # options are split, inner shells expand
# SPDX-License-Identifier: GPL-2.0-or-later
# xipfs-dump: what it shows, extracts and compares.

an_image()
{
	make_tree tree
	program fdpic tree/bin/fdpic
	program static tree/bin/static
	mkxipfs -q "$@" tree a.img
}

summary()
{
	an_image -n volume -e 17
	status 0 xipfs-dump a.img
	empty err
	matches out 'volume'
	matches out '\b17$'
	matches out "\b$(stat -c %s a.img)\b"
	local start
	start=$(kernel map nommu a.img /bin/fdpic 0 2 | cut -d ' ' -f 2)
	matches out '/bin/fdpic'
	matches out '/bin/static'
	matches out "0x0*$(printf %x $start)-0x0*$(printf %x $((start + 8192)))"
}

flash_address()
{
	an_image
	local start
	start=$(kernel map nommu a.img /bin/fdpic 0 2 | cut -d ' ' -f 2)
	for address in 0x60800000 1619001344; do
		xipfs-dump --flash-addr=$address a.img >out
		matches out "0x$(printf %x $((0x60800000 + start)))"
		xipfs-dump --flash-addr=$address --map a.img >out
		matches out "0x$(printf %x $((0x60800000 + start)))"
	done
	fails 16 . xipfs-dump --flash-addr=here a.img
}

# Like ls -l: one line an entry, and its placement.
list()
{
	an_image
	status 0 xipfs-dump --list a.img
	equal "$(wc -l <out)" "$(find tree -print0 | tr -dc '\0' | wc -c)" "the number of lines"
	matches out '^-rw-r--r-- .* 10000 .*compressed.* /text$'
	matches out '^-rwsr-xr-x .* /copy-setuid$'
	matches out '^drwxrwxrwt .* /sticky$'
	matches out '^lrwxrwxrwx .* /link -> dir/4096$'
	matches out '^prw.* /fifo$'
	matches out '^-rwxr-xr-x .*xip.* /bin/static$'
	matches_not out $'[\x01-\x08]'
}

list_below()
{
	an_image
	xipfs-dump --list=/dir a.img >out
	matches out ' /dir$'
	matches out ' /dir/4096$'
	matches_not out ' /text$'
	matches_not out ' /bin'
	xipfs-dump --list=dir/4096 a.img >out
	one_line out
	fails 8 '/nowhere' xipfs-dump --list=/nowhere a.img
}

# The extents follow each other from 0 to the end; super block, directories, tables and blocks are
# where the second reader finds them.
map()
{
	an_image
	xipfs-dump --map a.img >out
	json a.img '.extents[] | "\(.start) \(.length) \(.kind) \(.owner)"' --map >extents
	awk '$1 != end { exit 1 } { end = $1 + $2 } END { print end }' extents >end
	equal "$(cat end)" "$(stat -c %s a.img)" "the end of the last extent"
	matches extents '^0 76 super'
	kernel blocks a.img /bin/fdpic | while read -r start length kind; do
		awk -v s=$start -v l=$length '$1 <= s && s + l <= $1 + $2 && $3 == "xip" &&
			$4 == "/bin/fdpic" { found = 1 } END { exit !found }' extents ||
			[[ $kind != xip ]] || fail "no extent has the block at $start"
	done
	kernel list a.img | awk '$1 == "/text" {print $6}' >offset
	awk -v s="$(cat offset)" '$1 == s && $3 == "pointers" { found = 1 } END { exit !found }' extents ||
		fail "the table of /text is not in the map"
}

blocks()
{
	an_image
	local file
	for file in text noise zeros zeros-inside bin/fdpic bin/static dir/8192 sparse; do
		kernel blocks a.img /$file | sed 's/ direct$/ compressed/' |
			awk '{ if ($3 == "hole") print $3; else print }' >want
		json a.img '.blocks[] | if .kind == "hole" then .kind
			else "\(.start) \(.length) \(.kind)" end' --blocks=/$file >got
		diff want got
	done
	xipfs-dump --blocks=/text a.img >out
	matches out 'compressed'
	fails 8 '/nowhere' xipfs-dump --blocks=/nowhere a.img
	fails 8 '/dir' xipfs-dump --blocks=/dir a.img
}

cat_works()
{
	an_image
	find tree -type f -printf '%P\0' | while IFS= read -r -d '' file; do
		xipfs-dump --cat="/$file" a.img | cmp - "tree/$file"
	done
	fails 8 '/nowhere' xipfs-dump --cat=/nowhere a.img
	fails 8 '/dir' xipfs-dump --cat=/dir a.img
}

json_is_valid()
{
	an_image
	local option
	for option in '' --list --list=/dir --map --blocks=/text --check --diff=a.img --top --find; do
		xipfs-dump --json $option a.img >out.json
		jq -e . <out.json >/dev/null || fail "no JSON: xipfs-dump --json $option"
		iconv -f UTF-8 -t UTF-8 out.json >/dev/null || fail "no UTF-8: xipfs-dump --json $option"
	done
}

# The fields that other programs rely on, as xipfs-dump(1) lists them.
json_keeps_its_schema()
{
	an_image
	set -- "byte_order bytes content entries file_size flash_address image page_size programs size super" \
		"blocks gid links mode offset other_byte_order packed_bytes path size stripped type uid xip_address xip_start" \
		"address kind length owner sharers start" \
		"address block content direct kind length start" \
		"links loader mmu nommu path"
	equal "$(json a.img 'keys | join(" ")')" "$1" "the fields of the summary"
	equal "$(json a.img '.entries[0] | keys | join(" ")' --list=/text)" "$2" "the fields of a file"
	equal "$(json a.img '.extents[0] | keys | join(" ")' --map)" "$3" "the fields of an extent"
	equal "$(json a.img '.blocks[0] | keys | join(" ")' --blocks=/text)" "$4" "the fields of a block"
	equal "$(json a.img '.programs[0] | keys | join(" ")')" "$5" "the fields of a program"
}

extract_keeps_modes()
{
	an_image
	umask 077
	xipfs-dump --extract=out a.img
	same_tree tree out
}

extract_warns_of_devices()
{
	mkdir tree
	echo x >tree/file
	echo '/null c 666 0 0 1 3 - - -' >table
	mkxipfs -q -D table tree a.img
	chmod 777 .
	chmod 644 a.img
	as_nobody device_is_skipped
}

device_is_skipped()
{
	status 0 xipfs-dump --extract=there a.img
	matches err '/null: warning: '
	absent there/null
	equal "$(cat there/file)" x
}

extract_over_something()
{
	an_image
	mkdir out
	echo mine >out/text
	local code=0
	xipfs-dump --extract=out a.img >log 2>&1 || code=$?
	if ((code)); then
		equal $code 8 "the exit status"
		equal "$(cat out/text)" mine
	else
		same out/text tree/text
	fi
}

# extract_in_jail IMAGE: extracts to jail/out, or says why not.
extract_in_jail()
{
	local code=0

	(cd jail && xipfs-dump --extract=out "../$1") >log 2>&1 || code=$?
	case $code in
	0) ;;
	8) [[ -s log ]] || fail "no word about why" ;;
	*) cat log; fail "exit status $code" ;;
	esac
}

# The entry "in" of directory "dir" gets another name.
leaves_nothing_outside()
{
	hand_image plain-le
	patch_bytes plain-le.img 0xe0 "$1"
	hand_crc_fix plain-le.img plain-le
	mkdir -p jail/out
	echo mine >jail/victim
	extract_in_jail plain-le.img
	equal "$(ls -A jail)" $'out\nvictim' "what is beside the directory"
	equal "$(cat jail/victim)" mine
	xipfs-dump --tar=jail/out.tar plain-le.img >log 2>&1 || true
	[[ ! -e jail/out.tar ]] || ! tar -tf jail/out.tar 2>/dev/null | grep -E '(^|/)\.\.(/|$)' ||
		fail "'..' in the archive"
}

# A symlink that an earlier entry of the image planted, or that waits in the directory.
planted_symlinks()
{
	mkdir -p tree/sub jail
	echo evil >tree/sub/victim
	mkxipfs -q tree a.img
	mkdir -p jail/out jail/target
	echo mine >jail/target/victim
	ln -s ../target jail/out/sub
	extract_in_jail a.img
	equal "$(cat jail/target/victim)" mine "the file outside"
	equal "$(ls -A jail/target)" victim
}

planted_symlink_for_a_file()
{
	mkdir -p tree jail/out
	echo evil >tree/file
	mkxipfs -q tree a.img
	echo mine >jail/victim
	ln -s ../victim jail/out/file
	extract_in_jail a.img
	equal "$(cat jail/victim)" mine "the file outside"
}

# Two entries of one name: first a symlink, then a directory with a file in it.
duplicate_names()
{
	mkdir -p tree/aaaa jail/out jail/outside
	ln -s ../outside tree/aaab
	echo evil >tree/aaaa/victim
	mkxipfs -q --classic tree a.img
	cp a.img b.img
	local position
	position=$(grep -abo aaaa a.img | sed -n 1p | cut -d: -f1)
	patch_bytes a.img $position "$(printf aaac | xxd -p)"
	position=$(grep -abo aaab a.img | sed -n 1p | cut -d: -f1)
	patch_bytes a.img $position "$(printf aaac | xxd -p)"
	hand_crc_fix a.img a
	status 4 xipfs-dump --check a.img
	extract_in_jail a.img
	equal "$(ls -A jail/outside)" "" "what came to lie outside"
}

absolute_symlinks_stay()
{
	mkdir tree
	ln -s /etc/passwd tree/link
	ln -s ../../../etc tree/up
	mkxipfs -q tree a.img
	xipfs-dump --extract=out a.img
	equal "$(readlink out/link)" /etc/passwd
	equal "$(readlink out/up)" ../../../etc
}

tar_is_deterministic()
{
	an_image
	xipfs-dump --tar=a.tar a.img
	sleep 1.1
	TZ=Asia/Tokyo LC_ALL=C xipfs-dump --tar=b.tar a.img
	same a.tar b.tar
	xipfs-dump --tar=- a.img | cmp - a.tar
	mkdir out
	tar -xf a.tar -C out
	same_tree tree out
}

diff_finds_nothing()
{
	an_image
	status 0 xipfs-dump --diff=a.img a.img
}

differences()
{
	mkdir -p tree/dir
	text 9000 >tree/content
	text 9000 2 >tree/mode
	text 9000 3 >tree/gone
	text 9000 4 >tree/same
	program static tree/placement
	mkxipfs -q tree a.img
	text 8999 5 >tree/content
	chmod 600 tree/mode
	rm tree/gone
	text 500 >tree/dir/new
	mkxipfs -q --no-xip tree b.img
	status 1 xipfs-dump --diff=a.img b.img
	matches out '/content\b'
	matches out '/mode\b'
	matches out '/gone\b'
	matches out '/dir/new\b'
	matches out '/placement\b'
	matches_not out '/same\b'
	matches out "$(($(stat -c %s b.img) - $(stat -c %s a.img)))|$(($(stat -c %s a.img) - $(stat -c %s b.img)))"
	fails 8 nowhere xipfs-dump --diff=nowhere a.img
}

prints_usage()
{
	status 0 xipfs-dump $1
	matches out '^[Uu]sage: xipfs-dump'
	empty err
	for word in --list --map --blocks --flash-addr --json --check --extract --cat --tar --diff; do
		grep -q -- "$word\b" out || fail "--help does not name $word"
	done
}

reads_from_elsewhere()
{
	an_image
	cp a.img sub.img
	printf behind >>sub.img # a partition is larger than its image
	status 0 xipfs-dump --check sub.img
	xipfs-dump --cat=/text sub.img | cmp - tree/text
}

usage_error()
{
	hand_image plain-le
	fails 16 . xipfs-dump "$@"
	empty out
}

check "the summary" summary
check "--flash-addr" flash_address
check "--list" list
check "--list=PATH" list_below
check "--map adds up and agrees with the second reader" map
check "--blocks agrees with the second reader" blocks
check "--cat of every file" cat_works
check "--json is valid JSON, whatever the names" json_is_valid
check "--json keeps its schema" json_keeps_its_schema
check "--extract keeps modes" extract_keeps_modes
check "--extract as non-root skips devices with a warning" extract_warns_of_devices
check "--extract over something" extract_over_something
check "--extract: a name '..'" leaves_nothing_outside 2e2e
check "--extract: a name '.'" leaves_nothing_outside 2e00
check "--extract: a name with a slash" leaves_nothing_outside 2f78
check "--extract: a symlink waits for a directory" planted_symlinks
check "--extract: a symlink waits for a file" planted_symlink_for_a_file
check "--extract: an image with one name twice" duplicate_names
check "--extract: symlinks are not followed nor changed" absolute_symlinks_stay
check "--tar is the same for ever" tar_is_deterministic
check "--diff of equal images" diff_finds_nothing
check "--diff: content, metadata, placement, bytes" differences
check "bytes behind the image" reads_from_elsewhere
check "-h" prints_usage -h
check "--help" prints_usage --help
check "no image: exit 16" usage_error
check "two images: exit 16" usage_error plain-le.img plain-le.img
check "unknown option: exit 16" usage_error --frobnicate plain-le.img
check "two actions: exit 16" usage_error --map --list plain-le.img
check "page size 5000: exit 16" usage_error --page-size=5000 plain-le.img
