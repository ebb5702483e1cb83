# shellcheck shell=bash disable=SC2154
# SPDX-License-Identifier: GPL-2.0-or-later
# The steps of build.sh and how they depend on one another: need_STEP makes a step and leaves its
# folder in dir[STEP]. Uses the variables that build.sh's main sets.

declare -A dir

die()
{
	printf 'build.sh: %s\n' "$*" >&2
	exit 8
}

# --- the cache ---------------------------------------------------------------------------------

# step_key SCRIPT INPUT...: all that a step depends on, as text: NAME=VALUE as it stands, and the contents of every
# file or folder that is named. Where this repository is makes no difference, nor do comments in the
# scripts.
step_key()
{
	local script=$1 item path
	shift

	printf 'script %s\n' "$(sed '/^[[:space:]]*#/d' "$STEPS/common.sh" "$script" | sha256sum)"
	for item; do
		printf 'input %s\n' "${item//"$REPO"/REPO}"
		path=${item#*=}
		case $path in
		"$CACHE"/*) ;; # another step, whose name has its hash, or ccache's folder
		/*)
			[[ ! -e $path ]] || (
				cd "$(dirname "$path")" || exit
				find "$(basename "$path")" -type f -print0 | sort -z | xargs -0r sha256sum
				find "$(basename "$path")" ! -type f -printf '%p %y %m %l\n' | sort
			)
			;;
		esac
	done
}

# step NAME SCRIPT [VARIABLE=VALUE | FILE]...: runs steps/SCRIPT.sh with the variables in its
# environment, in a folder of its own, unless it already ran on the very same inputs.
step()
{
	local name=$1 script=$2 key hash folder item environment=() started=$SECONDS
	shift 2

	key=$(step_key "$STEPS/$script.sh" "$@")
	hash=$(sha256sum <<<"$key")
	folder=$CACHE/steps/$name-${hash:0:16}
	dir[$name]=$folder
	mkdir -p "$CACHE/steps"
	exec 9>"$folder.lock"
	flock 9
	if [[ ! -e $folder/done ]]; then
		printf 'build.sh: %s ... ' "$name" >&2
		rm -rf "$folder"
		mkdir "$folder"
		printf '%s\n' "$key" >"$folder/inputs"
		for item; do
			case $item in [A-Z]*=*) environment+=("$item") ;; esac
		done
		# The copy is what runs: bash must not see an edit while it reads its script.
		cp "$STEPS/$script.sh" "$folder/"
		if ! (cd "$folder" && exec env "${environment[@]}" bash "./$script.sh" \
			>log 2>&1 </dev/null 9>&-); then
			printf 'failed; the end of %s/log:\n' "$folder" >&2
			tail -n 30 "$folder/log" >&2
			exit 8
		fi
		touch "$folder/done"
		printf '%d s\n' $((SECONDS - started)) >&2
	fi
	exec 9>&-
}

# --- packages ----------------------------------------------------------------------------------

# install_packages STEP...: what the steps of the board need.
install_packages()
{
	local wanted

	wanted=(linux-source-6.12 "gcc-$cross" device-tree-compiler bc flex bison make gcc
		libc6-dev libssl-dev libelf-dev ccache rsync xz-utils bzip2 patch cpio kmod python3)
	case $userland in
	fdpic)
		[[ $(source /etc/os-release && echo "${ID:-}${VERSION_ID:-}") != debian13 ]] ||
			die "boards without an MMU want Debian 12: gcc 14 of Debian 13 does not compile uClibc-ng 1.0.35"
		wanted+=(binutils-source uclibc-source gcc-arm-none-eabi)
		;;
	esac
	[[ ! ${qemu[*]} ]] || wanted+=(qemu-system-arm gdb-multiarch)
	case " $* " in
	*' emulator '*) wanted+=(dpkg-dev meson ninja-build pkg-config libfdt-dev libglib2.0-dev libpixman-1-dev libslirp-dev zlib1g-dev) ;;
	esac
	# shellcheck source=../../tests/lib/packages.sh
	source "$REPO/tests/lib/packages.sh"
	packages_install <(printf '%s\n' "${wanted[@]}") "$REPO/tests/lib/packages.build" >&2
}

version_of()
{
	dpkg-query -W -f '${Package} ${Version} ' "$@"
}

# --- boards ------------------------------------------------------------------------------------

# load_board BOARD: sets the variables of its file, and those that it leaves out.
load_board()
{
	stub='' stub_flags='' write='' emulator='' qemu=() flash_end='' links=symbolic root_options='' network=''
	source "$HERE/boards/$1.board"
	[[ ! $network ]] || overlays=("$HERE/network/root" "$HERE/network/$network/root" "${overlays[@]}")
	[[ $network != slip ]] || tables=("$HERE/network/slip/root.table" "${tables[@]}")
	case $arch in
	arm) cross=arm-linux-gnueabi ;;
	arm64) cross=aarch64-linux-gnu ;;
	esac
}

# --- steps -------------------------------------------------------------------------------------

need_binutils()
{
	step binutils binutils "BINUTILS_TAR=$(echo /usr/src/binutils/binutils-*.tar.xz)"
}

need_libgcc()
{
	step libgcc libgcc "COMPILERS=$(version_of gcc-arm-none-eabi gcc-arm-linux-gnueabi)"
}

# tar_of VERSION: the source package of this kernel, in linux_tar. That of 7.3 is for the next Debian.
tar_of()
{
	linux_tar=/usr/src/linux-source-6.12.tar.xz
	[[ $1 != 6.12 ]] || return 0
	step "linux-source-$1" fetch KIND=binary "PACKAGE=linux-source-$1" SUITE=trixie-backports \
		"ARCHITECTURE=$(dpkg --print-architecture)"
	linux_tar=${dir[linux-source-$1]}/files/usr/src/linux-source-$1.tar.xz
}

# need_linux_stock [VERSION]: the unpatched kernel. The C library is built against the headers of the oldest.
need_linux_stock()
{
	tar_of "${1:-6.12}"
	step linux-stock linux "LINUX_TAR=$linux_tar" SERIES=
}

need_linux()
{
	local script=linux inputs=()

	if [[ $network ]]; then
		script=linux-net inputs=("$STEPS/linux.sh")
	elif ((${#series[@]} == 0)); then
		need_linux_stock "$linux"
		dir[linux]=${dir[linux-stock]}
		return
	fi
	tar_of "$linux"
	step linux "$script" "LINUX_TAR=$linux_tar" "SERIES=$(printf '%s\n' "${series[@]}")" "${series[@]%/*}" "${inputs[@]}"
}

need_libc()
{
	need_binutils
	need_libgcc
	need_linux_stock
	step uclibc uclibc "BINUTILS=${dir[binutils]}" "LIBGCC=${dir[libgcc]}" \
		"LINUX=${dir[linux-stock]}" "FDPIC=$HERE/fdpic" \
		"UCLIBC_TAR=$(echo /usr/src/uClibc-ng-*.tar.xz)" \
		"UCLIBC_CONFIG=$HERE/fdpic/uclibc.config" \
		"COMPILERS=$(version_of gcc-arm-linux-gnueabi)"
	dir[libc]=${dir[uclibc]}
}

need_busybox()
{
	local files=("$HERE/busybox/busybox.config")

	[[ ! $network ]] || files+=("$HERE/busybox/net.config")
	[[ $network != slip ]] || files+=("$HERE/busybox/slip.config")
	case $userland in
	fdpic)
		need_libc
		step busybox-source fetch KIND=source PACKAGE=busybox
		step "busybox-$libc" busybox "UCLIBC=${dir[libc]}" "LIBC=$libc" \
			"BUSYBOX_TAR=$(echo "${dir[busybox-source]}"/busybox_*.orig.tar.*)" \
			"BUSYBOX_PATCHES=$HERE/busybox/patches" \
			"BUSYBOX_CONFIG=${files[*]}" "${files[@]}"
		dir[busybox]=${dir[busybox-$libc]}
		;;
	*)
		step "busybox-$userland" fetch KIND=binary PACKAGE=busybox-static \
			"ARCHITECTURE=$userland"
		dir[busybox]=${dir[busybox-$userland]}
		;;
	esac
}

need_kernel()
{
	local fragment files=()

	need_linux
	for fragment in $configs; do
		files+=("$PATCHED/configs/$fragment.config")
	done
	files+=("${configs_more[@]}")
	step kernel kernel "LINUX=${dir[linux]}" "ARCH=$arch" "CROSS_COMPILE=$cross-" \
		"CC=$STEPS/kernel-cc.sh" "COMPILERS=$(version_of "gcc-$cross")" "CCACHE_DIR=$CACHE/ccache" \
		"FRAGMENTS=${files[*]}" "KERNEL_TARGET=$kernel_target" "${files[@]}"
}

need_dtb()
{
	local dts=$PATCHED/dts/$board-linux-$linux.dts

	need_linux
	[[ -e $dts ]] || dts=$PATCHED/dts/$board.dts
	step dtb dtb "LINUX=${dir[linux]}" "DTS=$dts" "$PATCHED/dts"
}

# The recorder of what a product executes.
need_profile()
{
	step profile profile "SOURCE=$HERE/profile/xipfs-profile.c" "CROSS_COMPILE=$cross-" \
		"COMPILERS=$(version_of "gcc-$cross")"
}

# A root of Debian's programs instead of BusyBox.
need_debian()
{
	local packages

	[[ $userland != fdpic ]] || die "there are no Debian programs for the board $board"
	need_profile
	packages=$(sed '/^#/d' "$HERE/profile/packages" | xargs)
	step "debian-$userland" fetch KIND=binary "PACKAGE=$packages" "ARCHITECTURE=$userland"
	step debian debian "PACKAGES=${dir[debian-$userland]}" "ROOT=$HERE/profile/root" "PROFILE=${dir[profile]}"
}

need_root()
{
	local uclibc=

	if [[ $root == debian ]]; then
		need_debian
		dir[root]=${dir[debian]}
		return
	fi
	need_busybox
	[[ $userland != fdpic ]] || uclibc=${dir[libc]}
	step root root "BUSYBOX=${dir[busybox]}" "UCLIBC=$uclibc" "LIBC=$libc" "USERLAND=$userland" "LINKS=$links" \
		"ROOT=$HERE/root" "OVERLAYS=${overlays[*]}" "${overlays[@]}"
}

need_mkxipfs()
{
	local build

	[[ ! ${MKXIPFS_BIN:-} ]] || return 0
	# Two checkouts do not share it.
	build=$CACHE/mkxipfs-$(printf %s "$REPO" | md5sum | cut -c1-8)
	mkdir -p "$CACHE"
	if ! { cmake -S "$REPO" -B "$build" -DCMAKE_BUILD_TYPE=RelWithDebInfo -DBUILD_TESTING=OFF &&
		cmake --build "$build" -j"$(nproc)"; } >"$build.log" 2>&1; then
		die "mkxipfs did not build; see $build.log"
	fi
	MKXIPFS_BIN=$build/bin
	mkdir -p "$MKXIPFS_BIN"
	cp -u "$build/src/mkxipfs/mkxipfs" "$build/src/xipfs-dump/xipfs-dump" "$MKXIPFS_BIN/"
}

need_image()
{
	local option value options=() files=()

	need_mkxipfs
	need_root
	# The step runs elsewhere, and what is in a policy or the like is an input as well.
	for option in $root_options "${image_options[@]}"; do
		value=${option#*=}
		if [[ $value != "$option" && -f $value ]]; then
			value=$(readlink -e "$value")
			option=${option%%=*}=$value
			files+=("$value")
		fi
		options+=("$option")
	done
	step image image "ROOT=${dir[root]}" "TABLES=$HERE/root.table ${tables[*]}" \
		"MKXIPFS=$(readlink -e "$MKXIPFS_BIN/mkxipfs")" "OPTIONS=${options[*]}" \
		"$HERE/root.table" "${tables[@]}" "${files[@]}"
}

need_flash()
{
	need_image
	need_kernel
	need_dtb
	step flash flash "IMAGE=${dir[image]}" "KERNEL=${dir[kernel]}" "DTB=${dir[dtb]}" \
		"FLASH_BASE=$flash_base" "FLASH_END=$flash_end" "PARTS=$flash_parts" \
		"STUB=${stub:+$HERE/boards/$stub}" "STUB_FLAGS=$stub_flags" "CROSS_COMPILE=$cross-" \
		"$HERE/partition.sh" "$HERE/boards/stub.ld" "$HERE"/boards/stm32-{sdram,qspi}.h
	cat "${dir[flash]}/map"
	[[ ! $write ]] || printf 'in %s:\n%s\n' "${dir[flash]}" "$write"
}

# QEMU with the STM32, for the boards that want it.
need_emulator()
{
	[[ $emulator ]] || die "the board $board needs no other QEMU than Debian's"
	step qemu-source fetch KIND=source PACKAGE=qemu
	step emulator emulator "QEMU=${dir[qemu-source]}" "PATCH=$HERE/emulator/qemu.patch" "MODEL=$HERE/emulator/hw" "CCACHE_DIR=$CACHE/ccache"
}

# publish STEP...: links to the results, under names that do not change.
publish()
{
	local name

	mkdir -p "$out"
	case $1 in
	flash) set -- flash kernel linux dtb image root busybox libc ;;
	esac
	for name; do
		[[ ! ${dir[$name]:-} ]] || ln -sfn "${dir[$name]}" "$out/$name"
	done
}
