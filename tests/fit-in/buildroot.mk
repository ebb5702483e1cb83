# SPDX-License-Identifier: GPL-2.0-or-later
# Plays the part of Buildroot's make files for examples/buildroot: the few macros that its .mk files
# use, with the calls that Buildroot makes of them.
#
# make -f buildroot.mk BR2_EXTERNAL_XIPFS_PATH=... O=output rootfs-xipfs
# reads O/.config and the root directory O/target; writes O/host and O/images.

include $(O)/.config

SHELL = /bin/bash
BUILD_DIR = $(O)/build
BINARIES_DIR = $(O)/images
HOST_DIR = $(O)/host
TARGET_DIR = $(O)/build/buildroot-fs/target

UPPERCASE = $(shell tr a-z- A-Z_ <<<'$(1)')
qstrip = $(strip $(subst ",,$(1)))
github = https://github.com/$(1)/$(2)/archive/$(3)
pkgname = $(notdir $(patsubst %/,%,$(dir $(lastword $(MAKEFILE_LIST)))))

# What Buildroot configures a host package with, in its words but for the compiler and its flags.
HOST_CMAKE_OPTIONS = \
	-DCMAKE_INSTALL_SO_NO_EXE=0 \
	-DCMAKE_FIND_ROOT_PATH=$(HOST_DIR) \
	-DCMAKE_FIND_ROOT_PATH_MODE_PROGRAM=BOTH \
	-DCMAKE_FIND_ROOT_PATH_MODE_LIBRARY=BOTH \
	-DCMAKE_FIND_ROOT_PATH_MODE_INCLUDE=BOTH \
	-DCMAKE_INSTALL_PREFIX=$(HOST_DIR) \
	-DCMAKE_COLOR_MAKEFILE=OFF \
	-DBUILD_DOC=OFF -DBUILD_DOCS=OFF -DBUILD_EXAMPLE=OFF -DBUILD_EXAMPLES=OFF \
	-DBUILD_TEST=OFF -DBUILD_TESTS=OFF -DBUILD_TESTING=OFF

# $(1): name, $(2): NAME. Only packages whose site is local, or whose archive is in O/dl, are built; the
# libraries are the system's here.
define host-package-rules
$(2)_ARCHIVE = $$(wildcard $$(O)/dl/$(1)-$$($(2)_VERSION).tar.gz)
$(2)_SOURCES = $$(strip $$(if $$(filter local,$$($(2)_SITE_METHOD)),$$($(2)_SITE),\
	$$(if $$($(2)_ARCHIVE),$$(BUILD_DIR)/$(1)-$$($(2)_VERSION))))
host-$(1): $$(if $$($(2)_SOURCES),$$(HOST_$(2)_DEPENDENCIES))
	$$(if $$($(2)_ARCHIVE),mkdir -p $$(BUILD_DIR) && tar -C $$(BUILD_DIR) -xf $$($(2)_ARCHIVE))
	$$(if $$($(2)_SOURCES),\
		cmake -S $$($(2)_SOURCES) -B $$(BUILD_DIR)/$(1) $$(HOST_CMAKE_OPTIONS) \
			$$(HOST_$(2)_CONF_OPTS) && \
		$$(MAKE) -C $$(BUILD_DIR)/$(1) install)
.PHONY: host-$(1)
endef
host-cmake-package = $(call host-package-rules,$(pkgname),$(call UPPERCASE,$(pkgname)))
host-generic-package = $(host-cmake-package)

# Buildroot copies the target directory, and runs a script with the command under fakeroot; the
# hooks run after that, outside.
define rootfs-rules
$$(BINARIES_DIR)/rootfs.$(1): $$(ROOTFS_$(2)_DEPENDENCIES)
	mkdir -p $$(@D)
	rm -rf $$(TARGET_DIR)
	mkdir -p $$(TARGET_DIR)
	cp -a $$(O)/target/. $$(TARGET_DIR)
	printf '%s\n' '#!/bin/sh' 'set -e' 'chown -h -R 0:0 $$(TARGET_DIR)' \
		'mkdir -p $$(TARGET_DIR)/dev && mknod -m 600 $$(TARGET_DIR)/dev/console c 5 1' \
		'$$(strip $$(ROOTFS_$(2)_CMD))' >$$(BUILD_DIR)/fakeroot
	chmod a+x $$(BUILD_DIR)/fakeroot
	fakeroot -- $$(BUILD_DIR)/fakeroot
	$$(foreach hook,$$(ROOTFS_$(2)_POST_GEN_HOOKS),$$(call $$(hook))$$(newline))
rootfs-$(1): $$(BINARIES_DIR)/rootfs.$(1)
.PHONY: rootfs-$(1)
ifeq ($$(BR2_TARGET_ROOTFS_$(2)),y)
TARGETS_ROOTFS += rootfs-$(1)
endif
endef
rootfs = $(call rootfs-rules,$(pkgname),$(call UPPERCASE,$(pkgname)))

define newline


endef

# The packages of Buildroot's that ours depend on.
host-elfutils host-json-c host-libarchive host-libdeflate host-pkgconf host-zlib:

world: TARGETS
include $(BR2_EXTERNAL_XIPFS_PATH)/external.mk
TARGETS: $(TARGETS_ROOTFS)
