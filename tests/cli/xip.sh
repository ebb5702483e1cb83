# shellcheck shell=bash disable=SC2086,SC2016 # options are split, inner shells expand
# SPDX-License-Identifier: GPL-2.0-or-later
# Execute in place: what is laid out for it, judged by a reader that does what the kernel does.

programs()
{
	mkdir tree
	for kind in "$@"; do
		program $kind tree/$kind
	done
}

# placed KIND VIEW OPTION...: the program is in place for this view of the kernel.
placed()
{
	local kind=$1 view=$2
	shift 2

	programs $kind
	mkxipfs -q "$@" tree a.img
	xipfs-dump --check a.img
	kernel cat a.img /$kind | cmp - tree/$kind
	if [[ $kind == flat ]]; then # header and text are its first page
		equal "$(kernel map $view a.img /flat 0 1 | cut -d ' ' -f 1)" 1 "pages in place"
	else
		in_place $view a.img /$kind tree/$kind
	fi
}

not_placed()
{
	local kind=$1
	shift

	programs $kind
	status 0 mkxipfs -q "$@" tree a.img
	not_in_place a.img /$kind
	kernel cat a.img /$kind | cmp - tree/$kind
}

# One image serves both kinds of kernel.
placed_for_both()
{
	programs fdpic
	mkxipfs -q tree a.img
	in_place nommu a.img /fdpic tree/fdpic
	in_place mmu a.img /fdpic tree/fdpic
}

rest_is_compressed()
{
	mkdir tree
	program static tree/static
	text 40000 >>tree/static
	mkxipfs -q tree a.img
	in_place mmu a.img /static tree/static
	kernel blocks a.img /static | awk '{print $3}' | sort | uniq -c >kinds
	local loads
	loads=$(loads tree/static | awk '{n += $2} END {print n}')
	matches kinds "^ *$loads xip"
	matches kinds ' compressed| direct'
	kernel cat a.img /static | cmp - tree/static
}

whole_file()
{
	mkdir tree
	text 10000 >tree/font
	text 10000 2 >tree/other
	mkxipfs -q --xip=font tree a.img
	equal "$(kernel map nommu a.img /font 0 3 | cut -d ' ' -f 1)" 3 "pages in place, no MMU"
	equal "$(kernel map mmu a.img /font 0 3 | cut -d ' ' -f 1)" 3 "pages in place, MMU"
	not_in_place a.img /other
	kernel cat a.img /font | cmp - tree/font
	xipfs-dump --check a.img
}

# The pages that the rules leave over, data, are in place with --xip=.
whole_program()
{
	programs static
	mkxipfs -q --xip=/static tree a.img
	local pages=$((($(stat -c %s tree/static) + 4095) / 4096))
	equal "$(kernel map mmu a.img /static 0 $pages | cut -d ' ' -f 1)" $pages "pages in place"
}

