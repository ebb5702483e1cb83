# shellcheck shell=bash disable=SC2086,SC2016 # options are split, inner shells expand
# SPDX-License-Identifier: GPL-2.0-or-later
# What mkxipfs prints: the summary, -v, --quiet, the progress bar.

a_tree()
{
	mkdir -p tree/dir
	program fdpic tree/fdpic
	program fixed tree/static
	text 20000 >tree/dir/text
	cp tree/dir/text tree/dir/copy
	noise 5000 >tree/noise
	ln -s dir/text tree/link
	mkfifo tree/fifo
}

number()
{
	grep -oE "$2" "$1" | grep -oE '[0-9]+' | sed -n 1p
}

# The figures are those of the image, as the second reader and stat count.
summary_is_true()
{
	a_tree
	status 0 mkxipfs -q tree a.img
	empty err
	equal "$(number out 'a.img: [0-9]+ bytes')" "$(stat -c %s a.img)" "the image's size"
	equal "$(number out '[0-9]+ file')" 5 "the number of files"
	equal "$(number out '[0-9]+ director')" 2 "the number of directories"
	equal "$(number out '[0-9]+ symlink')" 1 "the number of symlinks"
	matches out 'in place +2 '
	local bytes file
	bytes=$(for file in fdpic static; do kernel blocks a.img /$file; done |
		awk '$3 == "xip" {n += $2} END {print n}')
	matches out "in place .*\\b$bytes bytes"
	(($(number out 'shared +[0-9]+') >= 4)) || fail "the copy is not counted as shared"
	matches out 'compressed +[0-9]+ -> [0-9]+ bytes'
	matches out 'padding +[0-9]+ bytes'
}

summary_adds_up()
{
	a_tree
	mkxipfs -q tree a.img >out
	local padding
	padding=$(number out 'padding +[0-9]+')
	equal "$(json a.img '[.extents[] | select(.kind == "padding") | .length] | add' --map)" \
		"$padding" "the padding, as the inspector counts"
}

quiet_is_silent()
{
	a_tree
	status 0 mkxipfs -q --quiet tree a.img
	empty out
	empty err
}

summary_of_standard_output()
{
	a_tree
	status 0 mkxipfs -q tree a.img
	status 0 mkxipfs -q tree -
	same out a.img
}

# -v names every file once, with its placement and why.
verbose_names_every_file()
{
	a_tree
	status 0 mkxipfs -q -v --no-xip=static tree a.img
	local file
	for file in dir/text dir/copy noise fdpic static; do
		equal "$(grep -c "^/$file\b" out)" 1 "lines of /$file"
	done
	matches out '/fdpic\b.*in place.*FDPIC'
	matches out '/static\b.*--no-xip=static'
	matches out '/dir/text\b.*compressed'
	local start
	start=$(kernel map nommu a.img /fdpic 0 2 | cut -d ' ' -f 2)
	matches out "/fdpic\b.*$(printf %x $start)"
}

names_are_escaped()
{
	mkdir tree
	: >$'tree/line\nfeed'
	: >$'tree/\x1b[2Jescape'
	text 100 >$'tree/bytes\xff'
	truncate -s 16M $'tree/large\nfile\x1b[2J'
	status 8 mkxipfs -q -v tree a.img
	one_line err
	matches_not err $'\x1b'
	rm tree/large*
	status 0 mkxipfs -q -v tree a.img
	matches_not out $'\x1b'
	equal "$(grep -c line out)" 1 "lines that name line<LF>feed"
}

bar_on_a_terminal()
{
	mkdir tree
	head -c 400000 "$(command -v bash)" >tree/slow
	on_terminal 80 "$MKXIPFS -q -j 1 --no-xip --compressor=zopfli --level=60 tree a.img"
	grep -q '\] *[0-9]* %' shown || { head -c 300 shown; fail "no bar on a terminal"; }
	matches shown 'a.img: .* bytes'
	# The bar is wiped away at the end.
	grep -aq $'\033\\[K' shown || fail "the bar is left on the screen"
}

no_bar_for_quick_work()
{
	mkdir tree
	text 1000 >tree/text
	on_terminal 80 "$MKXIPFS -q tree a.img"
	! grep -q '\] *[0-9]* %' shown || fail "a bar for a moment's work"
	! grep -aq $'\033' shown || fail "control sequences"
}

no_bar_elsewhere()
{
	mkdir tree
	head -c 100000 "$(command -v bash)" >tree/slow
	status 0 mkxipfs -q -j 1 --no-xip --compressor=zopfli tree a.img
	empty err
}

no_bar_when_quiet()
{
	mkdir tree
	head -c 100000 "$(command -v bash)" >tree/slow
	on_terminal 80 "$MKXIPFS -q --quiet -j 1 --no-xip --compressor=zopfli tree a.img"
	empty shown
}

no_bar_in_a_file()
{
	mkdir tree
	head -c 100000 "$(command -v bash)" >tree/slow
	on_terminal 80 "$MKXIPFS -q -j 1 --no-xip --compressor=zopfli tree a.img 2>err"
	empty err
}

check "the summary is true" summary_is_true
check "the summary's padding is the map's" summary_adds_up
check "--quiet is silent" quiet_is_silent
check "an image on standard output has no summary in it" summary_of_standard_output
check "-v: placement and reason of every file" verbose_names_every_file
check "names are escaped" names_are_escaped
check "a bar on a terminal" bar_on_a_terminal
check "no bar for quick work" no_bar_for_quick_work
check "no bar where there is no terminal" no_bar_elsewhere
check "no bar with --quiet" no_bar_when_quiet
check "no bar when standard error is a file" no_bar_in_a_file
