# SPDX-License-Identifier: GPL-2.0-or-later
# Run by cpack between installing and packing: what Debian's policy (chapter 12) wants of documents.
if(NOT CPACK_GENERATOR STREQUAL "DEB")
	return()
endif()
set(share ${CPACK_TEMPORARY_INSTALL_DIRECTORY}/usr/share)
set(documents ${share}/doc/${CPACK_PACKAGE_NAME})

file(COPY ${CMAKE_CURRENT_LIST_DIR}/copyright ${CMAKE_CURRENT_LIST_DIR}/changelog
	DESTINATION ${documents})
file(GLOB_RECURSE pages ${share}/man/*)
execute_process(COMMAND gzip -9 --no-name ${pages} ${documents}/changelog
	COMMAND_ERROR_IS_FATAL ANY)
