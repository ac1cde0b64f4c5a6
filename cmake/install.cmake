# What `cmake --install` puts where: the program, its manual, the default policy (as an example: `tally init` writes its
# own), the documents.
file(GLOB manuals CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/docs/*.[1-8])
foreach(manual ${manuals})
  string(REGEX REPLACE ".*\\.([1-8])$" "\\1" section ${manual})
  install(FILES ${manual} DESTINATION ${CMAKE_INSTALL_MANDIR}/man${section})
endforeach()
install(FILES conf/policy.yaml DESTINATION ${CMAKE_INSTALL_DATADIR}/tallystick)
file(GLOB documents CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/docs/*.md)
install(FILES README.md NEWS.md LICENSE ${documents} DESTINATION ${CMAKE_INSTALL_DOCDIR})
