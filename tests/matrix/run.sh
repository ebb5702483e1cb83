#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Builds kernels, and boots none. With all options of the patches off a kernel is what it is without
# them, byte for byte but for numbers of lines; with each alone, with all and with some of them it compiles.
#
# usage: run.sh [--linux=VERSION] [off | alone | sets | all]... (each). SEED=N chooses other sets of
# options. KEEP=1 keeps logs and source trees.
# shellcheck disable=SC2317 # the tests are called by ok
set -euo pipefail

HERE=$(dirname "$(readlink -f "$0")")
TOP=$(readlink -f "$HERE/../..")
TARGET=$TOP/examples/target
LINUX=6.12
if [[ ${1:-} == --linux=* ]]; then
	LINUX=${1#*=}
	shift
fi
PATCHES=$TOP/kernel-patches/linux-$LINUX
CONFIGS=$TOP/kernel-patches/configs
CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/mkxipfs
WORK=$(mktemp -d "${TMPDIR:-/tmp}/mkxipfs-matrix.XXXXXX")
SEED=${SEED:-1}
SETS=10 # of 10 options each
# shellcheck disable=SC2034 # lib.sh sets it
passed=0 failed=0 status=0

# shellcheck source-path=SCRIPTDIR
source "$TOP/tests/target/lib.sh"
# shellcheck source-path=SCRIPTDIR
source "$HERE/options.sh"

# --- trees and kernels -------------------------------------------------------------------------

# The kernel as it comes, and the compilers for both architectures.
get_source()
{
	local board
	for board in qemu-mps2-an500 qemu-virt-arm64; do
		"$TARGET/build.sh" "$board" linux --stock --linux="$LINUX" --out="$WORK/stock"
	done
}

# unpack TREE SERIES...: the source with these patches, in $WORK/TREE, by the step of build.sh.
unpack()
{
	local tree=$WORK/$1
	shift
	mkdir "$tree"
	cd "$tree"
	STEPS=$TARGET/steps LINUX_TAR=$(sed -n 's/^input LINUX_TAR=//p' "$WORK/stock/linux/inputs") \
		SERIES=$(printf '%s\n' "$@") bash "$TARGET/steps/linux-net.sh"
}

# The series tiny up to its first option.
unpack_without_options()
{
	mkdir "$WORK/series"
	ln -s "$PATCHES"/tiny/*.patch "$WORK/series"
	sed '/^# Options/,$d' "$PATCHES/tiny/series" >"$WORK/series/series"
	(($(grep -c patch "$WORK/series/series") < $(grep -c patch "$PATCHES/tiny/series")))
	unpack without "$PATCHES/fixes/series" "$WORK/series/series"
}

# configure TREE NAME ARCH FRAGMENT...: in TREE/NAME, so that ccache sees the same paths everywhere.
configure()
{
	local out=$WORK/$1/$2 arch=$3
	mkdir -p "$out"
	make -s -C "$WORK/$1" O="$out" ARCH="$arch" tinyconfig
	cat "${@:4}" >>"$out/.config"
	make -s -C "$WORK/$1" O="$out" ARCH="$arch" olddefconfig 2>"$out/said" # each line that another follows
}

# compile TREE NAME ARCH: its vmlinux.
compile()
{
	local out=$WORK/$1/$2 arch=$3 cross=arm-linux-gnueabi-
	[[ $arch == arm ]] || cross=aarch64-linux-gnu-
	make -s -C "$WORK/$1" O="$out" ARCH="$arch" CROSS_COMPILE="$cross" CC="$TARGET/steps/kernel-cc.sh ${cross}gcc" \
		HOSTCC='ccache gcc' -j"$(nproc)" vmlinux
}

# --- all off -----------------------------------------------------------------------------------

# same_when_off NAME ARCH FRAGMENT...: what is loaded. Each WARN() and ASSERT_RTNL() tells its line of the source,
# which a patch moves, so those lines are 0 here, and names of symbols, which tell them as well, are left out.
same_when_off()
{
	local name=$1 arch=$2 tree
	shift 2
	for tree in without with; do
		configure "$tree" "$name" "$arch" "$@" "$HERE/no-lines.config"
		{ options "$WORK/with"; echo TINY_NET; } | selected >"$WORK/options"
		absent -xFf "$WORK/options" "$WORK/$tree/$name/.config"
		sed -i 's/__LINE__/0/' "$WORK/$tree"/{include/asm-generic/bug,arch/arm/include/asm/bug,include/linux/rtnetlink}.h
		compile "$tree" "$name" "$arch"
		arm-linux-gnueabi-objcopy --strip-all "$WORK/$tree/$name/vmlinux" "$WORK/$tree.stripped"
	done
	cmp "$WORK/without.stripped" "$WORK/with.stripped"
	rm -r "$WORK/without/$name" "$WORK/with/$name"
}

# Without the lines of fragments that ask for options, or for debug information, which nobody reads here.
no_options()
{
	grep -hvE '^CONFIG_(TINY_|LOG_BUF_SHIFT=11|BINFMT_ELF_FDPIC_STACK_SIZE)|CONFIG_DEBUG_INFO' "$@"
}

test_off()
{
	ok "the source with what has no option" unpack_without_options
	good || return 0
	ok "all off, small.config on mps2-an500: the same kernel" same_when_off small arm \
		"$CONFIGS"/{cramfs-xip,xip-kernel,small,qemu-mps2-an500}.config
	ok "all off, an STM32F769 with clocks and pins: the same kernel" same_when_off stm32 arm "${NOMMU[@]}"
	ok "all off, ARMv7 with an MMU, SMP and much else: the same kernel" same_when_off v7 arm \
		"$CONFIGS"/{cramfs-xip-mmu,vexpress-a9}.config "$HERE/large.config"
}

# --- each, all and some ------------------------------------------------------------------------

# The kernel without options, from which others begin: what make does not compile again for them is the same.
no_option_compiles()
{
	configure with arm arm "${NOMMU[@]}"
	compile with arm arm
	mv "$WORK/with/arm" "$WORK/with/arm.base"
}

# some_compile ARCH LEAST FRAGMENT...: those of the options in $WORK/set that can be chosen together,
# and LEAST of them at least.
some_compile()
{
	local arch=$1 least=$2
	shift 2
	selected <"$WORK/set" >"$WORK/set.config"
	rm -rf "${WORK:?}/with/$arch"
	[[ ! -d $WORK/with/$arch.base ]] || cp -a "$WORK/with/$arch.base" "$WORK/with/$arch"
	configure with "$arch" "$arch" "$@" "$WORK/set.config"
	grep -xFf "$WORK/set.config" "$WORK/with/$arch/.config" | tee "$WORK/chosen"
	(($(wc -l <"$WORK/chosen") >= least))
	compile with "$arch" "$arch"
}

# option_compiles OPTION FRAGMENT...: with what it needs.
option_compiles()
{
	with_needs "$1" >"$WORK/set"
	some_compile arm "$(wc -l <"$WORK/set")" "${@:2}"
}

test_alone()
{
	local option
	for option in $(options "$WORK/with"); do
		ok "$option alone compiles" option_compiles "$option" "${NOMMU[@]}"
	done
	ok "TINY_NET alone compiles" option_compiles TINY_NET "${NOMMU[@]}" "$CONFIGS/network.config"
}

# some_of SEED COUNT: so many lines, by chance, but the same for the same seed.
some_of()
{
	python3 -c 'import random, sys
print("".join(random.Random(sys.argv[1]).sample(list(sys.stdin), int(sys.argv[2]))), end="")' "$@"
}

test_sets()
{
	local i chosen
	for ((i = 1; i <= SETS; i++)); do
		mapfile -t chosen < <(options "$WORK/with" | some_of "$SEED.$i" 10)
		with_needs "${chosen[@]}" >"$WORK/set"
		ok "set $i of seed $SEED compiles: ${chosen[*]}" some_compile arm "$(wc -l <"$WORK/set")" "${NOMMU[@]}"
	done
}

test_all()
{
	ok "all of TINY_MEMORY compile" option_compiles TINY_MEMORY "${NOMMU[@]}"
	options "$WORK/with" >"$WORK/set"
	ok "all options compile together" some_compile arm "$(wc -l <"$WORK/set")" "${NOMMU[@]}"
	{ options "$WORK/with" | grep -vx TINY_IRQ_STACK; echo TINY_NET; } >"$WORK/set"
	ok "all that go with a network compile" some_compile arm "$(wc -l <"$WORK/set")" \
		"${NOMMU[@]}" "$CONFIGS/network.config"
	ok "all that go with an MMU and SMP compile" some_compile arm 10 \
		"$CONFIGS"/{cramfs-xip-mmu,vexpress-a9}.config "$HERE/small-mmu.config"
	ok "all that go with an MMU and one CPU compile" some_compile arm 14 \
		"$CONFIGS"/{cramfs-xip-mmu,vexpress-a9}.config "$HERE/small-mmu.config" "$HERE/one-cpu.config"
	ok "all that go with arm64 compile" some_compile arm64 10 \
		"$CONFIGS"/{cramfs-xip-mmu,qemu-virt-arm64}.config "$HERE/small-mmu.config"
}

main()
{
	trap cleanup EXIT
	check_harness
	(($#)) || set -- off alone sets all
	export LC_ALL=C CCACHE_DIR=$CACHE/ccache CCACHE_NOHASHDIR=1
	export KBUILD_BUILD_TIMESTAMP=1970-01-01 KBUILD_BUILD_USER=mkxipfs KBUILD_BUILD_HOST=mkxipfs
	unset MAKEFLAGS MFLAGS
	ok "the source and the compilers" get_source
	good || return 1
	ok "the source with all patches" unpack with "$PATCHES"/{fixes,tiny}/series
	good || return 1
	# The least that any of the options asks for, drivers that some are about, and room for the data of all.
	{ no_options "$CONFIGS"/{tiny,stm32-onchip,stm32-rcc}.config && echo CONFIG_TINY_DATA_RAM_SIZE=0x40000; } \
		>"$WORK/options-off.config"
	NOMMU=("$CONFIGS"/{cramfs-xip,xip-kernel,small}.config "$WORK/options-off.config")
	for part; do
		[[ $part == off || -d $WORK/with/arm.base ]] || ok "none of the options: compiles" no_option_compiles
		"test_$part"
	done
	echo "$passed passed, $failed failed"
	((failed == 0 && passed > 0))
}

main "$@"; exit
