# What `cmake --install` lays out: the command and its guardian (installed where they are made), stdlib and playbooks, and for embedders the static
# libraries, the public headers and a package, so that `find_package(playbook)` and `target_link_libraries(tool playbook::api)` work.
include(CMakePackageConfigHelpers)
set(package_folder ${CMAKE_INSTALL_LIBDIR}/cmake/playbook)

foreach(folder stdlib playbooks)
  install(DIRECTORY ${PROJECT_SOURCE_DIR}/${folder} DESTINATION ${CMAKE_INSTALL_DATADIR}/playbook USE_SOURCE_PERMISSIONS
    PATTERN __pycache__ EXCLUDE)
endforeach()

# Found at installation, not at configuration: a header that is included tomorrow must not be forgotten.
install(CODE "
  set(source \"${PROJECT_SOURCE_DIR}\")
  set(destination \"\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_INCLUDEDIR}/playbook\")
  include(\"${PROJECT_SOURCE_DIR}/bindings/api/package/install_headers.cmake\")")

# The libraries of an embedder: playbook_api with all of ours that it stands on, as playbook::api, playbook::engine, ...
set(waiting playbook_api)
set(libraries "")
while(waiting)
  list(POP_FRONT waiting library)
  if(NOT library IN_LIST libraries)
    list(APPEND libraries ${library})
    string(REPLACE "playbook_" "" short ${library})
    set_target_properties(${library} PROPERTIES EXPORT_NAME ${short})
    get_target_property(needs ${library} INTERFACE_LINK_LIBRARIES)
    list(FILTER needs INCLUDE REGEX "^playbook_")
    list(APPEND waiting ${needs})
  endif()
endwhile()
install(TARGETS ${libraries} EXPORT playbook ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}/playbook)
install(EXPORT playbook NAMESPACE playbook:: FILE playbookTargets.cmake DESTINATION ${package_folder})
configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/playbookConfig.cmake.in ${CMAKE_BINARY_DIR}/playbookConfig.cmake
  INSTALL_DESTINATION ${package_folder} PATH_VARS CMAKE_INSTALL_INCLUDEDIR CMAKE_INSTALL_DATADIR CMAKE_INSTALL_LIBEXECDIR)
write_basic_package_version_file(${CMAKE_BINARY_DIR}/playbookConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_BINARY_DIR}/playbookConfig.cmake ${CMAKE_BINARY_DIR}/playbookConfigVersion.cmake DESTINATION ${package_folder})
