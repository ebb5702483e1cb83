# shellcheck shell=bash disable=SC2086,SC2016 # options are split, inner shells expand
# SPDX-License-Identifier: GPL-2.0-or-later
# Several sources, images as sources, images of containers.

# two_trees: base/, and over/ that changes and adds something.
two_trees()
{
	umask 022
	mkdir -p base/etc base/usr/bin base/lib over/etc over/usr/bin over/new
	text 9000 >base/etc/text
	echo old >base/etc/changed
	echo kept >base/etc/kept
	ln base/etc/changed base/etc/linked
	echo lib >base/lib/file
	noise 5000 >base/usr/bin/tool
	ln -s kept base/etc/link
	echo new >over/etc/changed
	echo app >over/usr/bin/app
	echo file >over/etc/link
	echo new >over/new/file
	chmod 700 over/etc
}

# merged: what the two make together.
merged()
{
	cp -a base want
	rm want/etc/changed want/etc/link
	cp -a over/. want
	mkxipfs -q want want.img
}

later_over_earlier()
{
	two_trees
	merged
	mkxipfs -q base over a.img
	same want.img a.img
	equal "$(xipfs-dump --cat=/etc/linked a.img)" old "the other name of the file that changed"
	mkxipfs -q base base over over b.img
	same want.img b.img
}

# kind_of_source COMMAND-FOR-BASE COMMAND-FOR-OVER: either may be anything that is read.
kind_of_source()
{
	two_trees
	merged
	(cd base && eval "$1") >one
	(cd over && eval "$2") >two
	mkxipfs -q one two a.img
	same want.img a.img
	mkxipfs -q one - b.img <two
	same want.img b.img
	mkxipfs -q base - c.img <two
	same want.img c.img
}

# An archive without an entry for a directory says nothing of its mode and owner.
implied_directories()
{
	two_trees
	chmod 750 base/etc
	tar -cf over.tar -C over etc/changed
	mkxipfs -q base over.tar a.img
	xipfs-dump --list a.img >list
	matches list '^drwxr-x--- .* /etc$'
	equal "$(xipfs-dump --cat=/etc/changed a.img)" new
}

through_symlinks()
{
	two_trees
	ln -s usr/bin base/bin
	ln -s /lib base/lib64
	ln -s loop base/loop
	ln -s bin/gone base/dangling
	mkdir -p over/bin/sub over/lib64 over/loop over/dangling
	chmod 700 over/bin
	echo tool >over/bin/tool
	echo deep >over/bin/sub/deep
	echo so >over/lib64/so
	echo x >over/loop/x
	echo y >over/dangling/y
	mkxipfs -q base over a.img
	xipfs-dump --list a.img >list
	matches list ' /bin -> usr/bin$'
	matches list '^drwxr-xr-x .* /usr/bin$'
	equal "$(xipfs-dump --cat=/usr/bin/tool a.img)" tool
	equal "$(xipfs-dump --cat=/usr/bin/sub/deep a.img)" deep
	equal "$(xipfs-dump --cat=/lib/so a.img)" so
	equal "$(xipfs-dump --cat=/lib/file a.img)" lib
	# a link that leads to no directory gives way
	equal "$(xipfs-dump --cat=/loop/x a.img)" x
	equal "$(xipfs-dump --cat=/dangling/y a.img)" y
	# two names for one place: the last in the order of names, whatever the file system's is
	for name in z y x w; do
		mkdir -p over/$name
		ln -s usr/bin base/$name
		echo $name >over/$name/twice
	done
	mkxipfs -q base over b.img
	equal "$(xipfs-dump --cat=/usr/bin/twice b.img)" z
	mkdir -p over/w/conflict/sub
	touch over/y/conflict
	fails 8 '^mkxipfs: /usr/bin/conflict: a directory and something else' \
		mkxipfs -q base over c.img
	one_line err
	absent c.img
	rm over/y/conflict
	mkxipfs -q --exclude=/usr/bin/tool base over b.img
	xipfs-dump --list b.img >list
	matches_not list tool
}

