# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Debian packages: installs those of a list that are missing.

# packages_missing NAME... prints the ones that are not installed.
packages_missing()
{
	local name

	for name; do
		[[ $(dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null) == installed ]] ||
			echo "$name"
	done
}

# packages_install FILE... installs what the lists in FILEs name, one package a line.
packages_install()
{
	local names missing sudo=()

	command -v dpkg-query >/dev/null || {
		echo "This is no Debian system: install what these files name yourself: $*" >&2
		return 0
	}
	mapfile -t names < <(sed -n 's/^\([^ #]\+\).*/\1/p' "$@")
	mapfile -t missing < <(packages_missing "${names[@]}")
	((${#missing[@]})) || return 0
	if ((EUID)); then
		if ! command -v sudo >/dev/null; then
			echo "These Debian packages are missing: ${missing[*]}" >&2
			echo "Neither root nor sudo is at hand: have them installed first." >&2
			return 1
		fi
		sudo=(sudo)
	fi
	echo "# installing ${missing[*]}" >&2
	{
		"${sudo[@]}" apt-get -q update &&
			"${sudo[@]}" env DEBIAN_FRONTEND=noninteractive \
				apt-get -q -y -o DPkg::Lock::Timeout=600 \
				--no-install-recommends install "${missing[@]}"
	} >&2
}
