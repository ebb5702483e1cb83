# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# hot and cold pages of an image: what the reports of both programs say of them

source "$TOP/tests/lib/profile.sh"

explanations()
{
	a_program
	profile /bin/fixed,0,1 /bin/fixed,1,1
	status 0 mkxipfs --xip-profile=p.csv --explain=/bin/fixed tree
	matches out 'wanted +the pages that a profile names +\(--xip-profile=p.csv\)'
	matches out 'becomes +in place, 2 hot pages; 2 cold ones compressed'
	status 0 mkxipfs --xip-profile=p.csv --fit --max-size=1M --explain=/bin/fixed tree
	matches out 'becomes +in place, 2 hot pages, as many as --fit finds room for; 2 cold'
	profile /bin/fixed,{0..2},1
	status 0 mkxipfs --xip-profile=p.csv --explain=/bin/fixed tree
	matches out 'becomes +in place, 3 hot pages; 1 cold one compressed$'
	profile /bin/nothing,0,1
	status 0 mkxipfs --xip-profile=p.csv --explain=/bin/fixed tree
	matches out 'becomes +compressed: none of 4 pages is hot'
}

views()
{
	local ram

	a_program
	profile /bin/fixed,1,1 /bin/fixed,3,2
	status 0 mkxipfs -q --xip-profile=p.csv --report=a.json tree a.img
	equal "$(jq -c '.entries[] | select(.path == "/bin/fixed") | [.in_place, .hot_pages,
		.hot_pages_in_place, .cold_pages, [.runs[] | [.first_page, .pages]]]' a.json)" \
		'[true,2,2,2,[[1,1],[3,1]]]' "the report"
	status 0 xipfs-dump a.img
	matches out 'MMU +not in place: page 0 of the file is compressed$'
	matches out '^ +page by page 2 hot pages in place, 2 cold ones compressed$'
	status 0 xipfs-dump --ram=mmu a.img
	matches out '^RAM on a kernel with an MMU, in'
	matches out '^all programs together.*: 4096 bytes run from flash'
	status 0 xipfs-dump --ram=pagewise a.img
	matches out '^RAM on a kernel with an MMU that maps page by page, in'
	matches out '^all programs together.*: 8192 bytes run from flash'
	! grep -q 'let mkxipfs place it' out || fail "advice to place what a profile left out"
	cp out by.name
	status 0 xipfs-dump --ram a.img
	same out by.name
	equal "$(json a.img '.programs[0].mmu | [.pages, .pagewise_pages, (.mappings |
		map(.pagewise_pages))] | tojson' --check)" '[1,2,[0,1,1,0]]'
	fails 16 'nommu, mmu or pagewise' xipfs-dump --ram=other a.img
	# expectations are judged for the kernel that the image is made for, or for the one they name
	ram=$(json a.img '.programs[0].first' --ram=pagewise)
	equal "$(json a.img '.programs[0].first' --ram=mmu)" $((ram + 4096)) "RAM without the patch"
	echo "ram /bin/fixed <= $ram" >expect
	status 0 xipfs-dump --expect=expect a.img
	echo "kernel pagewise" >>expect
	status 0 xipfs-dump --expect=expect a.img
	sed -i 's/pagewise/mmu/' expect
	status 4 xipfs-dump --expect=expect a.img
	# an image without such a program is for any kernel with an MMU
	mkxipfs -q --quiet tree b.img
	equal "$(json b.img .pagewise --ram)" false "pagewise"
}

# told_pages: the hot and cold pages of each program of ./a.img by --map, and of all of them.
told_pages()
{
	xipfs-dump --map a.img | sed -En '/^programs page by page:$/,$ s/^ *(.*): ([0-9]+) hot pages? in place, ([0-9]+) cold ones? compressed$/\1 \2 \3/p'
}

