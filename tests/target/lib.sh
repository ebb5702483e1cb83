# shellcheck shell=bash disable=SC2016,SC2034,SC2153,SC2154
# SPDX-License-Identifier: GPL-2.0-or-later
# What the tests in run.sh are made of.

# shellcheck source-path=SCRIPTDIR
source "$TOP/tests/lib/time.sh"

# ok NAME COMMAND...: one test; what it said is shown when it fails. Any command that fails in it
# fails it, but only because `ok` is never part of a condition, where bash ignores set -e however
# deep: the result is in $status, and `good || continue` leaves out what depends on it.
ok()
{
	local name=$1 log=$WORK/test.log
	shift

	if out_of_time; then
		echo "ok $name # skipped: out of time"
		status=77
		return
	fi
	set +e
	(set -e && "$@") >"$log" 2>&1 </dev/null
	status=$?
	set -e
	if good; then
		echo "ok $name"
		passed=$((passed + 1))
	else
		echo "not ok $name: $(tail -n 1 "$log")"
		tail -n 30 "$log" | sed 's/^/#   /'
		failed=$((failed + 1))
	fi
}

good()
{
	((status == 0))
}

fails_early()
{
	false
	true
}

# A test that could not fail would prove nothing.
check_harness()
{
	ok "harness" fails_early >"$WORK/harness"
	if good || ! grep -q '^not ok harness' "$WORK/harness"; then
		echo "not ok a test fails with the first command that fails in it"
		exit 1
	fi
	echo "ok a test fails with the first command that fails in it"
	passed=1 failed=0
}

cleanup()
{
	if [[ ${KEEP:-} ]]; then
		echo "# logs are in $WORK"
	else
		rm -rf "$WORK"
	fi
}

# mkxipfs and xipfs-dump, as given or as built by build.sh.
find_programs()
{
	if [[ ! ${MKXIPFS_BIN:-} && ${MKXIPFS:-} && ${XIPFS_DUMP:-} ]]; then
		MKXIPFS_BIN=$WORK/bin
		mkdir "$MKXIPFS_BIN"
		cp "$MKXIPFS" "$XIPFS_DUMP" "$MKXIPFS_BIN/"
	fi
	if [[ ! ${MKXIPFS_BIN:-} ]]; then
		"$TARGET/build.sh" qemu-mps2-an500 image
		MKXIPFS_BIN=$CACHE/mkxipfs-$(printf %s "$TOP" | md5sum | cut -c1-8)/bin
	fi
	export MKXIPFS_BIN
	PATH=$MKXIPFS_BIN:$PATH
}

# build NAME BOARD OPTION...: results in $WORK/out/NAME.
build()
{
	local name=$1 board=$2
	shift 2

	"$TARGET/build.sh" "$board" --linux="$LINUX" --out="$WORK/out/$name" "$@" 2>&1 | tee "$WORK/$name.build"
}

# compile_maps COMPILER...: programs that print their own maps, each with other sizes of its parts.
compile_maps()
{
	local program name more

	rm -rf "$WORK/maps"
	mkdir -p "$WORK/maps/test"
	for program in 'plain -DDATA=100 -DBSS=100' \
		'large -DDATA=6000 -DBSS=30000 -Wl,-z,stack-size=20000' \
		'copied -DDATA=3000 -DBSS=1000'; do
		read -r name more <<<"$program"
		# shellcheck disable=SC2086
		"$@" $more -o "$WORK/maps/test/maps-$name" "$HERE/guest/maps.c"
	done
}

