# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# builds without warnings under gcc and clang, installs, and asks for what is missing

installs_everything()
{
	DESTDIR=$PWD/root cmake --install "$BUILD_RELEASE" --prefix /usr >/dev/null
	for file in bin/mkxipfs bin/xipfs-dump share/man/man1/mkxipfs.1 share/man/man1/xipfs-dump.1 \
		share/man/man5/xipfs.5 share/bash-completion/completions/mkxipfs \
		share/bash-completion/completions/xipfs-dump; do
		[[ -s root/usr/$file ]] || fail "/usr/$file is not installed"
	done
	root/usr/bin/mkxipfs --version | grep -q '^mkxipfs .*[0-9]'
	root/usr/bin/xipfs-dump --version | grep -q '^xipfs-dump .*[0-9]'
}

# configure_without LIBRARY...: hides them from pkg-config, whose .pc files stand in a directory of
# links without theirs. The exit status, and what it prints in ./log.
configure_without()
{
	local library code=0

	mkdir pc
	pkg-config --variable pc_path pkg-config | tr : '\n' | while read -r directory; do
		[[ ! -d $directory ]] || find "$directory" -name '*.pc' -exec ln -sf -t pc {} +
	done
	for library; do
		rm "pc/$library.pc"
	done
	PKG_CONFIG_LIBDIR=$PWD/pc PKG_CONFIG_PATH='' cmake -S "$TOP" -B build >log 2>&1 || code=$?
	return $code
}

names_missing_library()
{
	local library=$1 apt=$2

	! configure_without "$library" || fail "it configures without $library"
	matches log "^ +$library [0-9.]+ or newer$"
	matches log "^ +apt-get install $apt$"
	matches log '^ +dnf install [a-z-]+$'
	matches log '^ +pacman -S [a-z]+$'
}

# All in one line, so one command installs them.
names_all_missing_libraries()
{
	! configure_without zlib libelf libarchive libdeflate || fail "it configures without libraries"
	matches log '^ +apt-get install zlib1g-dev libelf-dev libarchive-dev libdeflate-dev$'
	matches log '^ +dnf install zlib-devel elfutils-libelf-devel libarchive-devel libdeflate-devel$'
	matches log '^ +pacman -S zlib libelf libarchive libdeflate$'
	# A line for Debian names what the list names that the tests install from.
	sed -nE 's/^ +apt-get install //p' log | tr ' ' '\n' | while read -r package; do
		matches "$TOP/tests/lib/packages.build" "^$package$"
	done
}

tests_are_off_without_check()
{
	configure_without check || { cat log; fail "it does not configure without Check"; }
	matches log '^The unit tests are off.*apt-get install check'
	absent build/tests
	cmake -S "$TOP" -B with >log
	matches_not log "tests are off"
	[[ -d with/tests ]] || fail "the tests are off with Check"
}

# Most systems other than Debian install only this header of zopfli.
builds_with_one_header_of_zopfli()
{
	local directory=$BUILD_ROOT/zopfli.h

	mkdir -p "$directory/include"
	cp "$(sed -n 's/^ZOPFLI_HEADER_DIR:PATH=//p' "$BUILD_RELEASE/CMakeCache.txt")/zopfli.h" \
		"$directory/include"
	build_make "$directory" -DXIP_TESTS=OFF -DXIP_WERROR=ON "-DZOPFLI_HEADER_DIR=$directory/include"
	matches "$directory/build.log" '^--compressor=zopfli will be slow'
	mkdir tree
	text 20000 >tree/text
	"$directory/src/mkxipfs/mkxipfs" -q --compressor=zopfli tree plain.img
	"$BUILD_RELEASE/src/mkxipfs/mkxipfs" -q --compressor=zopfli tree quick.img
	"$BUILD_RELEASE/src/xipfs-dump/xipfs-dump" --check plain.img
	(($(stat -c %s plain.img) <= $(stat -c %s quick.img) + 4096)) || fail "it compresses worse"
}

builds_with_fuzzers()
{
	build_make "$BUILD_ROOT/fuzz" -DCMAKE_C_COMPILER=clang -DXIP_FUZZ=ON -DXIP_WERROR=ON
	local target ran=0

	for target in "$BUILD_ROOT"/fuzz/tests/fuzz/fuzz_*; do
		[[ -f $target && -x $target ]] || continue
		"$target" -runs=2000 -max_total_time=10 2>log || {
			tail -20 log
			fail "$(basename "$target") found something in 2,000 runs"
		}
		ran=$((ran + 1))
	done
	((ran >= 4)) || fail "only $ran fuzz targets, not the four of ELF, reader, device table, archive"
}

# The version and what is told of it, wherever a release has to change them.
version_is_the_same_everywhere()
{
	local version

	version=$(sed -n 's/^project(mkxipfs VERSION \([0-9.]*\) .*/\1/p' "$TOP/CMakeLists.txt")
	equal "$("$BUILD_RELEASE/src/mkxipfs/mkxipfs" --version | awk 'NR == 1 { print $2 }')" "$version"
	equal "$(sed -n 's/^mkxipfs (\(.*\)) .*/\1/p' "$TOP/cmake/debian/changelog" | head -1)" \
		"$version" "version in cmake/debian/changelog"
	equal "$(sed -n 's/^## //p' "$TOP/CHANGELOG.md" | head -1)" Unreleased "top of CHANGELOG.md"
	equal "$(sed -n 's/^## \([0-9.]*\) (.*/\1/p' "$TOP/CHANGELOG.md" | head -1)" \
		"$version" "newest version in CHANGELOG.md"
}

source_tree_is_clean()
{
	[[ -e $TOP/.git ]] || return 0
	git -C "$TOP" status --porcelain --ignored | sort >after
	same "$SCRATCH/tree-before" after
}

[[ ! -e $TOP/.git ]] || git -C "$TOP" status --porcelain --ignored | sort >"$SCRATCH/tree-before"
check "gcc, -Werror" build_release
check "clang, -Werror" build_clang
check "builds where zopfli has one header" builds_with_one_header_of_zopfli
check "fuzz targets build with clang and run" builds_with_fuzzers
check "cmake --install" installs_everything
check "names the missing libdeflate" names_missing_library libdeflate libdeflate-dev
check "names the missing libarchive" names_missing_library libarchive libarchive-dev
check "names all missing libraries at once" names_all_missing_libraries
check "the unit tests are off without Check" tests_are_off_without_check
check "the version is the same everywhere" version_is_the_same_everywhere
check "leaves the source tree as it was" source_tree_is_clean
