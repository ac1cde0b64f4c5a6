/* attr.c - see attr.h. */
#include "base/attr.h"

#include <string.h>

#include "base/cleanup.h"

static const char *const names[ATTR_COUNT] = {
	[ATTR_TYPE] = "type",       [ATTR_MODE] = "mode",       [ATTR_OWNER] = "owner", [ATTR_GROUP] = "group",
	[ATTR_SIZE] = "size",       [ATTR_CONTENT] = "content", [ATTR_MTIME] = "mtime", [ATTR_CTIME] = "ctime",
	[ATTR_BTIME] = "btime",     [ATTR_INODE] = "inode",     [ATTR_LINKS] = "links", [ATTR_TARGET] = "target",
	[ATTR_RDEV] = "rdev",       [ATTR_XATTRS] = "xattrs",   [ATTR_ACL] = "acl",     [ATTR_CAPS] = "caps",
	[ATTR_SELINUX] = "selinux", [ATTR_FLAGS] = "flags",
};

const char *attr_name(enum attr attr)
{
	return names[attr];
}

bool attr_parse(const char *name, enum attr *ret_attr)
{
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (strcmp(name, names[i]) == 0) {
			*ret_attr = (enum attr)i;
			return true;
		}
	}
	return false;
}
