################################################################################
#
# mkxipfs-libdeflate
#
################################################################################

# SPDX-License-Identifier: GPL-2.0-or-later

# Buildroot's own libdeflate has no variant for the host.
MKXIPFS_LIBDEFLATE_VERSION = 1.14
MKXIPFS_LIBDEFLATE_SITE = $(call github,ebiggers,libdeflate,v$(MKXIPFS_LIBDEFLATE_VERSION))
MKXIPFS_LIBDEFLATE_LICENSE = MIT
MKXIPFS_LIBDEFLATE_LICENSE_FILES = COPYING

define HOST_MKXIPFS_LIBDEFLATE_BUILD_CMDS
	$(HOST_MAKE_ENV) $(MAKE) $(HOST_CONFIGURE_OPTS) -C $(@D) \
		PREFIX=$(HOST_DIR)
endef

define HOST_MKXIPFS_LIBDEFLATE_INSTALL_CMDS
	$(HOST_MAKE_ENV) $(MAKE) $(HOST_CONFIGURE_OPTS) -C $(@D) \
		PREFIX=$(HOST_DIR) install
endef

$(eval $(host-generic-package))
