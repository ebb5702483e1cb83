/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Endian loads and stores at any alignment, and arithmetic that cannot wrap unnoticed.
 */
#ifndef XIPFS_BYTES_H
#define XIPFS_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

static inline uint16_t xip_get16(const uint8_t *p, bool big)
{
	return big ? (uint16_t)(p[0] << 8 | p[1]) : (uint16_t)(p[1] << 8 | p[0]);
}

static inline uint32_t xip_get32(const uint8_t *p, bool big)
{
	return big ? (uint32_t)xip_get16(p, true) << 16 | xip_get16(p + 2, true)
		   : (uint32_t)xip_get16(p + 2, false) << 16 | xip_get16(p, false);
}

static inline void xip_put16(uint8_t *p, uint16_t value, bool big)
{
	p[big ? 0 : 1] = (uint8_t)(value >> 8);
	p[big ? 1 : 0] = (uint8_t)value;
}

static inline void xip_put32(uint8_t *p, uint32_t value, bool big)
{
	xip_put16(p + (big ? 0 : 2), (uint16_t)(value >> 16), big);
	xip_put16(p + (big ? 2 : 0), (uint16_t)value, big);
}

/* Each of these returns false, and leaves *@sum or *@product unspecified, when the result wraps. */
static inline bool xip_add_u64(uint64_t a, uint64_t b, uint64_t *sum)
{
	return !__builtin_add_overflow(a, b, sum);
}

static inline bool xip_mul_size(size_t a, size_t b, size_t *product)
{
	return !__builtin_mul_overflow(a, b, product);
}

/* True when [@offset, @offset + @length) lies inside [0, @size). */
static inline bool xip_range_inside(uint64_t offset, uint64_t length, uint64_t size)
{
	return offset <= size && length <= size - offset;
}

static inline bool xip_is_power_of_two(uint64_t value)
{
	return value && !(value & (value - 1));
}

/* @align is a power of two; the caller knows that @value + @align does not wrap. */
static inline uint64_t xip_align_up(uint64_t value, uint64_t align)
{
	return (value + align - 1) & ~(align - 1);
}

static inline uint64_t xip_align_down(uint64_t value, uint64_t align)
{
	return value & ~(align - 1);
}

/* Number of units of @unit bytes that hold @value bytes. */
static inline uint64_t xip_div_up(uint64_t value, uint64_t unit)
{
	return value / unit + (value % unit != 0);
}

/* True when all @length bytes at @p are zero. */
bool xip_bytes_are_zero(const uint8_t *p, size_t length);

/*
 * A fast 64-bit hash of @length bytes, the same on every machine. Not keyed and not for security:
 * whoever finds two equal hashes compares the bytes.
 */
uint64_t xip_bytes_hash(const uint8_t *p, size_t length);

#endif