combined()
{
	local want=$1
	shift

	mkdir -p tree/bin tree/lib
	program fdpic tree/bin/fdpic
	program static tree/bin/static
	program shared tree/lib/shared
	text 9000 >tree/lib/text
	mkxipfs -q "$@" tree a.img
	for file in bin/fdpic bin/static lib/shared lib/text; do
		kernel blocks a.img /$file >blocks
		if grep -q ' xip$' blocks; then
			echo ${file#*/}
		fi
	done >got
	equal "$(paste -sd ' ' got)" "$want" "what is in place"
	xipfs-dump --check a.img
}

# With forty small programs the padding of the image is still less than a page.
alignment_is_cheap()
{
	mkdir tree
	local i
	program fdpic prog
	for ((i = 0; i < 40; i++)); do
		cp prog tree/prog$i
		patch_bytes tree/prog$i 200 "$(printf %08x $((i * 77777)))"
	done
	mkxipfs -q tree a.img
	mkxipfs -q --no-xip tree b.img
	for ((i = 0; i < 40; i++)); do
		in_place nommu a.img /prog$i tree/prog$i
		in_place mmu a.img /prog$i tree/prog$i
	done
	# 40 programs of two pages; all else fits in what the image has without them
	(($(stat -c %s a.img) <= 40 * 8192 + $(stat -c %s b.img))) ||
		fail "the image has $(stat -c %s a.img) bytes; without XIP $(stat -c %s b.img)"
}

# xipfs(5), The last block: of a file of whole pages, a last block that is direct and uncompressed
# reads as zeros.
last_block_of_whole_pages()
{
	mkdir tree
	program static tree/static
	local size
	size=$(stat -c %s tree/static)
	zeros $((4096 - size % 4096)) >>tree/static
	printf x | dd of=tree/static bs=1 seek=$(($(stat -c %s tree/static) - 1)) conv=notrunc status=none
	noise 8192 >tree/noise
	mkxipfs -q tree a.img
	in_place mmu a.img /static tree/static
	kernel cat a.img /static | cmp - tree/static
	kernel cat a.img /noise | cmp - tree/noise
}

last_block_that_must_be_mapped()
{
	mkdir tree
	noise 8192 >tree/noise
	status 0 mkxipfs -q --xip=noise tree a.img
	matches err '/noise: warning: '
	equal "$(kernel map nommu a.img /noise 0 2 | cut -d ' ' -f 1)" 2 "pages in place"
	xipfs-dump --cat=/noise a.img | cmp - tree/noise
}

# xipfs(5), With an MMU: bytes behind the end of the file keep an MMU kernel from mapping its last page.
last_page_ends_in_zeros()
{
	mkdir tree
	text 6000 >tree/a
	text 6000 2 >tree/b
	noise 50000 >tree/c
	mkxipfs -q --xip=a --xip=b tree a.img
	equal "$(kernel map mmu a.img /a 0 2 | cut -d ' ' -f 1)" 2 "pages of a"
	equal "$(kernel map mmu a.img /b 0 2 | cut -d ' ' -f 1)" 2 "pages of b"
}

# xipfs(5), Without an MMU: two inodes must not share XIP pages; one inode of several names may.
sharing_of_programs()
{
	programs fdpic
	cp -p tree/fdpic tree/twin
	cp tree/fdpic tree/other-mode
	chmod 4755 tree/other-mode
	ln tree/fdpic tree/hard
	mkxipfs -q tree a.img
	xipfs-dump --check a.img
	local start
	for file in fdpic twin other-mode hard; do
		in_place nommu a.img /$file tree/fdpic
		start=$(kernel map nommu a.img /$file 0 2 | cut -d ' ' -f 2)
		echo "$start"
	done >starts
	equal "$(sed -n 1p starts)" "$(sed -n 2p starts)" "the address of a copy with the same mode"
	equal "$(sed -n 1p starts)" "$(sed -n 4p starts)" "the address of a hard link"
	[[ $(sed -n 1p starts) != "$(sed -n 3p starts)" ]] || fail "two inodes share XIP pages"
}

# Where only an MMU maps the pages, they may be shared between inodes.
sharing_with_an_mmu()
{
	programs static
	cp tree/static tree/other-mode
	chmod 4755 tree/other-mode
	mkxipfs -q tree a.img
	xipfs-dump --check a.img
	in_place mmu a.img /static tree/static
	in_place mmu a.img /other-mode tree/static
	equal "$(kernel map mmu a.img /static 0 1)" "$(kernel map mmu a.img /other-mode 0 1)"
}

# offset NAME: where ./offsets says that the content of /NAME is.
offset()
{
	sed -n "s,^/$1 ,,p" offsets
}

# xipfs(5), Sharing: the inode number is the data offset.
sharing_of_files()
{
	mkdir tree
	text 9000 >tree/a
	cp tree/a tree/b
	cp tree/a tree/c
	chmod 600 tree/c
	printf %s nowhere >tree/d
	ln -s nowhere tree/e
	mkxipfs -q -x tree a.img # what sharing blocks saves here is no page
	xipfs-dump --check a.img
	kernel list a.img | awk '{print $1, $6}' >offsets
	equal "$(offset a)" "$(offset b)" "the offset of a copy"
	[[ $(offset a) != "$(offset c)" ]] || fail "modes 0644 and 0600 share an inode"
	[[ $(offset d) != "$(offset e)" ]] || fail "a file and a symlink share an inode"
	# but the blocks are there once
	equal "$(kernel blocks a.img /a | sed -n 1p)" "$(kernel blocks a.img /c | sed -n 1p)" "block 0"
}

warns_once()
{
	mkdir tree
	"$@"
	status 0 mkxipfs -q $options tree a.img
	equal "$(grep -c '/prog: warning: ' err)" 1 "the number of warnings"
	cat err
	kernel cat a.img /prog | cmp - tree/prog
}

bss_in_text()
{
	program fdpic tree/prog
	patch_bytes tree/prog 72 00190000 # p_memsz of the text > p_filesz
	options=
}

text_relocations()
{
	cat >text.s <<-'END'
		.text
		.globl f
		f: .quad f, g
	END
	gcc -nostdlib -shared -Wl,-z,notext -x assembler text.s -o tree/prog
	options=
}

asked_for_but_not_fdpic()
{
	program static tree/prog
	options="-X"
}

no_warning_for_plain_files()
{
	mkdir tree
	text 9000 >tree/text
	printf '#!/bin/sh\n' >tree/script
	chmod 755 tree/script
	echo 'int f(void) { return 1; }' | gcc -c -x c -o tree/module.ko -
	mkxipfs -q tree a.img 2>err
	empty err
	not_in_place a.img /module.ko
}

aligned()
{
	programs fdpic
	program fdpic tree/second
	patch_bytes tree/second 200 12345678
	mkxipfs -q --xip-align=$1 tree a.img
	for file in fdpic second; do
		in_place nommu a.img /$file tree/$file
		local start
		start=$(kernel map nommu a.img /$file 0 2 | cut -d ' ' -f 2)
		((start % $1 == 0)) || fail "$file is at $start"
	done
	# Page-rounded ranges of two inodes do not overlap.
	local a b
	a=$(kernel map nommu a.img /fdpic 0 2 | cut -d ' ' -f 2)
	b=$(kernel map nommu a.img /second 0 2 | cut -d ' ' -f 2)
	((b >= a + 8192 || a >= b + 8192)) || fail "ranges at $a and $b overlap"
	xipfs-dump --check a.img
}

# The sections want 64 bytes: no less, whatever --xip-align says.
sections_want_alignment()
{
	mkdir tree
	echo 'const char t[8192] __attribute__((aligned(64))) = "x";
		void _start(void) { for (;;) ; }' | gcc -nostdlib -static -x c -o tree/prog -
	noise 10000 >tree/noise
	mkxipfs -q --xip-align=4 tree a.img
	kernel blocks a.img /prog | awk '$3 == "xip" {print $1}' >starts
	[[ -s starts ]] || fail "prog is not in place"
	while read -r start; do
		((start % 64 == 0)) || fail "prog is at $start"
	done <starts
}

large_pages()
{
	mkdir tree
	echo 'const char t[200000] = "x"; char d[9] = "y";
		void _start(void) { for (;;) d[0] += t[5]; }' |
		gcc -nostdlib -static -Wl,-z,max-page-size=65536 -x c -o tree/prog -
	mkxipfs -q --page-size=65536 tree a.img
	xipfs-dump --check a.img
	kernel -p 65536 cat a.img /prog | cmp - tree/prog
	kernel -p 65536 blocks a.img /prog >blocks
	matches blocks '^[0-9]+ 65536 xip$'
	while read -r start _ kind; do
		[[ $kind != xip ]] || ((start % 65536 == 0)) || fail "a page at $start"
	done <blocks
}

debian_programs()
{
	mkdir -p tree
	cp "$(command -v bash)" "$(command -v ls)" "$(command -v cat)" tree
	cp -L /lib/*-linux-gnu/libc.so.6 /lib/*-linux-gnu/libz.so.1 tree
	mkxipfs -q tree a.img
	for file in tree/*; do
		in_place mmu a.img /${file#*/} $file
		kernel cat a.img /${file#*/} | cmp - $file
	done
	xipfs-dump --check a.img
}

check "FDPIC, no MMU" placed fdpic nommu
check "FDPIC, MMU" placed fdpic mmu
check "one image for both kernels" placed_for_both
check "bFLT, no MMU" placed flat nommu
check "static ELF, MMU" placed static mmu
check "static PIE, MMU" placed pie mmu
check "shared object, MMU" placed shared mmu
check "big-endian ELF, big-endian image" placed mips mmu -B
check "big-endian image: little-endian FDPIC is not placed" not_placed fdpic -B
check "behind boot code" placed fdpic mmu -p
check "behind an inserted file" placed fdpic mmu -i /etc/passwd
check "programs of Debian" debian_programs
check "64 KiB pages" large_pages
check "what is not mapped is compressed" rest_is_compressed
check "-X: FDPIC is in place" placed fdpic nommu -X
check "-X: bFLT is in place" placed flat nommu -X
check "-X: other ELF is not" not_placed static -X
check "-X -X: static ELF is in place" placed static mmu -X -X
check "-X -X: FDPIC by the rules of an MMU" placed fdpic mmu -X -X
check "--no-xip: FDPIC" not_placed fdpic --no-xip
check "--no-xip: static ELF" not_placed static --no-xip
check "--no-xip: bFLT" not_placed flat --no-xip
check "--no-xip=PATTERN" combined "static shared" --no-xip=fdpic
check "--no-xip=PATH" combined "fdpic shared" --no-xip=/bin/static
check "--no-xip, then --xip=PATTERN" combined "shared" --no-xip --xip=shared
check "--xip=PATTERN, then --no-xip: the last one wins" combined "" --xip=shared --no-xip
check "--xip=PATTERN, then --no-xip=PATTERN" combined "fdpic static" '--xip=/lib/*' '--no-xip=/lib/*'
check "--no-xip=PATTERN, then --xip=PATTERN" combined "fdpic static text" '--no-xip=/lib/*' --xip=text
check "-X with --xip=PATTERN" combined "fdpic text" -X --xip=text
check "-X -X with --no-xip=PATTERN" combined "fdpic shared" -X -X --no-xip=static
check "--xip=PATTERN: whole, of any type" whole_file
check "--xip=PATTERN: data pages of a program" whole_program
check "--xip-align=4" aligned 4
check "--xip-align=32" aligned 32
check "--xip-align=4096" aligned 4096
check "--xip-align: never below the sections' alignment" sections_want_alignment
check "alignment costs less than a page for the whole image" alignment_is_cheap
check "a last block of a whole page is not direct" last_block_of_whole_pages
check "a last block of a whole page that must be mapped: warning" last_block_that_must_be_mapped
check "zeros behind the last page" last_page_ends_in_zeros
check "copies of a program share no XIP pages without an MMU" sharing_of_programs
check "copies of a program share XIP pages with an MMU" sharing_with_an_mmu
check "copies of a file share an inode only with the same mode" sharing_of_files
check "warning: bss in the text segment" warns_once bss_in_text
check "warning: text relocations" warns_once text_relocations
check "warning: -X of an ELF that is no FDPIC" warns_once asked_for_but_not_fdpic
check "no warning for scripts, text and object files" no_warning_for_plain_files
