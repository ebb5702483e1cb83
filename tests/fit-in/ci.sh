# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# examples/ci

PREFIX=$SCRATCH/prefix
cmake --install "$BUILD_RELEASE" --prefix "$PREFIX" >/dev/null

product()
{
	CMAKE_PREFIX_PATH=$PREFIX status "$1" "$TOP/examples/ci/product.sh" project output
}

holds_a_product()
{
	cp -r "$TOP/examples/cmake" project
	product 0
	local kind
	for kind in img report.txt html junit.xml; do
		[[ -s output/rootfs.$kind ]] || fail "no rootfs.$kind"
	done
	matches output/rootfs.junit.xml '<testcase .*xip /bin/hello'

	cp output/rootfs.report.txt project
	product 0
	echo new >project/rootfs/etc/new
	product 1
	matches out '^\+.* /etc/new'

	rm project/rootfs.report.txt output/rootfs.*
	echo 'absent /etc/new' >>project/product.expect
	product 8
	matches output/rootfs.junit.xml '<failure'
	[[ -s output/rootfs.html ]] || fail "no map of the image that fails"
}

# commands FILE: the shell commands in a YAML file, one a line or block.
commands()
{
	python3 - "$1" <<-'END'
		import sys, yaml
		def walk(node):
		    if isinstance(node, dict):
		        for key, value in node.items():
		            if key in ("run", "script", "before_script"):
		                print("\n".join(value) if isinstance(value, list) else value)
		            else:
		                walk(value)
		    elif isinstance(node, list):
		        for value in node:
		            walk(value)
		walk(yaml.safe_load(open(sys.argv[1])))
	END
}

commands_are_valid()
{
	commands "$TOP/examples/ci/$1" >commands
	matches commands '^mkxipfs/examples/ci/product.sh '
	bash -n commands
	shellcheck --shell=bash commands
	# What they name in the sources exists.
	grep -oE 'mkxipfs/(tests|examples)/[a-z./]*' commands | while read -r file; do
		[[ -e $TOP/${file#mkxipfs/} ]] || fail "$file does not exist"
	done
}

check "CI: a product's image, expectations and report" holds_a_product
check "CI: GitHub Actions: valid commands" commands_are_valid github.yml
check "CI: GitLab: valid commands" commands_are_valid gitlab.yml
