# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# clang-format, shellcheck, SPDX lines, length of files

source_files()
{
	if [[ -e $TOP/.git ]]; then
		git -C "$TOP" ls-files -z --cached --others --exclude-standard -- "$@"
	else
		(cd "$TOP" && find . -type f -printf '%P\0' | grep -z -E "${FALLBACK:?}")
	fi | tr '\0' '\n' | grep -v '/corpus/' | sort
}

c_files()
{
	FALLBACK='\.[ch]$' source_files '*.c' '*.h'
}

# Every shell script, by its name or its first line.
shell_files()
{
	local file line program='^(#!.*sh\b|# shellcheck shell=)'

	FALLBACK=. source_files | while read -r file; do
		line=''
		[[ ! -f $TOP/$file ]] || IFS= read -r -n 64 line <"$TOP/$file" || true
		[[ $file != *.@(sh|board) && ! $line =~ $program ]] || echo "$file"
	done
}

shellcheck_all()
{
	cd "$TOP"
	shell_files | xargs -d '\n' shellcheck -x || fail "shellcheck complains"
}

# Another version formats some lines in another way.
format_all()
{
	local version

	version=$(clang-format --version | grep -oE 'version [0-9]+')
	[[ $version == 'version 14' ]] ||
		skip "the tree is formatted by clang-format 14, and this is $version"
	cd "$TOP"
	c_files | xargs -d '\n' clang-format --dry-run -Werror 2>&1 | grep -E '(error|warning):' |
		cut -d: -f1 | sort | uniq -c >"$SCRATCH/format.log" || true
	empty "$SCRATCH/format.log" || fail "not as clang-format would have it"
}

spdx_all()
{
	local file lines

	cd "$TOP"
	{ c_files; shell_files; } | while read -r file; do
		mapfile -n 3 lines <"$file"
		[[ ${lines[*]} == *'SPDX-License-Identifier: GPL-2.0'* ]] || echo "$file"
	done >"$SCRATCH/spdx"
	empty "$SCRATCH/spdx" || fail "without an SPDX line"
}

files_are_short()
{
	cd "$TOP"
	{ c_files; shell_files; } | xargs -d '\n' wc -l | awk '$1 > 600 && $2 != "total"' >"$SCRATCH/long"
	empty "$SCRATCH/long" || fail "files of more than 600 lines"
}

# Comments name what a reader of this tree finds: xipfs(5) has the rules of the format, by section.
cites_what_is_here()
{
	local section

	cd "$TOP"
	{ c_files; shell_files; } | grep -vx 'tests/suites/style.sh' |
		xargs -d '\n' grep -nE '\b([A-Z]{4,}\.md|FORMAT:|[Tt]rap( [0-9]+|:)|[Ii]ssue #?[0-9]+)' |
		grep -vE 'README|CONTRIBUTING|CHANGELOG|UPSTREAM' >"$SCRATCH/cited" || true
	empty "$SCRATCH/cited" || fail "a document that is not in this tree"
	{ c_files; shell_files; } | xargs -d '\n' grep -hoE 'xipfs\(5\), [A-Z][A-Za-z ]*[a-zU]' |
		sed 's/.*, //' | sort -u >"$SCRATCH/sections"
	while read -r section; do
		grep -qix "\.S[HS] $section" man/xipfs.5 || fail "xipfs(5) has no section $section"
	done <"$SCRATCH/sections"
}

# What is not in the dialect of CONTRIBUTING.md, as far as patterns go.
FOREIGN=(
	'^\t*(function )?[a-zA-Z0-9_]+\(\) *[{(]'
	'^ +[^ ]'
	'(^\t*|\$\()\. [^ ]'
	'^\t*((if|elif|while|until) )?(! )?\[ '
	'(&&|\|\||;|\{|then|do|else) +(! )?\[ '
	'\[\[ [^]=]+ = '
	'\[\[ .* -(eq|ne|lt|le|gt|ge) '
	'\[\[ (! )?-[nz] '
)

# Only what a guest runs is for another shell.
one_dialect()
{
	local file line

	cd "$TOP"
	shell_files | grep -vE '^tests/(target|hammer)/guest/|/root(fs)?/(etc|sbin|usr)/' >"$SCRATCH/scripts"
	(($(wc -l <"$SCRATCH/scripts") > 90)) || fail "hardly any script"
	xargs -d '\n' grep -nP "$(IFS='|' && echo "${FOREIGN[*]}")" \
		<"$SCRATCH/scripts" >"$SCRATCH/dialect" || true
	while read -r file; do
		IFS= read -r line <"$file" || true
		case $line in
		'#!/bin/bash') grep -qx 'set -euo pipefail' "$file" || echo "$file: no set -euo pipefail" ;;
		'# shellcheck shell=bash'*) ;;
		*) echo "$file: begins neither as a program of bash nor as what one reads" ;;
		esac
	done <"$SCRATCH/scripts" >>"$SCRATCH/dialect"
	empty "$SCRATCH/dialect" || fail "not in the dialect of CONTRIBUTING.md"
}

# Each file and folder that CONTRIBUTING.md names is there.
recipes_name_what_is_there()
{
	local path

	# shellcheck disable=SC2016 # the backquotes are the text's
	grep -oE '`(src|include|tests|man|examples|kernel-patches|cmake|completions)/[^` ]*`' \
		"$TOP/CONTRIBUTING.md" | tr -d '`' | sed 's/NAME/stm32f429-disco/' | sort -u >paths
	(($(wc -l <paths) > 20)) || fail "only $(wc -l <paths) paths in CONTRIBUTING.md"
	while read -r path; do
		compgen -G "$TOP/$path" >/dev/null || fail "$path is not there"
	done <paths
}

check "shellcheck" shellcheck_all
check "clang-format" format_all
check "SPDX lines" spdx_all
check "comments cite sections of xipfs(5)" cites_what_is_here
check "shell in one dialect" one_dialect
check "recipes name what is there" recipes_name_what_is_there
check "no file over 600 lines" files_are_short
