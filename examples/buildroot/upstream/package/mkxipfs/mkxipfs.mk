################################################################################
#
# mkxipfs
#
################################################################################

MKXIPFS_VERSION = 0.1.0
MKXIPFS_SITE = https://example.org/mkxipfs
MKXIPFS_LICENSE = GPL-2.0+
MKXIPFS_LICENSE_FILES = LICENSE
HOST_MKXIPFS_DEPENDENCIES = \
	host-elfutils \
	host-json-c \
	host-libarchive \
	host-libdeflate \
	host-pkgconf \
	host-zlib \
	host-zopfli
HOST_MKXIPFS_CONF_OPTS = -DXIP_TESTS=OFF

$(eval $(host-cmake-package))
