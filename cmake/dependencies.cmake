# SPDX-License-Identifier: GPL-2.0-or-later
# The libraries we stand on, each with a clear word when it is missing.

find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)

# CMake breaks long lines, but not indented ones.
function(xip_lacks what package)
	message(FATAL_ERROR "mkxipfs needs ${what}. On Debian:\n  apt-get install ${package}")
endfunction()

# xip_require(NAME pkg-config-module minimum-version debian-package) makes the target deps::NAME.
function(xip_require name module version package)
	pkg_check_modules(${name} QUIET IMPORTED_TARGET GLOBAL "${module}>=${version}")
	if(NOT ${name}_FOUND)
		xip_lacks("${module} ${version} or newer" ${package})
	endif()
	add_library(deps::${name} ALIAS PkgConfig::${name})
endfunction()

xip_require(zlib zlib 1.2 zlib1g-dev)
xip_require(libelf libelf 0.180 libelf-dev)
xip_require(libarchive libarchive 3.4 libarchive-dev)
xip_require(libdeflate libdeflate 1.8 libdeflate-dev)
xip_require(json json-c 0.15 libjson-c-dev)
# Some machines have none; zlib then does what it does, at a third of the speed.
pkg_check_modules(isal QUIET IMPORTED_TARGET GLOBAL libisal)

# Zopfli ships no pkg-config file; distributions put its header into a folder of its own.
find_path(ZOPFLI_HEADER_DIR lz77.h PATH_SUFFIXES zopfli)
find_library(ZOPFLI_LIBRARY zopfli)
if(NOT ZOPFLI_HEADER_DIR OR NOT ZOPFLI_LIBRARY)
	xip_lacks(libzopfli libzopfli-dev)
endif()
# Nor does it tell its version in any other way than by the name of the file.
get_filename_component(ZOPFLI_FILE ${ZOPFLI_LIBRARY} REALPATH)
if(ZOPFLI_FILE MATCHES "\\.so\\.([0-9.]+)$")
	set(ZOPFLI_VERSION ${CMAKE_MATCH_1})
else()
	set(ZOPFLI_VERSION "of unknown version")
endif()

if(XIP_TESTS AND BUILD_TESTING)
	xip_require(check check 0.15 check)
endif()
