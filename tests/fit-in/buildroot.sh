# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# examples/buildroot, with fit-in/buildroot.mk in the place of Buildroot

EXTERNAL=$TOP/examples/buildroot

# configure OPTION=VALUE...: these options of Buildroot and of ours, through the Config.in of the
# example, to output/.config. A choice that Config.in does not know is an error.
configure()
{
	mkdir -p output
	cat >Config.in <<-'END'
		config BR2_USE_MMU
			bool "MMU"
		config BR2_ENDIAN
			string "byte order"
			default "LITTLE"
		config BR2_HOST_CMAKE_AT_LEAST_3_25
			bool
		config BR2_ARC_PAGE_SIZE_8K
			bool "8K"
		config BR2_ARM64_PAGE_SIZE_16K
			bool "16K"
		config BR2_ARM64_PAGE_SIZE_64K
			bool "64K"
		source "$BR2_EXTERNAL_XIPFS_PATH/Config.in"
	END
	printf '%s\n' "$@" >defconfig
	BR2_EXTERNAL_XIPFS_PATH=$EXTERNAL CONFIG_='' python3 - <<-'END'
		import kconfiglib
		kconf = kconfiglib.Kconfig("Config.in", warn_to_stderr=False)
		kconf.warn_assign_undef = True
		kconf.load_config("defconfig")
		kconf.write_config("output/.config")
		if kconf.warnings:
		    raise SystemExit("\n".join(kconf.warnings))
	END
}

# One host directory for all tests: the package is built once.
build_image()
{
	mkdir -p "$SCRATCH/buildroot-host"
	ln -sfn "$SCRATCH/buildroot-host" output/host
	make -f "$TOP/tests/fit-in/buildroot.mk" BR2_EXTERNAL_XIPFS_PATH="$EXTERNAL" \
		O="$PWD/output" "$@"
}

target()
{
	mkdir -p output/target/bin output/target/etc
	program fdpic output/target/bin/program
	program static output/target/bin/elf
	echo product >output/target/etc/hostname
	chmod 755 output/target output/target/*
	chmod 644 output/target/etc/hostname
}

description_is_complete()
{
	matches "$EXTERNAL/external.desc" '^name: XIPFS$'
	matches "$EXTERNAL/external.desc" '^desc: .'
	# Every variable of the tree's path has the name that external.desc gives.
	grep -rhoE 'BR2_EXTERNAL_[A-Z0-9]*_PATH' "$EXTERNAL" --include='*.mk' --include='*.in*' |
		sort -u >names
	equal "$(cat names)" BR2_EXTERNAL_XIPFS_PATH "names of the path"
}

# A copy has not the sources two folders above it, and says what it wants.
copied_tree_wants_sources()
{
	local copy=$PWD/copy/xipfs

	mkdir copy
	cp -r "$EXTERNAL" "$copy"
	configure BR2_TARGET_ROOTFS_XIPFS=y
	EXTERNAL=$copy
	! build_image host-zlib >out 2>err || fail "a copy builds whatever lies above it"
	matches err 'MKXIPFS_OVERRIDE_SRCDIR = /path/to/mkxipfs into local.mk'
	build_image host-zlib MKXIPFS_OVERRIDE_SRCDIR="$TOP"
	configure
	build_image host-zlib
}

# looks_as_mk FILE: what check-package says of a package's make file, but for its order of tests.
looks_as_mk()
{
	local file=$1 package hashes

	package=$(basename "$file" .mk)
	package=${package^^}
	hashes=$(printf '%80s' '' | tr ' ' '#')
	[[ $(sed -n '1p;5p' "$file") == "$hashes"$'\n'"$hashes" &&
		$(sed -n '2p;4p' "$file") == $'#\n#' && ! $(sed -n 6p "$file") ]] || echo "$file: header"
	grep -nE $'(  |\t ?)\\\\$' "$file" && echo "$file: blanks before a backslash"
	grep -nE '\$\{[A-Z]|^[[:blank:]]*(else +)?ifn?def |\$\(HOST_DIR\)/usr' "$file" &&
		echo "$file: braces, ifdef, or usr in the host directory"
	grep -nE "^${package//-/_}_SOURCE =.*\.tar\.gz|_INSTALL_(IMAGES|STAGING) = NO" "$file" &&
		echo "$file: a default"
	grep -oE '^(define +)?[A-Z0-9]+_[A-Z0-9_]+' "$file" | sed 's/^define *//' |
		grep -vE "^(HOST_|ROOTFS_)?${package//-/_}_" && echo "$file: names of variables"
	return 0
}

