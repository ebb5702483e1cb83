/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Zopfli without its slowest part. Private to src/format.
 */
#ifndef XIPFS_FORMAT_SQUEEZE_H
#define XIPFS_FORMAT_SQUEEZE_H

#include <stddef.h>
#include <stdint.h>

/*
 * Compresses @length bytes at @in to a raw DEFLATE stream, malloc'ed, of *@size bytes. NULL when
 * memory ran out here; where it runs out inside libzopfli, that library crashes. On a page, zopfli
 * itself spends nine tenths of its time deciding where to begin a new Huffman table: it tries every
 * place in a block of less than 1024 symbols. This estimates all of them, which is quick, tries the
 * best, and leaves to zopfli what makes it small: a parse that is optimal for the tables,
 * @iterations times over.
 */
uint8_t *xip_squeeze(const uint8_t *in, size_t length, int iterations, size_t *size);

#endif
