#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Step emulator: QEMU with the STM32, from Debian's source package. Inputs: QEMU (the folder of that
# package), PATCH, MODEL (the folder of its sources), CCACHE_DIR. Output: qemu-system-arm.
set -euo pipefail

# shellcheck source-path=SCRIPTDIR
source "$STEPS/common.sh"

dpkg-source -x "$QEMU"/qemu_*.dsc source
patch -d source -p1 --fuzz=0 --no-backup-if-mismatch <"$PATCH"
mkdir source/hw/arm/stm32 build
cp "$MODEL"/*.[ch] source/hw/arm/stm32/

# Another model in another folder compiles to the same, but for its own files.
export CCACHE_BASEDIR=$PWD CCACHE_NOHASHDIR=1
cd build
../source/configure --cc='ccache gcc' --meson=/usr/bin/meson --target-list=arm-softmmu \
	--without-default-features --without-default-devices --with-devices-arm=stm32 \
	--enable-tcg --enable-slirp --enable-system --disable-user --disable-tools --disable-docs \
	--disable-guest-agent --disable-werror --audio-drv-list=
# The optimizer takes half of the time, and the guest is small.
meson configure -Ddebug=false -Doptimization=1
ninja -j"$JOBS" qemu-system-arm # alone: "ninja" makes the tests too
strip -o ../qemu-system-arm qemu-system-arm
cd ..
rm -rf source build
./qemu-system-arm -machine help | grep -q '^stm32f746 ' || die "this QEMU has no STM32"