directory_replaced()
{
	two_trees
	echo file >over/lib
	mkxipfs -q base over a.img 2>err
	one_line err
	matches err '^mkxipfs: /lib: warning: a later source .* is gone$'
	equal "$(xipfs-dump --cat=/lib a.img)" file
	fails 8 'not written: -E' mkxipfs -q -E base over b.img
	absent b.img
	mkxipfs -q -E over base c.img 2>err # a directory over a file
	empty err
	equal "$(xipfs-dump --cat=/lib/file c.img)" lib
}

whiteouts_of_a_source_are_files()
{
	two_trees
	touch over/etc/.wh.kept
	mkxipfs -q base over a.img
	equal "$(xipfs-dump --cat=/etc/kept a.img)" kept
	equal "$(xipfs-dump --cat=/etc/.wh.kept a.img)" ""
}

# Depth and length of paths do not matter to contents of several sources.
deep_sources()
{
	local name

	name=$(printf 'd%.0s' {1..200})
	for source in base over; do
		mkdir $source
		(
			cd $source
			for _ in {1..30}; do
				mkdir "$name"
				cd "$name"
			done
			echo $source >$source
			echo $source >both
		)
	done
	mkxipfs -q base over a.img
	xipfs-dump --tar=- a.img | tar -xOf - --wildcards '*/base' '*/over' '*/both' | sort >got
	printf '%s\n' base over over | cmp - got
}

image_as_source()
{
	make_tree tree
	ln -s text tree/symlink
	mkxipfs -q -D <(echo '/null c 666 1 2 1 3 - - -') $1 tree a.img
	mkxipfs a.img b.img $2
	mkxipfs -q -D <(echo '/null c 666 1 2 1 3 - - -') $2 tree want.img
	same want.img b.img
}

# What is at byte 512 of a tar is its first file, not an image behind boot code.
image_in_archive()
{
	make_tree tree
	mkxipfs -q tree a.img
	for format in gnu pax ustar; do
		tar --format=$format -cf a.tar a.img
		mkxipfs -q a.tar b.img
		xipfs-dump --cat=/a.img b.img | cmp - a.img
	done
}

old_image_becomes_xip()
{
	mkdir -p tree over
	program fdpic tree/app
	echo old >tree/file
	echo new >over/file
	mkfs.cramfs tree old.img
	mkxipfs -q old.img over new.img
	equal "$(xipfs-dump --cat=/file new.img)" new
	in_place nommu new.img /app tree/app
	# an image may be replaced by what is made of it
	mkxipfs -q new.img over new.img
	in_place nommu new.img /app tree/app
}

damaged_images()
{
	make_tree tree
	mkxipfs -q tree a.img
	head -c 5000 a.img >cut.img
	refuses_source '^mkxipfs: cut.img: ' cut.img
	cp a.img flipped.img
	patch_bytes flipped.img 3000 ff
	refuses_source '^mkxipfs: flipped.img: .*(CRC|checksum)' flipped.img
	cp a.img flags.img
	patch_bytes flags.img 11 80
	refuses_source '^mkxipfs: flags.img: ' flags.img
	mkxipfs -q tree b.img
	refuses_source '^mkxipfs: cut.img: ' b.img cut.img
}

bomb_of_holes()
{
	mkdir tree
	for i in {1..8}; do
		truncate -s 16777215 tree/$i
		printf %s "$i" | dd of=tree/$i conv=notrunc status=none
	done
	mkxipfs -q tree a.img
	(($(stat -c %s a.img) < 2000000)) || fail "the bomb is as large as what is in it"
	refuses_source 'unpacks to more than the 134217719 bytes' --max-unpacked=134217719 a.img
	mkxipfs -q --max-unpacked=134217720 a.img b.img
	same a.img b.img
}

