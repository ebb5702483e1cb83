/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The files of web/, as texts; made by web.cmake.
 */
#ifndef DUMP_WEB_H
#define DUMP_WEB_H

extern const char web_map_css[];  /* colours of the map, for the page and for a lone picture */
extern const char web_page_css[]; /* the page */
extern const char web_page_js[];

#endif
