# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# mkxipfs --max-size, --fit, --report

# Programs of 2, 3, 5 and 9 pages, half of each compresses; they are most of the image.
programs()
{
	local pages

	mkdir -p tree/bin tree/etc
	for pages in 2 3 5 9; do
		{
			echo "const unsigned char text[] = {"
			noise $((pages * 2048 - 300)) $pages | xxd -i
			echo ,
			text $((pages * 2048 - 300)) $pages | xxd -i
			echo '}; void _start(void) { for (;;); }'
		} | gcc -O1 -nostdlib -static -s -Wl,-z,noseparate-code -Wl,--build-id=none -x c \
			-o tree/bin/p$pages -
	done
	text 5000 >tree/etc/text
}

size_of()
{
	stat -c %s "$1"
}

# Which programs are in place, by the inspector.
in_place_now()
{
	json "$1" '[.programs[] | select(.mmu.pages > 0) | .path[5:]] | join(" ")'
}

names_the_excess()
{
	programs
	mkxipfs --quiet tree a.img
	local size
	size=$(size_of a.img)
	status 0 mkxipfs --quiet --max-size="$size" tree b.img
	same a.img b.img
	fails 8 "takes $size bytes, 1 more than the $((size - 1)) that are allowed; the largest: /bin/p9 [0-9]+, /bin/p5 [0-9]+, /bin/p3" \
		mkxipfs --quiet --max-size=$((size - 1)) tree c.img
	one_line err
	absent c.img
	# The old image stays.
	fails 8 'more than the 4096' mkxipfs --quiet --max-size=4K tree b.img
	same a.img b.img
	local bad
	for bad in 0 x -1 5T; do
		fails 16 "max-size=$bad: it must be a number of bytes" mkxipfs --max-size="$bad" tree c.img
	done
	fails 16 '--fit needs --max-size' mkxipfs --fit tree c.img
}

# Every set of programs by --no-xip, against the one that --fit takes, for every size there is.
fits_exactly()
{
	programs
	local set bit size best saved options names=(2 3 5 9)
	for ((set = 0; set < 16; set++)); do
		options=()
		for bit in 0 1 2 3; do
			((set >> bit & 1)) || options+=("--no-xip=/bin/p${names[bit]}")
		done
		mkxipfs --quiet "${options[@]}" tree set.img
		echo "$(size_of set.img) $(json set.img '.bytes.xip / 4096')"
	done >sets
	(($(cut -d ' ' -f 1 sets | sort -u | wc -l) > 4)) || fail "the sizes hardly differ"
	cut -d ' ' -f 1 sets | sort -un | awk '{ print $1; print $1 + 4095 }' >sizes
	while read -r size; do
		best=$(awk -v size="$size" '$1 <= size && $2 > best { best = $2 } END { print best + 0 }' sets)
		status 0 mkxipfs --quiet --max-size="$size" --fit tree a.img
		(($(size_of a.img) <= size)) || fail "$(size_of a.img) bytes do not fit in $size"
		saved=$(json a.img '.bytes.xip / 4096')
		equal "$saved" "$best" "pages in place within $size bytes"
		xipfs-dump --check a.img >check.log
	done <sizes
	size=$(sort -n sets | head -1 | cut -d ' ' -f 1)
	fails 8 'more than the' mkxipfs --quiet --max-size=$((size - 4096)) --fit tree b.img
	absent b.img
}

# What the user decides about stays, and instances=0 is worth nothing.
follows_the_user()
{
	programs
	echo '/bin/p2 xip' >policy
	mkxipfs --quiet --no-xip --policy=policy tree two.img
	status 0 mkxipfs --quiet --max-size="$(size_of two.img)" --fit --policy=policy tree a.img
	equal "$(in_place_now a.img)" p2 "in place"
	echo '/bin/p9 no-xip' >policy
	status 0 mkxipfs --quiet --max-size=1M --fit --policy=policy tree a.img
	equal "$(in_place_now a.img)" 'p2 p3 p5' "in place"
	echo '/bin/p9 instances=0' >policy
	status 0 mkxipfs --quiet --max-size=1M --fit --policy=policy tree a.img
	equal "$(in_place_now a.img)" 'p2 p3 p5' "in place"
}

