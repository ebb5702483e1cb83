# shellcheck shell=bash disable=SC2086,SC2016 # options are split, inner shells expand
# SPDX-License-Identifier: GPL-2.0-or-later
# What cannot become an image: one clear line naming file and rule, exit 8, no output.

# refuses FILE RULE COMMAND...: exit 8; one line, which names FILE and matches RULE; no image, and
# one that was there before is untouched; nothing else is left behind.
refuses()
{
	local file=$1 rule=$2
	shift 2

	mkdir out.d
	fails 8 "$rule" "$@" out.d/new.img
	empty out
	one_line err
	grep -qF -- "$file" err || { cat err; fail "the message does not name $file"; }
	equal "$(ls -A out.d)" "" "what is left"
	echo old >out.d/old.img
	fails 8 "$rule" "$@" out.d/old.img
	equal "$(ls -A out.d)" old.img "what is left"
	equal "$(cat out.d/old.img)" old "the old image"
}

file_of_16_mib()
{
	mkdir tree
	truncate -s $((16 * 1024 * 1024)) tree/large
	refuses large '16 ?MiB|16777215|16777216' mkxipfs -q tree
}

file_of_one_byte_less()
{
	mkdir tree
	truncate -s $((16 * 1024 * 1024 - 1)) tree/large
	mkxipfs -q tree a.img
	xipfs-dump --cat=/large a.img | cmp - tree/large
}

file_of_4_gib()
{
	mkdir tree
	truncate -s 4G tree/large
	refuses large '16 ?MiB|16777215|16777216' mkxipfs -q tree
}

name_of_253_bytes()
{
	mkdir tree
	local name
	name=$(printf 'n%.0s' {1..253})
	touch "tree/$name"
	refuses nnnnnnnn 252 mkxipfs -q tree
}

name_of_253_bytes_in_archive()
{
	mkdir tree
	local name
	name=$(printf 'n%.0s' {1..253})
	touch "tree/$name"
	tar -cf a.tar -C tree "$name"
	refuses nnnnnnnn 252 mkxipfs -q a.tar
}

owned_archive()
{
	mkdir tree
	echo x >tree/file
	tar --numeric-owner --owner="$1" --group="$2" -cf a.tar -C tree file
}

uid_too_large()
{
	owned_archive 65536 0
	refuses file 65535 mkxipfs a.tar
	grep -Eq -- '-q|--squash-owner' err || fail "no hint at -q"
	grep -Eq -- '-D|device table|--devtable' err || fail "no hint at a device table"
}

gid_too_large()
{
	owned_archive 0 256
	refuses file 255 mkxipfs a.tar
	grep -Eq -- '-q|--squash-owner' err || fail "no hint at -q"
}

largest_owners()
{
	owned_archive 65535 255
	mkxipfs a.tar a.img
	xipfs-dump --tar=- a.img | tar --numeric-owner -tvf - >list
	matches list ' 65535/255 .*file'
}

# mkcramfs cut them to their fields; we do so only when told, and say it.
ids_are_truncated_when_told()
{
	owned_archive 65537 258
	status 0 mkxipfs --truncate-ids a.tar a.img
	matches err '/file: warning: '
	xipfs-dump --tar=- a.img | tar --numeric-owner -tvf - >list
	matches list ' 1/2 .*file'
}

devices_of_table()
{
	mkdir tree
	printf '%s\n' "$1" >table
}

device_number_too_large()
{
	devices_of_table "/big c 600 0 0 $1 $2 - - -"
	refuses big '255|device' mkxipfs -q -D table tree
}

unreadable_file()
{
	mkdir tree
	echo x >tree/secret
	chmod 000 tree/secret
	chmod 777 .
	as_nobody refuses_unreadable secret
}

unreadable_directory()
{
	mkdir -p tree/secret
	chmod 000 tree/secret
	chmod 777 .
	as_nobody refuses_unreadable secret
}

refuses_unreadable()
{
	refuses "$1" 'ermission' mkxipfs -q tree
}

no_such_source()
{
	refuses nowhere 'No such file' mkxipfs -q nowhere
}

source_is_no_archive()
{
	noise 5000 >junk
	refuses junk 'archive|format' mkxipfs -q junk
}

source_is_empty_file()
{
	: >junk
	refuses junk 'archive|format|empty' mkxipfs -q junk
}

archive_is_cut()
{
	mkdir tree
	noise 100000 >tree/file
	tar -c"$1"f whole.tar -C tree file
	head -c 50000 whole.tar >cut.tar
	refuses cut.tar . mkxipfs -q cut.tar
}

archive_is_damaged()
{
	mkdir tree
	noise 100000 >tree/file
	tar -cf damaged.tar.xz --xz -C tree file
	patch_bytes damaged.tar.xz 50000 0011223344556677
	refuses damaged.tar.xz . mkxipfs -q damaged.tar.xz
}

path_in_archive()
{
	mkdir -p tree/sub
	echo x >tree/file
	tar -P --transform "s,^file\$,$1," -cf a.tar -C tree file
	refuses "$1" 'absolute|\.\.' mkxipfs -q a.tar
}

hard_link_to_nothing()
{
	mkdir tree
	echo x >tree/one
	ln tree/one tree/two
	tar -cf a.tar -C tree one two
	tar --delete -f a.tar one
	refuses two 'link|one' mkxipfs -q a.tar
}

file_where_directory_is_needed()
{
	mkdir -p tree one
	echo x >tree/a
	tar -cf a.tar -C tree a
	rm tree/a
	mkdir tree/a
	echo x >tree/a/b
	tar -rf a.tar -C tree a/b
	refuses a/b . mkxipfs -q a.tar
}

