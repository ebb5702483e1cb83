# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# xipfs-dump --html, --svg and the bar of --map, in headless Chromium and a terminal

source "$TOP/tests/lib/packages.sh"
packages_install "$TOP/tests/pictures/packages"
need_build build_release "$BUILD_RELEASE"

# browse FILE OPTION...: Chromium without a window or a network; its output to ./out and ./err.
browse()
{
	local file=$1
	shift

	mkdir -p profile
	status 0 timeout 120 chromium --headless --no-sandbox --disable-gpu --no-first-run \
		--disable-background-networking --disable-component-update --disable-sync \
		--hide-scrollbars --user-data-dir="$PWD/profile" --enable-logging=stderr \
		--host-resolver-rules='MAP * ~NOTFOUND' --virtual-time-budget=5000 "$@" "file://$PWD/$file"
	matches_not err 'CONSOLE'
}

# colours FILE WIDTH,HEIGHT: "count #rrggbb" of a screenshot, to ./colours.
colours()
{
	browse "$1" --window-size="$2" --screenshot="$PWD/shot.png"
	"$TOP/tests/pictures/pixels.py" shot.png >colours
	(($(wc -l <colours) > 8)) || fail "the screenshot is blank"
}

# pixels COLOUR...: how many of them ./colours has.
pixels()
{
	printf '%s\n' "$@" >wanted
	awk 'NR == FNR { wanted[$1]; next } $2 in wanted { n += $1 } END { print n + 0 }' wanted colours
}

# Programs of all kinds, names that HTML could take for its own, and room behind the image.
an_image()
{
	mkdir -p tree/bin tree/etc/deep
	program fdpic tree/bin/fdpic
	program static tree/bin/static
	program flat tree/bin/flat
	noise 30000 >tree/etc/noise
	text 90000 >tree/etc/text
	text 3000 2 >'tree/etc/<b>"&'
	text 3000 3 >'tree/etc/deep/<!--<script>'
	mkxipfs --quiet tree a.img
}

# probed WHAT PAGE: a reader's use of the page finds nothing wrong; what it tells to ./verdict.
probed()
{
	timeout 200 "$TOP/tests/pictures/probe.py" "$1" "$2" >verdict 2>&1 || true
	[[ $(tail -1 verdict) == fine ]] || {
		tail -30 verdict
		fail "$1: $(head -1 verdict)"
	}
}

# told WORD: the number that a probe tells of it.
told()
{
	sed -n "s/^$1 //p" verdict
}

# data PAGE: what the page is made of, as JSON.
data()
{
	sed -n '/ id="data">/,/<\/script>/p' "$1" | sed 's/.*id="data">//; s/<\/script>.*//'
}

# The page of an_image; probes that want no other.
probes()
{
	local what

	an_image
	xipfs-dump --html=page.html --flash-addr=0x60800000 --partition=256K a.img
	for what; do
		probed "$what" page.html
	done
}

self_contained()
{
	an_image
	xipfs-dump --html=page.html --flash-addr=0x60800000 --partition=256K a.img
	matches_not page.html '(src|href)=|@import|url\('
	(($(grep -c '<script' page.html) == 2)) || fail "a name begins a script"
	probed hostile page.html
	probed pieces page.html
	equal "$(told bytes)" $((256 << 10)) "the pieces together"
}

# Of more programs than the table shows at first.
many_programs()
{
	mkdir -p tree/bin
	program fdpic first
	local i
	for ((i = 0; i < 30; i++)); do
		{ cat first; noise $((i * 4096)) $i; } >"tree/bin/prog$i"
		chmod +x "tree/bin/prog$i"
	done
	mkxipfs --quiet tree a.img
	xipfs-dump --html=page.html a.img
	probed table page.html
	probed whole_sizes page.html
}

# An image whose pages a profile placed.
page_by_page()
{
	mkdir -p tree/bin
	program fixed tree/bin/fixed
	printf '%s\n' path,page,count /bin/fixed,1,1 /bin/fixed,3,1 >p.csv
	mkxipfs --quiet -q --xip-profile=p.csv tree a.img
	xipfs-dump --html=page.html a.img
	probed pagewise page.html
}

