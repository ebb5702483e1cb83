################################################################################
#
# mkxipfs-zopfli
#
################################################################################

# SPDX-License-Identifier: GPL-2.0-or-later

# Not in Buildroot.
MKXIPFS_ZOPFLI_VERSION = 1.0.3
MKXIPFS_ZOPFLI_SITE = $(call github,google,zopfli,zopfli-$(MKXIPFS_ZOPFLI_VERSION))
MKXIPFS_ZOPFLI_LICENSE = Apache-2.0
MKXIPFS_ZOPFLI_LICENSE_FILES = COPYING
# CMake 4 refuses what zopfli asks for, the behaviour of CMake 2.8.
HOST_MKXIPFS_ZOPFLI_CONF_OPTS = \
	-DZOPFLI_BUILD_SHARED=ON \
	-DCMAKE_POLICY_VERSION_MINIMUM=3.5

$(eval $(host-cmake-package))
