# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# each file includes only what lies on a floor below its own

# catches_a_bad_include FILE HEADER [COMPLAINT]
catches_a_bad_include()
{
	mkdir -p tree
	cp -r "$TOP/src" "$TOP/include" "$TOP/README.md" tree
	echo "#include \"$2\"" >>"tree/$1"
	status 1 "$TOP/tests/layers" tree
	matches err "$1:.*${3:-$2}"
}

# A folder that the table in the README leaves out, and a row for a folder that is not there.
table_is_complete()
{
	local folder

	mkdir -p tree/src/new
	catches_a_bad_include src/new/new.c xipfs/base/err.h "folder new"
	# shellcheck disable=SC2016 # the backquotes are the table's
	sed -n 's/^| [0-9]*[br]* | `\(src\/[a-z-]*\)` .*/\1/p' "$TOP/README.md" >rows
	(($(wc -l <rows) > 10)) || fail "the README has no table of floors"
	while read -r folder; do
		[[ -d $TOP/$folder ]] || fail "$folder is in the table, but not there"
	done <rows
}

# include/xipfs has no folder that src does not have.
include_mirrors_src()
{
	local folder

	for folder in "$TOP"/include/xipfs/*; do
		[[ -d $folder && -d $TOP/src/${folder##*/} ]] || fail "$folder is no folder of src"
	done
}

check "the source tree keeps to its floors" "$TOP/tests/layers" "$TOP"
check "a base file that includes the tree is caught" catches_a_bad_include src/base/bytes.c xipfs/tree/tree.h
check "a format file that includes elf.h is caught" catches_a_bad_include src/format/format.c xipfs/elf/elf.h
check "the inspector's reader may not include the builder" \
	catches_a_bad_include include/xipfs/inspect/map.h xipfs/tree/tree.h
check "a check may not include the RAM prediction" catches_a_bad_include src/check/verify.c xipfs/ram/ram.h
check "an unknown header is caught" catches_a_bad_include include/xipfs/base/bytes.h xipfs/nowhere.h
check "the table of floors names every folder" table_is_complete
check "include has the folders of src" include_mirrors_src
