# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# memory that runs out and system calls that fail, a part of each command's

need_build build_release "$BUILD_RELEASE"
gcc -O1 -shared -fPIC -o "$SCRATCH/failing_malloc.so" "$TOP/tests/faults/failing_malloc.c"
export FAILING_MALLOC=$SCRATCH/failing_malloc.so
# How many failures of each command are tried, evenly spread; 0: all.
MEMORY_POINTS=${MEMORY_POINTS-50}
CALL_POINTS=${CALL_POINTS-8}
# Compressions and formats of archives.
FILTERS=(bzip2 compress gzip lz4 lzip lzma uuencode xz zstd)
FORMATS=(7zip iso9660 xar zip)

# What the commands below work on: a bit of everything.
fault_inputs()
{
	mkdir -p tree/bin tree/dir/sub tree/dev
	text 9000 >tree/text
	noise 5000 >tree/noise
	ln -s ../text tree/dir/link
	echo word >$'tree/dir/na\xc3\xafve'
	ln tree/text tree/hard
	cp tree/text tree/dir/copy
	program fdpic tree/bin/fdpic
	program flat tree/bin/flat
	program static tree/bin/static
	cp tree/bin/static tree/dir/static
	: >tree/dir/sub/empty
	mkfifo tree/dir/fifo
	echo '/dev/null c 666 0 0 1 3 - - -' >table
	printf '%s\n' path,page,count /bin/static,1,3 '"/bin/static",3,1' /bin/static,4,2 >profile
	printf '%s\n' 'bin/static xip' '/dir/none exclude' 'text mode=0600' >policy
	printf '%s\n' 'xip /bin/static' no-setuid 'size <= 2M' 'xip /text # no' >expect
	mkxipfs --quiet -D table tree a.img
	mkxipfs --quiet --no-xip tree b.img
	mkxipfs --quiet --xip-profile=profile --no-xip='/bin/f*' tree pages.img
	cp a.img bad.img
	printf x | dd of=bad.img bs=1 seek=9000 conv=notrunc status=none
	cat tree/noise a.img tree/text b.img >firmware
	printf '%s\n' '*.o' '/dir/sub' '# no' >patterns
	fault_archives
	fault_containers
}

# The same tree as archives of every kind that bsdtar writes, with extended attributes and access
# control lists where the format has them.
fault_archives()
{
	local kind

	tar -cf a.tar --format=pax --pax-option=SCHILY.xattr.security.capability:=abc -C tree .
	for kind in "${FILTERS[@]}"; do
		bsdtar -c "--$kind" -f "a.tar.$kind" @a.tar
	done
	(cd tree && find . | LC_ALL=C sort | cpio -o -H newc --quiet) >a.cpio
	for kind in "${FORMATS[@]}"; do
		bsdtar -cf "a.$kind" "--format=$kind" -C tree --exclude=fifo .
	done
	bsdtar -cf a.arbsd --format=arbsd -C tree noise text # files only
	cp -a tree attributes
	python3 - attributes/text attributes/dir <<-'END'
		import os, struct, sys
		nobody, acl = 0xffffffff, struct.pack("<I", 2)
		for tag, rights, owner in (1, 6, nobody), (2, 4, 1000), (4, 4, nobody), \
		                          (16, 6, nobody), (32, 4, nobody):
		    acl += struct.pack("<HHI", tag, rights, owner)
		for name in "user.note", "system.posix_acl_access":
		    os.setxattr(sys.argv[1], name, acl)
		os.setxattr(sys.argv[2], "system.posix_acl_default", acl)
	END
	bsdtar -cf acl.tar --format=pax --acls --xattrs -C attributes .
	mkdir -p over/dir over/new
	echo other >over/dir/copy
	ln -sf copy over/dir/link
}

# Two layers, as an OCI image layout and as `docker save` wrote one before.
fault_containers()
{
	local blobs=containers/blobs/sha256 platform='"os": "linux", "architecture": "arm"'

	mkdir -p "$blobs"
	tar -cf "$blobs/1" -C tree dir text hard
	tar -czf "$blobs/2" -C tree bin
	echo "{$platform}" | tee containers/config.json >"$blobs/c"
	cat >"$blobs/m" <<-END
		{"schemaVersion": 2, "config": {"digest": "sha256:c", "size": 40},
		 "layers": [{"size": 10240, "digest": "sha256:1"}, {"digest": "sha256:2", "size": 9}]}
	END
	echo '{"imageLayoutVersion": "1.0.0"}' >containers/oci-layout
	cat >containers/index.json <<-END
		{"schemaVersion": 2, "manifests": [{"digest": "sha256:m", "size": 1.5e2,
		 "platform": {$platform}}]}
	END
	tar -cf oci.tar -C containers oci-layout index.json blobs
	echo '[{"Config": "config.json", "RepoTags": ["a:1"], "Layers": ["1.tar", "2.tar"]}]' \
		>containers/manifest.json
	tar -cf docker.tar -C containers manifest.json config.json \
		--transform='s,^blobs/sha256/\([12]\),\1.tar,' blobs/sha256/1 blobs/sha256/2
}