# looks_as_config FILE: attributes by one tab and in their order; help by a tab and two blanks, at
# most 62 characters.
looks_as_config()
{
	awk -v file="$1" '
		BEGIN { split("bool string prompt default depends select help", words)
			for (i in words) place[words[i]] = i < 4 ? 1 : i }
		/^\t  [^ ]/ { if (length > 65) print file ": width: " $0; next }
		/^\t?#|^$/ { next }
		/^[a-z]/ { last = 0; next }
		!/^\t[a-z]/ || !($1 in place) || place[$1] < last || /^\tdefault n$/ { print file ": " $0 }
		{ last = place[$1] }' "$1"
}

# The rules of Buildroot's check-package, but for those about files of kinds that are not here.
looks_as_buildroot_wants()
{
	find "$EXTERNAL" -type f ! -name README.md >files
	(($(wc -l <files) >= 12)) || fail "hardly any file is there"
	xargs -d '\n' grep -nP '[[:blank:]]$|^ +[^ ]|[^\x00-\x7f]' <files >bad || true
	while read -r file; do
		[[ ! $(tail -c 1 "$file") && $(tail -n 1 "$file") ]] || echo "$file: its end"
		[[ ! -x $file ]] || echo "$file: may be executed"
		uniq -c "$file" | grep -qE '^ +[2-9] $' && echo "$file: two empty lines"
		case $file in
		*/external.mk) grep -q '^include ' <(head -1 "$file") || echo "$file: header" ;;
		*.mk) looks_as_mk "$file" ;;
		*.hash)
			grep -qvE '^(#.*|sha256  [0-9a-f]{64}  [^ ]+|)$' "$file" && echo "$file: fields" ;;
		*/Config.in*) looks_as_config "$file" ;;
		esac
	done <files >>bad
	empty bad
}

# upstream_matches PACKAGE OURS: from its licence on, the make file of the package for Buildroot itself
# is that of ours, with the names that the libraries have there.
upstream_matches()
{
	sed -n '/_LICENSE = /,$ { s/ \\$//; p }' "$EXTERNAL/package/$2/$2.mk" |
		sed "s/mkxipfs-\(zopfli\|libdeflate\)/\1/; s/MKXIPFS_ZOPFLI/ZOPFLI/" | sort >ours
	sed -n '/_LICENSE = /,$ { s/ \\$//; p }' "$EXTERNAL/upstream/package/$1/$1.mk" | sort >theirs
	same ours theirs
}

upstream_package_is_ours()
{
	local version upstream=$EXTERNAL/upstream/package

	version=$(mkxipfs --version | awk 'NR == 1 { print $2 }')
	matches "$upstream/mkxipfs/mkxipfs.mk" "^MKXIPFS_VERSION = ${version//./\\.}\$"
	upstream_matches mkxipfs mkxipfs
	upstream_matches zopfli mkxipfs-zopfli
	same "$EXTERNAL/package/mkxipfs/Config.in.host" "$upstream/mkxipfs/Config.in.host"
	grep ' LICENSE$' "$upstream/mkxipfs/mkxipfs.hash" | sed 's/^sha256  //' >sums
	(cd "$TOP" && sha256sum -c "$OLDPWD/sums")
	sed 's/ mkxipfs-/ /' "$EXTERNAL/package/mkxipfs-zopfli/mkxipfs-zopfli.hash" >hashes
	same "$upstream/zopfli/zopfli.hash" hashes
}

# The package for Buildroot itself builds from an archive with the names that CONTRIBUTING.md gives it.
upstream_package_builds()
{
	local version copy=$PWD/external
	version=$(mkxipfs --version | awk 'NR == 1 { print $2 }')

	cp -r "$EXTERNAL" external
	rm -r external/package
	mv external/upstream/package external
	mkdir -p output/dl
	tar -C "$TOP" --exclude-vcs --transform "s,^\.,mkxipfs-$version," \
		-czf "output/dl/mkxipfs-$version.tar.gz" .
	EXTERNAL=$copy
	configure BR2_TARGET_ROOTFS_XIPFS=y
	target
	SCRATCH=$PWD build_image rootfs-xipfs
	output/host/bin/xipfs-dump --check output/images/rootfs.xipfs
}

