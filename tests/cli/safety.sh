# shellcheck shell=bash disable=SC2086,SC2016 # options are split, inner shells expand
# SPDX-License-Identifier: GPL-2.0-or-later
# Whatever happens during a build, the old image stays as it was and nothing is left behind.

# A tree that takes seconds to compress, file by file.
slow_tree()
{
	mkdir tree out.d
	head -c 1000000 "$(command -v bash)" >tree/a
	text 5000 >tree/z
	echo old >out.d/old.img
}

old_image_is_untouched()
{
	equal "$(cat out.d/old.img)" old "the old image"
	equal "$(ls -A out.d)" old.img "what is in the output directory"
}

killed()
{
	local signal=$1 pid code=0

	slow_tree
	mkdir tmp
	# A shell lets its background commands ignore SIGINT.
	TMPDIR=$PWD/tmp env --default-signal=INT "$MKXIPFS" -q -j 1 --no-xip --compressor=zopfli \
		tree out.d/old.img >out 2>err &
	pid=$!
	sleep 0.7
	kill -"$signal" "$pid" || fail "the build was over before the signal"
	wait "$pid" || code=$?
	((code != 0)) || fail "exit status 0"
	old_image_is_untouched
	equal "$(ls -A tmp)" "" "what is left in TMPDIR"
}

# At whatever moment the signal comes, there is either the old image or a whole new one.
killed_at_any_time()
{
	mkdir tree out.d
	text 400000 >tree/text
	noise 400000 >tree/noise
	mkxipfs -q tree good.img
	for delay in 0.001 0.003 0.005 0.008 0.01 0.012 0.015 0.02 0.025 0.03 0.04 0.05 0.06 0.08 0.1; do
		echo old >out.d/old.img
		timeout -s "$1" "$delay" mkxipfs -q tree out.d/old.img >out 2>err || true
		[[ $(head -c 4 out.d/old.img) == old ]] || same out.d/old.img good.img
		[[ $1 == KILL ]] || # between two system calls the new image has a name of its own
			equal "$(ls -A out.d)" old.img "what is in the output directory after $delay s"
	done
}

changes_while_read()
{
	local change=$1 pid code=0

	slow_tree
	mkxipfs -q -j 1 --no-xip --compressor=zopfli tree out.d/old.img >out 2>err &
	pid=$!
	sleep 0.7
	eval "$change"
	wait "$pid" || code=$?
	equal "$code" 8 "the exit status"
	one_line err
	matches err "$2"
	old_image_is_untouched
}

# in_small_fs COMMAND: with ./small, a file system of 256 KiB.
in_small_fs()
{
	mkdir small
	in_own_mounts "mount -t tmpfs -o size=256k tmpfs small; $*"
}

full_disk()
{
	mkdir tree
	noise 600000 >tree/noise
	# shellcheck disable=SC2016 # for the inner shell
	in_small_fs 'echo old >small/old.img
		fails 8 "No space" mkxipfs -q tree small/old.img
		one_line err
		equal "$(cat small/old.img)" old
		equal "$(ls -A small)" old.img'
}

full_scratch_disk()
{
	mkdir tree
	noise 600000 >tree/noise
	tar -cf a.tar -C tree .
	in_small_fs 'TMPDIR=$PWD/small fails 8 "No space" mkxipfs -q - a.img <a.tar
		absent a.img
		equal "$(ls -A small)" ""'
}

file_size_limit()
{
	mkdir tree out.d
	noise 600000 >tree/noise
	echo old >out.d/old.img
	(
		ulimit -f 200
		fails 8 'too large|File size' mkxipfs -q tree out.d/old.img
	)
	old_image_is_untouched
}

output_to_full_device()
{
	mkdir tree
	noise 6000 >tree/noise
	fails 8 'No space' mkxipfs -q tree /dev/full
	[[ -c /dev/full ]] || fail "/dev/full was replaced"
	local code=0
	mkxipfs -q tree - >/dev/full 2>err || code=$?
	equal $code 8 "the exit status"
	matches err 'No space'
}

