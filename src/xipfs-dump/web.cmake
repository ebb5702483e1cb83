# SPDX-License-Identifier: GPL-2.0-or-later
# Turns the files of web/ into a C file: cmake -DOUT=web.c -DDIR=web -P web.cmake

# add(SYMBOL FILE...): the files, one after the other, as one text.
function(add symbol)
	set(bytes "")
	foreach(name ${ARGN})
		file(READ ${DIR}/${name} hex HEX)
		string(REGEX REPLACE "([0-9a-f][0-9a-f])" "'\\\\x\\1'," hex "${hex}")
		string(APPEND bytes "${hex}")
	endforeach()
	set(text "${text}const char ${symbol}[] = {${bytes}'\\0'};\n" PARENT_SCOPE)
endfunction()

set(text "/* Made from the files in web/ */\n#include \"web.h\"\n")
add(web_colours_css colours.css)
add(web_picture_css picture.css)
add(web_page_css page.css)
add(web_page_html page.html)
add(web_page_js model.js map.js treemap.js table.js details.js page.js)
file(WRITE ${OUT} "${text}")
