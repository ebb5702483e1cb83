/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The files of web/, as texts; made by web.cmake.
 */
#ifndef DUMP_WEB_H
#define DUMP_WEB_H

extern const char web_colours_css[]; /* for the page and for a lone picture */
extern const char web_picture_css[]; /* the rest of a lone picture */
extern const char web_page_css[];    /* the rest of the page */
extern const char web_page_html[];   /* its body, up to the data */
extern const char web_page_js[];     /* the scripts, one after the other */

#endif
