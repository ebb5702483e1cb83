# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# mkxipfs --xip-profile: hot pages in place, cold ones compressed, what it says and what it refuses

source "$TOP/tests/lib/profile.sh"

hot_and_cold()
{
	a_program
	text 9000 >tree/text
	profile /bin/fixed,0,1 /bin/fixed,2,1 /bin/fixed,4,9 /text,0,5
	status 0 mkxipfs -q -v --xip-profile=p.csv tree a.img
	empty err
	matches out '/bin/fixed: in place at 0x[0-9a-f]+: 2 of 2 hot pages, in 2 runs; 2 cold ones '
	matches out '^  profile +2 of 2 hot pages in place, 2 cold ones compressed$'
	equal "$(kinds /bin/fixed | cut -c -4)" xcxh
	equal "$(kinds /text)" ccc
	is_sound
	equal "$(kernel map mmu a.img /bin/fixed 0 1 | cut -d ' ' -f 1)" 1 "pages, no patch"
	equal "$(kernel map mmu a.img /bin/fixed 2 2 | cut -d ' ' -f 1)" 1 "pages, no patch"
	profile /bin/fixed,3,1
	status 0 mkxipfs -q --xip-profile=p.csv tree a.img
	equal "$(kinds /bin/fixed | cut -c -4)" cccx
	equal "$(kernel map mmu a.img /bin/fixed 2 2 | cut -d ' ' -f 1)" 0 "pages, no patch"
	equal "$(kernel map pages a.img /bin/fixed 2 2 | cut -d ' ' -f 1)" 1 "pages, patched"
	is_sound
}

# Nothing is in place of a program that the profile does not name.
unnamed_program()
{
	a_program
	program fixed tree/bin/other
	echo >>tree/bin/other
	profile /bin/fixed,1,1
	status 0 mkxipfs -q -v --xip-profile=p.csv tree a.img
	empty err
	not_in_place a.img /bin/other
	matches out '/bin/other: compressed: none of its 4 pages is hot \(--xip-profile=p.csv\)'
	is_sound
}

