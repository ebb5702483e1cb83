#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What CI runs for a product: builds its image and holds the expectations.
#
# usage: product.sh PROJECT OUTPUT
# PROJECT is a CMake project that uses mkxipfs_add_image(), as examples/cmake does. OUTPUT gets the
# images, their reports, maps and test results, also when an expectation fails.
set -euo pipefail

project=$1 output=$2
build=$output/build

mkdir -p "$output"
cmake -S "$project" -B "$build"
cmake --build "$build"
status=0
ctest --test-dir "$build" --output-on-failure --no-tests=error || status=$?
find "$build" -maxdepth 1 \( -name '*.img' -o -name '*.report.txt' -o -name '*.html' \
	-o -name '*.junit.xml' \) -exec cp -t "$output" {} +

# The committed report is the agreed layout: a change of it wants a review.
for report in "$project"/*.report.txt; do
	[[ ! -e $report ]] || diff -u "$report" "$output/${report##*/}" || status=1
done
exit "$status"