# --- Images of containers ----------------------------------------------------------------------

# blob FILE puts it into oci/blobs and prints its descriptor, with the members that follow.
blob()
{
	local digest extra=${3:-}

	[[ $extra ]] || extra={}
	digest=$(sha256sum "$1" | cut -d ' ' -f 1)
	mkdir -p oci/blobs/sha256
	cp "$1" "oci/blobs/sha256/$digest"
	jq -nc "{mediaType: \"$2\", digest: \"sha256:$digest\", size: $(stat -c %s "$1")} + $extra"
}

# manifest OS ARCHITECTURE VARIANT LAYER...: an image of these archives; prints its descriptor.
manifest()
{
	local platform layers

	platform=$(jq -nc "{os: \"$1\", architecture: \"$2\"} +
		if \"$3\" == \"\" then {} else {variant: \"$3\"} end")
	shift 3

	layers=$(for layer; do
		blob "$layer" application/vnd.oci.image.layer.v1.tar
	done | jq -sc .)
	jq -nc "$platform + {rootfs: {type: \"layers\"}}" >config
	jq -nc "{schemaVersion: 2, layers: $layers,
		config: $(blob config application/vnd.oci.image.config.v1+json)}" >manifest
	blob manifest application/vnd.oci.image.manifest.v1+json "${PLATFORM:+{platform: $platform\}}"
}

# index: of the descriptors on standard input.
index()
{
	jq -sc '{schemaVersion: 2, manifests: .}'
}

# oci_tar: closes oci/ with the index on standard input.
oci_tar()
{
	mkdir -p oci
	cat >oci/index.json
	echo '{"imageLayoutVersion": "1.0.0"}' >oci/oci-layout
	tar -cf oci.tar -C oci .
}

# Three layers: the second one takes away and hides, the third adds again.
layers()
{
	umask 022
	mkdir -p 1/etc/gone 1/opaque/sub 1/usr/bin 2/etc 2/opaque 2/bin 3/etc/gone 3/ends
	ln -s usr/bin 1/bin
	echo 1 >1/etc/file
	echo 1 >1/etc/gone/file
	echo 1 >1/opaque/file
	echo 1 >1/opaque/sub/file
	echo 1 >1/etc/removed
	echo 1 >1/ends
	echo 1 >1/etc/linked
	echo 2 >2/etc/file
	echo 2 >2/opaque/new
	echo 2 >2/bin/file
	touch 2/etc/.wh.gone 2/etc/.wh.removed 2/etc/.wh.nothing 2/opaque/.wh..wh..opq
	echo 3 >3/etc/gone/new
	tar -cf 1.tar -C 1 .
	# what a layer hides is of the layers below, whatever comes first in it
	tar -cf 2.tar -C 2 ./opaque/new ./opaque/.wh..wh..opq ./etc ./bin
	tar -cf 3.tar -C 3 .
	mkdir -p want/etc/gone want/opaque want/usr/bin want/bin want/ends
	echo 2 >want/etc/file
	echo 3 >want/etc/gone/new
	echo 1 >want/etc/linked
	echo 2 >want/opaque/new
	echo 2 >want/bin/file
	mkxipfs -q want want.img
}

oci_layers()
{
	layers
	gzip -c 1.tar >1.tgz
	xz -c 2.tar >2.txz
	manifest linux arm v7 1.tgz 2.txz 3.tar | index | oci_tar
	mkxipfs -q oci.tar a.img
	same want.img a.img
	mkxipfs -q -E --platform=linux/arm oci.tar b.img
	same want.img b.img
	gzip -c oci.tar | mkxipfs -q - c.img
	same want.img c.img
	fails 8 'has no image for linux/mips, only for linux/arm/v7' \
		mkxipfs -q --platform=linux/mips oci.tar d.img
	absent d.img
}