summary_to_full_device()
{
	mkdir tree out.d
	echo old >out.d/old.img
	local code=0 option
	for option in -q -v; do
		mkxipfs $option tree out.d/old.img >/dev/full 2>err || code=$?
		equal $code 8 "the exit status"
		matches err 'No space'
		old_image_is_untouched
	done
	for option in --help --version; do
		mkxipfs $option >/dev/full 2>err || code=$?
		equal $code 8 "the exit status"
		matches err 'No space'
	done
}

# What is printed to a closed stream must not get into a file that took its number.
closed_streams()
{
	mkdir tree out.d
	text 10000 >tree/text
	mkxipfs -q tree a.img
	echo old >out.d/old.img
	local code=0
	mkxipfs -v tree out.d/old.img >&- 2>err || code=$?
	equal $code 8 "the exit status"
	old_image_is_untouched
	tar -cf a.tar -C tree .
	mkxipfs -v a.tar b.img <&- >out 2>&-
	same a.img b.img
	mkxipfs --quiet a.tar b.img <&- >&- 2>&-
	same a.img b.img
}

# without_reader COMMAND...: with a pipe for standard output that nobody reads any more.
without_reader()
{
	exec 4> >(:)
	wait $!
	local code=0
	"$@" >&4 2>err || code=$?
	exec 4>&-
	return $code
}

closed_pipe()
{
	mkdir tree
	noise 600000 >tree/noise
	local code=0
	without_reader mkxipfs -q tree - || code=$?
	equal $code 8 "the exit status"
	matches err 'roken pipe'
}

dump_to_closed_pipe()
{
	mkdir tree
	noise 600000 >tree/noise
	mkxipfs -q tree a.img
	local view code=0
	for view in --cat=/noise --tar=- --list --json --help; do
		without_reader xipfs-dump $view a.img || fail "exit status $? of $view"
		empty err
	done
	without_reader xipfs-dump --expect=- a.img <<<'xip /noise' || code=$?
	equal $code 4 "the exit status of --expect"
	empty err
	without_reader mkxipfs -q -v tree b.img
	same a.img b.img
	for view in --cat=/noise --tar=- --list; do
		code=0
		xipfs-dump $view a.img >/dev/full 2>err || code=$?
		equal $code 8 "the exit status of $view"
	done
}

documents_to_closed_pipe()
{
	mkdir tree
	text 300000 >tree/text
	echo 'size <= 1M' >holds
	echo 'size <= 1' >fails
	mkxipfs -q tree a.img
	local view
	for view in --html=- '--html=- --diff=a.img' --svg=- '--expect=holds --junit=-' --tar=-; do
		without_reader xipfs-dump $view a.img || fail "exit status $? of $view"
		empty err
	done
	local code=0
	without_reader xipfs-dump --expect=fails --junit=- a.img || code=$?
	equal $code 4 "the exit status"
	for view in '' --quiet -v; do
		rm -f b.img
		without_reader mkxipfs -q $view --report=- tree b.img || fail "exit status $?"
		empty err
		same a.img b.img
	done
	echo old >b.img
	for view in 'mkxipfs -q --report=- tree b.img' 'xipfs-dump --html=- a.img' \
		'xipfs-dump --expect=holds --junit=- a.img'; do
		code=0
		$view >/dev/full 2>err || code=$?
		equal $code 8 "the exit status of $view"
		one_line err
	done
	equal "$(cat b.img)" old "the old image"
	mkxipfs -q --quiet --report=- tree b.img >report
	mkxipfs -q --quiet --report=file tree b.img
	same report file
}

# The image takes the place of the old one in one step: who has the old one open keeps it.
replaced_not_rewritten()
{
	mkdir tree
	echo old >a.img
	exec 3<a.img
	mkxipfs -q tree a.img
	equal "$(cat <&3)" old "the old file"
	xipfs-dump --check a.img
}