# add_dynamic COMPILER: one more of them, position independent, with the C library that it needs.
add_dynamic()
{
	local program=$WORK/maps/test/maps-dynamic interpreter

	"$1" -pie -fPIE -Os -s -DDATA=100 -DBSS=9000 -o "$program" "$HERE/guest/maps.c"
	interpreter=$(readelf -lW "$program" | sed -n 's/.*interpreter: \(.*\)]/\1/p')
	mkdir -p "$WORK/maps/lib"
	cp -L "$("$1" -print-file-name="${interpreter##*/}")" "$("$1" -print-file-name=libc.so.6)" \
		"$WORK/maps/lib/"
}

# add_answers COMPILER...: a program that says always the same, with symbols and a section that no
# segment has, twice: mkxipfs strips the one whose name begins with "cut". The library it may need
# is stripped as well.
add_answers()
{
	local kind=$1 program
	shift

	"$@" -Os -g -Wall -Wextra -Werror -o "$WORK/answer" "$HERE/guest/answer.c"
	python3 "$TOP/tests/lib/add_section.py" "$WORK/answer" .xt.prop 20000
	for program in kept cut; do
		cp "$WORK/answer" "$WORK/maps/test/$program-$kind"
	done
}

# Compiles the programs of guest/ for the machine of a built variant.
compile_guest()
{
	local compiler flags=(-static -Os -s -Wall -Wextra -Werror)

	case $1 in
	static | shared)
		compiler=$WORK/out/$2/libc/bin/arm-uclinuxfdpiceabi-gcc
		flags+=("-Wl,-z,stack-size=8192")
		;;
	vexpress-a9) compiler=arm-linux-gnueabi-gcc ;;
	*) compiler=aarch64-linux-gnu-gcc ;;
	esac
	"$compiler" "${flags[@]}" -o "$WORK/readback" "$HERE/guest/readback.c"
	compile_maps "$compiler" "${flags[@]}"
	add_answers static "$compiler" -static
	case $1 in
	static) ;;
	shared) add_answers shared "$compiler" ;;
	*)
		add_dynamic "$compiler"
		add_answers shared "$compiler" -pie -fPIE
		;;
	esac
}

# make_image IMAGE VARIANT: the torture image, what is expected of it, and what xipfs-dump foretells.
make_image()
{
	local image=$1 out=$WORK/out/$2 address kernel=mmu

	[[ ! -e $WORK/$image.json ]] || return 0
	case $image in static | shared) kernel=nommu ;; esac
	compile_guest "$image" "$2"
	cp "$WORK/maps/test/maps-plain" "$WORK/$image.program" # the next image has programs of its own
	python3 "$HERE/tree.py" "$(readlink -f "$out/root")/tree" "$TARGET/root.table" "$WORK/readback" \
		"$HERE/guest/script" "$WORK/$image.tar" "$WORK/data.tar" "$WORK/$image.expected"
	# Its one chip of flash holds the root; a second mount from it is not possible.
	[[ $image != qemu-virt-arm64 ]] || sed -i '\|^/mnt/|d' "$WORK/$image.expected"
	(cd "$WORK/maps" && find . -type f -printf '%P\0' | sort -z |
		tar -rf "$WORK/$image.tar" --null -T -)
	printf '%s no-strip\n' '/torture/**' '/test/kept-*' >"$WORK/no-strip"
	mkxipfs -v --no-xip=/test/maps-copied --strip --policy="$WORK/no-strip" "$WORK/$image.tar" \
		"$WORK/$image.img" >/dev/null 2>"$WORK/$image.warnings"
	mkxipfs --quiet "$WORK/data.tar" "$WORK/data.img"
	(($(stat -c %s "$WORK/data.img") == 4096))
	grep -abo zlast "$WORK/data.img" | grep -qx $((4096 - 264 + 12)):zlast
	read -r address _ < <(partition root "$out/dtb/board.dtb")
	xipfs-dump --json --flash-addr="$address" "$WORK/$image.img" >"$WORK/$image.json"
	xipfs-dump --json --ram=$kernel --flash-addr="$address" "$WORK/$image.img" >"$WORK/$image.ram"
}

