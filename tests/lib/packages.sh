# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Debian packages: installs those of a list that are missing; fetches those of other architectures.

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
	local names missing apt_get sudo=() lock=${XDG_CACHE_HOME:-$HOME/.cache}/mkxipfs/apt.lock

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
	mkdir -p "${lock%/*}"
	# "update" does not wait for another that runs; and no daemon may inherit the lock.
	apt_get=(flock -o "$lock" "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q)
	{
		"${apt_get[@]}" update &&
			"${apt_get[@]}" -y -o DPkg::Lock::Timeout=600 --no-install-recommends install "${missing[@]}"
	} >&2
}

# foreign_apt DIRECTORY ARCHITECTURE COMMAND... is apt-get for Debian 12 of another architecture,
# with its state in DIRECTORY: dpkg's settings stay as they are, and nobody need be root. It trusts
# the keys of this machine and takes its proxies.
foreign_apt()
{
	local apt=$1 architecture=$2
	shift 2

	mkdir -p "$apt"/{state/lists/partial,cache/archives/partial,none}
	: >"$apt/status"
	printf 'deb [signed-by=%s] %s bookworm main\n' \
		/usr/share/keyrings/debian-archive-keyring.gpg \
		"${MIRROR:-http://deb.debian.org/debian}" >"$apt/sources.list"
	{
		apt-config dump Acquire
		cat <<-END
			APT::Architecture "$architecture";
			APT::Architectures { "$architecture"; };
			APT::Sandbox::User "$(id -un)";
			Dir::State "$apt/state";
			Dir::State::status "$apt/status";
			Dir::Cache "$apt/cache";
			Dir::Etc::parts "$apt/none";
			Dir::Etc::sourcelist "$apt/sources.list";
			Dir::Etc::sourceparts "$apt/none";
		END
	} >"$apt/apt.conf"
	APT_CONFIG=$apt/apt.conf apt-get -qq "$@"
}