oci_zstd()
{
	layers
	zstd -q 1.tar -o 1.tzst
	manifest linux arm v7 1.tzst 2.tar 3.tar | index | oci_tar
	mkxipfs -q oci.tar a.img
	same want.img a.img
}

oci_platforms()
{
	local PLATFORM=1

	layers
	mkdir other
	echo other >other/file
	tar -cf other.tar -C other .
	{
		manifest linux arm v6 other.tar
		manifest linux arm v7 1.tar 2.tar 3.tar
		manifest unknown unknown '' other.tar # what a builder tells of its work
		echo '{"digest": "sha256:00", "size": 1, "platform": {"os": "linux", "architecture": "s390x"}}'
	} | index >inner
	blob inner application/vnd.oci.image.index.v1+json | index | oci_tar
	refuses_source 'oci.tar: has 2 images \(linux/arm/v6, linux/arm/v7\): choose one with --plat' \
		oci.tar
	refuses_source 'has 2 images for linux/arm \(' --platform=linux/arm oci.tar
	refuses_source 'for linux/s390x, only for linux/arm/v6, linux/arm/v7$' \
		--platform=linux/s390x oci.tar
	mkxipfs -q --platform=linux/arm/v7 oci.tar a.img
	same want.img a.img
	mkxipfs -q --platform=linux/arm/v6 oci.tar b.img
	equal "$(xipfs-dump --cat=/file b.img)" other
	fails 16 'platform=arm: it must be' mkxipfs -q --platform=arm oci.tar c.img
	mkxipfs -q --platform=linux/arm want d.img 2>err
	matches err 'warning: --platform has no effect'
}

# As docker wrote it before 2024: links between equal layers, the configuration beside them.
docker_save()
{
	layers
	mkdir -p d/1 d/2 d/3 d/4
	for i in 1 2 3; do
		cp $i.tar d/$i/layer.tar
	done
	tar -cf d/empty.tar -T /dev/null
	ln -s ../3/layer.tar d/4/layer.tar
	echo '{"os": "linux", "architecture": "arm"}' >d/config.json
	jq -nc '[{Config: "config.json", RepoTags: ["a:1"],
		Layers: ["1/layer.tar", "2/layer.tar", "empty.tar", "3/layer.tar", "4/layer.tar"]}]' \
		>d/manifest.json
	tar -cf docker.tar -C d .
	mkxipfs -q docker.tar a.img
	same want.img a.img
	rm d/4/layer.tar
	tar -cf docker.tar -C d .
	refuses_source 'docker.tar: layer 4/layer.tar is not in the archive' docker.tar
}

# A layer of more than 16 MiB, which no file of an image may have.
oci_large_layer()
{
	mkdir big
	noise 100000 >big/0
	for i in {1..180}; do
		cp big/0 big/$i
	done
	tar -cf big.tar -C big .
	(($(stat -c %s big.tar) > 17000000)) || fail "the layer is too small"
	manifest linux arm '' big.tar | index | oci_tar
	mkxipfs -q oci.tar a.img
	mkxipfs -q big b.img
	xipfs-dump --extract=a a.img
	xipfs-dump --extract=b b.img
	diff -r a b
	refuses_source 'unpacks to more than the 1000 bytes' --max-unpacked=1000 oci.tar
}

# A hard link to a file of a lower layer; an overlay and options apply to the whole.
oci_in_use()
{
	layers
	mkdir -p h/etc over/etc
	echo x >h/etc/linked
	ln h/etc/linked h/etc/again
	tar -cf h.tar -C h etc/linked etc/again
	tar --delete -f h.tar etc/linked
	echo mine >over/etc/file
	manifest linux arm v7 1.tar h.tar | index | oci_tar
	mkxipfs -q --exclude=gone oci.tar over a.img
	equal "$(xipfs-dump --cat=/etc/again a.img)" 1
	equal "$(xipfs-dump --cat=/etc/file a.img)" mine
	xipfs-dump --list a.img >list
	matches_not list gone
}

