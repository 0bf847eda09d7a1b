# Installs the headers and the package files that find_package(intarsia) reads.
include(CMakePackageConfigHelpers)
include(GNUInstallDirs)

set(package_folder ${CMAKE_INSTALL_DATADIR}/cmake/intarsia)
install(TARGETS intarsia EXPORT intarsia_targets FILE_SET HEADERS DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(EXPORT intarsia_targets NAMESPACE intarsia:: FILE intarsia-targets.cmake DESTINATION ${package_folder})

# Device code; whether it is of use is decided where it is used.
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/intarsia DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN *.cuh)
install(FILES ${CMAKE_CURRENT_LIST_DIR}/intarsia-cuda.cmake DESTINATION ${package_folder})

configure_package_config_file(
  ${CMAKE_CURRENT_LIST_DIR}/intarsia-config.cmake.in ${PROJECT_BINARY_DIR}/intarsia-config.cmake
  INSTALL_DESTINATION ${package_folder} NO_SET_AND_CHECK_MACRO)
# Before 1.0 a minor version may change the interface.
write_basic_package_version_file(${PROJECT_BINARY_DIR}/intarsia-config-version.cmake
  COMPATIBILITY SameMinorVersion ARCH_INDEPENDENT)
install(FILES ${PROJECT_BINARY_DIR}/intarsia-config.cmake ${PROJECT_BINARY_DIR}/intarsia-config-version.cmake
  DESTINATION ${package_folder})
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DATADIR}/licenses/intarsia)
