# shellcheck shell=bash disable=SC2086,SC2016 # options are split, inner shells expand
# SPDX-License-Identifier: GPL-2.0-or-later
# Files that are written: together, never over one another, never left in part, padded.

small_source()
{
	mkdir -p tree
	text 9000 >tree/text
}

# What a program that a signal ends leaves behind where files need names: no /proc, no O_TMPFILE.
in_bare_place()
{
	in_own_mounts "mount -t tmpfs none /proc; $*"
}

no_stale_files()
{
	[[ ! ${ASAN_OPTIONS:-} ]] || skip "a sanitizer wants /proc, where it also reads its options"
	local signal delay

	small_source
	mkxipfs --quiet tree a.img
	mkdir out.d
	for signal in INT KILL; do
		for delay in 0.001 0.002 0.004 0.006 0.01; do
			in_bare_place "cd out.d; for view in svg html tar; do
				timeout -s $signal $delay $XIPFS_DUMP --\$view=x ../a.img || true
			done
			timeout -s $signal $delay $MKXIPFS --quiet --report=r.json ../tree x || true" \
				>out 2>err
			rm -f out.d/x out.d/r.json
			[[ $signal == KILL ]] || # between two system calls the new file has a name
				equal "$(ls -A out.d)" '' "left after $signal"
			rm -f out.d/*
		done
	done
	in_bare_place "cd out.d && $MKXIPFS --quiet --report=r.json ../tree x"
	same out.d/x a.img
	equal "$(ls -A out.d)" $'r.json\nx' "what is written"
	[[ $(stat -c %a out.d/x) == "$(stat -c %a a.img)" ]]
}

# loop_device FILE: makes one of it, to $device, for the rest of the test.
loop_device()
{
	((EUID == 0)) || skip "only root has loop devices"
	device=$(losetup -f --show "$1" 2>log) || skip "no loop device can be made here: $(cat log)"
	# shellcheck disable=SC2064 # of this device
	trap "losetup -d '$device'" EXIT
}

small_device()
{
	local device

	small_source
	noise 200000 >tree/noise
	truncate -s 64K disk
	printf old | dd of=disk conv=notrunc status=none
	loop_device disk
	fails 8 'holds 65536 bytes, [0-9]+ less' mkxipfs --quiet tree "$device"
	one_line err
	rm tree/noise
	mkxipfs --quiet tree a.img
	equal "$(head -c 3 "$device")" old "the device"
	mkxipfs --quiet tree "$device"
	xipfs-dump --check "$device"
}

report_with_its_image()
{
	small_source
	echo old >a.img
	echo old >r.json
	fails 8 'No space' mkxipfs --quiet --report=r.json tree /dev/full
	equal "$(cat r.json)" old "the report"
	fails 8 'cannot create' mkxipfs --quiet --report=nowhere/r.json tree a.img
	equal "$(cat a.img)" old "the image"
	fails 8 'No space' mkxipfs --quiet --report=/dev/full tree a.img
	equal "$(cat a.img)" old "the image"
	mkxipfs --quiet --report=r.json tree a.img
	jq -e .size r.json
	equal "$(echo ./*)" './a.img ./err ./out ./r.json ./tree' "what is there"
}

report_over_image()
{
	small_source
	mkdir sub
	ln -s . here
	local report
	for report in a.img ./a.img here/a.img sub/../a.img; do
		fails 16 'written over the image' mkxipfs --quiet --report=$report tree a.img
		absent a.img
	done
	mkxipfs --quiet tree a.img
	cp a.img good.img
	ln a.img hard
	ln -s a.img soft
	for report in a.img hard soft here/a.img; do
		fails 16 'written over the image' mkxipfs --quiet --report=$report tree a.img
		local view
		for view in --svg --html --tar '--expect=/dev/null --junit'; do
			fails 16 'over an input' xipfs-dump $view=$report a.img
		done
	done
	local code=0
	mkxipfs --quiet --report=new.json tree - >new.json 2>err || code=$?
	equal $code 16 "the exit status"
	matches err 'written over the image'
	same a.img good.img
	[[ -L soft ]]
	tar -cf a.tar -C tree .
	cp a.tar b.tar
	fails 16 'over an input' mkxipfs --quiet a.tar a.tar
	fails 16 'over an input' mkxipfs --quiet --report=a.tar a.tar c.img
	same a.tar b.tar
	absent c.img
}

# spares INPUT COMMAND...: a usage error of one line, and INPUT is as it was.
spares()
{
	local input=$1
	shift

	cp "$input" before
	fails 16 'over an input' "$@"
	one_line err
	empty out
	same "$input" before
	rm before
	absent new.img
}

output_over_input()
{
	small_source
	echo '/text no-xip' >policy
	echo '/dev d 755 0 0 - - - - -' >table
	echo '*.o' >patterns
	echo boot >boot
	ln policy hard
	ln -s policy soft
	local input option
	for option in --policy=policy --devtable=table --exclude-from=patterns --insert=boot; do
		input=${option#*=}
		spares $input mkxipfs --quiet $option --report=$input tree new.img
		spares $input mkxipfs --quiet $option tree ./$input
		spares $input mkxipfs --quiet ${option%=*}=- tree ./$input <$input
		mkxipfs --quiet --explain=/text $option tree $input >out
	done
	for option in hard soft; do
		spares policy mkxipfs --quiet --policy=policy --report=$option tree new.img
	done
	spares policy mkxipfs --quiet --policy=/dev/null --policy=policy --policy=/dev/null tree policy
	mkxipfs --quiet --policy=/dev/null --report=/dev/null tree a.img
	# only of a SOURCE may the new image take the place
	spares a.img mkxipfs --quiet --insert=a.img tree a.img
	spares a.img mkxipfs --quiet --report=a.img a.img new.img
	cp a.img b.img
	mkxipfs --quiet b.img b.img
	mkxipfs --quiet - b.img <b.img
	same a.img b.img
	tar -cf a.tar -C tree .
	spares a.tar mkxipfs --quiet - a.tar <a.tar
}

# The same of the inspector, which reads more than the image.
dump_over_input()
{
	small_source
	mkxipfs --quiet tree old.img
	text 3000 >tree/more
	mkxipfs --quiet tree a.img
	echo 'size <= 1M' >expect
	ln old.img hard
	local output view
	for output in old.img ./old.img hard; do
		cp old.img good.img
		fails 16 'over an input' xipfs-dump --html=$output --diff=old.img a.img
		fails 16 'over an input' xipfs-dump --html=$output --diff=- a.img <old.img
		same old.img good.img
	done
	for view in --svg --html --tar; do
		fails 16 'over an input' xipfs-dump $view=old.img - <old.img
		same old.img good.img
	done
	spares expect xipfs-dump --expect=expect --junit=expect a.img
	spares expect xipfs-dump --expect=- --junit=expect a.img <expect
	xipfs-dump --expect=expect --junit=junit a.img
	xipfs-dump --html=page --diff=old.img a.img
	local code=0
	cp a.img good.img
	xipfs-dump --svg=- a.img >>a.img 2>err || code=$?
	equal $code 16 "the exit status"
	same a.img good.img
}

device_over_itself()
{
	local device

	small_source
	truncate -s 64K disk
	tar -cf disk -C tree .
	cp disk before
	loop_device disk
	cp -a "$device" node
	fails 16 'over an input' mkxipfs --quiet "$device" "$device"
	fails 16 'over an input' mkxipfs --quiet "$device" node
	mkxipfs --quiet tree "$device"
	fails 16 'over an input' xipfs-dump --html="$device" node
}

standard_input_once()
{
	small_source
	mkxipfs --quiet tree a.img
	local options
	for options in '-D - -' '--policy=- -D - tree' '--exclude-from=- -D - tree' '-i - -' \
		'--policy=- --policy=- tree' '--exclude-from=- -i - tree' '- tree -' '-D - -D - tree'; do
		fails 16 'standard input.*only once' mkxipfs --quiet $options new.img </dev/null
		one_line err
		absent new.img
	done
	fails 16 'standard input.*only once' xipfs-dump --expect=- - <a.img
	one_line err
	fails 16 'standard input.*only once' xipfs-dump --diff=- - <a.img
	mkxipfs --quiet -i - -i /dev/null - new.img <a.img
	echo 'size <= 1M' | status 0 xipfs-dump --expect=- a.img
}

padding()
{
	small_source
	mkxipfs --quiet tree a.img
	local size
	size=$(stat -c %s a.img)
	mkxipfs --quiet --pad-to=64K tree b.img
	equal "$(stat -c %s b.img)" 65536 "the size"
	head -c "$size" b.img | cmp - a.img
	equal "$(tail -c +$((size + 1)) b.img | tr -d '\377' | wc -c)" 0 "other bytes than 0xff"
	xipfs-dump --check b.img
	mkxipfs --quiet --pad-to=erase-block:12K --pad-byte=0 tree c.img
	equal "$(($(stat -c %s c.img) % 12288))" 0 "the rest of the size"
	equal "$(tail -c +$((size + 1)) c.img | tr -d '\0' | wc -c)" 0 "other bytes than 0"
	mkxipfs --pad-to=64K --report=r.json tree b.img >out
	matches out "after it +$((65536 - size)) bytes, to fill 65536"
	equal "$(jq .file_size r.json)" 65536 "the file's size in the report"
	equal "$(jq .size r.json)" "$size" "the image's size in the report"
	rm b.img
	noise 70000 >tree/noise
	fails 8 'more than the 65536' mkxipfs --quiet --pad-to=64K tree b.img
	fails 8 'more than the 65536' mkxipfs --quiet --pad-to=erase-block:64K --max-size=100K tree b.img
	absent b.img
	fails 16 'pad-to' mkxipfs --quiet --pad-to=64K --max-size=32K tree b.img
	local bad
	for bad in 0 x erase-block erase-block: erase-block:0 5G; do
		fails 16 '--pad-to=' mkxipfs --quiet --pad-to=$bad tree b.img
	done
	fails 16 '--pad-byte=256' mkxipfs --quiet --pad-byte=256 tree b.img
	fails 16 '--pad-byte needs --pad-to' mkxipfs --quiet --pad-byte=0 tree b.img
}

small_partition()
{
	small_source
	mkxipfs --quiet tree a.img
	local view size
	size=$(stat -c %s a.img)
	for view in '' --json --list --map --blocks=/text --ram --cat=/text --tar=- --tar=x --svg=x \
		--html=x --extract=x --diff=a.img; do
		fails 8 "--partition=2048" xipfs-dump $view --partition=2K a.img
		one_line err
		empty out
		absent x
		xipfs-dump ${view/extract=x/extract=y} --partition=$size a.img >/dev/null
		rm -rf x y
	done
	fails 4 "--partition=2048" xipfs-dump --check --partition=2K a.img
	echo no-setuid >expect
	fails 4 "--partition=2048" xipfs-dump --expect=expect --partition=2K a.img
	matches out '^ok 1'
}

extraction_modes()
{
	mkdir -p tree/dir
	chmod 777 tree/dir
	local mode
	for mode in 4755 2775 0666 1777; do
		text 100 >tree/$mode
		chmod $mode tree/$mode
	done
	mkfifo -m 666 tree/fifo
	mkxipfs -q --quiet tree a.img
	chmod 644 a.img
	mkdir out.d
	chmod 777 out.d
	local as=()
	((EUID)) || as=(setpriv --reuid=65534 --regid=65534 --clear-groups)
	chmod 755 .
	(umask 022 && "${as[@]}" "$XIPFS_DUMP" --extract=out.d/x a.img)
	equal "$(cd out.d/x && stat -c '%n %a' -- * | tr '\n' ' ')" \
		'0666 644 1777 755 2775 755 4755 755 dir 755 fifo 644 '
	(umask 077 && "${as[@]}" "$XIPFS_DUMP" --extract=out.d/y a.img)
	equal "$(stat -c '%a' out.d/y/0666 out.d/y/4755 | tr '\n' ' ')" '600 700 '
	((EUID)) || {
		(umask 077 && xipfs-dump --extract=z a.img)
		equal "$(stat -c '%a' z/0666 z/4755 z/1777 z/fifo | tr '\n' ' ')" '666 4755 1777 666 '
	}
}

xml_is_well_formed()
{
	mkdir tree
	local name expectations=()
	for name in $'a\xef\xbf\xbeb' $'a\xef\xbf\xbfb' $'a\x01\x1b<&>"b' $'a\xed\xa0\x80b' \
		$'a\xc2\x85b' $'a\xf0\x9f\xbf\xbeb' $'a\x7fb' 'a]]>b'; do
		noise 6000 "${#expectations[@]}" >"tree/$name" # a piece of the picture for each
		expectations+=("$name")
		printf 'xip "/%s"\n' "${name//\"/}" >>expect
	done
	mkxipfs --quiet tree a.img
	xipfs-dump --svg=a.svg a.img
	xmllint --noout a.svg
	status 4 xipfs-dump --expect=expect --junit=a.xml a.img
	xmllint --noout a.xml
	matches a.svg 'a.357.277.276b'
	matches a.xml 'a.357.277.277b'
	xipfs-dump --json --list a.img | jq -e .
}

# Nobody waits for the comparison of what no image of this size holds.
comparison_is_bounded()
{
	mkdir tree
	truncate -s 16777215 tree/0
	local i
	for i in {1..99}; do
		ln tree/0 tree/$i
	done
	mkxipfs --quiet tree a.img
	fails 8 'out of all proportion' timeout 20 xipfs-dump --diff=a.img a.img
	one_line err
	empty out
}

check "no stale files where files need names" no_stale_files
check "a device that is too small is not written to" small_device
check "a report comes with its image" report_with_its_image
check "an output over the image or the source" report_over_image
check "an output over what else is read" output_over_input
check "the inspector's output over what else is read" dump_over_input
check "a device that is read is not written to" device_over_itself
check "standard input is read once" standard_input_once
check "--pad-to and --pad-byte" padding
check "a partition smaller than the image" small_partition
check "the modes of what is extracted" extraction_modes
check "a comparison is bounded like an extraction" comparison_is_bounded
check "SVG and JUnit are well-formed" xml_is_well_formed
