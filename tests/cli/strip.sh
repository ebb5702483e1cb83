# shellcheck shell=bash disable=SC2016 # $ORIGIN is for the loader
# SPDX-License-Identifier: GPL-2.0-or-later
# mkxipfs --strip, and the words strip and no-strip: programs end in the image behind what runs.

# end_of FILE: the first byte behind all that its program headers, and their table, take; by readelf.
end_of()
{
	local start size count end offset bytes

	read -r start size count < <(LC_ALL=C readelf -h "$1" | awk '
		/Start of program headers/ { start = $5 }
		/Size of program headers/ { size = $5 }
		/Number of program headers/ { print start, size, $5 }')
	end=$((start + size * count))
	while read -r offset bytes; do
		((!bytes || offset + bytes <= end)) || end=$((offset + bytes))
	done < <(LC_ALL=C readelf -lW "$1" | sed '/Section to Segment/,$d' |
		awk '$2 ~ /^0x/ && $5 ~ /^0x/ { print $2, $5 }')
	echo $end
}

# with_sections KIND FILE: the program, with a section of 20000 bytes that no segment has.
with_sections()
{
	program "$1" "$2"
	python3 "$TOP/tests/lib/add_section.py" "$2" .xt.prop 20000
}

listed()
{
	json a.img '.entries[] | select(.path == "'"$1"'") | .'"$2" --list
}

# In the image: cut where readelf says, no section headers, every other byte as in the source; in
# place where it was in place before.
cut_right()
{
	local kind=$1 end before
	shift

	mkdir tree
	with_sections "$kind" tree/x
	cp tree/x before
	mkxipfs -q --quiet "$@" tree a.img
	before=$(listed /x blocks.xip)
	status 0 mkxipfs -q --quiet --strip "$@" tree a.img
	cmp tree/x before
	end=$(end_of tree/x)
	((end < $(stat -c %s tree/x) - 20000)) || fail "nothing to cut"
	equal "$(listed /x size)" "$end" "the size in the image"
	equal "$(listed /x stripped)" true
	equal "$(listed /x blocks.xip)" "$before" "pages in place"
	kernel cat a.img /x >short
	cmp -l <(head -c "$end" tree/x) short >changes || true
	equal "$(awk '{ print $3 }' changes | sort -u)" 0 "what changed bytes became"
	(($(wc -l <changes) <= 12)) || fail "more than three fields changed"
	LC_ALL=C readelf -hlSW short >elf 2>&1
	matches elf 'There are no sections in this file'
	matches_not elf '[Ww]arning|[Ee]rror'
	diff -B <(LC_ALL=C readelf -lW tree/x | sed '/Section to Segment/,$d') \
		<(LC_ALL=C readelf -lW short | sed '/Section to Segment/,$d')
	xipfs-dump --check a.img >/dev/null
}

# runs ARGUMENT...: a program of this machine, with symbols, says the same when it is stripped.
runs()
{
	mkdir tree
	gcc -g "$@" -o tree/x "$TOP/tests/target/guest/answer.c"
	mkxipfs -q --quiet --strip tree a.img
	equal "$(listed /x stripped)" true
	xipfs-dump --extract=root a.img
	(($(stat -c %s root/x) < $(stat -c %s tree/x))) || fail "it is as long as before"
	tree/x text other >expected
	root/x text other >got
	cmp expected got
}

library_loads()
{
	mkdir tree
	gcc -g -shared -fPIC -x c -o tree/libx.so - <<<'int answer(void) { return 42; }'
	gcc -g -x c -o x - -Ltree -lx -Wl,-rpath,'$ORIGIN/root' \
		<<<'int answer(void); int main(void) { return answer(); }'
	mkxipfs -q --quiet --strip tree a.img
	equal "$(listed /libx.so stripped)" true
	xipfs-dump --extract=root a.img
	status 42 ./x
}

which_files()
{
	mkdir -p tree/bin
	with_sections static tree/bin/a
	cp tree/bin/a tree/bin/b
	echo text >tree/bin/text
	stripped_ones()
	{
		status 0 mkxipfs -q --quiet "$@" tree a.img
		empty err
		json a.img '[.entries[] | select(.stripped) | .path] | join(" ")' --list
	}
	equal "$(stripped_ones)" ''
	equal "$(stripped_ones --strip)" '/bin/a /bin/b'
	equal "$(stripped_ones --strip=a)" /bin/a
	equal "$(stripped_ones --policy=<(echo '/bin/* strip'))" '/bin/a /bin/b'
	equal "$(stripped_ones --strip --policy=<(echo '/bin/b no-strip'))" /bin/a
	equal "$(stripped_ones --policy=<(echo '/bin/b no-strip') --strip)" '/bin/a /bin/b'
	equal "$(stripped_ones --strip --no-xip)" '/bin/a /bin/b'
	# Equal files share what they have in the image, also when they were not equal before.
	with_sections static tree/bin/b
	python3 "$TOP/tests/lib/add_section.py" tree/bin/b .more 5000
	mkxipfs -q --quiet --strip tree a.img
	equal "$(listed /bin/a links)" 2
}

# refused FILE REASON: not cut, with a warning when a pattern names it, and silently otherwise.
refused()
{
	mkxipfs -q --quiet --strip="$1" tree a.img 2>err
	matches err "$1: warning: not stripped \(--strip=$1\): .*$2"
	equal "$(listed "$1" size)" "$(stat -c %s "tree$1")"
	kernel cat a.img "$1" | cmp - "tree$1"
	mkxipfs -q -v --strip tree a.img >out 2>err
	matches out "$1: .*; not stripped: .*$2"
	matches_not err 'not stripped'
	mkxipfs -q --strip --explain="$1" tree >out
	matches out "strip +no: .*$2.* \(--strip\)"
}

refusals()
{
	mkdir -p tree/lib/firmware tree/lib/modules/6.12 tree/bin
	gcc -g -c -x c -o tree/bin/object - <<<'int f(void) { return 1; }'
	refused /bin/object 'not a program or shared object'
	with_sections static tree/lib/firmware/dsp
	refused /lib/firmware/dsp 'modules and firmware'
	with_sections shared tree/lib/modules/6.12/vdso.so
	refused /lib/modules/6.12/vdso.so 'modules and firmware'
	with_sections static tree/bin/image
	chmod 644 tree/bin/image
	refused /bin/image 'nobody may execute it'
	for name in .qtmetadata pydata .resource_table .modinfo; do
		program shared tree/bin/user
		python3 "$TOP/tests/lib/add_section.py" tree/bin/user $name 3000
		refused /bin/user 'looked up in the file'
	done
	with_sections static tree/bin/archive
	echo 'an archive' >>tree/bin/archive
	refused /bin/archive 'data after its sections'
	# zeros are no data
	with_sections static tree/bin/zeros
	head -c 100 /dev/zero >>tree/bin/zeros
	mkxipfs -q --quiet --strip tree a.img
	equal "$(listed /bin/zeros stripped)" true
	# a header that is not PT_LOAD and refers to bytes that are not there
	with_sections static tree/bin/beyond
	patch_bytes tree/bin/beyond $((64 + 56)) 04000000 # the second is PT_NOTE now
	patch_bytes tree/bin/beyond $((64 + 56 + 8)) 0000001000000000
	refused /bin/beyond 'refers to bytes after its end'
}

# What is behind PT_LOADs stays when another header refers to it, the header table for one.
other_headers_count()
{
	mkdir tree
	with_sections static tree/x
	local size
	size=$(stat -c %s tree/x)
	python3 - tree/x <<-'END'
		import struct, sys
		data = bytearray(open(sys.argv[1], "rb").read())
		phoff, = struct.unpack_from("<Q", data, 32)
		count, = struct.unpack_from("<H", data, 56)
		table = data[phoff:phoff + count * 56]
		struct.pack_into("<Q", data, 32, len(data))
		open(sys.argv[1], "wb").write(data + table)
	END
	mkxipfs -q -v --strip tree a.img >out
	matches_not out 'bytes stripped'
	equal "$(listed /x size)" "$(stat -c %s tree/x)"
	(($(stat -c %s tree/x) > size)) || fail "the table did not move"
}

# A program whose last page is full and in place keeps one byte more, so that read(2) is right.
full_last_page()
{
	local end

	mkdir tree
	program fdpic tree/x
	end=$(end_of tree/x)
	truncate -s $(((end + 4095) / 4096 * 4096)) tree/x
	python3 - tree/x <<-'END'
		import struct, sys
		data = bytearray(open(sys.argv[1], "rb").read())
		phoff, = struct.unpack_from("<I", data, 28)
		count, = struct.unpack_from("<H", data, 44)
		for at in range(phoff, phoff + count * 32, 32):
		    kind, offset, _, _, filesz = struct.unpack_from("<5I", data, at)
		    flags, = struct.unpack_from("<I", data, at + 24)
		    if kind == 1 and not flags & 2:
		        struct.pack_into("<II", data, at + 16, len(data) - offset, len(data) - offset)
		    elif kind == 1:
		        struct.pack_into("<I", data, at, 0)
		open(sys.argv[1], "wb").write(data)
	END
	local full
	full=$(stat -c %s tree/x)
	python3 "$TOP/tests/lib/add_section.py" tree/x .xt.prop 5000
	status 0 mkxipfs -q --quiet --strip tree a.img
	empty err
	equal "$(listed /x size)" $((full + 1))
	kernel cat a.img /x >short
	cmp <(tail -c +100 short) <(head -c $((full + 1)) tree/x | tail -c +100)
}

what_is_told()
{
	local saved

	mkdir tree
	with_sections static tree/x
	saved=$(($(stat -c %s tree/x) - $(end_of tree/x)))
	mkxipfs -q -v --strip=x --report=report.json tree a.img >out
	matches out "^/x: .*; $saved bytes stripped"
	matches out "^  stripped +$saved bytes of 1 file\$"
	equal "$(jq -r '.entries[] | select(.path == "/x") | "\(.size) \(.strip) \(.stripped) \(.strip_rule)"' \
		report.json)" "$(end_of tree/x) done $saved --strip=x"
	mkxipfs -q --strip=x --explain=/x tree >out
	matches out "^  strip +$saved bytes +\(--strip=x\)"
	mkxipfs -q --policy=<(echo 'x no-strip') --explain=/x tree >out
	matches out '^  strip +no +\(.*x no-strip\)'
	xipfs-dump --list a.img >out
	matches out 'xip @0x[0-9a-f]+, .*, stripped +/x$'
}

# --ram says how much flash it saves, and it does.
advice_is_true()
{
	local before after told

	mkdir tree
	for kind in static pie shared; do
		with_sections $kind tree/$kind
		python3 "$TOP/tests/lib/add_section.py" tree/$kind .xt.lit 32000
		noise 30000 ${#kind} | dd of=tree/$kind bs=1 seek=$(($(stat -c %s tree/$kind) - 33500)) \
			conv=notrunc status=none
	done
	mkxipfs -q --quiet tree a.img
	told=$(json a.img '[.advice[] | select(.name == "unstripped") | .flash] | add' --ram=mmu)
	before=$(stat -c %s a.img)
	mkxipfs -q --quiet --strip tree a.img
	after=$(stat -c %s a.img)
	((before - after >= told - 4096 && before - after <= told + 4096)) ||
		fail "it saves $((before - after)) bytes, not $told"
	xipfs-dump --ram=mmu a.img >out
	matches_not out 'not stripped|after its last segment'
}

fit_counts_it()
{
	mkdir tree
	with_sections static tree/x
	status 0 mkxipfs -q --quiet --strip --fit --max-size=1M tree a.img
	equal "$(listed /x size)" "$(end_of tree/x)"
	equal "$(listed /x blocks.xip)" 5
	status 0 mkxipfs -q --quiet --strip --fit --max-size=8K tree a.img
	equal "$(listed /x blocks.xip)" 0
	kernel cat a.img /x >short
	equal "$(stat -c %s short)" "$(end_of tree/x)"
}

for kind in static pie shared fdpic mips; do
	order=$([[ $kind != mips ]] || echo -B)
	# shellcheck disable=SC2086 # an option or nothing
	check "--strip: $kind is cut behind its last segment" cut_right $kind $order
done
check "--strip: with everything compressed" cut_right static --no-xip
check "--strip: a dynamic program runs" runs
check "--strip: a static program runs" runs -static
check "--strip: a program at fixed addresses runs" runs -no-pie
check "--strip: a shared library is loaded" library_loads
check "--strip: which files, and the last match wins" which_files
check "--strip: refused with a reason" refusals
check "--strip: every program header counts, and their table" other_headers_count
check "--strip: a full last page in place keeps one byte more" full_last_page
check "--strip: -v, --report, --explain, --list" what_is_told
check "--strip: --ram's advice is what it saves" advice_is_true
check "--strip: --fit" fit_counts_it
