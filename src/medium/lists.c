/* lists.c - see lists.h. */
#include "medium/lists.h"

#include "medium/layout.h"

const char *list_name(enum list list)
{
	static const char *const names[LIST_COUNT] = {
		[LIST_SHA256] = MEDIUM_SHA256,
		[LIST_MTREE] = MEDIUM_MTREE,
		[LIST_BODYFILE] = MEDIUM_BODYFILE,
	};

	return names[list];
}
