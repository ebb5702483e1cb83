# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What a kernel loads at all: byte order, machine, fixed addresses, relocations, blocks of RAM.

# Programs for ARM and one for big-endian MIPS.
two_orders()
{
	mkdir -p tree/bin
	program fdpic tree/bin/fdpic
	program fixed tree/bin/fixed
	program mips tree/bin/mips
}

other_byte_order()
{
	two_orders
	status 0 mkxipfs -q tree a.img
	matches err '/bin/mips: warning: 1 of 3 programs are big-endian'
	matches err '/bin/mips: warning: it is a program for MIPS, but others are for ARM'
	status 4 xipfs-dump --check a.img
	matches out '^error: byte-order: /bin/mips: '
	equal "$(json a.img '[.entries[] | select(.other_byte_order) | .path] | join(" ")' --list)" \
		/bin/mips
	xipfs-dump --list a.img >list
	matches list 'big-endian program +/bin/mips$'
	equal "$(grep -c 'endian program' list)" 1 "marked programs"
	status 4 xipfs-dump --expect=- a.img <<<'loads /bin/mips'
	matches out 'byte order is not that of the image'
	status 0 xipfs-dump --ram=mmu a.img
	matches out 'cannot be loaded: /bin/mips: its byte order'
	# data may be a program for another processor
	chmod 644 tree/bin/mips
	status 0 mkxipfs -q tree a.img
	empty err
	status 0 xipfs-dump --check a.img
}

most_in_the_other_order()
{
	mkdir tree
	program mips tree/mips
	fails 8 '/mips: 1 of 1 programs are big-endian.*use -B' mkxipfs -q tree a.img
	absent a.img
	fails 8 'use -B' mkxipfs -q --no-xip tree a.img
	status 0 mkxipfs -q -B tree a.img
	empty err
	status 0 xipfs-dump --check a.img
	# who names the order has a reason
	status 0 mkxipfs -q -L tree a.img
	matches err 'warning: 1 of 1 programs are big-endian'
}

damaged_content()
{
	mkdir tree
	noise 8000 1 >tree/data
	mkxipfs -q --quiet --xip=data tree a.img
	local option
	for option in --extract=x --cat=/data --tar=x.tar --diff=a.img; do
		status 0 xipfs-dump $option a.img
		empty err
		rm -rf x
	done
	patch_bytes a.img 0x1234 00ff
	for option in --extract=x --cat=/data --tar=x.tar --diff=a.img; do
		status 8 xipfs-dump $option a.img
		(($(grep -c 'a.img: warning: .*CRC-32' err) >= 1)) || fail "no warning of $option"
	done
	cmp -s x/data tree/data && fail "the damage went nowhere"
	[[ -s x.tar && $(stat -c %s x/data) == 8000 ]] || fail "what could be had was not"
}

# A big-endian number of 32 bits to standard output.
put_be32()
{
	printf %08x "$1" | xxd -r -p
}

# As 64 bytes of header, text to 0x1000, data to 0x1100, relocations.
flat_file()
{
	local file=$1 flags=$2 stack=$3 word
	shift 3

	{
		printf bFLT
		for word in 4 $((0x44)) $((0x1000)) $((0x1100)) $((0x1140)) "$stack" $((0x1100)) \
			$# "$flags"; do
			put_be32 "$word"
		done
		zeros $((0x1100 - 40))
		for word; do
			put_be32 "$word"
		done
	} >"$file"
	chmod 755 "$file"
}

flat_relocations()
{
	mkdir tree
	flat_file tree/good 0 4096 $((0xfc0)) $((0x1100))
	flat_file tree/text 0 4096 $((0xfbf))
	flat_file tree/outside 0 4096 $((0x1101))
	flat_file tree/cut 0 4096 $((0xfc0)) $((0xfc4))
	truncate -s -1 tree/cut
	flat_file tree/packed 8 4096 $((0xfbf))
	{ head -c 4096 tree/packed; tail -c +4097 tree/packed | gzip -9n; } >packed
	cat packed >tree/packed
	status 0 mkxipfs -v -q -X tree a.img
	matches err '/text: warning: not executed in place: it has text relocations'
	matches err '/packed: warning: not executed in place: it has text relocations'
	matches err '/outside: warning: .*outside the program'
	matches err '/cut: warning: .*past the end of the file'
	matches_not err '/good'
	printf '%s\n' 'kernel nommu' 'loads /good' 'loads /text' 'xip /good' >file
	status 0 xipfs-dump --expect=file a.img
	printf '%s\n' 'kernel nommu' 'loads /outside' 'loads /cut' >file
	status 4 xipfs-dump --expect=file a.img
	equal "$(grep -c '^not ok' out)" 2 "refused programs"
	# who places it all the same is told by the check
	mkxipfs -q --quiet --xip=/text --xip=/good tree b.img
	status 0 xipfs-dump --check=xip-nommu b.img
	matches out '^warning: xip-nommu: /text: .*text relocations, which are written there'
	equal "$(grep -c '^warning' out)" 1 "warnings"
	# a stream that is cut short, behind a header that is whole
	head -c -12 packed >tree/packed
	status 0 mkxipfs -q -X tree a.img
	matches err '/packed: warning: .*cut short'
}