# An image and the one before it.
two_images()
{
	an_image
	noise 9000 4 >tree/etc/removed
	noise 9000 5 >tree/etc/grown
	noise 30000 6 >tree/etc/shrunk
	mkxipfs --quiet tree old.img
	rm tree/etc/removed
	noise 25000 5 >tree/etc/grown
	noise 12000 6 >tree/etc/shrunk
	noise 14000 7 >tree/etc/added
	mkxipfs --quiet tree new.img
	xipfs-dump --html=page.html --diff old.img new.img
	probed differences page.html
	equal "$(told change)" $(($(owned new.img) - $(owned old.img))) "the change of all files"
	xipfs-dump --diff old.img --html=other.html new.img
	same page.html other.html
	probed differences@dark page.html
	probed narrow page.html
	fails 16 'only one --diff' xipfs-dump --html=x.html --diff=old.img --diff=old.img new.img
	fails 8 nowhere xipfs-dump --html=x.html --diff=nowhere new.img
	absent x.html
}

# owned IMAGE: bytes that belong to files.
owned()
{
	json "$1" '[.extents[] | select(.owner and .kind != "directory").length] | add' --map
}

# The figures of the page are those of the reports.
figures_agree()
{
	an_image
	xipfs-dump --html=page.html a.img
	data page.html >data.json
	jq -r '.image as $i | $i.ram.programs[] | [$i.entries[.[0]][1], .[1], .[2], .[3], .[4]] | join(" ")' \
		data.json >got
	json a.img '.programs[] | [(.path | ltrimstr("/bin/")), .flash, .first, .further, .first_without_xip] |
		join(" ")' --ram >want
	(($(wc -l <want) == 3)) || fail "not three programs"
	diff want got
	equal "$(jq .image.ram.saved data.json)" "$(json a.img .saved --ram)" "what all save together"
	jq -r '.kinds as $k | .image | .entries as $e | .extents[] | [.[0], $k[.[1]][0],
		(if .[2] > 0 then $e[.[2] - 1][1] else "" end), .[3], .[4], .[5]] | join(" ")' data.json >got
	json a.img '.extents[] | [.length, .kind, ((.owner // "") | split("/") | last // ""), .block // 0,
		.blocks // 0, .sharers] | join(" ")' --map >want
	diff want got
}

# Areas are to scale; the page follows the reader's light or dark.
is_to_scale()
{
	an_image
	xipfs-dump --svg=map.svg --partition=256K a.img
	python3 -c 'import sys, xml.dom.minidom; xml.dom.minidom.parse(sys.argv[1])' map.svg
	colours map.svg 1120,400
	matches map.svg '<text style="color:var\(--on-xip\)".*>fdpic</text>'
	local free xip bytes
	free=$(pixels '#efede6')
	xip=$(pixels '#217a49')
	bytes=$(json a.img '.bytes.xip')
	((free > 1000 && xip > 1000)) || { head -12 colours; fail "no free room or nothing in place"; }
	local want=$((bytes * 1000 / ((256 << 10) - $(stat -c %s a.img)))) got=$((xip * 1000 / free))
	((got > want * 95 / 100 && got < want * 105 / 100)) ||
		fail "in place to free is $got to 1000 in the picture, $want in bytes"
	# the largest partition that can be named
	status 0 timeout 20 xipfs-dump --svg=map.svg --partition=0xffffffffffffffff a.img
	(($(grep -c '<text x="102"' map.svg) <= 12)) || fail "more than twelve rows"
}

# shot OPTION PAGE: "count #rrggbb" of a screenshot, to ./colours.
shot()
{
	probed "screenshot$1" "$2"
	"$TOP/tests/pictures/pixels.py" shot.png >colours
	(($(wc -l <colours) > 8)) || fail "the screenshot is blank"
}

# The page follows the reader's light or dark.
light_and_dark()
{
	an_image
	xipfs-dump --html=page.html --partition=256K a.img
	shot '' page.html
	equal "$(head -1 colours | cut -d ' ' -f 2)" '#ffffff' "the paper in the light"
	(($(pixels '#217a49') > 1000)) || fail "nothing in place in the light"
	shot @dark page.html
	equal "$(head -1 colours | cut -d ' ' -f 2)" '#1b1b1a' "the paper in the dark"
	(($(pixels '#ffffff') < 20000)) || fail "white areas in the dark"
	(($(pixels '#43bd7b') > 1000)) || fail "nothing in place in the dark"
}

# On paper: everything but what needs a pointer, whatever the screen's colours.
prints()
{
	local scheme

	an_image
	xipfs-dump --html=page.html --flash-addr=0x60800000 a.img
	for scheme in '' @dark; do
		probed "paper$scheme" page.html
		matches page.txt '0x60800000'
		matches page.txt '^ */bin/fdpic .*[0-9] KiB'
		matches page.txt 'executes in place'
		matches page.txt 'How full'
		matches_not page.txt 'Nothing selected|Point at|Find a file|Filter'
		pdftoppm -r 40 -f 1 -l 1 -png page.pdf paper
		"$TOP/tests/pictures/pixels.py" paper-1.png >colours
		equal "$(head -1 colours | cut -d ' ' -f 2)" '#ffffff' "the paper"
		(($(pixels '#217a49') > 500)) || fail "nothing in place on paper"
	done
}