# random_profile PATH FILE SEED: about a third of the pages, in stretches, with counts.
random_profile()
{
	python3 - "$@" <<-'END'
		import os, random, sys
		path, file, seed = sys.argv[1:]
		dice = random.Random(int(seed))
		page, pages = 0, -(-os.path.getsize(file) // 4096)
		while page < pages:
		    for hot in range(page, min(pages, page + dice.randrange(1, 6))):
		        print("%s,%d,%d" % (path, hot, dice.randrange(1, 50)))
		        page = hot + 1
		    page += dice.randrange(1, 12)
	END
}

# Programs of this machine: each page is as the profile says, what is one behind the other in the
# file is so in flash, and the predictions agree with the second reader.
real_programs()
{
	local path first count index=0 want got

	mkdir -p tree/bin tree/lib
	cp "$(command -v bash)" "$(command -v grep)" tree/bin
	cp "$(ldd "$(command -v bash)" | sed -n 's/.*=> \(.*libc[.].*\) (.*/\1/p')" tree/lib/libc.so.6
	profile
	for path in /bin/bash /bin/grep /lib/libc.so.6; do
		random_profile $path tree$path $((index++)) >>p.csv
	done
	status 0 mkxipfs -q --xip-profile=p.csv "$@" tree a.img
	empty err
	if (($#)); then
		status 0 xipfs-dump --check a.img
		matches out ' 0 errors, 0 warnings'
	else
		is_sound
	fi
	xipfs-dump --ram --json a.img >ram.json
	equal "$(jq .pagewise ram.json)" true "the kernel of the prediction"
	for path in /bin/bash /bin/grep /lib/libc.so.6; do
		kernel blocks a.img $path >blocks
		loads tree$path >loads
		awk -v path=$path -F '[, ]' '
			FILENAME == "loads" { for (i = $1; i < $1 + $2; i++) text[i] = 1; next }
			FILENAME == "p.csv" { if ($1 == path) hot[$2] = 1; next }
			{
				page = FNR - 1
				if ((page in hot && page in text) != ($3 == "xip"))
					bad = bad " " page
				if ($3 == "xip" && was == page - 1 && page && $1 != start + 4096)
					bad = bad " " page "(apart)"
				if ($3 == "xip") { was = page; start = $1; found++ }
			}
			END { if (bad || found < 10) { print "pages:" bad ", in place: " found; exit 1 } }
		' loads p.csv blocks || fail "$path is not as the profile says"
		while read -r first count; do
			want=$(kernel map pages a.img $path "$first" "$count" | cut -d ' ' -f 1)
			got=$(jq -r --arg path $path --argjson offset $((first * 4096)) '
				[.programs[].objects[] | select(.path == $path) | .lines[] |
				select(.offset == $offset and .named) | .mapped_in_place_pages][0]' ram.json)
			equal "$got" "$want" "pages of $path from page $first on that are in place"
		done <loads
	done
}

other_pages()
{
	local page=16384

	mkdir -p tree/bin
	cp "$(command -v bash)" tree/bin
	profile /bin/bash,0,1 /bin/bash,7,1 /bin/bash,8,3
	status 0 mkxipfs -q -b $page --xip-profile=p.csv tree a.img
	equal "$(kinds /bin/bash | cut -c -9)" xccccccxx
	is_sound --page-size=$page
	printf '%s\n' ./bin/bash,0,1 ./bin/bash,4096,1 ./bin/bash,114688,1 ./bin/bash,131072,3 >axfs
	mkxipfs -q --quiet -b $page --xip-profile=axfs tree b.img
	same a.img b.img
}

big_endian()
{
	mkdir -p tree/bin
	program mips tree/bin/mips
	profile /bin/mips,0,1
	status 0 mkxipfs -q -B --xip-profile=p.csv tree a.img
	equal "$(kinds /bin/mips)" xc
	is_sound
}

# Both forms, in one file or several, give one image.
forms()
{
	a_program
	ln -s bin/fixed tree/link
	ln tree/bin/fixed tree/hard
	profile /bin/fixed,0,3 /bin/fixed,2,4
	mkxipfs -q --quiet --xip-profile=p.csv tree want.img
	printf '%s\n' ./bin/fixed,0,3 ./bin/fixed,8192,4 >axfs
	mkxipfs -q --quiet --xip-profile=axfs tree a.img
	same want.img a.img
	mkxipfs -q --quiet --xip-profile=- tree a.img <axfs
	same want.img a.img
	profile /link,0,1
	printf '%s\r\n' path,page,count '"/hard",2,1' >q.csv
	mkxipfs -q --quiet --xip-profile=p.csv --xip-profile=q.csv tree a.img
	same want.img a.img
}

not_there()
{
	a_program
	profile /bin/fixed,0,1 /bin/nothing,5,1 /bin/fixed,99,1 /bin,0,1
	status 0 mkxipfs -q --xip-profile=p.csv tree a.img
	one_line err
	matches err 'p.csv: warning: 3 of the 4 pages .* first page 5 of /bin/nothing in line 3$'
	equal "$(kinds /bin/fixed | cut -c -4)" xcch
	printf '%s\n' ./bin/fixed,4096,1 ./bin/fixed,16777216,1 ./bin/gone,0,1 >axfs
	status 0 mkxipfs -q --xip-profile=p.csv --xip-profile=axfs tree a.img
	equal "$(wc -l <err)" 2 "warnings, one for each profile"
	matches err '^mkxipfs: axfs: warning: 2 of the 3 pages .* first page 4096 of ./bin/fixed in line 2$'
	equal "$(kinds /bin/fixed | cut -c -4)" xxch
	profile
	status 0 mkxipfs -q --xip-profile=p.csv tree a.img
	one_line err
	matches err 'p.csv: warning: the profile names no page$'
	not_in_place a.img /bin/fixed
	rm a.img
	fails 8 'turns warnings into errors' mkxipfs -q -E --xip-profile=p.csv tree a.img
	absent a.img
}

bad_profiles()
{
	a_program
	printf '/bin/fixed,0,1\n' >p.csv
	fails 8 'p.csv: line 1: a profile begins with' mkxipfs --xip-profile=p.csv tree a.img
	profile /bin/fixed,0
	fails 8 'p.csv: line 2: it must be a path, a page and a count' \
		mkxipfs --xip-profile=p.csv tree a.img
	one_line err
	profile /bin/fixed,0,0
	fails 8 'p.csv: line 2: 0: the count' mkxipfs --xip-profile=p.csv tree a.img
	printf 'path,page,count\n/bin/fixed,0,1\0\n' >p.csv
	fails 8 'p.csv: line 2: a NUL byte' mkxipfs --xip-profile=p.csv tree a.img
	fails 8 'no.csv' mkxipfs --xip-profile=no.csv tree a.img
	absent a.img
}

wrong_usage()
{
	a_program
	profile /bin/fixed,0,1
	fails 16 'xip-profile with -X: ' mkxipfs -X --xip-profile=p.csv tree a.img
	one_line err
	fails 16 'classic' mkxipfs --classic --xip-profile=p.csv tree a.img
	echo '/bin/* profile' >policy
	fails 16 'policy:1: /bin/. profile: there is no profile' mkxipfs --policy=policy tree a.img
	fails 16 'only once' mkxipfs --xip-profile=- --policy=- tree a.img </dev/null
	fails 16 'written over an input' mkxipfs --xip-profile=p.csv tree p.csv
	fails 16 'written over an input' mkxipfs --xip-profile=p.csv --report=p.csv tree a.img
	absent a.img
	status 0 mkxipfs -q -X -X --xip-profile=p.csv tree a.img
	equal "$(kinds /bin/fixed | cut -c -4)" xcch
}

# A kernel without an MMU maps all of a segment or nothing.
programs_without_mmu()
{
	local kind

	for kind in fdpic flat; do
		rm -rf tree
		mkdir -p tree/bin
		program $kind tree/bin/$kind
		profile /bin/$kind,0,1
		fails 8 "/bin/$kind: it is a program for a kernel without an MMU.*xip-profile=p.csv" \
			mkxipfs -q --xip-profile=p.csv tree a.img
		one_line err
		absent a.img
		# who means it says otherwise
		status 0 mkxipfs -q --xip-profile=p.csv --xip=/bin/$kind tree a.img
		status 0 mkxipfs -q --xip-profile=p.csv --no-xip=/bin/$kind tree a.img
		rm a.img
	done
}

# The last rule that matches decides, and the word of a policy is for some files only.
rules()
{
	a_program
	program fixed tree/bin/other
	echo >>tree/bin/other
	profile /bin/fixed,1,1 /bin/other,1,1
	echo '/bin/other profile' >policy
	status 0 mkxipfs -q --xip-profile=p.csv --no-xip --policy=policy tree a.img
	equal "$(kinds /bin/other | cut -c -4)" cxch
	not_in_place a.img /bin/fixed
	printf '%s\n' '* auto' '/bin/other profile' >policy
	status 0 mkxipfs -q --xip-profile=p.csv --policy=policy tree a.img
	equal "$(kinds /bin/other | cut -c -4)" cxch
	equal "$(kinds /bin/fixed | cut -c -4)" xxxx
	status 0 mkxipfs -q --xip-profile=p.csv --xip=/bin/other tree a.img
	equal "$(kinds /bin/other)" xxxxxx
	equal "$(kinds /bin/fixed | cut -c -4)" cxch
	status 0 mkxipfs -q --xip=/bin/other --xip-profile=p.csv tree a.img
	equal "$(kinds /bin/other | cut -c -4)" cxch
}

# The coldest pages go first, and no more of them than must.
fit()
{
	local size all hot placed

	mkdir -p tree/bin
	cp "$(command -v bash)" tree/bin
	profile
	random_profile /bin/bash tree/bin/bash 7 >>p.csv
	mkxipfs -q --quiet --no-xip tree none.img
	mkxipfs -q --quiet --xip-profile=p.csv --report=all.json tree all.img
	all=$(stat -c %s all.img)
	size=$((($(stat -c %s none.img) + all) / 2))
	status 0 mkxipfs -q --xip-profile=p.csv --max-size=$size --fit --report=a.json tree a.img
	empty err
	(($(stat -c %s a.img) <= size)) || fail "larger than it may be"
	hot=$(jq '.entries[] | select(.path == "/bin/bash") | .hot_pages' a.json)
	placed=$(jq '.entries[] | select(.path == "/bin/bash") | .hot_pages_in_place' a.json)
	equal "$(jq '.entries[] | select(.path == "/bin/bash") | .hot_pages_in_place' all.json)" \
		"$hot" "hot pages in place with room for all"
	((placed > hot / 4 && placed < hot * 3 / 4)) || fail "$placed of $hot hot pages in place"
	(($(stat -c %s a.img) > size - 3 * 4096)) || fail "there was room for more"
	matches out "^  profile +$placed of $hot hot pages in place"
	# no page in place is colder than one that is not
	kernel blocks a.img /bin/bash >blocks
	loads tree/bin/bash >loads
	awk -F '[, ]' '
		FILENAME == "loads" { for (i = $1; i < $1 + $2; i++) text[i] = 1; next }
		FILENAME == "p.csv" { count[$2] = $3; next }
		!(FNR - 1 in text) || !(FNR - 1 in count) { next }
		$3 == "xip" { if (!least || count[FNR - 1] < least) least = count[FNR - 1]; next }
		count[FNR - 1] > most { most = count[FNR - 1] }
		END { if (!least || !most || most > least) { print least, most; exit 1 } }
	' loads p.csv blocks || fail "not the hottest pages"
	is_sound
	status 0 mkxipfs -q --xip-profile=p.csv --max-size="$all" --fit tree a.img
	same a.img all.img
	rm a.img
	fails 8 'more than the [0-9]+ that are allowed' \
		mkxipfs -q --xip-profile=p.csv --max-size=300K --fit tree a.img
	absent a.img
}

# Of equally cold pages those go first that give back the most flash, then the later ones. Of this
# program pages 4 and 5 are zeros, 1 compresses better than 3, and the others not at all.
fit_among_equals()
{
	local none all size

	mkdir -p tree/bin
	one_segment 32767 tree/bin/one
	text 4096 | dd of=tree/bin/one bs=4096 seek=1 conv=notrunc status=none
	text 2048 2 | dd of=tree/bin/one bs=4096 seek=3 conv=notrunc status=none
	zeros 8192 | dd of=tree/bin/one bs=4096 seek=4 conv=notrunc status=none
	profile /bin/one,{1..7},5
	mkxipfs -q --quiet --no-xip tree none.img
	mkxipfs -q --quiet --xip-profile=p.csv tree all.img
	none=$(stat -c %s none.img) all=$(stat -c %s all.img)
	for ((size = none; size <= all; size += 4096)); do
		status 0 mkxipfs -q --xip-profile=p.csv --fit --max-size=$size tree a.img
		(($(stat -c %s a.img) <= size)) || fail "larger than it may be"
		kinds /bin/one | cut -c 2-8 | tr csh - >>orders
	done
	equal "$(uniq orders | tr '\n' ' ')" '-x---xx -xx--xx xxx--xx xxxx-xx xxxxxxx ' \
		"pages in place, the more room the more"
	is_sound
}

# pages_of_equals: which of pages 1 to 3 of the equal files are in place in ./a.img, the same of all.
pages_of_equals()
{
	local name

	for name in one copy link private; do
		kinds /bin/$name | cut -c 2-4 | tr csh -
	done | uniq
}

# Equal files are one in the image, whichever of them the profile names: what was seen adds up. One
# of another mode shares their pages, and one that is only as large has no part in it.
equal_files()
{
	local none all size

	mkdir -p tree/bin
	one_segment 16383 tree/bin/one
	text 4096 | dd of=tree/bin/one bs=4096 seek=1 conv=notrunc status=none
	text 2048 2 | dd of=tree/bin/one bs=4096 seek=2 conv=notrunc status=none
	text 4096 3 | dd of=tree/bin/one bs=4096 seek=3 count=4095 iflag=count_bytes conv=notrunc status=none
	cp tree/bin/one tree/bin/copy
	ln tree/bin/copy tree/bin/link
	install -m 700 tree/bin/one tree/bin/private
	one_segment 16383 tree/bin/other
	profile /bin/one,1,2 /bin/copy,2,1 /bin/link,3,1 /bin/private,3,2 /bin/one,2,1
	status 0 mkxipfs -q --xip-profile=p.csv --report=a.json tree a.img
	empty err
	equal "$(pages_of_equals)" xxx "pages in place"
	not_in_place a.img /bin/other
	equal "$(json a.img .bytes.xip)" $((3 * 4096 - 1)) "bytes in place"
	equal "$(jq -r '.entries[] | select(.path == "/bin/one") | .shared_with' a.json)" /bin/copy "one is"
	is_sound
	# --fit drops a page of all of them
	mkxipfs -q --quiet --no-xip tree none.img
	none=$(stat -c %s none.img) all=$(stat -c %s a.img)
	for ((size = none; size <= all; size += 4096)); do
		status 0 mkxipfs -q --xip-profile=p.csv --fit --max-size=$size --report=a.json tree a.img
		pages_of_equals >>orders
		equal "$(jq -r '.entries[] | select(.path == "/bin/one") | .shared_with' a.json)" \
			/bin/copy "one is"
	done
	equal "$(uniq orders | tr '\n' ' ')" '--- --x -xx xxx ' "pages in place, the more room the more"
	is_sound
}

# Beside a profile, whole programs get the room that hot pages leave.
fit_beside_programs()
{
	local size

	a_program
	mkdir -p tree/usr
	cp "$(command -v grep)" tree/usr
	profile /usr/grep,0,1 /usr/grep,3,1
	echo '/bin/* auto' >policy
	mkxipfs -q --quiet --xip-profile=p.csv --no-xip=/bin/fixed tree b.img
	size=$(stat -c %s b.img)
	status 0 mkxipfs -q --xip-profile=p.csv --policy=policy --fit --max-size="$size" tree a.img
	not_in_place a.img /bin/fixed
	matches out 'profile +2 of 2 hot pages'
	matches out 'left out +1 of 1 for want of room'
	status 0 mkxipfs -q --xip-profile=p.csv --policy=policy --fit \
		--max-size=$((size + 5 * 4096)) tree a.img
	equal "$(kinds /bin/fixed | cut -c -4)" xxxx
	is_sound
}

# At the end of a file: in place, its last page is mapped only with zeros behind it; where it is
# full, kernels without the patch read it as zeros.
last_pages()
{
	local size last want

	for size in 4095 4096 4097 8191 8192 8193 12287 12288; do
		rm -rf tree
		mkdir -p tree/bin
		one_segment $size tree/bin/one
		noise 3000 9 >tree/behind
		last=$(((size - 1) / 4096))
		profile /bin/one,$last,1
		status 0 mkxipfs -q --xip-profile=p.csv tree a.img
		want=$(printf 'sss%.0s' {1..3})
		((size % 4096)) && want=${want:0:last}x || want=${want:0:last}h # as it is read
		equal "$(kinds /bin/one)" "$want"
		equal "$(kernel map pages a.img /bin/one 0 3 | cut -d ' ' -f 1)" 1 "pages in place"
		if ((size % 4096)); then
			empty err
			is_sound
		else
			matches err '/bin/one: warning: its last page is full and must be mapped'
			status 0 xipfs-dump --check a.img
			matches out '^warning: last-block: /bin/one'
		fi
		((last)) || continue
		profile /bin/one,0,1
		status 0 mkxipfs -q --xip-profile=p.csv tree a.img
		empty err
		is_sound
	done
}

check "hot pages in place, cold ones compressed" hot_and_cold
check "a program that no profile names" unnamed_program
check "programs of this machine" real_programs
check "programs of this machine, stripped" real_programs --strip
check "pages of 16 KiB" other_pages
check "a big-endian image" big_endian
check "forms of profiles, several of them" forms
check "pages that are not there" not_there
check "bad profiles: exit 8, no image" bad_profiles
check "wrong usage: exit 16, no image" wrong_usage
check "programs for a kernel without an MMU" programs_without_mmu
check "the last rule decides" rules
check "--fit leaves out the coldest pages" fit
check "--fit: of equally cold pages" fit_among_equals
check "equal files and hard links" equal_files
check "--fit: programs beside a profile" fit_beside_programs
check "last pages" last_pages
