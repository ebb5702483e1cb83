# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# xipfs-dump --ram: each advice is given to a real linker's program that needs it and to no other, and
# following it saves what it says.

PLAIN='
	const char text[5000] = "constant";
	char data[5000] = "data";
	char bss[3000];
	int look(int i) { return text[i % 5000] + data[i % 5000] + bss[i % 3000]; }
	void _start(void) { for (;;) data[0] += look(data[1]); }'
CLEAN=("-Wl,-z,noseparate-code" "-Wl,-z,norelro" "-Wl,-z,stack-size=8192")

# make_nommu FILE SOURCE OPTION... and make_mmu: a program for either kernel.
make_nommu()
{
	fdpic_gcc "$1" "${@:3}" <<<"$2"
}

make_mmu()
{
	gcc -O1 -nostdlib -static -fno-asynchronous-unwind-tables -Wl,--build-id=none -x c -o "$1" - \
		"${@:3}" <<<"$2"
}

# figures KERNEL: of tree/bin/x in an image, "name ram_each ram_once flash" of each advice to ./advice,
# and "bytes of RAM, bytes in place, bytes in the image" to ./cost.
figures()
{
	mkxipfs --quiet tree x.img
	xipfs-dump --json --ram="$1" x.img >ram.json
	jq -r '.advice[] | select(.path == "/bin/x" or .path == "/lib/x.so") |
		"\(.name) \(.ram_each) \(.ram_once) \(.flash)"' ram.json >advice
	jq -r '.programs[] | select(.path == "/bin/x") | "\(.first) \(.flash)"' ram.json |
		tr '\n' ' ' >cost
	json x.img '[.entries[] | .packed_bytes // 0] | add' --list >>cost
}

# worth NAME KERNEL SOURCE BAD GOOD: the program of SOURCE with the options BAD gets the advice NAME
# and no other, with GOOD none, and the difference is what was promised. Options are split at blanks.
worth()
{
	local name=$1 kernel=$2 source=$3 got each once flash ram1 place1 all1 ram2 place2 all2

	mkdir -p tree/bin
	# shellcheck disable=SC2086
	"make_$kernel" tree/bin/x "$source" "${CLEAN[@]}" $4
	figures "$kernel"
	equal "$(cut -d ' ' -f 1 advice | paste -sd ' ')" "$name" "the advice"
	read -r _ each once flash <advice
	read -r ram1 place1 all1 <cost
	xipfs-dump --ram="$kernel" x.img | sed -n '/^advice/,/^$/p' >text
	matches text '; saves [0-9]+ bytes'
	# shellcheck disable=SC2086
	"make_$kernel" tree/bin/x "${6:-$source}" -s "${CLEAN[@]}" $5
	figures "$kernel"
	empty advice
	read -r ram2 place2 all2 <cost
	((each + once + flash > 0)) || fail "it promises nothing"
	equal $((ram1 - ram2)) $((each + once)) "RAM that following it saves"
	case $name in
	unstripped) ((all1 - all2 >= flash && all1 - all2 < flash + 4096)) ||
		fail "$((all1 - all2)) bytes of the image, not $flash" ;;
	not-direct) ;;
	*) equal $((place1 - place2)) "$flash" "bytes in place that following it saves" ;;
	esac
	got=$(xipfs-dump --ram="$kernel" x.img)
	[[ $got != *advice:* ]] || fail "advice to a clean program"
}

ALIGNED='
	const char text[5000] __attribute__((aligned(4096))) = "constant";
	char data[5000] = "data";
	int look(int i) { return text[i % 5000] + data[i % 5000]; }
	void _start(void) { for (;;) data[0] += look(data[1]); }'

RELRO='
	int relro[20] __attribute__((section(".data.rel.ro"))) = {1};
	char data[3500] = "data";
	int look(int i) { return relro[i % 20] + data[i % 3500]; }
	void _start(void) { for (;;) data[0] += look(data[1]); }'