twenty_thousand_files()
{
	local i

	for ((i = 0; i < 20000; i++)); do
		echo "tree/d$((i % 40))/s$((i % 7))/file$i"
	done >names
	xargs dirname <names | sort -u | xargs mkdir -p
	awk '{ n = NR * 7919 % 3000 + 1
		for (i = 0; i < n; i += 40) printf "line %d of %s, %06d\n", i, $0, i * NR % 999983 >$0
		close($0) }' names
	mkdir tree/bin
	program fdpic tree/bin/fdpic
	mkxipfs --quiet tree a.img
	timeout 20 xipfs-dump --html=page.html --partition=64M a.img
	(($(stat -c %s page.html) < 4 << 20)) || fail "the page is $(stat -c %s page.html) bytes"
	equal "$(data page.html | jq '[.image.entries[] | select(.[2] >= 32768)] | length')" 20001 \
		"files in the page"
	probed pieces page.html
	equal "$(told bytes)" $((64 << 20)) "the pieces together"
	(($(told pieces) < 20000)) || fail "more pieces than can be seen"
	probed quick page.html
	(($(told boxes) > 100)) || fail "hardly any box is drawn"
}

an_empty_image()
{
	mkdir tree
	mkxipfs --quiet tree a.img
	xipfs-dump --html=page.html a.img
	browse page.html --dump-dom
	matches out 'There is no program in this image'
	matches out 'No file here takes any bytes'
}

# The bar shows in a terminal only, each letter for what most of its bytes are.
bar_in_a_terminal()
{
	an_image
	on_terminal 200 "xipfs-dump --color=never --map --flash-addr=0x60800000 --partition=256K a.img"
	mv shown bar
	matches bar '^0x60800000  [SdpcsX.]{64}$'
	matches bar '^0x60838000  -{64}$'
	matches bar '^512 bytes a letter:.* X executes in place.* - free'
	local letters
	letters=$(sed -n 's/^0x6083*[0-9a-f]*  \([-A-Za-z.]*\)$/\1/p' bar | tr -d '\n')
	equal ${#letters} 512 "letters"
	# a letter off at each border
	local xip=${letters//[!X]/}
	local want=$(($(json a.img '.bytes.xip') / 512))
	((${#xip} >= want - 4 && ${#xip} <= want + 4)) || fail "${#xip} letters X, not $want"
	xipfs-dump --map a.img >out
	matches_not out 'bytes a letter'
}

# The pictures that the README shows can be made again, and are small.
screenshots()
{
	local name

	"$TOP/examples/screenshots/make.sh" "$PWD/shots" >out
	for name in "$TOP"/examples/screenshots/*.png; do
		matches "$TOP/README.md" "${name##*/}"
		file "shots/${name##*/}" >kind
		matches kind 'PNG image data, [0-9]+ x [0-9]+'
		(($(stat -c %s "shots/${name##*/}") > 10000)) || fail "${name##*/} is blank"
		(($(stat -c %s "$name") < 100000)) || fail "${name##*/} is large"
	done
}

check "--html: nothing from elsewhere, names are text, pieces to scale" self_contained
check "--html: the first screen" probes first_screen
check "--html: a mouse on the leaves of the treemap" probes pointer
check "--html: one choice in map, treemap and table" probes linking
check "--html: Escape, Back and the breadcrumb go up" probes going_up
check "--html: search" probes searching
check "--html: the table of programs" many_programs
check "--html: an image laid out page by page" page_by_page
check "--html: by keys alone" probes keyboard
check "--html: what a screen reader is told" probes names
check "--html: every shade stands in a legend" probes legends legends@dark
check "--html: on 400 pixels" probes narrow narrow@dark
check "--html: its figures are those of the reports" figures_agree
check "--html: light and dark" light_and_dark
check "--html: on paper" prints
check "--html: 20,000 files" twenty_thousand_files
check "--html: an image without a file" an_empty_image
check "--html --diff: what grew" two_images
check "the screenshots of the README" screenshots
check "--svg: areas are to scale" is_to_scale
check "--map: a bar in a terminal" bar_in_a_terminal
