# Adds licences_text of licences.h, made from the texts that must travel with the static program.
set(licences_c ${CMAKE_CURRENT_BINARY_DIR}/licences.c)
file(GLOB licence_texts CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/packaging/licences/*.txt)
add_custom_command(OUTPUT ${licences_c}
  COMMAND ${CMAKE_COMMAND} -DLICENCE=${PROJECT_SOURCE_DIR}/LICENSE -DFOLDER=${PROJECT_SOURCE_DIR}/packaging/licences
    -DOUTPUT=${licences_c} -P ${CMAKE_CURRENT_SOURCE_DIR}/embed.cmake
  DEPENDS ${licence_texts} ${PROJECT_SOURCE_DIR}/LICENSE ${CMAKE_CURRENT_SOURCE_DIR}/embed.cmake
  VERBATIM)
target_sources(tally_medium PRIVATE ${licences_c})
