# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# mkxipfs --policy, --explain, --stack-size: every word, the last line that matches, what is wrong

a_tree()
{
	mkdir -p tree/bin tree/etc/deep tree/lib
	program fdpic tree/bin/fdpic
	rm xip-le.img
	program fixed tree/bin/static
	noise 9000 >tree/etc/font
	text 9000 >tree/etc/text
	text 500 2 >'tree/etc/two words'
	text 500 3 >tree/etc/deep/file
	printf 'root:x:0:0:::\nweb:x:33:0:::\n' >tree/etc/passwd
	printf 'root:x:0:\nwww:x:44:\n' >tree/etc/group
}

# with LINE... makes ./a.img by a policy of these lines.
with()
{
	printf '%s\n' "$@" >policy
	status 0 mkxipfs -q --quiet --policy=policy tree a.img
}

# placed PATH: "xip compressed" blocks of a file.
placed()
{
	json a.img '.entries[] | select(.path == "'"$1"'") | "\(.blocks.xip) \(.blocks.compressed +
		.blocks.stored)"' --list
}

mode_and_owner()
{
	json a.img '.entries[] | select(.path == "'"$1"'") | "\(.mode) \(.uid):\(.gid)"' --list
}

placement_words()
{
	a_tree
	with '# nothing but comments'
	equal "$(placed /bin/static)" '4 2' "blocks by default"
	with '/bin/static no-xip' '/etc/font xip' '/etc/text whole'
	equal "$(placed /bin/static)" '0 5'
	equal "$(placed /etc/font)" '3 0'
	equal "$(placed /etc/text)" '3 0'
	with '/bin/* xip' # a program by its loader's rules
	equal "$(placed /bin/static)" '4 2'
	with '/bin/* whole'
	equal "$(placed /bin/static)" '6 0'
	with '* no-xip' '/bin/* auto' '/etc/font auto'
	equal "$(placed /bin/static)" '4 2'
	equal "$(placed /etc/font)" '0 3'
}

last_match_wins()
{
	a_tree
	with '* no-xip' '/bin/static xip'
	equal "$(placed /bin/static)" '4 2'
	with '/bin/static xip' '* no-xip'
	equal "$(placed /bin/static)" '0 5'
	with '/bin/static xip no-xip'
	equal "$(placed /bin/static)" '0 5'
	# Each kind of word by itself; and options count in their turn.
	with '/bin/* no-xip mode=0700' '/bin/static mode=0711'
	equal "$(placed /bin/static) $(mode_and_owner /bin/static)" '0 5 457 0:0'
	printf '%s\n' '/bin/static no-xip' >policy
	mkxipfs -q --quiet --policy=policy --xip=/bin/static tree a.img
	equal "$(placed /bin/static)" '6 0'
	mkxipfs -q --quiet --xip=/bin/static --policy=policy tree a.img
	equal "$(placed /bin/static)" '0 5'
	printf '%s\n' '/bin/static auto' >other
	mkxipfs -q --quiet --policy=policy --policy=other tree a.img
	equal "$(placed /bin/static)" '4 2'
	mkxipfs -q --quiet --policy=- tree a.img <policy
	equal "$(placed /bin/static)" '0 5'
}

metadata_words()
{
	a_tree
	with '/etc mode=1755' '/etc/** mode=0640 owner=web:www' '"/etc/two words" owner=5:6'
	equal "$(mode_and_owner /etc)" '1005 0:0'
	equal "$(mode_and_owner /etc/text)" '416 33:44'
	equal "$(mode_and_owner '/etc/two words')" '416 5:6'
	equal "$(mode_and_owner /etc/deep)" '416 33:44'
	echo '/etc/text owner=nobody:www' >policy
	fails 8 'policy: .*nobody' mkxipfs --policy=policy tree b.img
	absent b.img
}

exclusion_words()
{
	a_tree
	with '/etc/* exclude' '/etc/passwd include' '/bin exclude' '/bin/static include'
	xipfs-dump --list a.img >list
	equal "$(json a.img '[.entries[].path] | join(" ")' --list)" '/ /etc /etc/passwd /lib'
}

alignment_word()
{
	a_tree
	with '/bin/fdpic align=32'
	mkxipfs -q --quiet --policy=policy --explain=/bin/fdpic tree >out
	matches out 'align +32 +\(policy:1: /bin/fdpic align=32\)'
	with '/bin/fdpic align=4096'
	in_place nommu a.img /bin/fdpic tree/bin/fdpic
	fails 16 'more than the page size' mkxipfs --policy=<(echo '/x align=8K') tree b.img
	status 0 mkxipfs -q --quiet -b 8192 --policy=<(echo '/x align=8K') tree b.img
}

# stack_of PATH: PT_GNU_STACK's size in the image, by readelf.
stack_of()
{
	xipfs-dump --cat="$1" a.img >program
	echo $(($(readelf -lW program | awk '$1 == "GNU_STACK" { print $6 }')))
}

