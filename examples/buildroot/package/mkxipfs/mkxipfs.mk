################################################################################
#
# mkxipfs
#
################################################################################

# SPDX-License-Identifier: GPL-2.0-or-later

# This tree is a part of the sources that it builds. A copy elsewhere must be
# told where they are: Buildroot would copy whatever lies two folders above it.
MKXIPFS_SITE = $(BR2_EXTERNAL_XIPFS_PATH)/../..
MKXIPFS_SITE_METHOD = local
ifeq ($(BR2_PACKAGE_HOST_MKXIPFS)$(MKXIPFS_OVERRIDE_SRCDIR),y)
ifeq ($(wildcard $(MKXIPFS_SITE)/src/mkxipfs/main.c),)
$(error The sources of mkxipfs are not in $(MKXIPFS_SITE). Write \
	MKXIPFS_OVERRIDE_SRCDIR = /path/to/mkxipfs into local.mk)
endif
endif
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
