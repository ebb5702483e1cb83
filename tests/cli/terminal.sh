# shellcheck shell=bash disable=SC2016 # inner shells expand
# SPDX-License-Identifier: GPL-2.0-or-later
# What a person meets at a terminal: colours, width, messages about options, warnings counted

ESCAPE=$'\033'

some_image()
{
	mkdir -p tree/dir
	program static tree/static
	text 9000 >tree/dir/text
	ln -s dir tree/link
	mkxipfs -q --quiet tree a.img
}

# Colours on a terminal and with always; none in a pipe, with never, with NO_COLOR or a dumb one.
colours()
{
	some_image
	local view
	for view in '' --list --map --check -v\ --check --ram; do
		# shellcheck disable=SC2086 # several options
		{
			xipfs-dump $view a.img >plain
			xipfs-dump --color=never $view a.img | cmp - plain
			xipfs-dump --color=always $view a.img >coloured
			TERM=xterm xipfs-dump --color=auto $view a.img | cmp - plain
		}
		matches_not plain "$ESCAPE"
		sed "s/${ESCAPE}\[[0-9;]*m//g" coloured | cmp - plain
	done
	xipfs-dump --color=always --list a.img >coloured
	matches coloured "$ESCAPE"
	on_terminal 80 "$XIPFS_DUMP --list a.img"
	matches shown "${ESCAPE}\[[0-9;]+m/dir$ESCAPE"
	on_terminal 80 "NO_COLOR=1 $XIPFS_DUMP --list a.img"
	matches_not shown "$ESCAPE"
	on_terminal 80 "TERM=dumb $XIPFS_DUMP --list a.img"
	matches_not shown "$ESCAPE"
	on_terminal 80 "NO_COLOR=1 $XIPFS_DUMP --color=always --list a.img"
	matches shown "$ESCAPE"
	on_terminal 80 "$XIPFS_DUMP nowhere" || true
	matches shown "${ESCAPE}\[1;31mcannot open"
	xipfs-dump --color=always --json a.img | jq -e . >/dev/null
	local program
	for program in "xipfs-dump a.img" "mkxipfs tree b.img"; do
		# shellcheck disable=SC2086
		fails 16 'color=sometimes: it must be auto, always or never' \
			${program%% *} --color=sometimes ${program#* }
	done
	echo '/nowhere no-xip' >policy
	mkxipfs -q --quiet --color=always --policy=policy tree b.img 2>err
	matches err "${ESCAPE}\[33mwarning:$ESCAPE"
}

# No line of the bar and its legend is wider than the terminal.
bar_fits()
{
	some_image
	local width
	for width in 30 52 80 200; do
		on_terminal $width "$XIPFS_DUMP --color=never --map a.img"
		sed -n '1,/^$/p' shown >bar
		matches bar '^0x00000000  S'
		equal "$(awk -v w=$width 'length($0) > w' bar)" "" "too wide for $width columns"
		matches bar 'compressed'
		sed -n '/^0x/s/.*  //p' bar | tr -d '\n' | wc -c >letters
		(($(cat letters) >= 8)) || fail "no bar with $width columns"
	done
	on_terminal 60 "$XIPFS_DUMP --color=always --map a.img"
	matches shown "${ESCAPE}\[32mX$ESCAPE"
}

# The same words about the same mistakes, from both programs.
wrong_options()
{
	some_image
	local program
	for program in mkxipfs xipfs-dump; do
		fails 16 "^$program: unknown option --frobnicate; try $program --help$" \
			$program --frobnicate a b
		one_line err
		fails 16 "^$program: unknown option -\\\\001; try" $program $'-\001' a b
		fails 16 "^$program: unknown option -Z; try" $program -vZ a b
		fails 16 "^$program: unknown option -:; try" $program -: a b
		fails 16 '^[^ ]+: --verbose=3: the option takes no value; try' $program --verbose=3 a b
		fails 16 'option --color needs a value; try' $program --color
		fails 16 'unknown option --evil\\033\[2J; try' $program "--evil${ESCAPE}[2J" a b
		one_line err
		fails 16 '^[^ ]+: --help=\\033: the option takes no value' $program "--help=$ESCAPE"
	done
	fails 16 'option -D needs a value; try' mkxipfs -D
	fails 16 'option --p may mean several; try' xipfs-dump --p a.img
	fails 16 'option --ex may mean several; try' mkxipfs --ex a b
}

swallowed_operands()
{
	some_image
	fails 16 'IMAGE is missing: --html took "a.img" for its value; try xipfs-dump --help' \
		xipfs-dump --html a.img
	absent a.img.html
	fails 16 'a SOURCE and an IMAGE are needed: --xip took "tree" for its value; try' \
		mkxipfs --xip tree b.img
	fails 16 'needed: -D took "tree" for its value; try' mkxipfs -D tree b.img
	fails 16 '^xipfs-dump: IMAGE is missing; try xipfs-dump --help$' xipfs-dump --html=a.img
	fails 16 'IMAGE is missing; try' xipfs-dump
}

short_list()
{
	some_image
	xipfs-dump --list a.img >want
	xipfs-dump -l a.img | diff want -
	xipfs-dump a.img -lv | diff want -
}

versions()
{
	local program

	for program in mkxipfs xipfs-dump; do
		status 0 $program --version
		matches out "^$program [0-9]+\.[0-9.]+$"
		matches out '^libarchive [0-9]+\.[0-9.]+, zlib [0-9]+\.[0-9.]+, libelf 0\.[0-9]+, libdeflate [0-9]+\.[0-9.]+, zopfli '
		equal "$(grep -oE 'zlib [0-9.]+[0-9]' out)" "zlib $(pkg-config --modversion zlib)"
	done
}

# Warnings that differ in the path alone come once, with a count; -v has them all.
repeated_warnings()
{
	mkdir tree
	local i
	for i in {1..7}; do
		echo "/null$i c 666 0 0 1 3 - - -"
	done >table
	mkxipfs -q --quiet -D table tree a.img
	chmod 777 .
	chmod 644 a.img
	as_nobody devices_are_counted
	mkdir -p many
	touch many/{a,b,c}
	cp a.img keep.img
	printf '/x%s no-xip\n' 1 2 >policy
	mkxipfs -q --quiet --policy=policy many b.img 2>err
	equal "$(wc -l <err)" 2 "warnings that differ"
}

devices_are_counted()
{
	status 0 xipfs-dump --extract=there a.img
	equal "$(cat err)" "xipfs-dump: /null1: warning: skipped: only root can make devices
xipfs-dump: warning: skipped: only root can make devices (6 more; -v shows them all)"
	status 0 xipfs-dump -v --extract=there2 a.img
	equal "$(grep -c 'warning: skipped' err)" 7
}

# mkxipfs counts as well: names of the owner that do not fit.
builder_counts()
{
	((!EUID)) || skip "only root can give files away"
	mkdir tree
	touch tree/{a,b,c}
	chown 70000:0 tree/{a,b,c}
	status 0 mkxipfs --quiet --truncate-ids tree a.img
	equal "$(grep -c warning err)" 2 "the first warning and the count"
	matches err 'warning: .* \(2 more; -v shows them all\)$'
	status 0 mkxipfs -v --quiet --truncate-ids tree a.img
	equal "$(grep -c warning err)" 3
	fails 8 'not written: -E' mkxipfs --quiet -E --truncate-ids tree b.img
}

# --fit says in the summary what it left out and why.
fit_says_what_is_left_out()
{
	mkdir tree
	local i
	for i in 1 2 3 4 5 6 7; do
		program static tree/p$i
		noise 5000 $i >>tree/p$i
	done
	mkxipfs -q --no-xip tree all.img >out
	matches_not out 'left out'
	local size=$(($(stat -c %s all.img) + 4096))
	status 0 mkxipfs -q --max-size=$size --fit tree a.img
	matches out "left out +[0-9]+ of 7 for want of room: of $size bytes $((size - $(stat -c %s a.img))) are left"
	matches out '^    /p[0-9], which in place costs [0-9]+ bytes and saves [0-9]+ pages? of RAM$'
	local left
	left=$(sed -n 's/.*left out *\([0-9]*\) of.*/\1/p' out)
	((left > 5)) || fail "only $left are left out"
	matches out "^    and $((left - 5)) more: see --report$"
	equal "$(grep -c '^    /p' out)" 5
	equal $((7 - left)) "$(json a.img '[.programs[]] | length')" "programs in place"
	status 0 mkxipfs -q --max-size=1M --fit tree a.img
	matches_not out 'left out'
}

check "colours" colours
check "the bar fits the terminal" bar_fits
check "wrong options" wrong_options
check "operands that an option swallowed" swallowed_operands
check "-l" short_list
check "--version names the libraries" versions
check "equal warnings come once" repeated_warnings
check "equal warnings of mkxipfs come once" builder_counts
check "--fit says what it left out" fit_says_what_is_left_out