# boot NAME IMAGE BOARD OPTION...: runs guest/script; console in $WORK/NAME.log, the flash before and
# after in $WORK/NAME.before and .after.
boot()
{
	local name=$1 image=$2 board=$3 size base data=("--data=$WORK/data.img")
	shift 3

	read -r base size < <(flash_window "$board")
	[[ $board != qemu-virt-arm64 ]] || data=()
	run_guest "$name" "$board" --out="$WORK/out/$name" --image="$WORK/$image.img" \
		"${data[@]}" --flash="$WORK/$name.before" \
		--save="$base:$size:$WORK/$name.after" --cmdline="run=/test/script loglevel=5" "$@"
}

run_guest()
{
	local name=$1 board=$2
	shift 2

	"$TARGET/boot.sh" "$board" --until='@end\r?\n' --timeout=300 --silence=60 \
		--log="$WORK/$name.log" "$@"
}

# Address and size of the memory that plays flash.
flash_window()
{
	case $1 in
	qemu-mps2-*) echo 0 0x400000 ;;
	vexpress-a9) echo 0x40000000 0x8000000 ;;
	qemu-virt-arm64) echo 0x4000000 0x4000000 ;;
	esac
}

flash_untouched()
{
	local size

	size=$(stat -c %s "$WORK/$1.before")
	cmp -n "$size" "$WORK/$1.before" "$WORK/$1.after"
	rm -f "$WORK/$1.before" "$WORK/$1.after"
}

check()
{
	local command=$1 name=$2
	shift 2

	python3 "$HERE/check.py" "$command" "$WORK/$name.log" "$@"
}

# check_stripped NAME IMAGE: whatever the image has stripped says what its twin with all sections
# says, and the libraries and BusyBox were stripped, too.
check_stripped()
{
	local kinds=static

	[[ $2 == static ]] || kinds='static shared'
	# shellcheck disable=SC2086
	check same "$1" $kinds
	xipfs-dump --list "$WORK/$2.img" >"$WORK/$2.list"
	absent '/test/kept-.*stripped\|stripped.*/test/kept-' "$WORK/$2.list"
	(($(grep -c 'stripped */test/cut-' "$WORK/$2.list") == $(wc -w <<<"$kinds")))
	grep 'stripped */bin/busybox' "$WORK/$2.list"
	[[ $2 == static ]] || grep 'stripped */lib/libuClibc\|stripped */lib/libc.so.6' "$WORK/$2.list"
}

# check_ram NAME IMAGE: each process that printed its maps has the mappings that --ram foretold.
check_ram()
{
	local program pairs=("maps self=/bin/busybox")

	for program in $(tar -tf "$WORK/$2.tar" | grep '^test/maps-'); do
		pairs+=("maps /$program=/$program")
	done
	python3 "$HERE/ram.py" "$WORK/$1.log" "$WORK/$2.ram" "${pairs[@]}"
}

absent()
{
	if grep "$@"; then
		return 1
	fi
}

# --- hostile images ----------------------------------------------------------------------------

# hostile_boot BOARD NAME IMAGE: a sound image in the partition "data", with a program of the torture image, whose
# pointers were made to leave it. The kernel must refuse what is outside, read the rest, and live.
hostile_boot()
{
	local board=$1 name=hostile-$1 tree=$WORK/hostile-$1 image=$WORK/hostile-$1.img

	mkdir -p "$tree"
	cp "$WORK/$3.program" "$tree/prog"
	seq 2000 >"$tree/far"
	seq 1 3 9000 >"$tree/packed" # no block like one of the others: those are shared
	seq 4000 >"$tree/table"
	echo good content >"$tree/good"
	mkxipfs --quiet -q --xip=/far "$tree" "$image"
	python3 "$HERE/hostile.py" "$image"
	"$TARGET/boot.sh" "$board" --out="$WORK/out/$2" --data="$image" --timeout=300 --silence=60 \
		--log="$WORK/$name.log" --run='mount -t cramfs -o ro mtd:data /mnt' \
		--run='for f in far packed table; do cat /mnt/$f >/dev/null || echo $f "refused"; done' \
		--run='/mnt/prog; echo prog "ends" $?' --run='cat /mnt/good'
	for sign in '^far refused' '^packed refused' '^table refused' '^prog ends [1-9]' '^good content'; do
		grep -a "$sign" "$WORK/$name.log"
	done
}

