# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What the patched kernel withstands: floods of input, RAM that is too small for a shell. Read by run.sh.

# flood NAME COUNT COMMAND [SIGN]: the console has SIGN after the command met so many characters. That some
# were lost on the way, as the emulator says, is no fault here.
flood()
{
	local log=$WORK/$1.log

	"$TARGET/boot.sh" --out="$WORK/out/f746" --ram=256K --timeout=300 --log="$log" \
		--flood="$2:$3" --flood='0:echo still "here"' stm32f746-onchip || return 1
	if grep -aE "page allocation failure|oom-killer|Out of memory|Kernel panic" "$log"; then
		return 1
	fi
	has_signs "$log" '^still here' "${@:4}"
}

# Nobody reads while more comes than there is RAM.
input_may_flood()
{
	flood flood 300000 'sleep 40'
}

# read(2) of 200 characters ends, though the terminal's buffer has 256 and the sender can be stopped.
long_reads_end()
{
	flood vmin 200 /test/vmin '^all 200'
}

# Character devices get majors that fit the 8 bits of a cramfs inode.
majors_fit()
{
	shell f746 majors '^Character devices' -- 'cat /proc/devices' || return 1
	if grep -aE '^ *(25[5-9]|2[6-9][0-9]|[3-9][0-9][0-9]) ' "$WORK/majors.log"; then
		echo "a major of more than 254"
		return 1
	fi
	grep -aE '^ *2(3[4-9]|4[0-9]|5[0-4]) ' "$WORK/majors.log" # at least one was given out
}

# Too little for a shell: init starts all the same, and nothing that only saves time panics.
init_starts()
{
	boot f746 "$WORK/init.log" --ram=160K --cmdline='init=/test/small' --until='from memory'
}

# A pipe that is about as much as 128 KiB of RAM hold beside the shell, with different timings: in some programs of it
# are ended, and in all the shell is back without anybody's help.
large_pipes_end()
{
	local seed log killed=0

	for seed in 1 2 3 4 5 6; do
		log=$WORK/pipe-$seed.log
		boot f405 "$log" --silence=60 --qemu="-icount shift=$((3 + seed % 6)) -seed $seed" --run=free --run=ps \
			--run='ls / | cat | cat | cat | cat | cat | wc -l' --run='echo still "here"' || return 1
		has_signs "$log" '^still here' || return 1
		killed=$((killed + $(grep -ac 'oom-killer' "$log" || true)))
	done
	echo "the OOM killer came $killed times"
	((killed > 0))
}

# What the page on the first boot of a board tells to expect is on the console, in its order: lines without their
# time, up to where the page cuts them.
first_lines_as_told()
{
	local page=$WORK/page.txt line number last=0

	sed -n '/^4\. \*\*Expect/,/^What a failure/p' "$TARGET/README.md" | sed -n 's/^   \[ *[0-9.]*\] \(.*\)/\1/p; s/^   \(init started.*\)/\1/p' |
		sed 's/ *\.\.\.$//' >"$page"
	cat "$page"
	(($(wc -l <"$page") >= 5)) || return 1
	boot f746 "$WORK/first.log" --until='Enter .help' || return 1
	while read -r line; do
		number=$(grep -anF -e "$line" "$WORK/first.log" | head -n 1 | cut -d : -f 1)
		echo "'$line' is line ${number:-nowhere}"
		((${number:-0} > last)) || return 1
		last=$number
	done <"$page"
}
