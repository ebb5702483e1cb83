# SPDX-License-Identifier: GPL-2.0-or-later
#
# mkxipfs_add_image(NAME name SOURCE path
#	[POLICY file] [DEVTABLE file...] [OPTIONS option...]
#	[MAX_SIZE size] [FLASH_ADDRESS address] [EXPECT file] [DEPENDS target-or-file...])
#
# Adds a target NAME, part of "all", that makes these files in CMAKE_CURRENT_BINARY_DIR, for a flash
# partition of MAX_SIZE bytes (K and M may follow) at FLASH_ADDRESS:
#	NAME.img          the image of SOURCE, a directory or an archive
#	NAME.report.txt   what mkxipfs --report tells of it
#	NAME.html         the map of xipfs-dump --html
# and with EXPECT a test NAME-expect, which runs xipfs-dump --expect on the image and leaves the
# outcome in NAME.junit.xml.
#
# The image is made anew whenever anything at or below SOURCE changes (modes, owners and removals
# too), or POLICY, a DEVTABLE, an option, mkxipfs itself, or what DEPENDS names: targets that make
# SOURCE, and files that OPTIONS name. Paths are taken from CMAKE_CURRENT_SOURCE_DIR.

cmake_minimum_required(VERSION 3.21)

set(_mkxipfs_manifest_script "${CMAKE_CURRENT_LIST_DIR}/mkxipfsManifest.cmake")

# Adds the target NAME-manifest, which is always out of date and touches the file MANIFEST only when
# SOURCE differs from what that lists.
function(_mkxipfs_add_manifest name source manifest depends)
	set(files)
	set(targets)
	foreach(item IN LISTS depends)
		if(TARGET ${item})
			list(APPEND targets ${item})
		else()
			list(APPEND files ${item})
		endif()
	endforeach()
	add_custom_target(${name}-manifest
		COMMAND ${CMAKE_COMMAND} "-DSOURCE=${source}" "-DMANIFEST=${manifest}"
			-P "${_mkxipfs_manifest_script}"
		DEPENDS ${files}
		BYPRODUCTS "${manifest}"
		COMMENT "Looking for changes in ${source}"
		VERBATIM)
	if(targets)
		add_dependencies(${name}-manifest ${targets})
	endif()
endfunction()

# Puts the absolute paths of the further arguments into the variable named by the first, and wants
# each to exist unless DEPENDS may make it.
function(_mkxipfs_absolute variable depends)
	set(absolute)
	foreach(path IN LISTS ARGN)
		get_filename_component(path "${path}" ABSOLUTE)
		if(NOT EXISTS "${path}" AND NOT depends)
			message(FATAL_ERROR "mkxipfs_add_image: ${path} does not exist, and DEPENDS "
				"names nothing that makes it")
		endif()
		list(APPEND absolute "${path}")
	endforeach()
	set(${variable} "${absolute}" PARENT_SCOPE)
endfunction()

function(mkxipfs_add_image)
	cmake_parse_arguments(PARSE_ARGV 0 arg ""
		"NAME;SOURCE;POLICY;MAX_SIZE;FLASH_ADDRESS;EXPECT" "DEVTABLE;OPTIONS;DEPENDS")
	if(arg_UNPARSED_ARGUMENTS)
		message(FATAL_ERROR "mkxipfs_add_image: what is ${arg_UNPARSED_ARGUMENTS}?")
	elseif(arg_KEYWORDS_MISSING_VALUES)
		message(FATAL_ERROR "mkxipfs_add_image: ${arg_KEYWORDS_MISSING_VALUES} has no value")
	elseif(NOT arg_NAME OR NOT arg_SOURCE)
		message(FATAL_ERROR "mkxipfs_add_image: NAME and SOURCE are needed")
	endif()
	_mkxipfs_absolute(source "${arg_DEPENDS}" "${arg_SOURCE}")
	_mkxipfs_absolute(expect "${arg_DEPENDS}" ${arg_EXPECT})
	_mkxipfs_absolute(files "${arg_DEPENDS}" ${arg_POLICY} ${arg_DEVTABLE})

	set(image "${CMAKE_CURRENT_BINARY_DIR}/${arg_NAME}.img")
	set(report "${CMAKE_CURRENT_BINARY_DIR}/${arg_NAME}.report.txt")
	set(html "${CMAKE_CURRENT_BINARY_DIR}/${arg_NAME}.html")
	set(manifest "${CMAKE_CURRENT_BINARY_DIR}/${arg_NAME}.manifest")
	set(options ${arg_OPTIONS} "--report=${report}")
	if(arg_POLICY)
		list(APPEND options "--policy=${arg_POLICY}")
	endif()
	set(flash)
	if(arg_MAX_SIZE)
		list(APPEND options "--max-size=${arg_MAX_SIZE}")
		list(APPEND flash "--partition=${arg_MAX_SIZE}")
	endif()
	if(arg_FLASH_ADDRESS)
		list(APPEND flash "--flash-addr=${arg_FLASH_ADDRESS}")
	endif()
	foreach(table IN LISTS arg_DEVTABLE)
		list(APPEND options "--devtable=${table}")
	endforeach()

	_mkxipfs_add_manifest(${arg_NAME} "${source}" "${manifest}" "${arg_DEPENDS}")
	add_custom_command(
		OUTPUT "${image}" "${report}"
		COMMAND mkxipfs::mkxipfs ${options} "${source}" "${image}"
		DEPENDS "${manifest}" ${arg_NAME}-manifest "$<TARGET_FILE:mkxipfs::mkxipfs>"
			${files} ${arg_DEPENDS}
		# The report names files as they are given here: it must not differ from one
		# checkout to another.
		WORKING_DIRECTORY "${CMAKE_CURRENT_SOURCE_DIR}"
		COMMENT "Making ${arg_NAME}.img"
		VERBATIM)
	add_custom_command(
		OUTPUT "${html}"
		COMMAND mkxipfs::xipfs-dump ${flash} "--html=${html}" "${image}"
		DEPENDS "${image}" "$<TARGET_FILE:mkxipfs::xipfs-dump>"
		COMMENT "Drawing ${arg_NAME}.html"
		VERBATIM)
	add_custom_target(${arg_NAME} ALL DEPENDS "${image}" "${report}" "${html}")
	if(arg_EXPECT)
		add_test(NAME ${arg_NAME}-expect
			COMMAND $<TARGET_FILE:mkxipfs::xipfs-dump> ${flash}
				"--expect=${expect}"
				"--junit=${CMAKE_CURRENT_BINARY_DIR}/${arg_NAME}.junit.xml" "${image}")
	endif()
endfunction()
