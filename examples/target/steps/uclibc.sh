#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Step uclibc: uClibc-ng, static and shared, and with it the finished tool chain: bin/arm-uclinuxfdpiceabi-gcc and a
# sysroot/. Inputs: BINUTILS, LIBGCC, LINUX (folders of those steps), FDPIC (the wrappers),
# UCLIBC_TAR, UCLIBC_CONFIG.
set -euo pipefail

# shellcheck source-path=SCRIPTDIR
source "$STEPS/common.sh"

top=$PWD
mkdir -p bin libexec lib sysroot/usr/lib sysroot/usr/include
ln -s "$BINUTILS"/bin/* bin/
cp "$FDPIC/gcc" bin/arm-uclinuxfdpiceabi-gcc
cp "$FDPIC/as" libexec/as
ln -s "$BINUTILS/bin/arm-uclinuxfdpiceabi-ld" libexec/ld
cp "$FDPIC/fdpic.specs" lib/
cp "$LIBGCC/lib/libgcc.a" lib/
for tool in ar nm objcopy objdump ranlib readelf strip size; do
	ln -s "$(command -v arm-linux-gnueabi-$tool)" bin/arm-uclinuxfdpiceabi-$tool
done

make -C "$LINUX" O="$top/headers" ARCH=arm -j"$JOBS" \
	INSTALL_HDR_PATH="$top/sysroot/usr" headers_install
rm -rf headers

mkdir source
tar -xf "$UCLIBC_TAR" --strip-components=1 -C source
cd source
# Without -P the compiler breaks a line where a macro comes from a system header, and the script that
# makes the list of system calls then finds no numbers.
# shellcheck disable=SC2016
sed -i 's/^\$CC -E \$INCLUDE_OPTS - |$/$CC -E -P $INCLUDE_OPTS - |/' extra/scripts/gen_bits_syscall_h.sh
for patch in "$FDPIC"/patches/*.patch; do
	patch -p1 --fuzz=0 --no-backup-if-mismatch <"$patch"
done
{
	cat "$UCLIBC_CONFIG"
	echo "KERNEL_HEADERS=\"$top/sysroot/usr/include\""
} >.config

# Which objects of an archive have symbols: by one nm for all of them, not, as the make file does, by
# one for each and each time again.
# shellcheck disable=SC2016
objects='$(if $(2),$(file >$(@F).objects,$(2))$(shell xargs $(NM) -A $(1) <$(@F).objects | cut -d: -f1 | uniq))'

make_libc()
{
	PATH=$top/bin:$PATH make CROSS_COMPILE=arm-uclinuxfdpiceabi- HOSTCC=gcc V=1 \
		"objects_with_syms=$objects" "$@"
}

yes '' | make_libc oldconfig >/dev/null || ((PIPESTATUS[1] == 0))
while IFS= read -r line; do
	case $line in
	*=*) grep -qxF "$line" .config ;;
	*) ! grep -q "^$(cut -d ' ' -f 2 <<<"$line")=" .config ;;
	esac || die "uclibc.config: $line did not stick"
done < <(grep -E '^[A-Z0-9_]+=|^# [A-Z0-9_]+ is not set$' "$UCLIBC_CONFIG")
make_libc -j"$JOBS"
make_libc PREFIX="$top/sysroot" install
cd ..
cp source/.config uclibc.config
rm -rf source
for file in usr/lib/{crt1.o,crtreloc.o,crti.o,crtn.o,libc.a} lib/ld-uClibc.so.1; do
	[[ -e sysroot/$file ]] || die "uClibc-ng installed no $file"
done
