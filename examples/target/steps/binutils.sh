#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Step binutils: an assembler and linker that know ARM FDPIC (Debian's arm linker has no emulation
# for it). Input: BINUTILS_TAR. Output: bin/arm-uclinuxfdpiceabi-{as,ld}.
set -euo pipefail

# shellcheck source-path=SCRIPTDIR
source "$STEPS/common.sh"

tar -xf "$BINUTILS_TAR"
mkdir build
cd build
# shellcheck disable=SC2211 # there is one
../binutils-*/configure --target=arm-uclinuxfdpiceabi --prefix="$OLDPWD" --quiet \
	--disable-nls --disable-werror --disable-gdb --disable-sim --disable-gprofng \
	--disable-gprof --disable-gold --disable-plugins --disable-multilib --without-zstd
make -j"$JOBS" MAKEINFO=true all-gas all-ld
make MAKEINFO=true install-strip-gas install-strip-ld
cd ..
rm -rf build binutils-* share
[[ -x bin/arm-uclinuxfdpiceabi-ld ]] || die "no linker was installed"
bin/arm-uclinuxfdpiceabi-ld -V | grep -q armelf_linux_fdpiceabi || die "this ld has no FDPIC emulation"
