# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# xipfs-dump --expect: each expectation when it holds and when it does not, TAP, JUnit, exit codes

# A product without an MMU: a program in place and one that is not, a program that lacks a library.
product()
{
	mkdir -p tree/bin tree/lib tree/etc/conf.d tree/tmp
	program fdpic tree/bin/fdpic
	cp tree/bin/fdpic tree/bin/packed
	printf x >>tree/bin/packed # another file, or they would be one
	gcc -O1 -nostdlib -shared -fPIC -x c -o tree/lib/x.so - <<<'int x = 1;'
	noise 5000 >tree/etc/font
	text 5000 >tree/etc/text
	printf x >'tree/etc/two words'
	chmod 644 tree/etc/*[a-z] 'tree/etc/two words'
	chmod 755 tree/etc/conf.d
	chmod 1777 tree/tmp
	mkxipfs -q --quiet --no-xip=/bin/packed --no-xip=/lib/x.so --xip=/etc/font tree a.img
}

# holds LINE... and breaks EXPECTED FOUND WHY LINE: against ./a.img; the patterns are of the three
# lines that follow "not ok", "" when there is no such line.
holds()
{
	local line

	for line; do
		status 0 xipfs-dump --expect=- a.img <<<"$line"
		equal "$(sed -n 3p out)" "ok 1 - $line"
	done
}

breaks()
{
	status 4 xipfs-dump --expect=- a.img <<<"$4"
	equal "$(sed -n '1,3p' out)" $'TAP version 13\n1..1\n'"not ok 1 - $4"
	matches <(sed -n 4p out) "^  # expected  .*$1"
	matches <(sed -n 5p out) "^  # found     .*$2"
	matches <(sed -n 6p out) "^  # why       .*$3"
	equal "$(wc -l <out)" 6 "lines"
}

placement()
{
	product
	holds 'xip /bin/fdpic' 'xip /etc/font' 'not-xip /etc/text' 'not-xip /nowhere' 'not-xip /bin/packed'
	breaks '/bin/packed executes' '0 pages' 'without an MMU' 'xip /bin/*'
	breaks '/etc/text lies whole' '0 blocks in place, 2 not' 'not a program' 'xip /etc/text'
	breaks 'matches /nowhere' none 'no regular file' 'xip /nowhere'
	breaks '/bin/fdpic has no block' '2 blocks' '--no-xip' 'not-xip /bin/*'
}

sizes()
{
	product
	local size
	size=$(stat -c %s a.img)
	holds "size <= $size" "size = $size" "size == $size" "size >= $size" "size < $((size + 1))" \
		"size > $((size - 1))" 'size <= 1M'
	breaks 'at most 4096 bytes' "$size bytes" "$((size - 4096)) bytes too many" 'size <= 4K'
	breaks 'exactly 1 bytes' "$size bytes" too 'size = 1'
	breaks 'at least 1048576' "$size bytes" 'too few' 'size >= 1M'
	breaks 'known size of the partition' none '--partition' 'free >= 64K'
	printf 'partition %s\nfree = 100\n' $((size + 100)) >file
	status 0 xipfs-dump --expect=file a.img
	status 4 xipfs-dump --expect=file --partition=1M a.img # the option wins
	status 4 xipfs-dump --expect=file --partition=4K a.img
	matches out 'the partition overflows'
}

ram()
{
	product
	local first
	first=$(json a.img '.programs[] | select(.path == "/bin/fdpic") | .first' --ram)
	holds "ram /bin/fdpic <= $first" "ram /bin/fdpic = $first"
	breaks "less than $first" "$first bytes" 'stack [0-9]+ bytes: 0 bytes too' "ram /bin/fdpic < $first"
	breaks '/lib/x.so is a program' 'it is none' 'shared objects' 'ram /lib/x.so <= 1K'
	# What cannot start takes no RAM, but that is no good news.
	program fixed tree/bin/static
	mkxipfs --quiet tree a.img
	breaks 'the kernel loads /bin/static' refuses 'fixed address' 'ram /bin/static <= 100M'
	breaks '/bin/static executes' '0 pages' 'without an MMU: it is linked to a fixed' 'xip /bin/static'
	printf '%s\n' 'kernel mmu' 'ram /bin/static <= 100M' 'xip /bin/static' >file
	status 0 xipfs-dump --expect=file a.img
}

entries()
{
	product
	holds 'present /bin/fdpic' 'present /bin/fdpic mode=0755' 'present /bin/fdpic owner=0:0 mode=755' \
		'present /etc' 'present / owner=0:0' 'present /tmp mode=1777' 'absent *.debug' \
		'absent /bin/*.sh' 'present "/etc/two words"'
	breaks '/sbin/init is there' nothing 'there is no /sbin' 'present /sbin/init'
	breaks '/etc/passwd is there' nothing '/etc is there' 'present /etc/passwd'
	breaks 'mode 0700' 0755 policy 'present /bin/fdpic mode=0700'
	breaks 'belongs to 1:2' '0:0' policy 'present /bin/fdpic owner=1:2'
	breaks 'nothing matches' /etc/text '--exclude' 'absent /etc/t*'
}

modes()
{
	product
	holds no-setuid no-world-writable 'no-setuid /bin/*' 'no-world-writable /etc/**'
	chmod 4755 tree/bin/fdpic
	mkxipfs --quiet tree a.img
	breaks 'no setuid' /bin/fdpic 4755 no-setuid
	breaks 'no setuid' /bin/fdpic 4755 'no-setuid /bin/*'
	holds 'no-setuid /etc/*' 'no-setuid *.so'
	chmod 2755 tree/bin/fdpic
	mkxipfs --quiet tree a.img
	breaks 'no setuid' /bin/fdpic 2755 no-setuid
	chmod 666 tree/etc/text
	mkxipfs --quiet tree a.img
	breaks 'everybody may write' /etc/text 0666 no-world-writable
	chmod 644 tree/etc/text
	chmod 777 tree/etc/conf.d
	mkxipfs --quiet tree a.img
	breaks 'everybody may write' /etc/conf.d 0777 no-world-writable
	holds 'no-world-writable /bin/*' # and /tmp with its sticky bit is none
}

# lib/ld.so and two libraries, the second needed by the first alone.
loading()
{
	mkdir -p tree/bin tree/lib
	gcc -nostdlib -shared -fPIC -Wl,-soname,b.so -x c -o tree/lib/b.so - <<<'int b = 1;'
	gcc -nostdlib -shared -fPIC -Wl,-soname,a.so -x c -o tree/lib/a.so - -x none tree/lib/b.so \
		<<<'extern int b; int a(void) { return b; }'
	gcc -nostdlib -shared -fPIC -Wl,-soname,ld.so -x c -o tree/lib/ld.so - <<<'int ld;'
	gcc -nostdlib -no-pie -Wl,--dynamic-linker=/lib/ld.so -Wl,-rpath-link,tree/lib -x c \
		-o tree/bin/app - -x none tree/lib/a.so <<<'int a(void); void _start(void) { a(); }'
	mkxipfs --quiet tree a.img
	holds 'loads /bin/app' 'loads /bin/*'
	local missing
	for missing in a.so b.so ld.so; do
		mkxipfs --quiet --exclude="$missing" tree a.img
		breaks 'all that /bin/app needs' "${missing#ld.so}.* is missing" folders 'loads /bin/*'
		breaks 'all that /bin/app needs' 'is missing' folders 'ram /bin/app <= 100M'
	done
	breaks '/lib/a.so is a program' 'it is none' . 'loads /lib/a.so'
	breaks 'matches /sbin' none . 'loads /sbin/*'
}

checks()
{
	product
	holds 'check clean'
	patch_bytes a.img 32 00000000 # the CRC
	breaks 'every check finds nothing' '1 errors' crc 'check clean'
}

# One file with comments, an outcome a line, the exit code of the worst.
tap_and_junit()
{
	product
	cat >expect <<-'END'
		# a comment
		  xip /bin/fdpic   # another

		size < 100
		absent "*#*"
		no-setuid
	END
	status 4 xipfs-dump --expect=expect --junit=out.xml a.img
	empty err
	equal "$(grep -v '^  #' out)" "$(cat <<-'END'
		TAP version 13
		1..4
		ok 1 - xip /bin/fdpic
		not ok 2 - size < 100
		ok 3 - absent "*\#*"
		ok 4 - no-setuid
	END
	)"
	python3 - out.xml >cases <<-'END'
		import sys
		import xml.dom.minidom
		suite = xml.dom.minidom.parse(sys.argv[1]).documentElement
		print(suite.tagName, suite.getAttribute("tests"), suite.getAttribute("failures"))
		for case in suite.getElementsByTagName("testcase"):
		    failures = case.getElementsByTagName("failure")
		    print(case.getAttribute("name"), [f.getAttribute("message") for f in failures])
	END
	equal "$(head -2 cases)" $'testsuite 4 1\nxip /bin/fdpic []'
	matches cases '^size < 100 \[.expected less than 100 bytes, found [0-9]+ bytes.\]$'
	# The exit code is that of the outcome, with --junit too, and a file that cannot be is an error.
	sed -i '/size/d' expect
	status 0 xipfs-dump --expect=expect --junit=out.xml a.img
	fails 8 'nowhere' xipfs-dump --expect=expect --junit=nowhere/out.xml a.img
	fails 16 '--expect only' xipfs-dump --junit=out.xml a.img
}

# refused LINE PATTERN: the file is, with the number of the line.
refused()
{
	printf 'no-setuid\n\n%s\n' "$1" >file
	fails 8 "file: line 3: .*$2" xipfs-dump --expect=file a.img
	one_line err
	empty out
}

bad_lines()
{
	product
	refused 'bogus /x' 'unknown expectation: bogus'
	refused 'size ~ 3' 'no relation'
	refused 'size <= x' 'no size'
	refused 'size <=' 'relation and a size'
	refused 'size' 'relation and a size'
	refused 'free >= 1 2' 'relation and a size'
	refused 'ram /x' 'relation and a size'
	refused 'xip' 'path or pattern'
	refused 'xip a b' 'too many words'
	refused 'present' 'path or pattern'
	refused 'present /x mode=9' 'mode=9'
	refused 'present /x mode=77777' 'at most 7777'
	refused 'present /x owner=root:root' 'owner=UID:GID'
	refused 'check dirty' '"clean" must follow'
	refused 'kernel linux' 'none of "nommu", "mmu"'
	refused 'kernel' '"nommu", "mmu", "pagewise" or "max-order=N" must'
	refused 'kernel max-order=41' 'max-order=41'
	refused 'kernel max-order=' 'none of'
	refused 'block /x' 'relation and a size'
	refused 'partition' 'one size'
	refused 'absent "x' 'quote is not closed'
	: >file
	fails 8 'holds no expectation' xipfs-dump --expect=file a.img
	fails 8 'nowhere' xipfs-dump --expect=nowhere a.img
	printf 'no-setuid\0' >file
	fails 8 'NUL' xipfs-dump --expect=file a.img
}

check "--expect: xip, not-xip" placement
check "--expect: size, free, partition" sizes
check "--expect: ram, kernel" ram
check "--expect: present, absent" entries
check "--expect: no-setuid, no-world-writable" modes
check "--expect: loads" loading
check "--expect: check clean" checks
check "--expect: TAP and JUnit" tap_and_junit
check "--expect: lines that are wrong" bad_lines
