include $(sort $(wildcard $(BR2_EXTERNAL_XIPFS_PATH)/package/*/*.mk))
include $(sort $(wildcard $(BR2_EXTERNAL_XIPFS_PATH)/fs/*/*.mk))
# SPDX-License-Identifier: GPL-2.0-or-later
