# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The trees of the benchmark, the same on every machine.

# Where the binaries come from: what small and large root file systems are made of.
PACKAGES="bash busybox coreutils cmake dropbear-bin gdb git libavcodec59
	libc6 libgtk-3-0 libperl5.36 libpython3.11-stdlib libqt5core5a libqt5gui5 libqt5widgets5
	libssl3 openssh-client openssh-server perl-base postgresql-15 python3.11-minimal samba-libs
	systemd udev util-linux vim-tiny"

# make_trees DIRECTORY: makes those that are not there yet.
make_trees()
{
	local name

	for name in binaries x86 text copies few sections; do
		[[ ! -d $1/$name ]] || continue
		echo "# making the tree '$name' in $1" >&2
		rm -rf "$1/$name.new"
		mkdir -p "$1/$name.new"
		"make_$name" "$1" "$1/$name.new"
		chmod -R u=rwX,go=rX "$1/$name.new"
		mv "$1/$name.new" "$1/$name"
	done
}

make_binaries()
{
	make_elf "$1" "$2" armhf binutils-arm-linux-gnueabihf
}

make_x86()
{
	make_elf "$1" "$2" amd64 binutils-x86-64-linux-gnu
}

# make_elf DIRECTORY TREE ARCHITECTURE PACKAGE...: ELF files of less than 16 MiB, which is all that
# cramfs takes, of these packages and PACKAGES.
make_elf()
{
	local package directory=$1 tree=$2 architecture=$3
	shift 3

	mkdir -p "$directory/debs" "$directory/unpacked"
	foreign_apt "$directory/apt" "$architecture" update
	# shellcheck disable=SC2086 # a list
	(cd "$directory/debs" && foreign_apt "$directory/apt" "$architecture" download $PACKAGES "$@")
	for package in "$directory"/debs/*.deb; do
		dpkg-deb -x "$package" "$directory/unpacked"
	done
	(
		cd "$directory/unpacked"
		find . -type f -size -16777216c -print0 | while IFS= read -r -d '' file; do
			if [[ $(xxd -l 4 -p "$file") == 7f454c46 ]]; then
				mkdir -p "$tree/${file%/*}"
				cp "$file" "$tree/$file"
			fi
		done
	)
	rm -rf "$directory/unpacked" "$directory/debs" "$directory/apt"
}

# 20,000 files of 1 to 6 KB, of words as frequent as words are (Zipf's law).
make_text()
{
	(cd "$2" && awk '
	function random(n)
	{
		x = (x * 16807) % 2147483647
		return x % n
	}
	function word(    i, n, text)
	{
		n = 1 + random(4)
		for (i = 0; i < n; i++)
			text = text substr("bcdfghklmnprstvw", 1 + random(16), 1) \
				substr("aeiouy", 1 + random(6), 1) (random(3) ? "" : substr("nrst", 1 + random(4), 1))
		return text
	}
	BEGIN {
		x = 20261123
		for (i = 0; i < 6000; i++)
			words[i] = word()
		for (f = 0; f < 20000; f++) {
			if (f % 100 == 0)
				system("mkdir " f / 100)
			file = int(f / 100) "/" f ".txt"
			size = 1000 + random(5000)
			line = ""
			for (n = 0; n < size; ) {
				# a rank of density 1/r
				w = words[int(exp(log(6000) * random(1000000) / 1000000)) - 1]
				line = line (line ? " " : "") w
				if (length(line) > 72) {
					print line (random(4) ? "" : ".") > file
					n += length(line) + 1
					line = ""
				}
			}
			close(file)
		}
	}')
}

# 25 copies each of 40 binaries, in several directories and with several modes.
make_copies()
{
	local i file

	find "$1/binaries" -type f -size +20k -size -400k -printf '%s %p\n' | LC_ALL=C sort -k 2 |
		awk 'NR % 9 == 1 { print $2 }' | sed 40q >"$2.list"
	for ((i = 0; i < 25; i++)); do
		mkdir "$2/$i"
		while read -r file; do
			cp "$file" "$2/$i"
		done <"$2.list"
	done
	rm "$2.list"
}

# About 3 MB.
make_few()
{
	find "$1/binaries" -type f -size +100k -size -200k -printf '%s %p\n' | LC_ALL=C sort -k 2 |
		awk 'NR % 4 == 1 { print $2 }' | sed 20q | xargs -d '\n' cp -t "$2"
}

# Programs for ARM of which 30 % more is a section that no segment has, as xtensa's tool chain leaves
# them.
make_sections()
{
	local file

	find "$1/binaries" -type f -size +20k -size -1000k -printf '%s %p\n' | LC_ALL=C sort -k 2 |
		awk 'NR % 8 == 2 { print $2 }' | xargs -d '\n' cp -t "$2"
	for file in "$2"/*; do
		python3 "$TOP/tests/lib/add_section.py" "$file" .xt.prop \
			$(($(stat -c %s "$file") * 30 / 100))
	done
}
