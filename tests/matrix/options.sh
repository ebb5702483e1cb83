# shellcheck shell=bash disable=SC2153
# SPDX-License-Identifier: GPL-2.0-or-later
# The options of the patches, and which want others. Sourced by run.sh and prices.sh.

# options TREE: every option that somebody can choose without a network, of a source with all patches.
# TINY_MEMORY chooses others.
options()
{
	sed -n 's/^config //p' "$1/init/Kconfig.tiny" |
		grep -vE '^TINY_(MEMORY|NO_WRITEBACK|DATA_RAM_.*)$'
	echo CRAMFS_DIRECT_READ
	echo ARM_V7M_STACK_GUARD
}

# with_needs OPTION...: these and others that they want.
with_needs()
{
	local option
	for option; do
		echo "$option"
		case $option in
		TINY_DATA_RAM) printf '%s\n' TINY_LAYOUT TINY_KERNEL_STACKS ;;
		TINY_PERCPU) [[ $LINUX == 6.12 ]] || echo TINY_PACKED_SLAB ;;
		TINY_USER_STACKS) echo ARM_V7M_STACK_GUARD ;;
		TINY_WORKERS | TINY_ONE_WORKQUEUE) echo TINY_WORKQUEUE ;;
		esac
	done | sort -u
}

# Options, one a line, as lines of a configuration.
selected()
{
	sed 's/.*/CONFIG_&=y/'
}
