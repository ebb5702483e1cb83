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

# colours FILE WIDTH,HEIGHT OPTION...: "count #rrggbb" of a screenshot, to ./colours.
colours()
{
	local file=$1 size=$2
	shift 2

	browse "$file" --window-size="$size" --screenshot="$PWD/shot.png" "$@"
	"$TOP/tests/pictures/pixels.py" shot.png >colours
	(($(wc -l <colours) > 8)) || fail "the screenshot is blank"
}

# pixels COLOUR...: how many of them ./colours has.
pixels()
{
	printf '%s\n' "$@" >wanted
	awk 'NR == FNR { wanted[$1]; next } $2 in wanted { n += $1 } END { print n + 0 }' wanted colours
}

DARK=--blink-settings=preferredColorScheme=0

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

# probed FILE: what tests/pictures/probe.js says of the page, line by line, to ./verdict.
probed()
{
	{ cat "$1"; echo '<script>'; cat "$TOP/tests/pictures/probe.js"; echo '</script>'; } >probed.html
	browse probed.html --window-size=1280,1600 --dump-dom
	sed -n '/<pre id="verdict">/,/<\/pre>/p' out | sed 's/<[^>]*>//g' >verdict
	matches verdict '^fine$'
}

# files PAGE: what the treemap is made of, as JSON.
files()
{
	sed -n '/id="files">/,/<\/script>/p' "$1" | sed 's/.*id="files">//; s/<\/script>.*//'
}

# The page is self-contained, and can be read and used with the keyboard alone.
page_works()
{
	an_image
	xipfs-dump --html=page.html --flash-addr=0x60800000 --partition=256K a.img
	matches_not page.html '(src|href)=|@import|url\('
	matches page.html 'executes in place: /bin/fdpic, block.*, segment r-x at 0x'
	matches page.html ', offset 0x'
	probed page.html
	equal "$(sed -n 's/^bytes //p' verdict)" $((256 << 10)) "the pieces together"
	equal "$(sed -n 's/^bold //p' verdict)" 0 "elements made of file names"
}

# The figures of the page are those of the reports.
figures_agree()
{
	an_image
	xipfs-dump --html=page.html a.img
	browse page.html --dump-dom
	# rows of the table: path, and K in five columns
	sed -n 's/^.*<tr><td>\(\/.*\)<\/tr>.*/\1/p' out |
		sed 's/<span.*<\/span>//; s/<\/td><td>/ /g; s/ K//g; s/<[^>]*>//g' >got
	xipfs-dump --json --ram a.img | jq -r '.programs[] | [.path, (.flash, .first, .further,
		.first_without_xip, .first_without_xip - .first | . / 1024)] | join(" ")' >want
	(($(wc -l <want) == 3)) || fail "not three programs"
	diff want got
	files page.html | jq -r '.files[] | join(" ")' | sort >got
	xipfs-dump --json --map a.img | jq -r '[.extents[] | select(.owner and .kind != "directory")] |
		group_by(.owner)[] | [.[0].owner, (map(.length) | add),
		(map(select(.kind == "xip").length) | add // 0)] | join(" ")' | sort >want
	diff want got
}

# Areas are to scale; the page follows the reader's light or dark.
is_to_scale()
{
	an_image
	xipfs-dump --svg=map.svg --partition=256K a.img
	python3 -c 'import sys, xml.dom.minidom; xml.dom.minidom.parse(sys.argv[1])' map.svg
	colours map.svg 1120,400
	local free xip bytes
	free=$(pixels '#eceae3')
	xip=$(pixels '#2f9e62' '#65b78b') # its two shades
	bytes=$(json a.img '.bytes.xip')
	((free > 1000 && xip > 1000)) || { head -12 colours; fail "no free room or nothing in place"; }
	local want=$((bytes * 1000 / ((256 << 10) - $(stat -c %s a.img)))) got=$((xip * 1000 / free))
	((got > want * 95 / 100 && got < want * 105 / 100)) ||
		fail "in place to free is $got to 1000 in the picture, $want in bytes"
}

light_and_dark()
{
	an_image
	xipfs-dump --html=page.html --partition=256K a.img
	colours page.html 1280,1600
	equal "$(head -1 colours | cut -d ' ' -f 2)" '#ffffff' "the paper in the light"
	colours page.html 1280,1600 "$DARK"
	equal "$(head -1 colours | cut -d ' ' -f 2)" '#1b1b1a' "the paper in the dark"
	(($(pixels '#ffffff') < 20000)) || fail "white areas in the dark"
	(($(pixels '#43bd7b') > 1000)) || fail "nothing in place in the dark"
}

# On paper: everything but what needs a pointer.
prints()
{
	an_image
	xipfs-dump --html=page.html --flash-addr=0x60800000 a.img
	browse page.html --no-pdf-header-footer --print-to-pdf="$PWD/page.pdf"
	pdftotext -layout page.pdf page.txt
	matches page.txt '0x60800000'
	matches page.txt '^ */bin/fdpic .*[0-9]+ K'
	matches page.txt 'executes in place'
	matches_not page.txt 'Nothing chosen|Point at'
}

five_thousand_files()
{
	local i
	for ((i = 0; i < 5000; i++)); do
		echo "tree/d$((i % 40))/s$((i % 7))/file$i"
	done >names
	xargs dirname <names | sort -u | xargs mkdir -p
	awk '{ n = NR * 7919 % 3000 + 1
		for (i = 0; i < n; i += 40) printf "line %d of %s, %06d\n", i, $0, i * NR % 999983 >$0
		close($0) }' names
	mkdir tree/bin
	program fdpic tree/bin/fdpic
	mkxipfs --quiet tree a.img
	timeout 20 xipfs-dump --html=page.html --partition=16M a.img
	(($(stat -c %s page.html) < 4 << 20)) || fail "the page is $(stat -c %s page.html) bytes"
	equal "$(files page.html | jq '.files | length')" 5001 \
		"files in the treemap"
	probed page.html
	equal "$(sed -n 's/^bytes //p' verdict)" $((16 << 20)) "the pieces together"
	(($(sed -n 's/^boxes //p' verdict) > 300)) || fail "hardly any box is drawn"
	(($(sed -n 's/^pieces //p' verdict) < 20000)) || fail "more pieces than can be seen"
	colours page.html 1280,1600
}

an_empty_image()
{
	mkdir tree
	mkxipfs --quiet tree a.img
	xipfs-dump --html=page.html a.img
	browse page.html --dump-dom
	matches out 'There is no program in this image'
}

# The bar shows in a terminal only, each letter for what most of its bytes are.
bar_in_a_terminal()
{
	an_image
	script -qec "xipfs-dump --map --flash-addr=0x60800000 --partition=256K a.img" typescript </dev/null |
		tr -d '\r' >bar
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

check "--html: the page works, with keys and pointer" page_works
check "--html: its figures are those of the reports" figures_agree
check "--html: light and dark" light_and_dark
check "--html: on paper" prints
check "--html: 5,000 files" five_thousand_files
check "--html: an image without a file" an_empty_image
check "--svg: areas are to scale" is_to_scale
check "--map: a bar in a terminal" bar_in_a_terminal