# --- memory ------------------------------------------------------------------------------------

memory_build()
{
	local name=$1
	shift

	build "memory-$name" qemu-mps2-an500 --config="$HERE/large-block.config" "$@"
}

# At the first prompt, and with three more shells that wait, each of which says when it is there.
memory_boot()
{
	"$TARGET/boot.sh" qemu-mps2-an500 --out="$WORK/out/memory-$1" --timeout=300 --silence=60 \
		--log="$WORK/memory-$1.log" --cmdline='loglevel=7 cramfs.explain_mmap=1' \
		--run='echo @memory one; cat /proc/meminfo' \
		--run='mknod /tmp/never p; cd /tmp' \
		--run='for i in 1 2 3; do sh -c ": >$i; read x <never" & done' \
		--run='until [ -e 1 -a -e 2 -a -e 3 ]; do sleep 1; done' \
		--run='echo @memory four; cat /proc/meminfo' --run='echo @end'
}

# A table of KiB; text in place must be in RAM neither as a copy nor in the page cache. The kernel
# shares one copy of a program's text among its processes.
memory_saved()
{
	local name part used free cached copied size
	local -A of

	printf '| root | image | shells | used | free | Cached | MmapCopy |\n' >"$WORK/memory.table"
	for name in compressed inplace; do
		size=$(stat -Lc %s "$WORK/out/memory-$name/image/root.cramfs")
		for part in one four; do
			read -r used free cached copied < <(check memory "memory-$name" "memory $part")
			printf '| %s | %s | %s | %s | %s | %s | %s |\n' "$name" "$size" "$part" "$used" \
				"$free" "$cached" "$copied" >>"$WORK/memory.table"
			of[$name-$part-used]=$used
			of[$name-$part-copied]=$copied
		done
	done
	cat "$WORK/memory.table"
	# The text of BusyBox is more than 170 KiB.
	for part in one four; do
		((of[compressed-$part-copied] - of[inplace-$part-copied] >= 170))
		((of[compressed-$part-used] - of[inplace-$part-used] >= 340))
	done
}

# --- refusals ----------------------------------------------------------------------------------

refuse_fragment()
{
	echo 'CONFIG_NO_SUCH_SYMBOL=y' >"$WORK/wrong.config"
	if build wrong qemu-mps2-an500 --config="$WORK/wrong.config" >"$WORK/wrong.log" 2>&1; then
		echo "a fragment with an unknown symbol was accepted"
		return 1
	fi
	grep 'wrong.config: CONFIG_NO_SUCH_SYMBOL=y did not stick' "$WORK/wrong.log"
}

refuse_overflow()
{
	local out=$WORK/out/qemu-mps2-an500-static

	mkdir -p "$WORK/large"
	head -c 3M /dev/urandom >"$WORK/large/noise"
	if build overflow qemu-mps2-an500 --overlay="$WORK/large" >"$WORK/overflow.log" 2>&1; then
		echo "an image larger than its partition was accepted"
		return 1
	fi
	grep -E 'root is 3[0-9]{6} bytes, its partition only 2621440' "$WORK/overflow.log"
	[[ ! -e $WORK/out/overflow/flash ]]
	if "$TARGET/boot.sh" qemu-mps2-an500 --out="$out" --image="$WORK/large/noise" --run=true \
		>"$WORK/overflow.log" 2>&1; then
		return 1
	fi
	grep 'noise is larger than partition root' "$WORK/overflow.log"
}

refuse_board()
{
	if "$TARGET/build.sh" no-such-board >"$WORK/board.log" 2>&1; then
		return 1
	fi
	grep 'no such board: no-such-board' "$WORK/board.log"
}

# --- the scripts for people --------------------------------------------------------------------

boot_small()
{
	local name=$1
	shift

	"$TARGET/boot.sh" qemu-mps2-an500 --out="$WORK/out/qemu-mps2-an500-static" --silence=60 "$@" \
		>"$WORK/$name.log" 2>&1
}

