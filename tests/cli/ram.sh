# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# xipfs-dump --ram: what it foretells of programs; this machine's kernel is one of the judges.

# An FDPIC program in place and one that is not; other ELF beside them.
an_image()
{
	mkdir -p tree/bin
	program fdpic tree/bin/fdpic
	cp tree/bin/fdpic tree/bin/other
	printf x >>tree/bin/other # another file, or they would be one
	program fixed tree/bin/static
	mkxipfs -q --no-xip=/bin/other tree a.img
}

text_report()
{
	an_image
	local start
	start=$(kernel map nommu a.img /bin/fdpic 0 2 | cut -d ' ' -f 2)
	status 0 xipfs-dump --ram --flash-addr=0x60800000 a.img
	empty err
	matches out 'without an MMU'
	matches out "^  0*$(printf %x $((0x60800000 + start)))-0*$(printf %x \
		$((0x60800000 + start + 8192))) +r-xp .* 8K .*/bin/fdpic$"
	matches out '^  RAM .*r-xp .*/bin/other$'
	matches out '/bin/static: it is linked to a fixed address'
	matches out 'saved 8192 bytes, 2 pages'
	matches out '\(stack\)$'
	status 0 xipfs-dump --ram=mmu a.img
	matches out 'with an MMU'
	matches_not out '\(stack\)'
}

# The figures add up, and with and without execution in place differ by what lies in flash.
sums()
{
	an_image
	local kernel
	for kernel in nommu mmu; do
		xipfs-dump --json --ram=$kernel a.img >out
		jq -e '.kernel == "'$kernel'" and (.programs | length) == 3 and ([.programs[] |
			([.objects[].lines[]] | map(.flash) | add // 0) as $flash |
			([.objects[].lines[]] | map(.ram_once) | add // 0) as $once |
			([.objects[].lines[]] | map(.ram_each) | add // 0) as $each |
			.flash == $flash and .further == $each + .stack and
			.first == .further + $once and .first_without_xip == .first + .flash and
			.further_without_xip == .further and .saved == .flash and
			.saved_pages * 4096 == .saved] | all)
			' out >/dev/null || fail "the sums for $kernel are wrong"
	done
	jq -e '.saved > 0 and ([.programs[] | .flash] | add) == .saved' out >/dev/null
}

keeps_its_schema()
{
	an_image
	xipfs-dump --json --ram a.img >out
	equal "$(jq -r 'keys | join(" ")' out)" \
		"advice flash_address image kernel page_size pagewise programs saved saved_pages size"
	equal "$(jq -r '.programs[0] | keys | join(" ")' out)" \
		"block block_of block_order block_too_large block_used first first_without_xip flash further further_without_xip loadable loader missing objects path saved saved_pages stack"
	equal "$(jq -r '.programs[0].objects[0] | keys | join(" ")' out)" \
		"lines loadable path role why"
	equal "$(jq -r '.programs[0].objects[0].lines[0] | keys | join(" ")' out)" \
		"address bss flash length mapped_in_place_pages named offset permissions place ram_each ram_once rounding why"
	equal "$(jq -r '.advice[0] | keys | join(" ")' out)" \
		"flash name path problem ram_each ram_once remedy"
}

# The advice of each kind for a program, and what it saves.
advice()
{
	mkdir -p tree/bin
	program static tree/bin/static
	gcc -O1 -nostdlib -static -Wl,-z,separate-code -g3 -include stdio.h -x c -o tree/bin/spread - <<-C
		const char text[5000] = "text";
		void _start(void) { for (;;); }
	C
	program fdpic tree/bin/fdpic
	mkxipfs -q --no-xip=/bin/static tree a.img
	xipfs-dump --json --ram=mmu a.img >out
	equal "$(jq -r '.advice[] | select(.path == "/bin/spread") | .name' out)" \
		$'segments\nunstripped'
	local before after saving
	saving=$(jq -r '.advice[] | select(.path == "/bin/spread" and .name == "segments") | .flash' \
		out)
	matches <(jq -r '.advice[] | select(.path == "/bin/static") | .name' out) not-placed
	xipfs-dump --json --ram=nommu a.img >out
	equal "$(jq -r '.advice[] | select(.path == "/bin/spread") | .name' out)" not-loadable
	# It is worth what it says: without the page borders that much less is in place.
	before=$(json a.img '.programs[] | select(.path == "/bin/spread") | .mmu.pages')
	gcc -O1 -nostdlib -static -Wl,-z,noseparate-code -s -x c -o tree/bin/spread - <<-C
		const char text[5000] = "text";
		void _start(void) { for (;;); }
	C
	mkxipfs -q tree b.img
	after=$(json b.img '.programs[] | select(.path == "/bin/spread") | .mmu.pages')
	equal $((4096 * (before - after))) "$saving" "what it saves"
}

# copy_program FILE: it and its shared objects to tree, where and as they are on this machine.
copy_program()
{
	local file real

	for file in "$1" $(ldd "$1" | grep -o '/[^ ]*'); do
		real=$(readlink -f "$file")
		mkdir -p "tree/${file%/*}" "tree/${real%/*}"
		cp "$real" "tree$real"
		[[ -e tree$file ]] || ln -s "$real" "tree$file"
	done
}

# foretold NAME: length, permissions and offset of the lines of maps that name a file, by file.
foretold()
{
	jq -r --arg path "$(readlink -f "/bin/$1")" '.programs[] | select(.path == $path) | .objects[] | .path as $p |
		.lines[] | select(.named) | "\($p | sub(".*/"; "")) \(.length) \(.permissions) \(.offset)"' \
		ram.json | sort
}

# observed NAME: the same of a process of this machine that shows its own maps. Locales and the
# like are no business of a loader.
observed()
{
	local range permissions offset path

	LC_ALL=C "/bin/$1" "${@:2}" /proc/self/maps | while read -r range permissions offset _ _ path; do
		path=${path##*/}
		[[ $path && $(find tree -type f -name "$path") ]] || continue
		echo "$path $((16#${range#*-} - 16#${range%-*})) $permissions $((16#$offset))"
	done | sort
}

# A kernel with an MMU, glibc's dynamic loader, RELRO: the lines that file mappings have here.
agrees_with_this_kernel()
{
	copy_program /bin/cat
	copy_program /bin/grep
	mkxipfs -q --no-xip tree a.img
	xipfs-dump --json --ram a.img >ram.json
	equal "$(jq -r '.kernel' ram.json)" mmu
	equal "$(jq -r '[.programs[].missing[]] | length' ram.json)" 0 "the number of missing objects"
	foretold cat >want
	observed cat >got
	[[ -s want ]] || fail "nothing is foretold"
	diff want got || fail "this machine's kernel maps cat otherwise"
	foretold grep >want
	observed grep . >got
	diff want got || fail "this machine's kernel maps grep otherwise"
}

missing_library()
{
	mkdir -p tree/bin
	cp /bin/cat tree/bin/cat
	mkxipfs -q tree a.img
	xipfs-dump --ram a.img >out
	matches out 'not in the image: libc.so.6'
	equal "$(json a.img '.programs[0].loadable' --ram)" false
}

check "--ram as text" text_report
check "--ram: the sums" sums
check "--ram --json keeps its schema" keeps_its_schema
check "--ram: advice" advice
check "--ram agrees with this machine's kernel" agrees_with_this_kernel
check "--ram: a missing library" missing_library
check "--ram=xyz: exit 16" fails 16 'nommu, mmu or pagewise' xipfs-dump --ram=xyz a.img