# Every view tells the same, of all programs, also those of which nothing is in place.
hot_and_cold_pages()
{
	a_program
	program fixed tree/bin/other
	echo >>tree/bin/other
	program shared tree/lib.so
	profile /bin/fixed,1,1 /lib.so,{0..2},1
	status 0 mkxipfs -q -v --xip-profile=p.csv --report=a.json tree a.img
	matches out '/bin/fixed: in place at .*: 1 of 1 hot page, in 1 run; 3 cold ones compressed'
	status 0 xipfs-dump --map a.img
	told_pages >told
	jq -r '.entries[] | select(.hot_pages) | "\(.path) \(.hot_pages) \(.cold_pages)"' a.json >want
	equal "$(grep -c . want)" 3 "programs in the report"
	same <(head -3 told) want
	equal "$(sed -n 4p told)" "$(awk '{ hot += $2; cold += $3 } END { print "all of them", hot, cold }' want)" \
		"all programs"
	json a.img '.programs[] | "\(.path) \(.hot_pages) \(.cold_pages)"' --map >told
	same told want
	json a.img '.programs[] | "\(.path) \(.mmu.hot_pages) \(.mmu.cold_pages)"' >told
	same told <(grep -v /bin/other want) # nothing of it is in place
	json a.img '.programs[].objects[] | "\(.path) \(.hot_pages) \(.cold_pages)"' --ram | sort >told
	same told <(grep -v lib want)
	xipfs-dump --ram a.img >out
	matches out '^  /bin/fixed: 1 hot page in place, 3 cold ones compressed$'
	matches out '^  /bin/other: 0 hot pages in place, 4 cold ones compressed$'
	xipfs-dump --ram=mmu a.img >out
	matches_not out 'hot page'
	# what no profile placed has neither
	mkxipfs -q --quiet tree a.img
	equal "$(told_pages)" '' "pages of an image without a profile"
	equal "$(json a.img '.programs | length' --map)" 0 "programs of an image without a profile"
	xipfs-dump a.img >out
	matches_not out 'page by page'
}

# Two segments of this program have page 1 of the file, as lld makes them: it is one page.
page_of_two_segments()
{
	mkdir -p tree/bin
	one_segment 12000 tree/bin/two
	{
		echo "7f454c46010101000000000000000000 02002800 01000000 00180100 34000000 00000000"
		echo "00000005 3400 2000 0200 0000 0000 0000"
		echo "01000000 00000000 00000100 00000100 00180000 00180000 04000000 00100000"
		echo "01000000 00180000 00280100 00280100 e0160000 e0160000 05000000 00100000"
	} | xxd -r -p | dd of=tree/bin/two conv=notrunc status=none
	profile /bin/two,1,1
	status 0 mkxipfs -q --xip-profile=p.csv --report=a.json tree a.img
	# shellcheck disable=SC2119 # without options
	is_sound
	equal "$(kinds /bin/two)" sxc
	equal "$(jq -c '.entries[] | select(.hot_pages) | [.hot_pages, .cold_pages]' a.json)" '[1,2]' "the report"
	equal "$(told_pages)" "/bin/two 1 2"$'\n'"all of them 1 2" "the map"
	equal "$(json a.img '.programs[0].mmu.pagewise_pages')" 2 "pages of mappings"
}

# A page that was to be mapped, and is by no kernel.
lost_page()
{
	local table

	a_program
	profile /bin/fixed,1,1 /bin/fixed,3,2
	mkxipfs -q --quiet --xip-profile=p.csv tree a.img
	status 0 xipfs-dump --check=xip-mmu a.img
	matches out ' 0 errors, 0 warnings'
	# the pointer of page 1: four bytes further on
	table=$(kernel list a.img | awk '$1 == "/bin/fixed" { print $6 }')
	patch_bytes a.img $((table + 4)) "$(printf '%02x' $((16#$(xxd -s $((table + 4)) -l 1 -p a.img) + 1)))"
	equal "$(kernel map pages a.img /bin/fixed 0 4 | cut -d ' ' -f 1)" 1 "pages in place"
	status 0 xipfs-dump --check=xip-mmu a.img
	matches out '^warning: xip-mmu: /bin/fixed: segment 1 is not executed in place: it does not lie'
}

# All pages of a segment are there, but the kernels without the patch want them in one piece.
scattered_pages()
{
	local table

	a_program
	mkxipfs -q --quiet tree a.img
	table=$(kernel list a.img | awk '$1 == "/bin/fixed" { print $6 }')
	patch_bytes a.img $((table + 8)) "$(slice a.img $((table + 12)) 4 | xxd -p)$(
		slice a.img $((table + 8)) 4 | xxd -p)"
	equal "$(kernel map mmu a.img /bin/fixed 2 2 | cut -d ' ' -f 1)" 1 "pages in place"
	status 0 xipfs-dump --check=xip-mmu a.img
	matches out '^warning: xip-mmu: /bin/fixed: segment 2 .*: page 3 of the file does not follow'
}

check "--explain" explanations
check "reports, --ram and the list of programs" views
check "hot and cold pages in every view" hot_and_cold_pages
check "a page of two segments" page_of_two_segments
check "xip-mmu: a page that no kernel maps" lost_page
check "xip-mmu: pages that do not follow one another" scattered_pages
