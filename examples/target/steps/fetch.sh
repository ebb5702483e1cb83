#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Step fetch: Debian packages that are not for this machine: a source package (KIND=source) or
# binaries of another architecture or release (KIND=binary, ARCHITECTURE, SUITE; empty: this release).
# Input: PACKAGE, one or with spaces between. Output: the source package, or what is in the others in files/.
#
# Neither may need root nor change how apt is set up on this machine, so apt runs on package lists
# of its own in this folder; where the archive is comes from the system's own configuration. Debian
# signs all of its suites with the keys of debian-archive-keyring.
set -euo pipefail

# shellcheck source-path=SCRIPTDIR
source "$STEPS/common.sh"

apt_private()
{
	apt-get -q -o Dir::Etc::sourcelist="$PWD/sources.list" -o Dir::Etc::sourceparts=- \
		-o Dir::State::lists="$PWD/lists" -o Dir::Cache="$PWD/cache" \
		-o APT::Sandbox::User="$(id -un)" "$@"
}

mkdir -p lists/partial cache/archives/partial
type=deb
if [[ $KIND == source ]]; then
	type=deb-src
fi
# The base suite alone: its lists never change between point releases.
codename=$(source /etc/os-release && echo "$VERSION_CODENAME")
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
# shellcheck disable=SC2016
apt-get indextargets --format '$(ORIGIN) $(REPO_URI) $(CODENAME) $(COMPONENT)' 'Created-By: Packages' |
	sed -n "s,^Debian \\(.*\\) $codename main\$,$type [signed-by=$keyring] \\1 ${SUITE:-$codename} main,p" |
	sort -u >sources.list
[[ -s sources.list ]] || die "apt knows no Debian archive; run apt-get update first"

case $KIND in
source)
	apt_private update
	apt_private source --download-only "$PACKAGE"
	;;
binary)
	options=(-o APT::Architecture="$ARCHITECTURE" -o APT::Architectures="$ARCHITECTURE")
	apt_private "${options[@]}" update
	# shellcheck disable=SC2086
	apt_private "${options[@]}" download $PACKAGE
	for file in ./*.deb; do
		dpkg-deb -x "$file" files
	done
	;;
esac
rm -rf lists cache
