# shellcheck shell=bash disable=SC2086,SC2016 # options are split, inner shells expand
# SPDX-License-Identifier: GPL-2.0-or-later
# man pages: well formed, and they name the options that --help, completion and programs know

need_build build_release "$BUILD_RELEASE"

# options: the option names in a text, one a line: -x, --long.
options()
{
	grep -oE -- '(^|[][ ,|(])--?[A-Za-z][-A-Za-z0-9]*' | grep -oE -- '-.*' | sort -u
}

rendered()
{
	MANROFFOPT='' MANWIDTH=200 man --nh -l "$TOP/man/$1" 2>/dev/null | col -b
}

well_formed()
{
	[[ -s $TOP/man/$1 ]] || fail "man/$1 is not there"
	LC_ALL=C.UTF-8 MANWIDTH=80 man --warnings=w -l "$TOP/man/$1" >page 2>warnings
	empty warnings
	local section
	for section in NAME DESCRIPTION 'SEE ALSO'; do
		matches page "^$section"
	done
}

# The options are documented as tagged paragraphs: lines that begin with the option.
agrees_with_help()
{
	"$1" --help | sed -n 's/^ \{1,6\}-/ -/p' | sed 's/  \+[^-].*//' | options >help
	rendered "$1.1" | sed -n 's/^ \{1,9\}-/ -/p' | sed 's/  \+[^-].*//' | options >page
	(($(wc -l <help) > 8)) || fail "--help names too few options"
	diff help page || fail "--help (<) and $1(1) (>) name different options"
}

# Each long option that --help names is accepted: none is unknown.
options_exist()
{
	local option

	"$1" --help | grep -oE -- '--[a-z][-a-z]*' | sort -u | while read -r option; do
		timeout 10 "$1" "$option" </dev/null >out 2>err || true
		! grep -Eq 'unknown option|may mean several' err ||
			fail "$1 does not know $option"
	done
}

