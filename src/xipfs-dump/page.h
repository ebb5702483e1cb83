/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DUMP_PAGE_H
#define DUMP_PAGE_H

#include "common.h"

/*
 * Prints what the page shows as one JSON object that is safe inside <script>. @before: the image to
 * compare with, or NULL; both have been surveyed. Errors: those of xip_programs_judge and
 * xip_ram_predict, XIP_ERR_NOMEM.
 */
XIP_MUST_CHECK enum xip_err page_print_data(FILE *out, struct dump *dump, struct dump *before);

#endif
