# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# the CMake package: find_package(mkxipfs), mkxipfs_add_image(), examples/cmake

PREFIX=$SCRATCH/prefix
cmake --install "$BUILD_RELEASE" --prefix "$PREFIX" >/dev/null

# configure GENERATOR SOURCE: into ./build, with the package found in $PREFIX.
configure()
{
	cmake -G "$1" -S "$2" -B build -DCMAKE_PREFIX_PATH="$PREFIX" >configure.log 2>&1
}

# project ARGUMENT...: a project in ./project whose one image has these arguments beside its name.
# Its source is ./project/root.
project()
{
	mkdir -p project/root/dir
	text 5000 >project/root/text
	cat >project/CMakeLists.txt <<-END
		cmake_minimum_required(VERSION 3.21)
		project(test NONE)
		include(CTest)
		find_package(mkxipfs REQUIRED)
		mkxipfs_add_image(NAME rootfs $*)
	END
}

# build_again COMMAND...: runs COMMAND, builds, and tells by "made" or "kept" what became of the
# image.
build_again()
{
	local before

	before=$(stat -c %.9Y build/rootfs.img)
	"$@" >/dev/null
	status 0 cmake --build build
	[[ $(stat -c %.9Y build/rootfs.img) == "$before" ]] && echo kept || echo made
}

example_works()
{
	cp -r "$TOP/examples/cmake" source
	configure "$1" source
	status 0 cmake --build build
	status 0 ctest --test-dir build --no-tests=error
	xipfs-dump --check build/rootfs.img
	xipfs-dump --map build/rootfs.img >map
	grep -q '/bin/hello' map
	matches build/rootfs.report.txt '/bin/hello: in place.*product.policy:'
	matches build/rootfs.html '\[[0-9]+, "hello", 33261,'

	# The program and the skeleton are sources too.
	equal "$(build_again true)" kept "nothing"
	equal "$(build_again touch source/hello.c)" made "the program"
	equal "$(build_again touch source/rootfs/etc/hostname)" made "the skeleton"
	equal "$(build_again touch source/rootfs/etc/new)" made "a new file of the skeleton"
	xipfs-dump --list=/etc/new build/rootfs.img
}

# What must make the image anew, one change after the other, and what must not.
remakes_after_changes()
{
	project SOURCE root POLICY policy DEVTABLE table DEPENDS extra
	printf '/text no-xip\n' >project/policy
	printf '/dev d 755 0 0 - - - - -\n' >project/table
	: >project/extra
	configure "$1" project
	status 0 cmake --build build
	cd project
	ln -s ../build build
	local name=$'odd; $name "x" \\'
	equal "$(build_again true)" kept "nothing"
	equal "$(build_again wc root/text)" kept "reading"
	equal "$(build_again touch "root/dir/$name")" made "a new file"
	equal "$(build_again true)" kept "nothing, with an odd name"
	equal "$(build_again chmod 600 root/text)" made "chmod"
	equal "$(build_again ln -s text root/link)" made "a link"
	equal "$(build_again ln -sfn dir root/link)" made "a link elsewhere"
	equal "$(build_again mkdir root/empty)" made "an empty directory"
	equal "$(build_again rm "root/dir/$name")" made "a file gone"
	equal "$(build_again cp -p --remove-destination root/text root/dir/text)" made "an old file"
	equal "$(build_again touch policy)" made "the policy"
	equal "$(build_again touch table)" made "the device table"
	equal "$(build_again touch extra)" made "what DEPENDS names"
	equal "$(build_again touch "$PREFIX/bin/mkxipfs")" made "the program mkxipfs"
	equal "$(build_again true)" kept "nothing"
	xipfs-dump --extract=extracted build/rootfs.img
	rmdir extracted/dev
	diff -r root extracted
}

holds_expectations()
{
	project SOURCE root EXPECT expect MAX_SIZE 64K
	printf '%s\n' 'check clean' 'free >= 16K' >project/expect
	configure Ninja project
	status 0 cmake --build build
	status 0 ctest --test-dir build --no-tests=error --output-junit junit.xml
	matches build/junit.xml 'name="rootfs-expect"'
	echo 'present /sbin/init' >>project/expect
	status 8 ctest --test-dir build --output-on-failure
	matches out '^not ok .*present /sbin/init'
}

refuses_beyond_max_size()
{
	project SOURCE root MAX_SIZE 64K
	configure Ninja project
	status 0 cmake --build build
	cp build/rootfs.img before
	noise 100000 >project/root/large
	status 1 cmake --build build
	cat out err >log
	matches log '/large'
	same build/rootfs.img before
}

reads_archives()
{
	project SOURCE root.tar
	tar -C project/root -cf project/root.tar .
	configure Ninja project
	status 0 cmake --build build
	equal "$(build_again true)" kept "nothing"
	equal "$(build_again tar -C project/root -rf project/root.tar ./text)" made "the archive"
}

passes_options()
{
	project SOURCE root OPTIONS -n volume --big-endian --page-size 16K FLASH_ADDRESS 0x10000
	configure Ninja project
	status 0 cmake --build build
	equal "$(xxd -l 4 -p build/rootfs.img)" 28cd3d45 "magic number"
	equal "$(dd if=build/rootfs.img bs=1 skip=48 count=6 status=none)" volume "volume name"
	matches build/rootfs.html '^ "flash": 65536,$'
}

# The report must be the same in every checkout.
report_names_no_checkout()
{
	project SOURCE root POLICY policy
	printf '/text no-xip\n' >project/policy
	configure Ninja project
	status 0 cmake --build build
	matches build/rootfs.report.txt 'policy:1: /text no-xip'
	matches_not build/rootfs.report.txt "$PWD"
}

# complains PATTERN ARGUMENT...: configuring ends with a message like that.
complains()
{
	local pattern=$1
	shift

	rm -rf build project
	project "$@"
	if configure Ninja project; then
		fail "no error with: $*"
	fi
	tr -s ' \n' ' ' <configure.log >line
	matches line "$pattern"
}

explains_misuse()
{
	complains 'NAME and SOURCE are needed'
	complains '/project/nowhere does not exist' SOURCE nowhere
	complains '/project/nowhere does not exist' SOURCE root POLICY nowhere
	complains '/project/nowhere does not exist' SOURCE root EXPECT nowhere
	complains 'what is SIZE;64K' SOURCE root SIZE 64K
	complains 'MAX_SIZE has no value' SOURCE root MAX_SIZE
}

for generator in Ninja 'Unix Makefiles'; do
	check "CMake, $generator: the example" example_works "$generator"
	check "CMake, $generator: made anew after every change and no other time" \
		remakes_after_changes "$generator"
done
check "CMake: expectations are a test" holds_expectations
check "CMake: an image beyond MAX_SIZE fails the build" refuses_beyond_max_size
check "CMake: an archive as the source" reads_archives
check "CMake: options and address reach the programs" passes_options
check "CMake: the report names files as the project does" report_names_no_checkout
check "CMake: wrong arguments are explained" explains_misuse
