# What `cmake --install` puts where: the programs, their manuals, the default policy (as an example: `tally init` writes its
# own), the documents, the units of tallyd and what belongs to them.
file(GLOB manuals CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/docs/*.[1-8])
foreach(manual ${manuals})
  string(REGEX REPLACE ".*\\.([1-8])$" "\\1" section ${manual})
  install(FILES ${manual} DESTINATION ${CMAKE_INSTALL_MANDIR}/man${section})
endforeach()
install(FILES conf/policy.yaml DESTINATION ${CMAKE_INSTALL_DATADIR}/tallystick)
file(GLOB documents CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/docs/*.md)
install(FILES README.md NEWS.md LICENSE ${documents} DESTINATION ${CMAKE_INSTALL_DOCDIR})

set(TALLYD ${CMAKE_INSTALL_FULL_SBINDIR}/tallyd)
configure_file(packaging/tallyd.service.in ${PROJECT_BINARY_DIR}/packaging/tallyd.service @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/packaging/tallyd.service packaging/tallyd-first-boot.service
  DESTINATION lib/systemd/system)
install(FILES packaging/tallystick.sysusers DESTINATION lib/sysusers.d RENAME tallystick.conf)
install(FILES packaging/tallystick.tmpfiles DESTINATION lib/tmpfiles.d RENAME tallystick.conf)
install(FILES packaging/tallystick-sysctl.conf DESTINATION ${CMAKE_INSTALL_DOCDIR}/examples)
