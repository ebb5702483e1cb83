#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# From a bare Debian 12 or 13 to a root file system whose program executes in place: builds mkxipfs,
# fetches Debian 12's busybox-static for armhf, makes an image of it, checks the image and tells where
# in flash the program lies.
#
# usage: examples/quickstart.sh [DIRECTORY]
# DIRECTORY (default: ~/.cache/mkxipfs/quickstart) gets everything; a second run reuses it.
set -euo pipefail

TOP=$(cd -P "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/mkxipfs
WORK=${1:-$CACHE/quickstart}
APPLETS="ash cat chmod cp date dd df dmesg echo free grep hostname init kill ln ls mkdir mount mv
	ps reboot rm sh sleep touch umount uname vi"

# Builds the two programs, in a folder that two checkouts do not share; silent unless that fails.
build()
{
	local log=$WORK/build.log build

	build=$WORK/build-$(printf %s "$TOP" | md5sum | cut -c1-8)
	{ cmake -S "$TOP" -B "$build" -DXIP_TESTS=OFF && cmake --build "$build" -j; } \
		>"$log" 2>&1 || {
		tail -30 "$log" >&2
		exit 1
	}
	mkdir -p "$WORK/bin"
	ln -sfn "$build/src/mkxipfs/mkxipfs" "$build/src/xipfs-dump/xipfs-dump" "$WORK/bin"
	PATH=$WORK/bin:$PATH
}

# $WORK/package gets the content of the package busybox-static.
fetch_busybox()
{
	[[ ! -x $WORK/package/bin/busybox ]] || return 0
	foreign_apt "$WORK/apt" armhf update
	(cd "$WORK" && foreign_apt "$WORK/apt" armhf download busybox-static)
	dpkg-deb -x "$WORK"/busybox-static_*_armhf.deb "$WORK/package"
}

# $WORK/root becomes the root directory, as a user without privileges can make it.
make_root()
{
	local applet root=$WORK/root

	rm -rf "$root"
	mkdir -p "$root"/{bin,dev,etc/init.d,proc,root,sbin,sys,tmp,var}
	cp "$WORK/package/bin/busybox" "$root/bin"
	for applet in $APPLETS; do
		ln -s busybox "$root/bin/$applet"
	done
	ln -s ../bin/busybox "$root/sbin/init"
	echo quickstart >"$root/etc/hostname"
	printf '%s\n' root:x:0:0:root:/root:/bin/sh daemon:x:1:1:daemon:/var:/bin/false \
		>"$root/etc/passwd"
	printf '%s\n' root:x:0: daemon:x:1: tty:x:5: >"$root/etc/group"
	printf '%s\n' ::sysinit:/etc/init.d/rcS ::askfirst:/bin/sh >"$root/etc/inittab"
	printf '%s\n' '#!/bin/sh' 'mount -t proc proc /proc' 'hostname -F /etc/hostname' \
		>"$root/etc/init.d/rcS"
	find "$root" -type d -exec chmod 755 {} +
	find "$root" -type f -exec chmod 644 {} +
	chmod 755 "$root/bin/busybox" "$root/etc/init.d/rcS"
}

# What that user cannot make, in the words of Buildroot's makedevs.
make_table()
{
	cat >"$WORK/devices" <<-'END'
		# name         type mode uid    gid    major minor start inc count
		/tmp           d    1777 root   root   -     -     -     -   -
		/root          d    700  root   root   -     -     -     -   -
		/bin/busybox   f    4755 root   root   -     -     -     -   -
		/var           r    -1   daemon daemon -     -     -     -   -
		/dev/console   c    600  root   root   5     1     -     -   -
		/dev/null      c    666  root   root   1     3     -     -   -
		/dev/zero      c    666  root   root   1     5     -     -   -
		/dev/tty       c    666  root   tty    5     0     -     -   -
		/dev/ttyAMA    c    620  root   tty    204   64    0     1   4
		/dev/mtdblock  b    640  root   root   31    0     0     1   2
	END
}

show()
{
	echo "+ $*"
	"$@"
}

main()
{
	mkdir -p "$WORK"
	WORK=$(cd "$WORK" && pwd)
	source "$TOP/tests/lib/packages.sh"
	packages_install "$TOP/tests/lib/packages.build"
	build
	fetch_busybox
	make_root
	make_table

	cd "$WORK"
	show mkxipfs -q -D devices root root.img
	show xipfs-dump root.img
	show xipfs-dump --check root.img
	echo '+ xipfs-dump --map root.img | tail -n 5'
	xipfs-dump --map root.img | tail -n 5
	show xipfs-dump --flash-addr=0x40000000 --list=/bin/busybox root.img
	echo
	echo "To try more in $WORK:"
	echo "  export PATH=\"$WORK/bin:\$PATH\""
}

main "$@"
