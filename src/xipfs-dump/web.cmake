# SPDX-License-Identifier: GPL-2.0-or-later
# Turns the files of web/ into a C file: cmake -DOUT=web.c -DDIR=web -P web.cmake

set(text "/* Made from the files in web/ */\n#include \"web.h\"\n")
foreach(name map.css page.css page.js)
	file(READ ${DIR}/${name} hex HEX)
	string(REGEX REPLACE "([0-9a-f][0-9a-f])" "'\\\\x\\1'," bytes "${hex}")
	string(REGEX REPLACE "[^a-z]" "_" symbol "web_${name}")
	string(APPEND text "const char ${symbol}[] = {${bytes}'\\0'};\n")
endforeach()
file(WRITE ${OUT} "${text}")
