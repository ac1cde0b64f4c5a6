/* naming.c - see naming.h. */
#include "archive/naming.h"

static enum naming add(struct buf *path, const unsigned char *name, size_t len)
{
	if (len == 0 || (len == 1 && name[0] == '.'))
		return NAMING_PATH;
	if (len == 2 && name[0] == '.' && name[1] == '.')
		return NAMING_OUTSIDE;
	if (path->len + 1 + len > PATH_MAX_BYTES)
		return NAMING_IMPOSSIBLE;
	return buf_add_byte(path, '/') < 0 || buf_add(path, name, len) < 0 ? NAMING_MEMORY : NAMING_PATH;
}

enum naming naming_path(struct bytes name, struct buf *path)
{
	const unsigned char *at = name.data, *end = name.data + name.len;
	enum naming naming = NAMING_PATH;

	buf_clear(path);
	if (name.len == 0 || memchr(name.data, '\0', name.len))
		return NAMING_IMPOSSIBLE;
	while (at < end && naming == NAMING_PATH) {
		const unsigned char *slash = memchr(at, '/', (size_t)(end - at));

		if (!slash)
			slash = end;
		naming = add(path, at, (size_t)(slash - at));
		at = slash < end ? slash + 1 : end;
	}
	if (naming == NAMING_PATH && path->len == 0 && buf_add_byte(path, '/') < 0)
		return NAMING_MEMORY;
	return naming;
}
