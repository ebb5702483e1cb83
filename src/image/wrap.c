/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "wrap.h"

#include <string.h>

#include <libdeflate.h>

#include "xipfs/base/bytes.h"

void xip_wrap(uint8_t *out, const uint8_t *in, uint32_t length)
{
	out[0] = 0x78; /* deflate, 32 KiB window */
	out[1] = 0x01; /* fastest level; makes the header a multiple of 31 */
	out[2] = 0x01; /* last block, stored */
	xip_put16(out + 3, (uint16_t)length, false);
	xip_put16(out + 5, (uint16_t)~length, false);
	memcpy(out + 7, in, length);
	xip_put32(out + 7 + length, libdeflate_adler32(1, in, length), true);
}
