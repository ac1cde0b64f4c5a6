/*
 * attr.h - the attributes of a path that Tallystick knows, and their names in policy, JSON and text.
 */
#ifndef BASE_ATTR_H
#define BASE_ATTR_H

#include <stdbool.h>

/* In the order of the contract. Names by attr_name(). Values are stored in canonical bytes: never renumber. */
enum attr {
	ATTR_TYPE,
	ATTR_MODE,
	ATTR_OWNER,
	ATTR_GROUP,
	ATTR_SIZE,
	ATTR_CONTENT,
	ATTR_MTIME,
	ATTR_CTIME,
	ATTR_BTIME,
	ATTR_INODE,
	ATTR_LINKS,
	ATTR_TARGET,
	ATTR_RDEV,
	ATTR_XATTRS,
	ATTR_ACL,
	ATTR_CAPS,
	ATTR_SELINUX,
	ATTR_FLAGS,
	ATTR_COUNT
};
#define ATTR_BIT(attr) (1u << (attr))
#define ATTR_ALL       ((1u << ATTR_COUNT) - 1u)

const char *attr_name(enum attr attr); /* "type" ... "flags" */
bool attr_parse(const char *name, enum attr *ret_attr);

#endif
