/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "xipfs/base/bytes.h"

#include <string.h>

bool xip_bytes_are_zero(const uint8_t *p, size_t length)
{
	/* Compares the range with itself, shifted by one: memcmp is the fastest loop there is. */
	return !length || (!p[0] && !memcmp(p, p + 1, length - 1));
}

static uint64_t load64(const uint8_t *p)
{
	return (uint64_t)xip_get32(p + 4, false) << 32 | xip_get32(p, false);
}

static uint64_t mix(uint64_t state, uint64_t word)
{
	state = (state ^ word) * 0x9e3779b97f4a7c15u;
	return state ^ state >> 32;
}

uint64_t xip_bytes_hash(const uint8_t *p, size_t length)
{
	/* Two independent lanes, so that the multiplications of one hide the latency of the other.
	 */
	uint64_t a = mix(0x243f6a8885a308d3u, length);
	uint64_t b = 0x13198a2e03707344u;
	uint8_t rest[16] = {0};

	for (; length >= 16; p += 16, length -= 16) {
		a = mix(a, load64(p));
		b = mix(b, load64(p + 8));
	}
	if (length) /* @p may be NULL when there is nothing */
		memcpy(rest, p, length);
	a = mix(a, load64(rest));
	b = mix(b, load64(rest + 8));
	return mix(a, b);
}
