# SPDX-License-Identifier: GPL-2.0-or-later
SUMMARY = "Makes and checks cramfs images whose programs execute in place"
LICENSE = "GPL-2.0-or-later"
LIC_FILES_CHKSUM = "file://LICENSE;md5=b234ee4d69f5fce4486a80fdaf4a4263"

DEPENDS = "zlib-native elfutils-native libarchive-native libdeflate-native json-c-native zopfli-native"

inherit cmake pkgconfig native externalsrc

EXTERNALSRC = "${MKXIPFS_SOURCES}"
EXTRA_OECMAKE = "-DXIP_TESTS=OFF"