# Nothing is made again, and it takes seconds.
build_again()
{
	local began=$SECONDS

	build qemu-mps2-an500-static qemu-mps2-an500 --libc=static >"$WORK/again.log" 2>&1
	cat "$WORK/again.log"
	((SECONDS - began <= 30))
	grep -q '^0x00180000  root ' "$WORK/again.log"
	absent '^build.sh:' "$WORK/again.log"
}

# A step that failed is made again by the next run, and those before it are not.
build_resumes()
{
	local key

	refuse_fragment
	refuse_fragment
	key=$(sed -n 's/.*the end of \(.*\)\/log:$/\1/p' "$WORK/wrong.log")
	[[ -s $key/log ]]
	[[ ! -e $key/done ]]
	(($(grep -c '^build.sh: ' "$WORK/wrong.log") == 1))
}

# The compiler of kernels finds an object again, but not when a file changed that only .incbin names: a compressed
# kernel would have the one before in it.
incbin_is_read()
{
	local data source

	mkdir "$WORK/incbin"
	cd "$WORK/incbin"
	export CCACHE_DIR=$PWD/ccache
	echo '.incbin "data"' >assembler.S
	echo 'asm(".incbin \"data\"");' >incbin.c
	echo 'int answer = 42;' >plain.c
	for data in first second; do
		echo $data >data
		for source in assembler.S incbin.c plain.c; do
			"$TARGET/steps/kernel-cc.sh" gcc -Wp,-MMD,names -c -o object $source
			[[ $source == plain.c ]] || grep -qa $data object
		done
	done
	ccache --print-stats | grep -x 'direct_cache_hit.1' # plain.c
}

# A policy that is handed to mkxipfs is an input of the image, wherever it is named from.
build_policy()
{
	cd "$WORK"
	echo '/bin/busybox no-xip' >rules
	build policy qemu-mps2-an500 image --image-option=--policy=rules >/dev/null
	grep 'in place *0 files' out/policy/image/log
	echo '/bin/busybox xip' >rules
	build policy qemu-mps2-an500 image --image-option=--policy=rules >/dev/null
	grep 'in place *1 file,' out/policy/image/log
}

# Each command's output, in order, with the RAM that was asked for.
boot_runs()
{
	boot_small runs --ram=2M --run='cat /proc/meminfo' --run='cd /bin; echo in $(pwd)'
	awk '/^MemTotal:/ { found = $2 > 1600 && $2 < 2048 } /^in \/bin/ { ran = found }
		END { exit !ran }' "$WORK/runs.log"
}

# Somebody at the keyboard: a prompt, an answer, Ctrl-A X.
boot_interactive()
{
	coproc boot_small interactive
	wait_for interactive 'hush - the humble shell'
	printf 'echo answer $(echo one two | wc -w)\n' >&"${COPROC[1]}"
	wait_for interactive '^answer 2'
	printf '\001x' >&"${COPROC[1]}"
	wait "$COPROC_PID"
}

wait_for()
{
	local tenths=0

	until [[ -e $WORK/$1.log ]] && tr -d '\r' <"$WORK/$1.log" | grep "$2"; do
		sleep 0.1
		tenths=$((tenths + 1))
		if ((tenths >= 600)); then
			cat "$WORK/$1.log"
			return 1
		fi
	done
}

# A guest that hangs is given up soon, and the end of its console is shown.
boot_hangs()
{
	local began=$SECONDS

	if boot_small hangs --until='never' --log="$WORK/hangs.console" --silence=5 --timeout=300; then
		return 1
	fi
	((SECONDS - began <= 60))
	grep 'said nothing for 5 seconds' "$WORK/hangs.log"
	grep 'hush - the humble shell' "$WORK/hangs.log"
}

