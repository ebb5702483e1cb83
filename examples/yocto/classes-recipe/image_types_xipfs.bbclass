# SPDX-License-Identifier: GPL-2.0-or-later
# The image type "xipfs": a cramfs image that executes in place. It is made under pseudo, like every
# other type, so owners and device nodes are those of the root file system.
#
# In the machine's or the distribution's configuration:
#	IMAGE_CLASSES += "image_types_xipfs"
#	IMAGE_FSTYPES += "xipfs"
#	EXTRA_IMAGECMD:xipfs = "-X --max-size=4M"

inherit siteinfo

XIPFS_ENDIANNESS ?= "${@oe.utils.conditional('SITEINFO_ENDIANNESS', 'le', '-L', '-B', d)}"
# Without an MMU FDPIC and bFLT programs execute in place, with one ELF programs of any kind.
EXTRA_IMAGECMD:xipfs ?= "-X -X"

IMAGE_TYPES += "xipfs"
IMAGE_CMD:xipfs = "mkxipfs ${XIPFS_ENDIANNESS} ${EXTRA_IMAGECMD} ${IMAGE_ROOTFS} ${IMGDEPLOYDIR}/${IMAGE_NAME}.xipfs"
do_image_xipfs[depends] += "mkxipfs-native:do_populate_sysroot"
