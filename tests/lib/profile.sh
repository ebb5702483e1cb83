# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What the tests of profiles are written with.

# profile LINE... makes ./p.csv of these.
profile()
{
	printf '%s\n' path,page,count "$@" >p.csv
}

# kinds PATH: a letter for each block of a file in ./a.img: x in place, c compressed, s stored
# without a direct pointer, h a hole.
kinds()
{
	kernel -p "${page:-4096}" blocks a.img "$1" |
		sed 's/.* xip/x/; s/.* direct/c/; s/.* compressed/c/; s/.* stored/s/; s/.* hole/h/' |
		tr -d '\n'
}

# same_content: every file of ./tree is the same to the second reader of ./a.img, by read(2).
same_content()
{
	kernel -p "${page:-4096}" compare a.img tree
}

# is_sound: no check has anything to say of ./a.img, and it holds ./tree.
is_sound()
{
	status 0 xipfs-dump --check "$@" a.img
	matches out ' 0 errors, 0 warnings'
	same_content
	rm -rf back
	status 0 xipfs-dump "$@" --extract=back a.img
	diff -r tree back || fail "other files come out than went in"
}

# The pages 0 to 3 of this program are read-only, page 4 and what follows are data.
a_program()
{
	mkdir -p tree/bin
	program fixed tree/bin/fixed
}

# one_segment SIZE FILE: an ELF program for ARM that is one read-only segment of SIZE bytes.
one_segment()
{
	local size

	size=$(printf '%08x' "$1" | sed 's/\(..\)\(..\)\(..\)\(..\)/\4\3\2\1/')
	{
		echo '7f454c46010101000000000000000000 02002800 01000000 54000100 34000000 00000000'
		echo "00000005 3400 2000 0100 0000 0000 0000 01000000 00000000 00000100 00000100"
		echo "$size $size 05000000 00100000"
	} | xxd -r -p >"$2"
	noise "$1" | tail -c +85 >>"$2"
	chmod 755 "$2"
	equal "$(stat -c %s "$2")" "$1" "bytes of the program"
}