largest_block()
{
	mkdir tree
	flat_file tree/small 0 4096 $((0xfc0))
	flat_file tree/large 0 $((5 << 20)) $((0xfc0))
	mkxipfs -q --quiet -X tree a.img
	xipfs-dump --ram a.img >out
	# 0x100 data, 0x40 bss, 0x1000 stack, 4 bytes of lead: two pages
	matches out '^  largest block 8K \(order 1\), for /small$'
	matches out '^  largest block 8192K \(order 11\), for /large$'
	matches out '^  cannot be loaded: the kernel has no block of more than order 10$'
	equal "$(json a.img '.programs[] | select(.path == "/large") |
		"\(.block) \(.block_order) \(.block_too_large) \(.loadable) \(.block_of)"' --ram)" \
		'8388608 11 true false /large'
	printf '%s\n' 'loads /small' 'block /small <= 8K' 'block /large <= 8M' 'block /small = 8192' >file
	status 0 xipfs-dump --expect=file a.img
	printf '%s\n' 'loads /large' 'block /small < 8K' >file
	status 4 xipfs-dump --expect=file a.img
	equal "$(grep -c '^not ok' out)" 2 "expectations that do not hold"
	matches out 'block of order 11'
	printf '%s\n' 'kernel nommu max-order=11' 'loads /large' >file
	status 0 xipfs-dump --expect=file a.img
	printf '%s\n' 'kernel max-order=0' 'loads /small' >file
	status 4 xipfs-dump --expect=file a.img
	status 0 xipfs-dump --ram=mmu a.img
	matches_not out 'largest block'
}

# --fit sees the libraries that --ram sees, and libc.so.6, which can be started, as a library.
one_search()
{
	mkdir -p tree/bin tree/opt/lib tree/lib
	gcc -m32 -O1 -nostdlib -shared -fPIC -Wl,-soname,libx.so.6 -Wl,-z,noseparate-code -x c \
		-o tree/opt/lib/libx.so.6 - <<<'int x(void) { static const char t[9000] = "x"; return t[8]; }'
	ln -s libx.so.6 tree/opt/lib/libx.so
	# shellcheck disable=SC2016 # $ORIGIN is for the dynamic loader
	gcc -m32 -O1 -nostdlib -no-pie '-Wl,-rpath,$ORIGIN/../opt/lib' \
		-Wl,-dynamic-linker,/lib/ld-linux.so.2 -x c -o tree/bin/a - -x none \
		tree/opt/lib/libx.so.6 <<<'int x(void); void _start(void) { for (;;) x(); }'
	gcc -m32 -O1 -nostdlib -shared -fPIC -Wl,-soname,ld-linux.so.2 -x c -o tree/lib/ld-linux.so.2 - \
		<<<'int y;'
	chmod 755 tree/opt/lib/*
	mkxipfs -q --quiet tree a.img
	equal "$(json a.img '[.programs[] | select(.path == "/bin/a") | .objects[].path] | join(" ")' \
		--ram)" '/bin/a /lib/ld-linux.so.2 /opt/lib/libx.so.6'
	equal "$(json a.img '.programs | length' --ram)" 1 "programs"
	# of a program that never runs nothing is worth any flash, its library included
	printf '/bin/a instances=0\n' >policy
	mkxipfs -q --quiet --fit --max-size=1M --policy=policy --report=report tree b.img
	matches_not report '^[0-9]+ .*/libx.so.6: in place'
}

check "byte order: a program in the other one" other_byte_order
check "byte order: most programs in the other one" most_in_the_other_order
check "a damaged image: content with a warning, exit status 8" damaged_content
check "bFLT: relocations decide" flat_relocations
check "--ram: the largest block" largest_block
check "libraries: one search" one_search
