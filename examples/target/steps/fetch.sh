#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Step fetch: Debian packages that are not for this machine: a source package (KIND=source) or
# binaries of another architecture (KIND=binary, ARCHITECTURE). Input: PACKAGE, one or with spaces
# between. Output: the source package, or what is in the others in files/.
#
# Neither may need root nor change how apt is set up on this machine, so apt runs on package lists
# of its own in this folder; where the archive is comes from the system's own configuration.
# shellcheck source-path=SCRIPTDIR
. "$STEPS/common.sh"

mkdir -p lists/partial cache/archives/partial
apt_private() {
	apt-get -q -o Dir::Etc::sourcelist="$PWD/sources.list" -o Dir::Etc::sourceparts=- \
		-o Dir::State::lists="$PWD/lists" -o Dir::Cache="$PWD/cache" \
		-o APT::Sandbox::User="$(id -un)" "$@"
}

type=deb
if [ "$KIND" = source ]; then
	type=deb-src
fi
# The base suite alone: its lists never change between point releases.
codename=$(. /etc/os-release && echo "$VERSION_CODENAME")
# shellcheck disable=SC2016
apt-get indextargets --format '$(ORIGIN) $(REPO_URI) $(CODENAME) $(COMPONENT)' \
	'Created-By: Packages' | sed -n "s/^Debian \\(.* $codename main\\)\$/$type \\1/p" | sort -u >sources.list
[ -s sources.list ] || die "apt knows no Debian archive; run apt-get update first"

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
