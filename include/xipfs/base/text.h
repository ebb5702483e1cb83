/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading numbers that people write.
 */
#ifndef XIPFS_TEXT_H
#define XIPFS_TEXT_H

#include <stdbool.h>
#include <stdint.h>

/*
 * A whole number with an optional suffix K, M or G (powers of 1024; also k, KiB, KB...), decimal or
 * 0x hexadecimal. With a suffix it may have a decimal fraction, if that gives a whole number of
 * bytes: 1.5M. False when it is not a number, is negative, or does not fit.
 */
bool xip_parse_size(const char *text, uint64_t *value);

/* Digits of @base (8 or 10) and nothing else, at most @max. */
bool xip_parse_digits(const char *text, unsigned base, uint64_t max, uint64_t *value);

#endif
