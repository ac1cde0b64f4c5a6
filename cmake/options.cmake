# What every target of ours is compiled and linked with.
add_library(tally_options INTERFACE)
target_compile_definitions(tally_options INTERFACE _GNU_SOURCE _FILE_OFFSET_BITS=64)
# -iquote, not -I: src/sys/ must not come before the C library's <sys/...>.
target_compile_options(tally_options INTERFACE
  "SHELL:-iquote ${PROJECT_SOURCE_DIR}/src" "SHELL:-iquote ${PROJECT_SOURCE_DIR}/include")
target_compile_options(tally_options INTERFACE
  -Wall -Wextra -Wconversion -Wsign-conversion -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla
  -Wformat=2 -Wcast-qual -Wwrite-strings -Wswitch-enum -Wundef)
if(TALLY_WERROR)
  target_compile_options(tally_options INTERFACE -Werror)
endif()

if(TALLY_SANITIZE)
  target_compile_options(tally_options INTERFACE -fsanitize=${TALLY_SANITIZE} -fno-omit-frame-pointer
    -fno-sanitize-recover=all)
  target_link_options(tally_options INTERFACE -fsanitize=${TALLY_SANITIZE})
else()
  target_compile_options(tally_options INTERFACE -fstack-protector-strong -fstack-clash-protection)
  target_compile_options(tally_options INTERFACE $<$<NOT:$<CONFIG:Debug>>:-U_FORTIFY_SOURCE>
    $<$<NOT:$<CONFIG:Debug>>:-D_FORTIFY_SOURCE=3>)
  target_link_options(tally_options INTERFACE -Wl,-z,relro,-z,now)
endif()
if(TALLY_STATIC)
  # Position independent all the same. No symbols and no folder names of the building machine: it is put on media, byte for byte.
  target_compile_options(tally_options INTERFACE -ffile-prefix-map=${PROJECT_BINARY_DIR}=build
    -ffile-prefix-map=${PROJECT_SOURCE_DIR}=.)
  target_link_options(tally_options INTERFACE -static-pie -Wl,-z,noexecstack,-z,separate-code,--gc-sections,-s)
else()
  # as needed: what parses images and archives is not even loaded by the daemon
  target_link_options(tally_options INTERFACE -pie -Wl,--as-needed)
endif()
