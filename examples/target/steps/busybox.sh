#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Step busybox: BusyBox as an FDPIC program, linked to uClibc-ng. Inputs: UCLIBC (that step's
# folder), LIBC (static or shared), BUSYBOX_TAR, BUSYBOX_PATCHES, BUSYBOX_CONFIG (files). Output: busybox and busybox.links.
set -euo pipefail

# shellcheck source-path=SCRIPTDIR
source "$STEPS/common.sh"

# No build time in the result.
export KCONFIG_NOTIMESTAMP=1

mkdir source
tar -xf "$BUSYBOX_TAR" --strip-components=1 -C source
cd source
for patch in "$BUSYBOX_PATCHES"/*.patch; do
	patch -p1 --fuzz=0 --no-backup-if-mismatch <"$patch"
done

# Two pages of stack and no RELRO: each page more is a page of RAM in every process.
ldflags='-Wl,-z,stack-size=8192 -Wl,-z,norelro -Wl,-z,noexecstack'
{
	# shellcheck disable=SC2086 # words
	cat $BUSYBOX_CONFIG
	echo 'CONFIG_NOMMU=y'
	case $LIBC in
	static) echo 'CONFIG_STATIC=y' ;;
	esac
	echo "CONFIG_EXTRA_LDFLAGS=\"$ldflags\""
} >wanted
make allnoconfig >/dev/null
# Its Kconfig takes the first line of a symbol, so those that follow must be gone.
sed -i -f <(sed -n 's|^\(CONFIG_[A-Z0-9_]*\)=.*|/^# \1 is not set$/d; /^\1=/d|p' wanted) .config
cat wanted >>.config
yes '' | make oldconfig >/dev/null || ((PIPESTATUS[1] == 0))
while IFS= read -r line; do
	case $line in
	*=n) grep -qxF "# ${line%=n} is not set" .config ;;
	*) grep -qxF "$line" .config ;;
	esac || die "busybox.config: $line did not stick"
done < <(grep '^CONFIG' wanted)

make -j"$JOBS" SKIP_STRIP=y CROSS_COMPILE="$UCLIBC/bin/arm-uclinuxfdpiceabi-" busybox busybox.links
cd ..
cp source/busybox.links .
"$UCLIBC/bin/arm-uclinuxfdpiceabi-strip" -o busybox source/busybox
rm -rf source
readelf -h busybox | grep -q 'OS/ABI:.*FDPIC' || die "busybox is not an FDPIC program"
