#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Step kernel: one kernel and its device tree blob. Inputs: LINUX (source tree), ARCH,
# CROSS_COMPILE, CC (kernel-cc.sh), CCACHE_DIR, FRAGMENTS (space separated files, later ones win), KERNEL_TARGET
# (xipImage, zImage, Image). Output: kernel (the image), vmlinux, System.map, kernel.config.
set -euo pipefail

# shellcheck source-path=SCRIPTDIR
source "$STEPS/common.sh"

export ARCH CROSS_COMPILE

# Built in a folder of the source tree, all paths in the compiler's arguments are relative, and
# ccache finds again what a patch did not change.
out=$LINUX/build-${PWD##*/}
rm -rf "$out"
mkdir "$out"
export CCACHE_NOHASHDIR=1

kmake()
{
	make -C "$LINUX" O="$out" CC="$CC ${CROSS_COMPILE}gcc" HOSTCC='ccache gcc' "$@"
}

# The last line that speaks of a symbol wins; the kernel's own configuration must then agree.
check_fragments()
{
	# shellcheck disable=SC2086
	awk '
	function symbol(line) { sub(/^# /, "", line); sub(/[= ].*/, "", line); return line }
	FILENAME == config { if (/^(CONFIG_|# CONFIG_)/) got[symbol($0)] = $0; next }
	/^(CONFIG_[A-Z0-9a-z_]+=|# CONFIG_[A-Z0-9a-z_]+ is not set)/ {
		name = symbol($0); want[name] = $0; from[name] = FILENAME
	}
	END {
		for (name in want) {
			sub(/=n$/, " is not set", want[name])
			have = (name in got) ? got[name] : "# " name " is not set"
			if (want[name] !~ /^#/ && want[name] ~ /is not set$/)
				want[name] = "# " want[name]
			if (want[name] == have)
				continue
			printf "%s: %s did not stick: the kernel has %s\n", from[name], want[name], have
			bad = 1
		}
		exit bad
	}' config="$out/.config" "$out/.config" $FRAGMENTS >&2
}

kmake tinyconfig
# shellcheck disable=SC2086
cat $FRAGMENTS >>"$out/.config"
kmake olddefconfig
cp "$out/.config" kernel.config
check_fragments || die "the configuration is not what the fragments ask for"

kmake -j"$JOBS" "$KERNEL_TARGET"
cp "$out/arch/$ARCH/boot/$KERNEL_TARGET" kernel
cp "$out/vmlinux" "$out/System.map" .
if [[ -e $out/vmlinux.map ]]; then
	cp "$out/vmlinux.map" .
fi
rm -rf "$out"