# completions PROGRAM WORD...: what bash offers for the last word, one a line.
completions()
{
	local program=$1
	shift

	bash -c 'source "$1/completions/$2"
		function=$(complete -p "$2" | sed "s/.*-F \([^ ]*\) .*/\1/")
		compopt()
		{
			:
		}
		COMP_WORDS=("${@:2}") COMP_CWORD=$(($# - 2))
		$function "$2"
		printf "%s\n" "${COMPREPLY[@]}"' _ "$TOP" "$program" "$@"
}

completes_options()
{
	[[ -s $TOP/completions/$1 ]] || fail "completions/$1 is not there"
	"$1" --help | grep -oE -- '--[a-z][-a-z]*' | sort -u >known
	completions "$1" -- | sed 's/=$//' | sort -u >offered
	diff known offered || fail "--help (<) and completion (>) know different options"
}

completes_values()
{
	local want=$1
	shift

	touch some-file
	equal "$(completions "$@" | paste -sd ' ')" "$want" "what is offered for: $*"
}

# in_zsh LINE, in_fish LINE: what these shells offer at its end, one a line; zsh only on a terminal.
in_zsh()
{
	timeout 60 zsh -f "$TOP/tests/lib/complete.zsh" "$TOP/completions/zsh" "$1"
}

in_fish()
{
	HOME=$PWD fish --no-config -c 'source $argv[1]/mkxipfs.fish
		source $argv[1]/xipfs-dump.fish
		complete -C$argv[2]' "$TOP/completions/fish" "$1" | cut -f 1 | sort -u
}

# shell_completes_options SHELL PROGRAM: every long option, and no other.
shell_completes_options()
{
	[[ $1 != zsh ]] || need_terminal
	"$2" --help | grep -oE -- '^ +(-[A-Za-z], )?--[a-z][-a-z]*' | grep -oE -- '--.*' | sort -u >known
	"in_$1" "$2 --" | sed 's/=$//' | sort -u >offered
	diff known offered || fail "--help (<) and $1 (>) know different options"
}

# shell_completes SHELL WANT LINE: the values, without what stands before them already.
shell_completes()
{
	[[ $1 != zsh ]] || need_terminal
	equal "$("in_$1" "$3" | sed 's/^--[a-z-]*=//' | paste -sd ' ')" "$2" "what $1 offers for: $3"
}

# Names of checks, also behind a comma: every one that there is.
check_names_are_completed()
{
	check_names | sort >names
	(($(wc -l <names) >= 20)) || fail "too few checks"
	completions xipfs-dump xipfs-dump --check = | sort | diff names -
	in_fish 'xipfs-dump --check=' | sed 's/^--check=//' | diff names -
	completes_values 'crc,inflate' xipfs-dump --check = crc,infl
	shell_completes fish crc,inflate 'xipfs-dump --check=crc,infl'
	need_terminal
	in_zsh 'xipfs-dump --check=' | diff names -
	shell_completes zsh inflate 'xipfs-dump --check=crc,infl'
}

# What an installation has, where each shell looks for it.
completions_are_installed()
{
	DESTDIR=$PWD/root cmake --install "$BUILD_RELEASE" --prefix /usr >log
	local file
	for file in bash-completion/completions/{mkxipfs,xipfs-dump} \
		zsh/site-functions/_{mkxipfs,xipfs-dump} \
		fish/vendor_completions.d/{mkxipfs,xipfs-dump}.fish; do
		[[ -s root/usr/share/$file ]] || fail "$file is not installed"
	done
}

# xipfs(5) has every check by its name.
checks_are_documented()
{
	local name

	rendered xipfs-dump.1 >page
	rendered xipfs.5 >>page
	check_names >names
	(($(wc -l <names) >= 20)) || fail "too few checks: $(paste -sd ' ' names)"
	while read -r name; do
		grep -q -- "\b$name\b" page || fail "no man page names the check $name"
	done <names
}

# json_keys PAGE FILE...: each key in the reports is a word of the page's part about them.
json_keys()
{
	local page=$1 section=$2 key
	shift 2

	rendered "$page" | sed -n "/^$section/,/^EXIT STATUS/p" >part
	jq -r '[paths | .[-1] | strings] | unique[]' "$@" | sort -u >keys
	(($(wc -l <keys) > 20)) || fail "only $(wc -l <keys) keys in the reports"
	while read -r key; do
		grep -qw -- "$key" part || fail "$page does not document $key, which is in a report"
	done <keys
}

json_is_documented()
{
	local report

	make_tree tree
	program fdpic tree/bin/fdpic
	program static tree/bin/static
	program shared tree/bin/shared
	echo '/dev d 755 0 0 - - - - -
/dev/tty c 620 0 5 4 0 0 1 2' >table
	mkxipfs -q -D table --max-size=1M --fit --policy=<(echo '/bin/fdpic stack=8K') \
		--report=report.json tree a.img
	echo 'path,page,count
/bin/static,1,1' >p.csv
	mkxipfs -q --xip-profile=p.csv --no-xip=/bin/fdpic --report=profile.json tree b.img
	mkxipfs -q tree b.img
	cp a.img c.img
	patch_bytes c.img 40 ffffff
	for report in '' --list --map --blocks=/text --ram --ram=mmu --diff=b.img --top --find; do
		xipfs-dump --json $report a.img >"dump${report//\//}.json" || [[ $report == --diff* ]]
	done
	xipfs-dump --json --check c.img >dump-check.json || true
	json_keys xipfs-dump.1 JSON dump*.json
	json_keys mkxipfs.1 REPORTS report.json profile.json
}

# documents_words PAGE SECTION WORD...: the section has a tagged paragraph of each word.
documents_words()
{
	local page=$1 section=$2 word
	shift 2

	rendered "$page" | sed -n "/^$section\$/,/^[A-Z]/p" >section
	(($# > 5)) || fail "too few words: $*"
	for word; do
		matches section "^[[:space:]]+$word([[:space:]]|\$|[=,])"
	done
}

# What the source takes in policies and expectations, and the names of advice, stand in the pages.
languages_are_documented()
{
	local words

	mapfile -t words < <(sed -n 's/^\t{"\([a-z-]*\)", XIP_ATTR.*/\1/p' "$TOP/src/plan/policy_file.c"
		grep -oE 'word, "[a-z]+=' "$TOP/src/plan/policy_file.c" | sed 's/.*"\(.*\)=/\1/')
	documents_words mkxipfs.1 POLICIES "${words[@]}"
	mapfile -t words < <(sed -n 's/^\t{"\([a-z-]*\)", XIP_EXPECT.*/\1/p' "$TOP/src/expect/expect_load.c"
		grep -oE 'words\[0\], "[a-z]+' "$TOP/src/expect/expect_load.c" | sed 's/.*"//')
	documents_words xipfs-dump.1 EXPECTATIONS "${words[@]}"
	mapfile -t words < <(sed -n 's/^\t\t\[XIP_ADVICE_[A-Z_]*\] = "\(.*\)",/\1/p' \
		"$TOP/src/ram/ram_advice.c")
	documents_words xipfs-dump.1 RAM "${words[@]}"
}

check "mkxipfs(1) is well formed" well_formed mkxipfs.1
check "xipfs-dump(1) is well formed" well_formed xipfs-dump.1
check "xipfs(5) is well formed" well_formed xipfs.5
check "mkxipfs(1) and --help" agrees_with_help mkxipfs
check "xipfs-dump(1) and --help" agrees_with_help xipfs-dump
check "mkxipfs knows what --help names" options_exist mkxipfs
check "xipfs-dump knows what --help names" options_exist xipfs-dump
check "bash completes the options of mkxipfs" completes_options mkxipfs
check "bash completes the options of xipfs-dump" completes_options xipfs-dump
check "bash completes --comp" completes_values --compressor= mkxipfs --comp
check "bash completes --compressor=z" completes_values "zlib zopfli" mkxipfs --compressor = z
check "bash completes -N b" completes_values big mkxipfs -N b
check "bash completes files" completes_values some-file mkxipfs -D tab some
check "bash completes --ram=" completes_values "nommu mmu pagewise" xipfs-dump --ram =
check "bash completes --color=" completes_values "auto always never" xipfs-dump --color =
check "bash completes --max-size=" completes_values "1M 16M" mkxipfs --max-size = 1
for shell in zsh fish; do
	check "$shell completes the options of mkxipfs" shell_completes_options $shell mkxipfs
	check "$shell completes the options of xipfs-dump" shell_completes_options $shell xipfs-dump
	check "$shell completes --compressor=z" shell_completes $shell "zlib zopfli" \
		'mkxipfs --compressor=z'
	check "$shell completes --color=" shell_completes $shell "always auto never" 'mkxipfs --color='
	check "$shell completes --ram=" shell_completes $shell "mmu nommu pagewise" 'xipfs-dump --ram='
done
check "bash, zsh and fish complete the names of checks" check_names_are_completed
check "completions are installed" completions_are_installed
check "the checks are documented" checks_are_documented
check "the fields of the JSON reports are documented" json_is_documented
check "policies, expectations and advice are documented" languages_are_documented
