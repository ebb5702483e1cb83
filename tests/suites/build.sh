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

# Hides one library from pkg-config: its .pc file stands in a directory of links without it.
names_missing_library()
{
	local library=$1 package=$2

	mkdir pc
	pkg-config --variable pc_path pkg-config | tr : '\n' | while read -r directory; do
		[[ ! -d $directory ]] || find "$directory" -name '*.pc' ! -name "$library.pc" \
			-exec ln -sf -t pc {} +
	done
	PKG_CONFIG_LIBDIR=$PWD/pc PKG_CONFIG_PATH='' status 1 cmake -S "$TOP" -B build
	matches err "mkxipfs needs $library"
	matches err "apt-get install $package"
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

source_tree_is_clean()
{
	[[ -e $TOP/.git ]] || return 0
	git -C "$TOP" status --porcelain --ignored | sort >after
	same "$SCRATCH/tree-before" after
}

[[ ! -e $TOP/.git ]] || git -C "$TOP" status --porcelain --ignored | sort >"$SCRATCH/tree-before"
check "gcc, -Werror" build_release
check "clang, -Werror" build_clang
check "fuzz targets build with clang and run" builds_with_fuzzers
check "cmake --install" installs_everything
check "names the missing libdeflate" names_missing_library libdeflate libdeflate-dev
check "names the missing libarchive" names_missing_library libarchive libarchive-dev
check "leaves the source tree as it was" source_tree_is_clean
