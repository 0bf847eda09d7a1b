# What only the library's own tests, examples and benchmarks use. No user's target sees any of it.
include_guard()

if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE Release)
endif()
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

find_program(INTARSIA_CCACHE ccache)
mark_as_advanced(INTARSIA_CCACHE)
if(INTARSIA_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${INTARSIA_CCACHE})
endif()

set(INTARSIA_SANITIZE "" CACHE STRING "Sanitizers for the project's own programs: address,undefined or thread")

set(intarsia_warning_flags -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror)
add_library(intarsia_warnings INTERFACE)
target_compile_options(intarsia_warnings INTERFACE "$<$<COMPILE_LANGUAGE:CXX>:${intarsia_warning_flags}>"
  "$<$<COMPILE_LANGUAGE:CUDA>:--Werror=all-warnings>")
if(INTARSIA_SANITIZE)
  target_compile_options(intarsia_warnings INTERFACE
    -fsanitize=${INTARSIA_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(intarsia_warnings INTERFACE -fsanitize=${INTARSIA_SANITIZE})
endif()

# intarsia_program(<name> <source>...): a program of this project, with its warnings.
function(intarsia_program name)
  add_executable(${name} ${ARGN})
  target_link_libraries(${name} PRIVATE intarsia::intarsia intarsia_warnings)
endfunction()