# The mode of a new file is what the umask makes of 0666, not what a temporary file has.
mode_of_image()
{
	mkdir tree
	(umask 022; mkxipfs -q tree a.img)
	equal "$(stat -c %a a.img)" 644
	(umask 077; mkxipfs -q tree b.img)
	equal "$(stat -c %a b.img)" 600
}

output_through_symlink()
{
	mkdir tree sub
	echo old >sub/real.img
	ln -s sub/real.img link.img
	mkxipfs -q tree link.img
	[[ -L link.img ]] || fail "the symlink was replaced"
	xipfs-dump --check sub/real.img
}

output_through_dangling_symlink()
{
	mkdir tree
	ln -s nowhere.img link.img
	fails 8 'symbolic link to nothing' mkxipfs -q tree link.img
	[[ -L link.img ]] || fail "the symlink was replaced"
	absent nowhere.img
}

output_to_pipe()
{
	mkdir tree
	text 10000 >tree/text
	mkxipfs -q tree a.img
	mkxipfs -q tree - | cmp - a.img
	mkfifo pipe
	cat pipe >b.img &
	mkxipfs -q tree pipe
	wait
	same a.img b.img
	[[ -p pipe ]] || fail "the FIFO was replaced"
}

verifies_what_it_wrote()
{
	mkdir tree
	text 10000 >tree/text
	mkxipfs -q tree a.img
	mkxipfs -q --no-verify tree b.img
	same a.img b.img
}

image_in_its_own_source()
{
	mkdir tree
	text 10000 >tree/text
	mkxipfs -q tree tree/a.img
	xipfs-dump --check tree/a.img
	xipfs-dump --tar=- tree/a.img | tar -tf - >list
	matches_not list 'a.img'
	# nor is the old one, in the next build
	cp tree/a.img b.img
	mkxipfs -q tree tree/a.img
	same tree/a.img b.img
	mkxipfs -q tree - >tree/c.img
	xipfs-dump --tar=- tree/c.img | tar -tf - >list
	matches_not list 'c.img'
}

check "SIGTERM leaves the old image" killed TERM
check "SIGINT leaves the old image" killed INT
check "SIGHUP leaves the old image" killed HUP
check "SIGKILL leaves the old image" killed KILL
check "SIGTERM at any time: the old image or a whole new one" killed_at_any_time TERM
check "SIGINT at any time" killed_at_any_time INT
check "SIGKILL at any time" killed_at_any_time KILL
check "a file grows while it is read" changes_while_read 'echo more >>tree/a' 'tree/a|/a\b'
check "a file shrinks while it is read" changes_while_read 'truncate -s 100 tree/a' '/a\b'
check "a file is written to while it is read" changes_while_read \
	'printf x | dd of=tree/a bs=1 conv=notrunc status=none' '/a\b'
check "a file vanishes before it is read" changes_while_read 'rm tree/z' '/z\b'
check "a file is replaced before it is read" changes_while_read \
	'cp -p tree/z new; mv new tree/z' '/z\b'
check "a file becomes a symlink before it is read" changes_while_read \
	'rm tree/z; ln -s /etc/passwd tree/z' '/z\b'
check "a full disk" full_disk
check "a full disk for scratch files" full_scratch_disk
check "a limit on the size of files" file_size_limit
check "an image to /dev/full" output_to_full_device
check "a summary to /dev/full" summary_to_full_device
check "closed standard streams" closed_streams
check "a closed pipe" closed_pipe
check "the inspector's output to a closed pipe or a full device" dump_to_closed_pipe
check "reports and pages to a closed pipe" documents_to_closed_pipe
check "the old image is replaced, not rewritten" replaced_not_rewritten
check "the image's mode follows the umask" mode_of_image
check "an output through a symlink" output_through_symlink
check "an output through a symlink to nothing" output_through_dangling_symlink
check "an output to a pipe is the same" output_to_pipe
check "--no-verify gives the same image" verifies_what_it_wrote
check "an image inside its own source" image_in_its_own_source
