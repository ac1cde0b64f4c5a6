# cmake -DLICENCE=FILE -DFOLDER=FOLDER -DOUTPUT=FILE.c -P embed.cmake: the texts of a folder in the order of their names, our own
# licence behind the first, as licences_text of licences.h.
file(GLOB files ${FOLDER}/*.txt)
list(SORT files)
list(INSERT files 1 ${LICENCE})
set(whole "")
foreach(file ${files})
  string(REGEX REPLACE "^.*/[0-9]*-?([^/]*)\\.txt$" "\\1" name ${file})
  if(file STREQUAL LICENCE)
    set(name "tallystick")
  endif()
  string(LENGTH ${name} length)
  math(EXPR length "100 - ${length}")
  string(REPEAT "=" ${length} line)
  string(HEX "${name} ${line}\n\n" head)
  file(READ ${file} hex HEX)
  string(APPEND whole "${head}${hex}0a")
endforeach()
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${whole}")
# sixteen bytes a line
string(REGEX REPLACE "(0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,)" "\\1\n\t" bytes "${bytes}")
file(WRITE ${OUTPUT}.new "/* generated from packaging/licences */
#include \"medium/licences.h\"

const unsigned char licences_text[] = {
\t${bytes}
};
const size_t licences_text_len = sizeof(licences_text);
")
file(RENAME ${OUTPUT}.new ${OUTPUT})
