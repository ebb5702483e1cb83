# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What the slow suites boot, compiled with the lowest priority beside them: a boot leaves a processor idle. (The fast
# suites use both.) What the list lacks, or what fails here, is compiled by the suite that wants it.

# Arguments of build.sh, in the order in which the suites want them.
AHEAD=(
	'qemu-mps2-an500 busybox kernel --stock'
	'qemu-mps2-an500 kernel'
	'qemu-mps2-an500 busybox --libc=shared'
	'qemu-mps2-an385 kernel'
	'qemu-mps2-an500 kernel --config=tests/target/debug-nommu.config'
	'qemu-mps2-an500 kernel --config=kernel-patches/configs/tiny.config --config=tests/target/debug-tiny.config'
	'qemu-mps2-an500 kernel --config=tests/target/large-block.config'
	'vexpress-a9 busybox kernel'
	'qemu-virt-arm64 busybox kernel'
	'qemu-virt-arm64 kernel --stock'
	'stm32f429-disco kernel'
	'stm32f429-disco emulator'
	'stm32f469-disco kernel'
	'stm32f746-disco kernel'
	'stm32f769-disco kernel'
	'stm32f429-rcc kernel'
	'stm32f769-rcc kernel'
	'stm32f429-onchip kernel'
	'stm32f746-onchip kernel'
	'vexpress-a9 root kernel --pagewise --root=debian'
	'vexpress-a9 kernel --series=kernel-patches/linux-6.12/fixes/series'
	'qemu-virt-arm64 root kernel --pagewise --root=debian'
	'qemu-virt-arm64 kernel --series=kernel-patches/linux-6.12/fixes/series'
	'qemu-virt-arm64 kernel --pagewise --config=tests/pagewise/debug.config'
	'qemu-mps2-net busybox kernel'
	'stm32f769-slip busybox kernel'
	'stm32f746-slip kernel'
)

ahead='' # its process group

compile_ahead()
{
	local arguments

	cd "$TOP"
	for arguments in "${AHEAD[@]}"; do
		# shellcheck disable=SC2086 # a line of words
		nice -n 19 examples/target/build.sh $arguments --out="$SCRATCH/ahead" || true
	done
}

# ahead_begin starts it, and ahead_end stops what is not done.
ahead_begin()
{
	set -m # a process group of its own
	compile_ahead >"$SCRATCH/ahead.log" 2>&1 </dev/null &
	ahead=$!
	set +m
}

ahead_end()
{
	[[ $ahead ]] || return 0
	kill -- -"$ahead" 2>/dev/null || true
	wait "$ahead" || true
}
