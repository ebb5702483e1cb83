# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# examples/make

# The example below ./make, built once.
make_example()
{
	cp -r "$TOP/examples/make" make
	cd make
	status 0 make
}

# remake COMMAND...: runs COMMAND and make, and tells by "made" or "kept" what became of the image.
remake()
{
	local before

	before=$(stat -c %.9Y rootfs.img)
	"$@"
	status 0 make
	[[ $(stat -c %.9Y rootfs.img) == "$before" ]] && echo kept || echo made
}

makes_what_it_names()
{
	make_example
	xipfs-dump --check rootfs.img
	matches rootfs.report.txt '/etc/init.d/rcS'
	matches rootfs.html '<html'
	status 0 make check
	matches out '^ok .* check clean'
}

remakes_only_after_changes()
{
	make_example
	equal "$(remake true)" kept "nothing"
	equal "$(remake chmod 600 root/etc/hostname)" made "chmod"
	equal "$(remake ln -s hostname root/etc/link)" made "new link"
	equal "$(remake ln -sf init.d root/etc/link)" made "link elsewhere"
	equal "$(remake rm root/etc/link)" made "removal"
	equal "$(remake touch devices)" made "device table"
	equal "$(remake touch product.policy)" made "policy"
	equal "$(remake true)" kept "nothing"
}

refuses_beyond_budget()
{
	make_example
	noise 100000 >root/large
	local before
	before=$(md5sum rootfs.img)
	status 2 make
	matches err '/large'
	equal "$(md5sum rootfs.img)" "$before" "the image after the failure"
}

reports_changes()
{
	make_example
	git init -q .
	git add -A
	git -c user.name=x -c user.email=x@example.org commit -q -m x
	status 0 make report
	chmod 600 root/etc/hostname
	status 2 make report
	matches out '^\+100600 .*/etc/hostname'
}

check "make: image, report, map, expectations" makes_what_it_names
check "make: remade after every change and no other time" remakes_only_after_changes
check "make: an image beyond the budget fails" refuses_beyond_budget
check "make: the report shows a change to git" reports_changes