# A library is worth its pages as long as some program that runs needs it.
counts_libraries_once()
{
	local name

	mkdir -p tree/bin tree/lib
	for name in used unused; do
		{
			echo "const unsigned char ${name}[] = {"
			noise 20000 ${#name} | xxd -i
			echo '};'
		} | gcc -O1 -nostdlib -shared -fPIC -s -Wl,-soname,lib$name.so -x c -o tree/lib/lib$name.so -
		gcc -O1 -nostdlib -no-pie -s -Wl,--no-as-needed -x c -o "tree/bin/$name" - \
			-x none tree/lib/lib$name.so <<<'void _start(void) { for (;;); }'
	done
	cp tree/bin/used tree/bin/other
	printf x >>tree/bin/other
	echo '/bin/unused instances=0' >policy
	echo '/bin/other instances=7' >>policy
	status 0 mkxipfs --quiet --max-size=1M --fit --policy=policy --report=r.json tree a.img
	jq -r '.entries[] | select(.fit) | "\(.path) \(.fit) \(.fit_ram_pages)"' r.json >got
	matches got '^/lib/libunused.so compressed 0$'
	matches got '^/lib/libused.so in-place [5-7]$'
	equal "$(json a.img '.programs[] | select(.path == "/lib/libused.so") | .mmu.pages')" \
		"$(sed -n 's/^\/lib\/libused.so in-place //p' got)" "pages of the library"
}

# Text and JSON tell the same, twice the same, in another place the same.
reports()
{
	programs
	ln -s p9 tree/bin/link
	mkdir elsewhere
	printf '%s\n' '/bin/p3 no-xip' '/dev/null c 666 0 0 1 3 - - -' >lines
	head -1 lines >policy
	printf '/dev d 755 0 0 - - - - -\n%s\n' "$(tail -1 lines)" >table
	local options=(-q --quiet --policy=policy -D table --max-size=80K --fit)
	status 0 mkxipfs "${options[@]}" --report=r.txt tree a.img
	empty out
	status 0 mkxipfs "${options[@]}" --report=r.json tree a.img
	cp -a tree policy table elsewhere
	touch -d 2001-01-01 elsewhere/tree/bin/p9 elsewhere/policy
	cd elsewhere
	mkxipfs "${options[@]}" -j1 --report=r.txt tree a.img
	mkxipfs "${options[@]}" -j2 --report=r.json "$PWD/tree" b.img
	cd ..
	same r.txt elsewhere/r.txt
	same r.json elsewhere/r.json
	status 0 mkxipfs "${options[@]}" --report=- tree a.img
	same out r.txt
	matches_not r.txt "$PWD"
	matches r.txt '^100755 0:0 /bin/p3: compressed: as asked \(policy:1: /bin/p3 no-xip\); [0-9]+ bytes$'
	matches r.txt '^100755 0:0 /bin/p2: in place at 0x[0-9a-f]+, pages 0-[0-9]: .*; in place it costs [0-9]+ bytes of flash and saves [0-9]+ pages? of RAM; [0-9]+ bytes$'
	matches r.txt '^120777 0:0 /bin/link -> p9$'
	matches r.txt '^020666 0:0 /dev/null 1:3$'
	equal "$(jq -r '.size, ([.bytes[]] | add) | . == '"$(size_of a.img)" r.json | paste -sd ' ')" 'true true'
	equal "$(jq -r '.entries[] | select(.path == "/bin/link") | .target' r.json)" p9
	equal "$(jq -r '.entries[] | select(.path == "/bin/p3") | .rule' r.json)" 'policy:1: /bin/p3 no-xip'
	# What the report says of offsets is where the program is.
	local offset
	offset=$(jq -r '.entries[] | select(.path == "/bin/p2") | .offset' r.json)
	cmp -n 4096 -i "$offset:0" a.img tree/bin/p2
	# A change shows as a change of its line.
	chmod 700 tree/bin/p2
	mkxipfs "${options[@]}" --report=new.txt tree a.img
	diff r.txt new.txt >changes || true
	equal "$(grep -c '^>' changes)" 1 "lines changed"
	# A report that cannot be written leaves the image alone.
	cp a.img before
	chmod 755 tree/bin/p2
	fails 8 'nowhere' mkxipfs "${options[@]}" --report=nowhere/r.txt tree a.img
	same a.img before
	fails 16 'standard output' mkxipfs --report=- tree -
}

check "--max-size names the excess and the largest" names_the_excess
check "--fit: the best of all sets, for every size" fits_exactly
check "--fit: what the user decides stays" follows_the_user
check "--fit: shared objects" counts_libraries_once
check "--report: text and JSON, reproducible" reports