damaged_oci()
{
	layers
	manifest linux arm v7 1.tar 2.tar | index >whole
	oci_tar <whole
	head -c 60 whole >oci/index.json
	tar -cf a.tar -C oci .
	refuses_source 'a.tar: container image: index.json is not a JSON document' a.tar
	echo '{"manifests": [{"digest": "sha256:../../x"}]}' >oci/index.json
	tar -cf a.tar -C oci .
	refuses_source 'a.tar: .*sha256:../../x has no valid digest' a.tar
	echo '[]' >oci/index.json
	tar -cf a.tar -C oci .
	refuses_source 'index.json names no manifests' a.tar
	cp whole oci/index.json
	digest=$(sha256sum 2.tar | cut -d ' ' -f 1)
	head -c 3000 2.tar >"oci/blobs/sha256/$digest"
	tar -cf a.tar -C oci .
	refuses_source "a.tar: layer sha256:$digest: " a.tar
	rm "oci/blobs/sha256/$digest"
	tar -cf a.tar -C oci .
	refuses_source "a.tar: layer sha256:$digest is not in the archive" a.tar
	# an index that names itself ends
	printf '%s' '{"manifests": [{"digest": "sha256:self"}]}' >oci/blobs/sha256/self
	echo '{"manifests": [{"digest": "sha256:self"}]}' >oci/index.json
	tar -cf a.tar -C oci .
	refuses_source 'one manifest too many' a.tar
	mkdir 4
	mkdir 4/.wh.x
	tar -cf 4.tar -C 4 .
	manifest linux arm v7 4.tar | index | oci_tar
	refuses_source '/.wh.x: a whiteout of a layer must be a file' oci.tar
}

# A manifest.json in a root file system does not make it a container image.
plain_manifest()
{
	mkdir tree
	echo '{"Layers": 1}' >tree/manifest.json
	tar -cf a.tar -C tree .
	mkxipfs -q a.tar a.img
	equal "$(xipfs-dump --cat=/manifest.json a.img)" '{"Layers": 1}'
	echo '[{"Layers": ' >tree/manifest.json
	tar -cf a.tar -C tree .
	mkxipfs -q a.tar a.img
	equal "$(xipfs-dump --cat=/manifest.json a.img)" '[{"Layers": '
}

check "later sources lie over earlier ones" later_over_earlier
check "a tar over a cpio" kind_of_source 'find . | cpio -o -H newc --quiet' 'tar -cf - .'
check "a zip over a tar.xz" kind_of_source 'tar -cJf - .' 'zip -q -r -y - .'
check "an image over a tar" kind_of_source 'tar -cf - .' 'mkxipfs --quiet . -'
check "a tar over an image" kind_of_source 'tar -cf ../t . && mkxipfs ../t -' 'tar -cf - .'
check "directories that an archive implies" implied_directories
check "a directory over a symlink to one" through_symlinks
check "something else over a directory" directory_replaced
check "whiteouts of a plain source are files" whiteouts_of_a_source_are_files
check "deep sources" deep_sources
check "an image as source" image_as_source '' ''
check "a big-endian image as source" image_as_source -B ''
check "an image of large pages as source" image_as_source '-b 64K' ''
check "an image behind boot code as source" image_as_source -p -B
check "a classic image as source" image_as_source --classic '-i /etc/passwd'
check "an image in an archive" image_in_archive
check "an image of mkfs.cramfs becomes one in place" old_image_becomes_xip
check "damaged images" damaged_images
check "an image that unpacks to too much" bomb_of_holes
check "OCI layers and whiteouts" oci_layers
check "OCI layers of zstd" oci_zstd
check "OCI platforms" oci_platforms
check "docker save" docker_save
check "an OCI layer of more than 16 MiB" oci_large_layer
check "an OCI image under an overlay" oci_in_use
check "damaged OCI images" damaged_oci
check "a manifest.json of no image" plain_manifest
