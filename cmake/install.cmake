# SPDX-License-Identifier: GPL-2.0-or-later
# What is installed beside the programs and their man pages: shell completion, and the CMake package
# by which another project makes its images (see examples/cmake).

include(CMakePackageConfigHelpers)

set(completions ${PROJECT_SOURCE_DIR}/completions)
install(FILES ${completions}/mkxipfs ${completions}/xipfs-dump
	DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
install(FILES ${completions}/zsh/_mkxipfs ${completions}/zsh/_xipfs-dump
	DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions)
install(FILES ${completions}/fish/mkxipfs.fish ${completions}/fish/xipfs-dump.fish
	DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)

# The package holds scripts only, so a project finds it whatever architecture it builds for.
set(package_dir ${CMAKE_INSTALL_DATADIR}/cmake/mkxipfs)
configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/mkxipfsConfig.cmake.in
	${PROJECT_BINARY_DIR}/cmake/mkxipfsConfig.cmake
	INSTALL_DESTINATION ${package_dir}
	PATH_VARS CMAKE_INSTALL_BINDIR
	NO_CHECK_REQUIRED_COMPONENTS_MACRO)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/cmake/mkxipfsConfigVersion.cmake
	COMPATIBILITY SameMajorVersion ARCH_INDEPENDENT)
install(FILES
	${PROJECT_BINARY_DIR}/cmake/mkxipfsConfig.cmake
	${PROJECT_BINARY_DIR}/cmake/mkxipfsConfigVersion.cmake
	${CMAKE_CURRENT_LIST_DIR}/mkxipfsImage.cmake
	${CMAKE_CURRENT_LIST_DIR}/mkxipfsManifest.cmake
	DESTINATION ${package_dir})
