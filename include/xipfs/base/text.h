/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading numbers that people write.
 */
#ifndef XIPFS_TEXT_H
#define XIPFS_TEXT_H

#include <stdbool.h>
#include <stdint.h>

/*
 * A whole number with an optional suffix K, M or G (1024 each; also KiB...), decimal or 0x
 * hexadecimal. False when it is none, negative, or does not fit.
 */
bool xip_parse_size(const char *text, uint64_t *value);

#endif