# make_stacks: FDPIC programs of a real linker's, one without the header.
make_stacks()
{
	local source='void _start(void) { for (;;); }'

	mkdir -p tree/bin
	fdpic_gcc tree/bin/a -s -Wl,-z,stack-size=0x20000 <<<"$source"
	fdpic_gcc tree/bin/b -g <<<"$source"
	program fixed tree/bin/static
}

stack_sizes()
{
	make_stacks
	md5sum tree/bin/* >before
	status 0 mkxipfs -q --quiet --stack-size=8K tree a.img
	empty err
	equal "$(stack_of /bin/a) $(stack_of /bin/b) $(stack_of /bin/static)" '8192 8192 0'
	with '/bin/a stack=12K'
	equal "$(stack_of /bin/a) $(stack_of /bin/b)" '12288 0'
	printf '/bin/a stack=12K\n' >policy
	mkxipfs -q --quiet --policy=policy --stack-size=8K tree a.img
	equal "$(stack_of /bin/a)" 8192
	mkxipfs -q --quiet --stack-size=8K --policy=policy tree a.img
	equal "$(stack_of /bin/a) $(stack_of /bin/b)" '12288 8192'
	equal "$(json a.img '.programs[] | select(.path == "/bin/a") | .stack' --ram)" 12288
	# Nothing but four bytes of the header, and in the image alone.
	xipfs-dump --cat=/bin/a a.img >program
	cmp -l program tree/bin/a >changes || true
	(($(wc -l <changes) <= 4)) || fail "more than the size was changed"
	md5sum --quiet -c before
	# Where it has no effect, the user is told.
	status 0 mkxipfs -q --quiet --policy=<(echo '/bin/static stack=8K') tree a.img
	matches err '/bin/static: .*no effect'
}

stack_refusals()
{
	make_stacks
	# without the header: its type becomes PT_NULL
	local offset
	offset=$(LC_ALL=C grep -obUaP 'Q\xe5td' tree/bin/a | head -1 | cut -d: -f1)
	patch_bytes tree/bin/a "$offset" 00000000
	fails 8 '/bin/a: .*--stack-size=8K.*no PT_GNU_STACK header.*-z,stack-size' \
		mkxipfs -q --stack-size=8K tree a.img
	absent a.img
	echo '/bin/a stack=8K' >policy
	fails 8 '/bin/a: .*policy:1: /bin/a stack=8K' mkxipfs -q --policy=policy tree a.img
	status 0 mkxipfs -q --quiet --policy=<(echo '/bin/b stack=8K') tree a.img
	local size
	for size in 0 5G x -1; do
		fails 16 "stack-size=$size: it must be a number of bytes" mkxipfs --stack-size="$size" tree b.img
	done
	absent b.img
}

max_size_line()
{
	a_tree
	with 'max-size 1M'
	fails 8 'more than the 8192' mkxipfs -q --policy=<(echo 'max-size 8K') tree b.img
	absent b.img
	status 0 mkxipfs -q --quiet --policy=<(echo 'max-size 8K') --max-size=1M tree b.img
	fails 16 '--fit needs' mkxipfs --fit tree b.img
	status 0 mkxipfs -q --quiet --fit --policy=policy tree b.img
}

# What --explain tells is what becomes of the file, and which line decided.
explains()
{
	a_tree
	ln tree/etc/text tree/etc/hard
	ln -s text tree/etc/link
	cat >policy <<-'END'
		# a product
		/bin/*    no-xip instances=3
		/bin/stat* xip
		/etc/*    owner=web:www
		/etc/hard mode=0600
		/lib      exclude
		*.tmp     exclude
		keep.tmp  include
	END
	touch tree/keep.tmp
	local explain=(mkxipfs -q --policy=policy --exclude=deep)
	status 0 "${explain[@]}" --explain=/bin/static tree
	empty err
	matches out '^/bin/static$'
	matches out '^  wanted +in place +\(policy:3: /bin/stat\* xip\)$'
	matches out '^  becomes +in place, 4 pages$'
	matches out '^  instances +3 +\(policy:2: /bin/\* instances=3\)$'
	matches out '^  mode +0755 +\(source or table\)$'
	status 0 "${explain[@]}" --explain=bin/fdpic tree # as users write paths
	matches out '^  wanted +compressed +\(policy:2: /bin/\* no-xip\)$'
	matches out '^  becomes +compressed, as wanted$'
	# All names of a hard link count.
	status 0 "${explain[@]}" --explain=/etc/text tree
	matches out '^  mode +0600 +\(policy:5: /etc/hard mode=0600\)$'
	matches out '^  owner +33:44 +\(policy:4: '
	matches out '^  becomes +compressed: it is neither ELF nor bFLT$'
	status 0 "${explain[@]}" --explain=/etc tree
	matches out '^  owner +0:0 +\(source, -q or table\)$'
	status 0 "${explain[@]}" --xip=/etc/text --explain=/etc/text tree
	matches out '\(--xip=/etc/text\)$'
	# Lines that leave out, and keep.
	status 0 "${explain[@]}" --explain=/lib/x.so tree
	matches out '^/lib/x.so$'
	matches out '^  left out +/lib +\(policy:6: /lib exclude\)$'
	status 0 "${explain[@]}" --explain=/a.tmp tree
	matches out '^  left out +/a.tmp +\(policy:7: '
	status 0 "${explain[@]}" --explain=/etc/deep/file tree
	matches out '^  left out +/etc/deep +\(--exclude=deep\)$'
	status 0 "${explain[@]}" --explain=/keep.tmp tree
	matches out '^  included +yes +\(policy:8: keep.tmp include\)$'
	fails 8 'nowhere: not in the image' "${explain[@]}" --explain=/nowhere tree
	equal "$(find . -maxdepth 1 -type f | sort | paste -sd ' ')" './err ./out ./policy' "what is written"
}

# refused LINE PATTERN: with the number of the line, and no image.
refused()
{
	printf '# comment\n/x xip\n%s\n' "$1" >policy
	fails 8 "policy: line 3: .*$2" mkxipfs --quiet --policy=policy tree a.img
	one_line err
	absent a.img
}

bad_lines()
{
	a_tree
	refused '/bin/*' 'no word after the pattern'
	refused '/x bogus' 'unknown word bogus'
	refused '/x xip bogus=3' 'unknown word bogus=3'
	refused '/x xip=3' 'unknown word xip=3'
	refused '/x mode=9' 'mode=9: it must be octal'
	refused '/x mode=17777' 'at most 7777'
	refused '/x mode=' 'octal'
	refused '/x owner=root' 'USER:GROUP'
	refused '/x owner=:1' 'USER:GROUP'
	refused '/x align=3' 'power of two'
	refused '/x align=128K' 'power of two'
	refused '/x stack=0' 'stack=0'
	refused '/x stack=4G' 'at most 32 bits'
	refused '/x instances=-1' 'instances=-1'
	refused '/x instances=100001' 'at most 100000'
	refused '"/x xip' 'quote is not closed'
	refused 'max-size' 'one size'
	refused 'max-size 0' 'one size'
	refused 'max-size 1 2' 'one size'
	printf '/x xip\0' >policy
	fails 8 'policy: .*NUL' mkxipfs --policy=policy tree a.img
	fails 8 'nowhere' mkxipfs --policy=nowhere tree a.img
}

# Each pattern that matches nothing is named once, whatever its line says; exclusions are not.
unmatched_patterns()
{
	a_tree
	cat >policy <<-'END'
		# a product
		/bin/*         xip
		/sbin/*        xip mode=0700 instances=2
		static         no-xip
		/etc/passwd    exclude
		/etc/passwd    mode=0600
		*.o            exclude
		*.keep         include
	END
	status 0 mkxipfs -q --quiet --xip=/bin/busybox --xip='*.ttf' --xip=font --policy=policy \
		--no-xip=/usr/sh --no-xip --exclude=nothing tree a.img
	cat >expected <<-'END'
		mkxipfs: warning: --xip=/bin/busybox: matches nothing in the image
		mkxipfs: warning: --xip=*.ttf: matches nothing in the image
		mkxipfs: warning: policy:3: /sbin/* xip: matches nothing in the image
		mkxipfs: warning: policy:6: /etc/passwd mode=0600: matches nothing in the image
		mkxipfs: warning: --no-xip=/usr/sh: matches nothing in the image
	END
	same err expected
	# Every kind of entry counts, and those of device tables.
	printf '%s\n' '/dev d 755 0 0 - - - - -' '/dev/null c 666 0 0 1 3 - - -' >table
	status 0 mkxipfs -q --quiet -D table --policy=<(printf '%s\n' '/etc/deep mode=0755' \
		'/dev/nul? xip') tree a.img
	empty err
	fails 8 'E turns warnings into errors' mkxipfs -q -E --xip=/bin/busybox tree b.img
	absent b.img
}

# However many there are, few are named, and the rest are counted.
many_unmatched_patterns()
{
	a_tree
	printf '/nowhere/%d xip\n' {1..1000} >policy
	status 0 mkxipfs -q --quiet --policy=policy tree a.img
	equal "$(wc -l <err)" 21 "the number of warnings"
	matches err 'policy:20: /nowhere/20 xip: matches nothing'
	matches err 'warning: 980 more patterns match nothing'
}

check "--policy: auto, xip, whole, no-xip" placement_words
check "--policy: the last match wins" last_match_wins
check "--policy: mode, owner" metadata_words
check "--policy: exclude, include" exclusion_words
check "--policy: align" alignment_word
check "--policy: max-size" max_size_line
check "--policy: lines that are wrong" bad_lines
check "patterns that match nothing are named" unmatched_patterns
check "patterns that match nothing: 20 are named" many_unmatched_patterns
check "--stack-size and stack=" stack_sizes
check "--stack-size: refused with a reason" stack_refusals
check "--explain" explains
