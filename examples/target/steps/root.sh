#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Step root: the tree that becomes the root image. Inputs: BUSYBOX (step folder), UCLIBC, LIBC,
# USERLAND, LINKS (symbolic or hard), ROOT (files of every root), OVERLAYS (space separated folders). Output: tree/.
set -euo pipefail

# shellcheck source-path=SCRIPTDIR
source "$STEPS/common.sh"

mkdir -p tree/{bin,sbin,usr/bin,usr/sbin,lib,dev,proc,tmp,mnt}
case $USERLAND in
fdpic)
	cp "$BUSYBOX/busybox" tree/bin/busybox
	cp "$BUSYBOX/busybox.links" .
	;;
*)
	# Debian 13 has it in usr/bin, Debian 12 in bin.
	find "$BUSYBOX/files" -type f -path '*bin/busybox' -exec cp {} tree/bin/busybox \;
	# The package's own list of applets, without running a foreign program.
	printf '/bin/%s\n' sh ls cat cp dd echo head tail wc md5sum sha256sum cmp od hexdump mkdir \
		rm ln stat sleep true false uname grep free ps kill dmesg mount umount df du sync \
		poweroff mknod find seq sort sed awk cut tr xargs readlink expr test '[' id env >busybox.links
	echo /sbin/init >>busybox.links
	;;
esac
while IFS= read -r link; do
	[[ -e tree$link ]] || case $LINKS in
	hard) ln tree/bin/busybox "tree$link" ;;
	*) ln -s /bin/busybox "tree$link" ;;
	esac
done <busybox.links

if [[ $LIBC == shared && $USERLAND == fdpic ]]; then
	for file in "$UCLIBC"/sysroot/lib/{ld-uClibc,libuClibc,libc}*.so*; do
		cp -P "$file" tree/lib/
	done
	find tree/lib -type f -exec "$UCLIBC/bin/arm-uclinuxfdpiceabi-strip" --strip-unneeded {} +
fi

cp -R "$ROOT/." tree/
for overlay in $OVERLAYS; do
	cp -a "$overlay/." tree/
done
chmod -R go-w tree