selects_host_package()
{
	configure BR2_TARGET_ROOTFS_XIPFS=y
	matches output/.config '^BR2_PACKAGE_HOST_MKXIPFS=y'
	configure
	matches output/.config '^# BR2_TARGET_ROOTFS_XIPFS is not set'
	matches_not output/.config 'XIPFS_POLICY'
}

# Builds the host package as Buildroot configures it.
builds_host_package()
{
	configure BR2_TARGET_ROOTFS_XIPFS=y
	build_image host-mkxipfs
	output/host/bin/mkxipfs --version
	output/host/bin/xipfs-dump --version
}

makes_image_without_mmu()
{
	target
	configure BR2_TARGET_ROOTFS_XIPFS=y
	build_image rootfs-xipfs
	local image=output/images/rootfs.xipfs
	xipfs-dump --check $image
	matches $image.report.txt '100755 0:0 /bin/program: in place'
	matches $image.report.txt '100755 0:0 /bin/elf: compressed'
	matches $image.report.txt '020600 0:0 /dev/console'
	matches $image.html '\[[0-9]+, "program", 33261,'
}

# All options at once.
makes_image_with_mmu()
{
	target
	printf '/etc/hostname mode=0600\n' >policy
	printf '%s\n' 'kernel mmu' 'check clean' 'xip /bin/elf' 'free >= 16K' >expect
	configure BR2_TARGET_ROOTFS_XIPFS=y BR2_USE_MMU=y BR2_ARM64_PAGE_SIZE_16K=y \
		"BR2_TARGET_ROOTFS_XIPFS_POLICY=\"$PWD/policy\"" \
		"BR2_TARGET_ROOTFS_XIPFS_EXPECT=\"$PWD/expect\"" \
		'BR2_TARGET_ROOTFS_XIPFS_MAX_SIZE="256K"' \
		'BR2_TARGET_ROOTFS_XIPFS_FLASH_ADDRESS="0x8000000"' \
		'BR2_TARGET_ROOTFS_XIPFS_OPTIONS="-n product"'
	build_image rootfs-xipfs >log
	local image=output/images/rootfs.xipfs
	matches log '^ok .* free >= 16K'
	matches $image.report.txt '/bin/elf: in place'
	matches $image.report.txt '100600 0:0 /etc/hostname'
	equal "$(dd if=$image bs=1 skip=48 count=7 status=none)" product "volume name"
	(($(stat -c %s $image) % 16384 == 0)) || fail "not a multiple of 16 KiB"
	matches $image.html '^ "flash": 134217728,$'
}

makes_big_endian_image()
{
	target
	configure BR2_TARGET_ROOTFS_XIPFS=y BR2_USE_MMU=y 'BR2_ENDIAN="BIG"'
	build_image rootfs-xipfs
	equal "$(xxd -l 4 -p output/images/rootfs.xipfs)" 28cd3d45 "magic number"
}

fails_when_expectation_does()
{
	target
	printf 'present /sbin/init\n' >expect
	configure BR2_TARGET_ROOTFS_XIPFS=y \
		"BR2_TARGET_ROOTFS_XIPFS_EXPECT=\"$PWD/expect\""
	! build_image rootfs-xipfs >log || fail "the build succeeded"
	matches log '^not ok .*present /sbin/init'
}

# The calls that Buildroot's own cramfs type makes of mkcramfs: mkxipfs may stand in its place.
takes_cramfs_calls()
{
	target
	local options
	for options in -L -B '-L -X' '-L -X -X' '-B -X -X'; do
		# shellcheck disable=SC2086 # options are split
		fakeroot -- mkxipfs $options output/target image
		clean_of_host image
	done
}

check "Buildroot: external.desc" description_is_complete
check "Buildroot: a copied tree wants to know the sources" copied_tree_wants_sources
check "Buildroot: files look as check-package wants" looks_as_buildroot_wants
check "Buildroot: the package for upstream" upstream_package_is_ours
check "Buildroot: the package for upstream builds" upstream_package_builds
check "Buildroot: Config.in" selects_host_package
check "Buildroot: the host package builds" builds_host_package
check "Buildroot: an image for a target without an MMU" makes_image_without_mmu
check "Buildroot: an image for a target with an MMU, all options" makes_image_with_mmu
check "Buildroot: an image for a big-endian target" makes_big_endian_image
check "Buildroot: an expectation that fails, fails the build" fails_when_expectation_does
check "Buildroot: the calls of its cramfs type" takes_cramfs_calls
