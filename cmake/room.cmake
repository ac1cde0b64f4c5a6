# tally_room(NAME SOURCES file... ROOMS room... LIBRARIES target...)
# One folder of src/ is one static library; ROOMS and LIBRARIES are its row in docs/ARCHITECTURE.md.
function(tally_room name)
  cmake_parse_arguments(ROOM "" "" "SOURCES;ROOMS;LIBRARIES" ${ARGN})
  add_library(tally_${name} STATIC ${ROOM_SOURCES})
  target_compile_options(tally_${name} PRIVATE -include ${PROJECT_SOURCE_DIR}/src/base/banned.h)
  target_link_libraries(tally_${name} PUBLIC tally_options)
  foreach(room ${ROOM_ROOMS})
    if(EXISTS ${PROJECT_SOURCE_DIR}/src/${room}/CMakeLists.txt) # else only its headers stand so far
      target_link_libraries(tally_${name} PUBLIC tally_${room})
    endif()
  endforeach()
  target_link_libraries(tally_${name} PUBLIC ${ROOM_LIBRARIES})
endfunction()
