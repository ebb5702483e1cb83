################################################################################
#
# zopfli
#
################################################################################

ZOPFLI_VERSION = 1.0.3
ZOPFLI_SITE = $(call github,google,zopfli,zopfli-$(ZOPFLI_VERSION))
ZOPFLI_LICENSE = Apache-2.0
ZOPFLI_LICENSE_FILES = COPYING
# CMake 4 refuses what zopfli asks for, the behaviour of CMake 2.8.
HOST_ZOPFLI_CONF_OPTS = \
	-DZOPFLI_BUILD_SHARED=ON \
	-DCMAKE_POLICY_VERSION_MINIMUM=3.5

$(eval $(host-cmake-package))
