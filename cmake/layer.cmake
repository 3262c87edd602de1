# rowpage_layer(NAME USES layers... LIBRARIES targets...)
#
# One folder src/NAME becomes one static library, layer_NAME. Its headers are reached as "NAME/x.h" through an include
# directory that holds nothing but a link to src/NAME, so a layer that does not list another one has no path to its
# headers: a wrong include does not compile. Includes by relative path are refused here, as they would walk around that.
function(rowpage_layer name)
  cmake_parse_arguments(arg "" "" "USES;LIBRARIES" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/${name}/*.cc)
  file(GLOB headers CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/${name}/*.h)
  foreach(file IN LISTS sources headers)
    file(STRINGS ${file} climbing REGEX "#include \"\\.\\./")
    if(climbing)
      message(FATAL_ERROR "${file} includes by relative path (${climbing}): name the layer instead")
    endif()
  endforeach()

  set(include_root ${CMAKE_BINARY_DIR}/layers/${name})
  file(MAKE_DIRECTORY ${include_root})
  file(CREATE_LINK ${CMAKE_SOURCE_DIR}/src/${name} ${include_root}/${name} SYMBOLIC)

  if(NOT sources)  # a layer may be headers alone; an archive wants one member
    file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/layers/${name}.cc CONTENT "")
    set(sources ${CMAKE_BINARY_DIR}/layers/${name}.cc)
  endif()
  add_library(layer_${name} STATIC ${sources} ${headers})
  target_include_directories(layer_${name} PUBLIC ${include_root})
  foreach(used IN LISTS arg_USES)
    target_link_libraries(layer_${name} PUBLIC layer_${used})
  endforeach()
  target_link_libraries(layer_${name} PUBLIC ${arg_LIBRARIES})
  if(name STREQUAL "core")
    rowpage_precompile(layer_${name} <tl/expected.hpp>)
  else()
    rowpage_precompile(layer_${name} <tl/expected.hpp> <boost/json.hpp> <fmt/format.h>)
  endif()
endfunction()