boot_panics()
{
	local began=$SECONDS

	if boot_small panics --cmdline=init=/no/such --cmdline=root=mtd:nothing --until='never' \
		--log="$WORK/panics.console"; then
		return 1
	fi
	((SECONDS - began <= 60))
	grep 'the kernel died: Kernel panic' "$WORK/panics.log"
	grep 'Unable to mount root fs' "$WORK/panics.log"
}

# Programs without a C library for the boards of ST: one to be copied to a ramfs, one that handles a signal.
make_disco_programs()
{
	local name

	mkdir -p "$WORK/disco/test"
	for name in small signal; do
		"$WORK/out/qemu-mps2-an500-static/libc/bin/arm-uclinuxfdpiceabi-gcc" -static -nostdlib -Os -s -Wall -Wextra \
			-Werror -Wl,-z,stack-size=8192 -o "$WORK/disco/test/$name" "$TOP/tests/hammer/guest/$name.c"
	done
}

# A board in the emulator, with clocks and pins by the kernel: programs run where they are loaded, handlers return by code on the
# stack, and neither kernel nor emulator has anything to say against it.
boot_stm32()
{
	local sign text=081 # in flash: its own, or at the QUADSPI

	[[ $1 != stm32f746-disco ]] || text=900
	"$TARGET/boot.sh" "$1" --out="$WORK/out/$1" --timeout=300 --log="$WORK/$1.log" --run='free' --run='ps' \
		--run='cat /proc/self/maps' --run='cp /test/small /tmp' --run='/tmp/small' --run='/test/signal' \
		--run=$'sleep 1000\x03' --run='echo still "here"' 2>"$WORK/$1.said"
	for sign in '^Mem:' '/sbin/init' "^$text.* r-xp .*/bin/" '^from memory' '^handled' '^still here'; do
		grep -a "$sign" "$WORK/$1.log"
	done
	absent 'stm32:' "$WORK/$1.said"
	absent -a 'WARNING\|BUG\|Oops' "$WORK/$1.log"
}

# What somebody needs to write a board's flash, on standard output.
tells_how_to_write()
{
	local log=$WORK/$1.build

	grep -E '^0x[0-9a-f]{8}  kernel +[0-9]+ of +[0-9]+ bytes  flash.bin$' "$log"
	grep -E '^0x[0-9a-f]{8}  root +[0-9]+ of +[0-9]+ bytes  flash' "$log"
	grep "^openocd .*program flash.bin 0x08000000 verify" "$log"
	grep "^st-flash .* write flash.bin 0x08000000" "$log"
}

# --- the patches -------------------------------------------------------------------------------

# check_patch PART PATCH: the kernel's own judge, which forgives a fix nothing; who signs a patch off
# is for whoever submits it to say. The judge runs where no repository is, as it asks that for commits.
check_patch()
{
	local linux file=$PATCHES/$1/$2 subject

	linux=$(readlink -f "$WORK/out/qemu-mps2-an500-static/linux")
	(cd "$WORK" && perl "$linux/scripts/checkpatch.pl" --no-tree --no-signoff \
		--ignore UNKNOWN_COMMIT_ID "$file") >"$WORK/checkpatch.log" || true
	cat "$WORK/checkpatch.log"
	grep -q 'total: 0 errors' "$WORK/checkpatch.log"
	[[ $1 == tiny ]] || grep -q 'total: 0 errors, 0 warnings' "$WORK/checkpatch.log"
	absent '@[A-Z][A-Z]*@' "$file"
	sed -n '/^---$/,/^diff /p' "$file" | grep -q 'SPDX-License-Identifier: GPL-2.0-only'
	subject=$(sed -n '/^Subject:/{s/^Subject: \[PATCH\] //;N;s/\n\( \?\)/\1/;p}' "$file")
	awk -v part="## $1/" '/^## / { on = index($0, part) == 1 } on' "$TOP/kernel-patches/UPSTREAM.md" |
		grep -F "| ${2%%-*} $subject |"
}

series_is_complete()
{
	diff <(grep -v '^#' "$PATCHES/$1/series") <(cd "$PATCHES/$1" && ls -- *.patch)
}
