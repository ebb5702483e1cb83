# SPDX-License-Identifier: GPL-2.0-or-later
# Run by cpack before packing. Without dpkg-shlibdeps cpack makes a package that depends on nothing,
# and says so in a line that nobody reads.
if(NOT CPACK_GENERATOR STREQUAL "DEB")
	return()
endif()
set(missing)
foreach(tool dpkg-shlibdeps=dpkg-dev file=file)
	string(REPLACE "=" ";" tool ${tool})
	list(GET tool 0 program)
	list(GET tool 1 package)
	find_program(path_of_${program} ${program} NO_CACHE)
	if(NOT path_of_${program})
		string(APPEND missing " ${package}")
	endif()
endforeach()
if(missing)
	message(FATAL_ERROR "A Debian package needs these to name the libraries it depends on:\n"
		"  apt-get install${missing}")
endif()
