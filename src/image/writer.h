/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writes a layout. Decides nothing.
 */
#ifndef XIPFS_IMAGE_WRITER_H
#define XIPFS_IMAGE_WRITER_H

#include "xipfs/base/diag.h"
#include "xipfs/base/err.h"
#include "xipfs/image/layout.h"

/*
 * Writes the image to @fd from its byte 0 on and fills in the CRC. @insert is the content of the
 * inserted file, NULL when there is none. @path is for messages. Errors: XIP_ERR_IO, XIP_ERR_NOMEM;
 * XIP_ERR_CORRUPT when a piece would not land where the layout put it, which is a fault of this
 * program.
 */
XIP_MUST_CHECK enum xip_err xip_writer_write(const struct xip_layout *layout, const uint8_t *insert,
	int fd, const char *path, const struct xip_diag *diag);

/*
 * Fills @fd with @byte from byte @from to @to. The image ends before that: its super block and its
 * CRC know nothing of it. Errors: XIP_ERR_IO, XIP_ERR_NOMEM.
 */
XIP_MUST_CHECK enum xip_err xip_writer_pad(int fd, uint64_t from, uint64_t to, uint8_t byte,
	const char *path, const struct xip_diag *diag);

#endif
