# cmake -DINPUT=FILE -DOUTPUT=FILE.c -P embed.cmake: the bytes of a file as policy_default of policy.h.
file(READ ${INPUT} hex HEX)
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
# eight bytes a line
string(REGEX REPLACE "(0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,)" "\\1\n\t" bytes "${bytes}")
file(WRITE ${OUTPUT}.new "/* generated from conf/policy.yaml */
#include \"policy/policy.h\"

static const unsigned char text[] = {
\t${bytes}
};

const struct policy_source policy_default = { .name = \"policy.yaml\", .text = text, .len = sizeof(text) };
")
file(RENAME ${OUTPUT}.new ${OUTPUT})
