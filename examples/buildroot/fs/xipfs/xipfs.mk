################################################################################
#
# Build the XIP cramfs root filesystem image
#
################################################################################

# SPDX-License-Identifier: GPL-2.0-or-later

ROOTFS_XIPFS_DEPENDENCIES = host-mkxipfs

ifeq ($(BR2_ENDIAN),"BIG")
ROOTFS_XIPFS_OPTS = -B
else
ROOTFS_XIPFS_OPTS = -L
endif

ifeq ($(BR2_USE_MMU),y)
ROOTFS_XIPFS_OPTS += -X -X
else
ROOTFS_XIPFS_OPTS += -X
endif

ifeq ($(BR2_ARC_PAGE_SIZE_8K),y)
ROOTFS_XIPFS_OPTS += --page-size=8K
else ifeq ($(BR2_ARC_PAGE_SIZE_16K)$(BR2_ARM64_PAGE_SIZE_16K),y)
ROOTFS_XIPFS_OPTS += --page-size=16K
else ifeq ($(BR2_ARM64_PAGE_SIZE_64K),y)
ROOTFS_XIPFS_OPTS += --page-size=64K
endif

ROOTFS_XIPFS_POLICY = $(call qstrip,$(BR2_TARGET_ROOTFS_XIPFS_POLICY))
ROOTFS_XIPFS_MAX_SIZE = $(call qstrip,$(BR2_TARGET_ROOTFS_XIPFS_MAX_SIZE))
ROOTFS_XIPFS_FLASH_ADDRESS = $(call qstrip,$(BR2_TARGET_ROOTFS_XIPFS_FLASH_ADDRESS))
ROOTFS_XIPFS_EXPECT = $(call qstrip,$(BR2_TARGET_ROOTFS_XIPFS_EXPECT))

ROOTFS_XIPFS_OPTS += \
	$(addprefix --policy=,$(ROOTFS_XIPFS_POLICY)) \
	$(addprefix --max-size=,$(ROOTFS_XIPFS_MAX_SIZE)) \
	$(call qstrip,$(BR2_TARGET_ROOTFS_XIPFS_OPTIONS))

ROOTFS_XIPFS_DUMP_OPTS = \
	$(addprefix --flash-addr=,$(ROOTFS_XIPFS_FLASH_ADDRESS)) \
	$(addprefix --partition=,$(ROOTFS_XIPFS_MAX_SIZE))

define ROOTFS_XIPFS_CMD
	$(HOST_DIR)/bin/mkxipfs $(ROOTFS_XIPFS_OPTS) --report=$@.report.txt $(TARGET_DIR) $@
endef

define ROOTFS_XIPFS_SHOW
	$(HOST_DIR)/bin/xipfs-dump $(ROOTFS_XIPFS_DUMP_OPTS) --html=$@.html $@
endef
ROOTFS_XIPFS_POST_GEN_HOOKS += ROOTFS_XIPFS_SHOW

ifneq ($(ROOTFS_XIPFS_EXPECT),)
define ROOTFS_XIPFS_HOLD
	$(HOST_DIR)/bin/xipfs-dump $(ROOTFS_XIPFS_DUMP_OPTS) --expect=$(ROOTFS_XIPFS_EXPECT) $@
endef
ROOTFS_XIPFS_POST_GEN_HOOKS += ROOTFS_XIPFS_HOLD
endif

$(eval $(rootfs))
