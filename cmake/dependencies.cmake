# SPDX-License-Identifier: GPL-2.0-or-later
# The libraries we stand on. What is missing is told all at once, with the command that installs it.

find_package(Threads REQUIRED)
find_package(PkgConfig)

set(xip_missing)
foreach(system apt dnf pacman)
	set(xip_missing_${system})
endforeach()

# xip_lacks(what apt-package dnf-package pacman-package)
macro(xip_lacks what apt dnf pacman)
	list(APPEND xip_missing "${what}")
	list(APPEND xip_missing_apt ${apt})
	list(APPEND xip_missing_dnf ${dnf})
	list(APPEND xip_missing_pacman ${pacman})
endmacro()

# xip_find(NAME pkg-config-module minimum-version) makes the target deps::NAME, if it can.
macro(xip_find name module version)
	if(PKG_CONFIG_FOUND)
		pkg_check_modules(${name} QUIET IMPORTED_TARGET GLOBAL "${module}>=${version}")
	endif()
	if(${name}_FOUND AND NOT TARGET deps::${name})
		add_library(deps::${name} ALIAS PkgConfig::${name})
	endif()
endmacro()

# xip_require(NAME pkg-config-module minimum-version apt-package dnf-package pacman-package)
macro(xip_require name module version)
	xip_find(${name} ${module} ${version})
	if(NOT ${name}_FOUND)
		xip_lacks("${module} ${version} or newer" ${ARGN})
	endif()
endmacro()

if(NOT PKG_CONFIG_FOUND)
	xip_lacks(pkg-config pkgconf pkgconf-pkg-config pkgconf)
endif()
xip_require(zlib zlib 1.2 zlib1g-dev zlib-devel zlib)
xip_require(libelf libelf 0.180 libelf-dev elfutils-libelf-devel libelf)
xip_require(libarchive libarchive 3.4 libarchive-dev libarchive-devel libarchive)
xip_require(libdeflate libdeflate 1.8 libdeflate-dev libdeflate-devel libdeflate)
xip_require(json json-c 0.15 libjson-c-dev json-c-devel json-c)
# Some machines have none; zlib then does what it does, at a third of the speed.
xip_find(isal libisal 2)

# Zopfli ships no pkg-config file; Debian puts its headers into a folder of their own. Elsewhere
# zopfli.h is often the only one, and with it alone zopfli is slow.
find_path(ZOPFLI_HEADER_DIR zopfli.h PATH_SUFFIXES zopfli)
find_library(ZOPFLI_LIBRARY zopfli)
if(NOT ZOPFLI_HEADER_DIR OR NOT ZOPFLI_LIBRARY)
	xip_lacks(libzopfli libzopfli-dev zopfli-devel zopfli)
elseif(EXISTS ${ZOPFLI_HEADER_DIR}/lz77.h)
	set(ZOPFLI_PARTS ON)
else()
	set(ZOPFLI_PARTS OFF)
	message(NOTICE "--compressor=zopfli will be slow: this zopfli comes without lz77.h.")
endif()
# Nor does it tell its version in any other way than by the name of the file.
get_filename_component(ZOPFLI_FILE ${ZOPFLI_LIBRARY} REALPATH)
if(ZOPFLI_FILE MATCHES "\\.so\\.([0-9.]+)$")
	set(ZOPFLI_VERSION ${CMAKE_MATCH_1})
else()
	set(ZOPFLI_VERSION "of unknown version")
endif()

if(XIP_TESTS AND BUILD_TESTING)
	xip_find(check check 0.15)
	if(NOT check_FOUND)
		set(XIP_TESTS OFF)
		message(NOTICE "The unit tests are off: they need Check 0.15 or newer "
			"(apt-get install check, dnf install check-devel, pacman -S check).")
	endif()
endif()

# CMake breaks long lines, but not indented ones.
if(xip_missing)
	list(JOIN xip_missing ", " what)
	foreach(system apt dnf pacman)
		list(JOIN xip_missing_${system} " " ${system})
	endforeach()
	message(FATAL_ERROR "mkxipfs lacks what it is built with:\n  ${what}\n"
		"One of these lines installs it:\n"
		"  apt-get install ${apt}\n  dnf install ${dnf}\n  pacman -S ${pacman}")
endif()
