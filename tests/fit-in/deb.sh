# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# the Debian package

MIRROR=${MIRROR:-http://deb.debian.org/debian}
PACKAGES=$SCRATCH/deb

field()
{
	dpkg-deb -f "$PACKAGES"/*.deb "$1"
}

packs()
{
	cpack -G DEB --config "$BUILD_RELEASE/CPackConfig.cmake" -B "$PACKAGES"
	local version architecture
	version=$(mkxipfs --version | awk 'NR == 1 { print $2 }')
	architecture=$(dpkg --print-architecture)
	[[ -f $PACKAGES/mkxipfs_${version}_$architecture.deb ]] || fail "it has another name"
	equal "$(field Package) $(field Version)" "mkxipfs $version"
	equal "$(field Section) $(field Priority)" "utils optional"
	field Maintainer | grep -E '.+ <.+@.+>$'
}

# fails_without TOOL PACKAGE: cpack would make a package that depends on nothing.
fails_without()
{
	mkdir bin
	find /usr/bin -maxdepth 1 ! -type d ! -name "$1" -exec ln -st bin {} +
	PATH=$PWD/bin status 1 cpack -G DEB -D 'CMAKE_IGNORE_PATH=/usr/bin;/bin' \
		--config "$BUILD_RELEASE/CPackConfig.cmake" -B packages
	matches err "^  +apt-get install $2$"
	[[ ! $(find packages -name '*.deb') ]] || fail "it makes a package without $1"
}

# Each library that a program needs is in a package that Depends names. Packages for other machines may have one
# of the same name.
names_its_libraries()
{
	dpkg-deb -x "$PACKAGES"/*.deb root
	field Depends | tr ',' '\n' | awk '{ print $1 }' >depends
	local library
	readelf -d root/usr/bin/* | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' | sort -u >needed
	(($(wc -l <needed) >= 5))
	while read -r library; do
		dpkg -S "*/$library" | cut -d: -f1 >packages
		grep -qxFf depends packages || fail "$library of $(xargs <packages) is in no dependency"
	done <needed
}

documents_are_there()
{
	dpkg-deb -x "$PACKAGES"/*.deb root
	local page
	for page in man1/mkxipfs.1 man1/xipfs-dump.1 man5/xipfs.5; do
		gzip -t "root/usr/share/man/$page.gz"
		absent "root/usr/share/man/$page"
	done
	[[ -s root/usr/share/bash-completion/completions/mkxipfs ]]
	[[ -s root/usr/share/bash-completion/completions/xipfs-dump ]]
	[[ -s root/usr/share/doc/mkxipfs/copyright ]]
	gunzip root/usr/share/doc/mkxipfs/changelog.gz
	dpkg-parsechangelog -l root/usr/share/doc/mkxipfs/changelog -S Version >version
	equal "$(cat version)" "$(field Version)" "newest version in the changelog"
}

lintian_finds_no_error()
{
	lintian --allow-root --fail-on error --suppress-tags bogus-mail-host "$PACKAGES"/*.deb
}

# ./chroot: Debian with nothing but what the package depends on; kept between runs.
bare_chroot()
{
	local archive include

	include=$(field Depends | tr ',' '\n' | awk '{ print $1 }' | paste -sd,)
	archive=$BUILD_ROOT/chroot-$(md5sum <<<"$include" | cut -c1-8).tar
	if [[ ! -e $archive ]]; then
		debootstrap --variant=minbase --include="$include" \
			"$(source /etc/os-release && echo "$VERSION_CODENAME")" chroot "$MIRROR" >debootstrap.log ||
			fail "debootstrap: $(tail -3 debootstrap.log)"
		tar -C chroot --exclude='./proc/*' --exclude='./sys/*' --exclude='./var/cache/apt/archives/*.deb' \
			-cf "$archive.new" .
		mv "$archive.new" "$archive"
		rm -rf chroot
	fi
	mkdir chroot
	tar -C chroot -xpf "$archive"
}

# inside COMMAND...: in the chroot, without this machine's paths.
inside()
{
	env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 chroot chroot "$@"
}

runs_in_bare_chroot()
{
	bare_chroot
	cp "$PACKAGES"/*.deb chroot/mkxipfs.deb
	inside dpkg -i /mkxipfs.deb
	inside dpkg --audit >audit
	empty audit
	inside mkxipfs /etc /etc.img
	inside xipfs-dump --check /etc.img
	inside xipfs-dump --cat=/debian_version /etc.img >version
	same version chroot/etc/debian_version
	inside dpkg --purge mkxipfs
	absent chroot/usr/bin/mkxipfs
	absent chroot/usr/share/doc/mkxipfs
}

runs_unpacked()
{
	dpkg-deb -x "$PACKAGES"/*.deb root
	root/usr/bin/mkxipfs "$TOP/examples" examples.img
	root/usr/bin/xipfs-dump --check examples.img
}

check "Debian package: cpack makes it" packs
check "Debian package: none without dpkg-dev" fails_without dpkg-shlibdeps dpkg-dev
check "Debian package: none without file" fails_without file file
check "Debian package: depends on its libraries" names_its_libraries
check "Debian package: manual pages, completions, changelog, copyright" documents_are_there
check "Debian package: lintian finds no error" lintian_finds_no_error
if ((EUID)); then
	check "Debian package: runs unpacked" runs_unpacked
else
	check "Debian package: installs and runs in a bare chroot" runs_in_bare_chroot
fi
