# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Builds outside the source tree, one directory a configuration, reused from run to run.

# Two checkouts do not share builds.
BUILD_ROOT=${XDG_CACHE_HOME:-$HOME/.cache}/mkxipfs/build-$(printf %s "$TOP" | md5sum | cut -c1-8)
BUILD_RELEASE=$BUILD_ROOT/release
BUILD_CLANG=$BUILD_ROOT/clang
BUILD_SANITIZE=$BUILD_ROOT/sanitize

# build_make DIRECTORY CMAKE-OPTION... configures and builds; the log shows only when that fails.
build_make()
{
	local directory=$1 log=$1/build.log
	shift

	mkdir -p "$directory"
	if ! { cmake -S "$TOP" -B "$directory" "$@" && cmake --build "$directory" -j2; } \
		>"$log" 2>&1; then
		grep -E -A5 'error|Error' "$log" | head -40 || tail -40 "$log"
		echo "the build failed; the whole log is $log"
		return 1
	fi
}

build_release()
{
	build_make "$BUILD_RELEASE" -DXIP_WERROR=ON
}

build_clang()
{
	build_make "$BUILD_CLANG" -DCMAKE_C_COMPILER=clang -DXIP_WERROR=ON
}

build_sanitize()
{
	build_make "$BUILD_SANITIZE" -DXIP_SANITIZE=ON -DCMAKE_C_FLAGS_RELEASE=-O1 # -O3 takes long to compile
}
