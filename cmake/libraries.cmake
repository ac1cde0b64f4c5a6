# The libraries, as PkgConfig::NAME. Static libraries do not say what else they need: that is added here, only as much as is used
# of them.
if(TALLY_STATIC)
  set(CMAKE_FIND_LIBRARY_SUFFIXES .a)
endif()

pkg_check_modules(sodium REQUIRED IMPORTED_TARGET libsodium)
pkg_check_modules(sqlite REQUIRED IMPORTED_TARGET sqlite3)
pkg_check_modules(yaml REQUIRED IMPORTED_TARGET yaml-0.1)
pkg_check_modules(nettle REQUIRED IMPORTED_TARGET nettle)
pkg_check_modules(jansson REQUIRED IMPORTED_TARGET jansson)
pkg_check_modules(seccomp REQUIRED IMPORTED_TARGET libseccomp)
pkg_check_modules(blkid REQUIRED IMPORTED_TARGET blkid)
pkg_check_modules(ext2fs REQUIRED IMPORTED_TARGET ext2fs)
pkg_check_modules(archive REQUIRED IMPORTED_TARGET libarchive)
if(TALLY_STATIC)
  add_library(PkgConfig::ewf INTERFACE IMPORTED)
else() # no E01 from a medium: libewf is large, and another format's tools decode it
  pkg_check_modules(ewf REQUIRED IMPORTED_TARGET libewf)
endif()

if(TALLY_STATIC)
  foreach(name sodium sqlite yaml nettle jansson seccomp blkid ext2fs archive)
    if(NOT ${name}_LINK_LIBRARIES MATCHES "\\.a(;|$)")
      message(FATAL_ERROR "there is no static library of ${name}: pkg-config and the linker know only '${${name}_LINK_LIBRARIES}'")
    endif()
  endforeach()
  set_property(TARGET PkgConfig::sqlite APPEND PROPERTY INTERFACE_LINK_LIBRARIES m)
  # zip's encryption wants nettle; libxml2 (xar), lz4 and libacl are for what archive/stream.c does not name
  set_property(TARGET PkgConfig::archive APPEND PROPERTY INTERFACE_LINK_LIBRARIES PkgConfig::nettle lzma zstd bz2 z)
endif()