# A shared object whose text is relocated: with an MMU each process gets a copy of its pages.
text_relocations()
{
	local source='int x[3000] = {1}; int y[3000] = {2}; int *both(int i) { return i ? x : y; }'
	local once each ram1 ram2

	mkdir -p tree/bin tree/lib
	gcc -O1 -nostdlib -fPIC -shared -s -Wl,-z,noseparate-code -Wl,-z,norelro -Wl,-soname,x.so -x c -o tree/lib/x.so - \
		<<<"$source"
	gcc -O1 -nostdlib -no-pie -s "${CLEAN[@]}" -x c -o tree/bin/x - -x none tree/lib/x.so <<<'int *both(int); void _start(void) { for (;;) both(1); }'
	figures mmu
	empty advice
	read -r ram1 _ <cost
	gcc -O1 -nostdlib -fno-pic -mcmodel=large -shared -s -Wl,-z,notext -Wl,-z,noseparate-code \
		-Wl,-z,norelro -Wl,-soname,x.so -x c -o tree/lib/x.so - <<<"$source"
	readelf -d tree/lib/x.so | grep -q TEXTREL
	figures mmu
	equal "$(cut -d ' ' -f 1 advice)" textrel "the advice"
	read -r _ each once _ <advice
	read -r ram2 _ <cost
	equal $((ram2 - ram1)) $((each + once)) "RAM that following it saves"
	xipfs-dump --ram=mmu x.img >out
	matches out '-z text'
}

# Without an MMU a program that is no FDPIC cannot start, or is copied whole.
not_fdpic()
{
	mkdir -p tree/bin
	arm_gcc tree/bin/x -s "${CLEAN[@]}" <<<"$PLAIN"
	figures nommu
	equal "$(cat advice)" 'not-loadable 0 0 0' "advice to a program at a fixed address"
	arm_gcc tree/bin/x -s -static-pie -fPIE "${CLEAN[@]}" <<<"$PLAIN"
	figures nommu
	equal "$(cut -d ' ' -f 1 advice)" not-fdpic "advice to a program that goes anywhere"
	local each ram
	read -r _ each _ <advice
	read -r ram _ <cost
	# its read-only pages; the rest stays
	((each > 0 && each < ram)) || fail "it promises $each of $ram bytes"
	xipfs-dump --ram=nommu x.img >out
	matches out '-mfdpic'
}

check "advice: stack of 64 KiB" worth stack nommu "$PLAIN" '-s -Wl,-z,stack-size=65536' ''
check "advice: no stack size" worth stack nommu "$PLAIN" '-s -Wl,-z,stack-size=0' ''
check "advice: data in the middle of a page, no MMU" worth data-offset nommu "$PLAIN" \
	'-s -Wl,--section-start=.data=0x080a0ff0' -Wl,--section-start=.data=0x080a0000
check "advice: data in the middle of a page, MMU" worth data-offset mmu "$PLAIN" \
	'-s -Wl,--section-start=.data=0x4a0ff0' -Wl,--section-start=.data=0x4a0000
check "advice: segments for code alone, no MMU" worth segments nommu "$PLAIN" '-s -Wl,-z,separate-code' ''
check "advice: segments for code alone, MMU" worth segments mmu "$PLAIN" '-s -Wl,-z,separate-code' ''
check "advice: a section aligned to a page" worth alignment nommu "$ALIGNED" -s '' "${ALIGNED/4096/64}"
check "advice: a section aligned to a page, MMU" worth alignment mmu "$ALIGNED" -s '' \
	"${ALIGNED/4096/64}"
check "advice: a section aligned to more than a page" worth not-direct nommu "${ALIGNED/4096/16384}" \
	-s '' "${ALIGNED/4096/64}"
check "advice: RELRO, no MMU" worth relro nommu "$RELRO" '-s -Wl,-z,relro' ''
check "advice: RELRO, MMU" worth relro mmu "$RELRO" '-s -Wl,-z,relro' ''
check "advice: symbols, no MMU" worth unstripped nommu "$PLAIN" -g3 ''
check "advice: symbols, MMU" worth unstripped mmu "$PLAIN" -g3 ''
check "advice: text relocations" text_relocations
check "advice: no FDPIC without an MMU" not_fdpic
