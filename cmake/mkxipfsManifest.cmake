# SPDX-License-Identifier: GPL-2.0-or-later
# cmake -DSOURCE=path -DMANIFEST=file -P mkxipfsManifest.cmake
#
# Lists what decides the content of an image of SOURCE, a directory or an archive: every path with
# its type, mode, owner, size, times and link target. MANIFEST is written only when that differs
# from what it holds. Times of modification alone would not do: chmod and chown leave them, and a
# file that is gone has none.

cmake_minimum_required(VERSION 3.21)

execute_process(
	COMMAND find -H "${SOURCE}" -printf "%p\\t%y %#m %U:%G %s %T@ %C@ %l\\n"
	COMMAND ${CMAKE_COMMAND} -E env LC_ALL=C sort
	OUTPUT_FILE "${MANIFEST}.new"
	RESULTS_VARIABLE results
	ERROR_VARIABLE error)
if(NOT results STREQUAL "0;0")
	file(REMOVE "${MANIFEST}.new")
	message(FATAL_ERROR "${SOURCE} cannot be listed with GNU find: ${error}")
endif()
file(COPY_FILE "${MANIFEST}.new" "${MANIFEST}" ONLY_IF_DIFFERENT)
file(REMOVE "${MANIFEST}.new")