image_over_256_mib()
{
	mkdir tree
	noise 1000000 >piece
	for ((i = 0; i < 19; i++)); do
		for ((j = 0; j < 15; j++)); do
			tail -c +$((i * 15 + j + 1)) piece
		done >tree/$i
	done
	# Every file is of another alignment, so that no two blocks are equal: 19 * 15 MB.
	refuses '' '256 ?MiB' mkxipfs -q --level=1 tree
}

# exit 8 FILE:LINE or "line N", whatever the words are
table_error()
{
	local line=$1 pattern=$2
	shift 2

	mkdir tree
	printf '%s\n' "$@" >table
	refuses table "(:| line )$line\b.*($pattern)" mkxipfs -q -D table tree
}

no_such_table()
{
	mkdir tree
	refuses nowhere 'No such file' mkxipfs -q -D nowhere tree
}

no_such_insert()
{
	mkdir tree
	refuses nowhere 'No such file' mkxipfs -q -i nowhere tree
}

no_such_exclude_file()
{
	mkdir tree
	refuses nowhere 'No such file' mkxipfs -q --exclude-from=nowhere tree
}

no_such_output_directory()
{
	mkdir tree
	fails 8 'nowhere/a.img.*No such file' mkxipfs -q tree nowhere/a.img
	one_line err
}

output_is_a_directory()
{
	mkdir tree out.d
	fails 8 'out.d' mkxipfs -q tree out.d
	one_line err
	equal "$(ls -A out.d)" ""
}

# Headers that lie make a program plain data, with a warning, and no error.
lying_program()
{
	mkdir tree
	"$@"
	echo plain >tree/other
	status 0 mkxipfs -q tree a.img
	matches err '/lying: warning: '
	xipfs-dump --cat=/lying a.img | cmp - tree/lying
	xipfs-dump --check a.img
}

elf_with_bytes()
{
	program fdpic tree/lying
	patch_bytes tree/lying "$1" "$2"
}

elf_cut()
{
	program static whole
	head -c "$1" whole >tree/lying
	chmod 755 tree/lying
}

flat_with_bytes()
{
	program flat tree/lying
	patch_bytes tree/lying "$1" "$2"
}

check "a file of 16 MiB" file_of_16_mib
check "a file of 16 MiB - 1 is fine" file_of_one_byte_less
check "a file of 4 GiB" file_of_4_gib
check "a name of 253 bytes" name_of_253_bytes
check "a name of 253 bytes in an archive" name_of_253_bytes_in_archive
check "uid 65536, with the hint" uid_too_large
check "gid 256, with the hint" gid_too_large
check "uid 65535 and gid 255 are fine" largest_owners
check "--truncate-ids cuts and warns" ids_are_truncated_when_told
check "device major 256" device_number_too_large 256 0
check "device minor 256" device_number_too_large 1 256
check "an unreadable file" unreadable_file
check "an unreadable directory" unreadable_directory
check "a source that is not there" no_such_source
check "a source that is no archive" source_is_no_archive
check "a source that is an empty file" source_is_empty_file
check "an archive cut short: tar" archive_is_cut ""
check "an archive cut short: tar.gz" archive_is_cut z
check "an archive cut short: tar.xz" archive_is_cut J
check "a damaged archive" archive_is_damaged
check "an absolute path in an archive" path_in_archive /etc/passwd
check "'..' first in a path of an archive" path_in_archive ../passwd
check "'..' amid a path of an archive" path_in_archive a/../passwd
check "'..' last in a path of an archive" path_in_archive a/..
check "a hard link to nothing" hard_link_to_nothing
check "a file where a directory is needed" file_where_directory_is_needed
check "an image over 256 MiB" image_over_256_mib
check "a device table that is not there" no_such_table
check "a table line with too few columns" table_error 2 . '# comment' '/dev'
check "a table line with an unknown type" table_error 1 'type|x' '/dev/x x 600 0 0 1 3 - - -'
check "a table line with a bad mode" table_error 1 'mode|698' '/dev/x c 698 0 0 1 3 - - -'
check "a table line with an unknown user" table_error 3 'nobody-here' '' '# c' '/x c 600 nobody-here 0 1 3 - - -'
check "a table line for a file that is not there" table_error 1 'nofile' '/nofile f 600 0 0 - - - - -'
check "a table line with '..'" table_error 1 '\.\.' '/../x c 600 0 0 1 3 - - -'
check "a table line with a huge count" table_error 1 . '/x c 600 0 0 1 0 0 1 4000000000'
check "a file to insert that is not there" no_such_insert
check "an exclude list that is not there" no_such_exclude_file
check "an output directory that is not there" no_such_output_directory
check "an output that is a directory" output_is_a_directory
check "ELF: 4 bytes" lying_program elf_cut 4
check "ELF: 51 bytes" lying_program elf_cut 51
check "ELF: cut behind its headers" lying_program elf_cut 4096
check "ELF: e_phoff out of the file" lying_program elf_with_bytes 28 00ffffff
check "ELF: e_phnum 65535" lying_program elf_with_bytes 44 ffff
check "ELF: e_phentsize 1" lying_program elf_with_bytes 42 0100
check "ELF: p_offset + p_filesz wraps" lying_program elf_with_bytes 56 00f0ffff
check "ELF: p_filesz past the end" lying_program elf_with_bytes 68 00000100
check "ELF: p_memsz less than p_filesz" lying_program elf_with_bytes 72 00010000
check "bFLT: data_start past the end" lying_program flat_with_bytes 12 00ffffff
check "bFLT: data_end before data_start" lying_program flat_with_bytes 16 00000100
check "bFLT: cut header" lying_program sh -c 'printf "bFLT\0\0\0\4" >tree/lying'
