# SPDX-License-Identifier: GPL-2.0-or-later
################################################################################
#
# mkxipfs
#
################################################################################

# This tree is a part of the sources that it builds. Copied elsewhere, it is told where they are by
# MKXIPFS_OVERRIDE_SRCDIR in local.mk.
MKXIPFS_SITE = $(BR2_EXTERNAL_XIPFS_PATH)/../..
MKXIPFS_SITE_METHOD = local
MKXIPFS_LICENSE = GPL-2.0+
MKXIPFS_LICENSE_FILES = LICENSE
HOST_MKXIPFS_DEPENDENCIES = \
	host-elfutils \
	host-json-c \
	host-libarchive \
	host-mkxipfs-libdeflate \
	host-mkxipfs-zopfli \
	host-pkgconf \
	host-zlib
HOST_MKXIPFS_CONF_OPTS = -DXIP_TESTS=OFF

$(eval $(host-cmake-package))
