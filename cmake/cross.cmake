# A toolchain file for the static program of another architecture: docs/STATIC.md.
#	cmake --preset static -B build/static-aarch64 --toolchain "$PWD/cmake/cross.cmake" -DTALLY_TRIPLE=aarch64-linux-gnu
# TALLY_SYSROOT: where the target's libraries lie, when not in /usr/lib/TRIPLE of this machine.
set(TALLY_TRIPLE "" CACHE STRING "the target, as the compiler's prefix names it")
set(TALLY_SYSROOT "" CACHE PATH "folder that holds the target's usr/include and usr/lib/TRIPLE")
list(APPEND CMAKE_TRY_COMPILE_PLATFORM_VARIABLES TALLY_TRIPLE TALLY_SYSROOT)
if(NOT TALLY_TRIPLE)
  message(FATAL_ERROR "-DTALLY_TRIPLE=aarch64-linux-gnu or another target is needed")
endif()

set(CMAKE_SYSTEM_NAME Linux)
string(REGEX REPLACE "-.*" "" CMAKE_SYSTEM_PROCESSOR ${TALLY_TRIPLE})
set(CMAKE_C_COMPILER ${TALLY_TRIPLE}-gcc)
set(CMAKE_LIBRARY_ARCHITECTURE ${TALLY_TRIPLE})
set(CMAKE_FIND_ROOT_PATH ${TALLY_SYSROOT}/)
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(ENV{PKG_CONFIG_LIBDIR} ${TALLY_SYSROOT}/usr/lib/${TALLY_TRIPLE}/pkgconfig:${TALLY_SYSROOT}/usr/share/pkgconfig)
set(ENV{PKG_CONFIG_SYSROOT_DIR} ${TALLY_SYSROOT})
