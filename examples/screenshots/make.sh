#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Makes the screenshots of the README: a root file system of Debian's packages for armhf, the page
# that xipfs-dump --html writes of it, and what a browser shows of that.
#
# usage: examples/screenshots/make.sh [DIRECTORY]
# DIRECTORY (default: this one) gets the pictures. Packages are kept in ~/.cache/mkxipfs.
set -euo pipefail

HERE=$(cd -P "$(dirname "${BASH_SOURCE[0]}")" && pwd)
TOP=$(cd "$HERE/../.." && pwd)
OUT=$(mkdir -p "${1:-$HERE}" && cd "${1:-$HERE}" && pwd)
CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/mkxipfs/screenshots
BEFORE="busybox-static bash coreutils dropbear-bin libc6 libtomcrypt1 libtommath1 libcrypt1 zlib1g
	libgmp10 libtinfo6 libselinux1 libpcre2-8-0 libacl1 libattr1 nano libncursesw6 htop libnl-3-200
	libnl-genl-3-200"
ADDED="sqlite3 libsqlite3-0 libreadline8 openssl libssl3"

source "$TOP/tests/lib/packages.sh"
source "$TOP/tests/lib/build.sh"

# unpack ROOT PACKAGE...: what is in the packages, without what a device does not need.
unpack()
{
	local root=$1 name
	shift

	mkdir -p "$root"
	for name; do
		compgen -G "$CACHE/${name}_*.deb" >/dev/null ||
			(cd "$CACHE" && foreign_apt "$CACHE/apt" armhf download "$name") >&2
		dpkg-deb -x "$CACHE/$name"_*.deb "$root"
	done
	rm -rf "$root"/usr/share/{doc,man,locale,info,lintian,bug} "$root"/usr/lib/*/gconv
}

# Both images and their pages, in the working directory.
make_pages()
{
	local dump="$BUILD_RELEASE/src/xipfs-dump/xipfs-dump --flash-addr=0x40000000 --partition=16M"

	# shellcheck disable=SC2086 # names of packages, options
	unpack before $BEFORE
	rm before/usr/bin/{ptx,csplit}
	# shellcheck disable=SC2086
	unpack after $BEFORE $ADDED
	rm after/usr/bin/{pinky,factor}
	"$BUILD_RELEASE/src/mkxipfs/mkxipfs" --quiet before rootfs-1.0.img
	"$BUILD_RELEASE/src/mkxipfs/mkxipfs" --quiet after rootfs-1.1.img
	$dump --html=page.html rootfs-1.1.img
	$dump --html=diff.html --diff=rootfs-1.0.img rootfs-1.1.img
}

main()
{
	local scratch name

	packages_install "$TOP/tests/lib/packages.build" "$HERE/packages"
	build_release
	mkdir -p "$CACHE"
	[[ -d $CACHE/apt ]] || foreign_apt "$CACHE/apt" armhf update >&2 || { rm -rf "$CACHE/apt"; return 1; }
	scratch=$(mktemp -d)
	# shellcheck disable=SC2064 # of this call
	trap "rm -rf '$scratch'" EXIT
	cd "$scratch"
	make_pages
	PYTHONPATH=$TOP/tests/pictures "$HERE/shoot.py"
	for name in *.png; do
		pngquant --force --output "$name" 128 "$name"
		optipng -quiet -o5 "$name"
		install -m 644 "$name" "$OUT"
		echo "$OUT/$name: $(stat -c %s "$name") bytes"
	done
}

main