# Made once: each sweep gets a copy.
keep_inputs()
{
	fault_inputs
	cp -a . "$SCRATCH/inputs"
}

sweep()
{
	local what=$1 points=$2
	shift 2

	cp -a "$SCRATCH/inputs/." .
	python3 "$TOP/tests/faults/sweep.py" "$what" "$points" "$@"
}

# each_command CHECK...: calls CHECK for each command line of both programs.
each_command()
{
	local view source

	for view in '' --list --map --blocks=/text --check --ram --ram=mmu --top=3; do
		"$@" "$XIPFS_DUMP" ${view:+"$view"} a.img
		"$@" "$XIPFS_DUMP" --json ${view:+"$view"} a.img
	done
	for view in '' --list=/dir --top --diff=b.img --ram=nommu; do
		"$@" "$XIPFS_DUMP" --color=always ${view:+"$view"} a.img
	done
	"$@" "$XIPFS_DUMP" --ram=nommu -v a.img /bin/flat
	"$@" "$XIPFS_DUMP" --find firmware
	"$@" "$XIPFS_DUMP" --find --json firmware
	"$@" "$XIPFS_DUMP" --offset=5000 --list firmware
	"$@" "$XIPFS_DUMP" --check -v bad.img
	"$@" "$XIPFS_DUMP" --cat=/text a.img
	"$@" "$XIPFS_DUMP" --tar=- a.img
	"$@" "$XIPFS_DUMP" --tar=out.tar a.img
	"$@" "$XIPFS_DUMP" --extract=out.dir a.img
	"$@" "$XIPFS_DUMP" --diff=b.img -v a.img
	"$@" "$XIPFS_DUMP" --diff=b.img --json a.img
	"$@" "$XIPFS_DUMP" --expect=expect --junit=out.xml a.img
	"$@" "$XIPFS_DUMP" --html=out.html a.img
	"$@" "$XIPFS_DUMP" --html=out.html --diff=b.img a.img
	"$@" "$XIPFS_DUMP" --svg=out.svg a.img
	"$@" "$XIPFS_DUMP" --map pages.img
	"$@" "$XIPFS_DUMP" --help
	"$@" "$MKXIPFS" -j 1 tree out.img
	"$@" "$MKXIPFS" -j 1 -v -D table --policy=policy --exclude='*.o' --stack-size=8K \
		--max-size=1M --fit --report=out.json tree out.img
	"$@" "$MKXIPFS" -j 1 --quiet --xip-profile=profile --no-xip='/bin/f*' --max-size=100K --fit \
		tree out.img
	"$@" "$MKXIPFS" -j 1 --quiet --classic --compressor=zlib -i table --report=out.txt \
		--pad-to=erase-block:64K tree out.img
	"$@" "$MKXIPFS" -j 1 --explain=/bin/static --policy=policy tree
	"$@" "$MKXIPFS" -j 1 tree -
	"$@" "$MKXIPFS" -j 1 --strip --exclude-from=patterns tree out.img
	for source in attributes a.tar acl.tar a.cpio "${FILTERS[@]/#/a.tar.}" "${FORMATS[@]/#/a.}" \
		a.arbsd a.img docker.tar; do
		"$@" "$MKXIPFS" -j 1 "$source" out.img
	done
	"$@" "$MKXIPFS" -j 1 --platform=linux/arm oci.tar out.img
	"$@" "$MKXIPFS" -j 1 --strip --policy=policy --exclude-from=patterns a.tar.gzip over out.img
	"$@" "$MKXIPFS" --help
}

# A name for the report without the directory of the build.
sweep_check()
{
	local what=$1 program=${3##*/}

	check "$what: $program ${*:4}" sweep "$@"
}

check "what the commands work on" keep_inputs
each_command beside sweep_check memory "$MEMORY_POINTS"
each_command beside sweep_check calls "$CALL_POINTS"
