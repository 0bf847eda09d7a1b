# Stops where a target that links intarsia::intarsia would get more than C++20, Eigen, threads and the headers.

function(check_usage_requirements)
  get_target_property(target intarsia::intarsia ALIASED_TARGET)
  if(NOT target)
    set(target intarsia::intarsia)
  endif()

  function(expect property)
    get_target_property(found ${target} ${property})
    if(NOT found)
      set(found "")
    endif()
    if(NOT found STREQUAL "${ARGN}")
      message(FATAL_ERROR "intarsia::intarsia: ${property} is '${found}', not '${ARGN}'")
    endif()
  endfunction()

  expect(INTERFACE_COMPILE_FEATURES cxx_std_20)
  expect(INTERFACE_LINK_LIBRARIES Eigen3::Eigen Threads::Threads)
  foreach(property IN ITEMS AUTOUIC_OPTIONS COMPILE_DEFINITIONS COMPILE_OPTIONS LINK_DEPENDS LINK_DIRECTORIES
      LINK_LIBRARIES_DIRECT LINK_LIBRARIES_DIRECT_EXCLUDE LINK_OPTIONS POSITION_INDEPENDENT_CODE PRECOMPILE_HEADERS SOURCES)
    expect(INTERFACE_${property})
  endforeach()

  # The only include folder is the one that holds the library.
  get_target_property(folders ${target} INTERFACE_INCLUDE_DIRECTORIES)
  string(GENEX_STRIP "${folders}" plain)
  list(LENGTH folders count)
  if(count GREATER 1 OR (plain AND NOT EXISTS ${plain}/intarsia/intarsia.hpp))
    message(FATAL_ERROR "intarsia::intarsia: INTERFACE_INCLUDE_DIRECTORIES is '${folders}'")
  endif()
endfunction()
