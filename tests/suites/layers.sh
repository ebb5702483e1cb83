# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# each file includes only what lies on a floor below its own

catches_a_bad_include()
{
	mkdir -p tree
	cp -r "$TOP/src" "$TOP/include" tree
	echo "#include \"$2\"" >>"tree/$1"
	status 1 "$TOP/tests/layers" tree
	matches err "$1:.*$2"
}

check "the source tree keeps to its floors" "$TOP/tests/layers" "$TOP"
check "a base file that includes the tree is caught" catches_a_bad_include src/base/bytes.c xipfs/tree.h
check "a format file that includes elf.h is caught" catches_a_bad_include src/format/format.c xipfs/elf.h
check "the inspector's reader may not include the builder" \
	catches_a_bad_include include/xipfs/reader.h xipfs/tree.h
check "an unknown header is caught" catches_a_bad_include include/xipfs/bytes.h xipfs/nowhere.h
