# SPDX-License-Identifier: GPL-2.0-or-later
# cpack -G DEB in the build directory makes a Debian package (needs dpkg-dev and file). Who publishes
# it names himself: cmake -DXIP_MAINTAINER="Name <address>".

set(XIP_MAINTAINER "mkxipfs developers <mkxipfs@example.org>" CACHE STRING
	"Maintainer of the Debian package")

set(CPACK_PACKAGE_CONTACT ${XIP_MAINTAINER})
set(CPACK_PACKAGE_VENDOR mkxipfs)
set(CPACK_PACKAGE_DESCRIPTION
	"mkxipfs makes cramfs images out of directories and archives. Programs in them\n\
are not loaded into RAM: Linux maps their code from memory-mapped flash and the\n\
processor executes it in place, with an MMU and without one. mkxipfs knows what\n\
the kernel's loaders map of ELF, FDPIC and bFLT programs, places that on whole\n\
pages and compresses the rest.\n\
.\n\
xipfs-dump lists, checks, maps, compares and extracts such images.")
set(CPACK_STRIP_FILES ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
	OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION utils)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_PRE_BUILD_SCRIPTS ${CMAKE_CURRENT_LIST_DIR}/debian/tools.cmake
	${CMAKE_CURRENT_LIST_DIR}/debian/documents.cmake)

include(CPack)
