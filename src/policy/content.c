/* content.c - see content.h. */
#include "policy/content.h"

#include <stdio.h>

enum content_want content_wanted(const struct decision *decision, bool program)
{
	bool content;

	if (!decision->in_scope)
		return WANT_NOTHING;
	content = (decision->profile->attributes & ATTR_BIT(ATTR_CONTENT)) != 0;
	switch (decision->profile->kind) {
	case PROFILE_GROWING:
		/* a program among logs is judged whole */
		if (!content)
			return WANT_PROGRAM;
		return program ? WANT_WHOLE : WANT_GROWING;
	case PROFILE_VOLATILE:
		return content ? WANT_WHOLE : WANT_PROGRAM;
	case PROFILE_PLAIN:
	default:
		return content ? WANT_WHOLE : WANT_NOTHING;
	}
}

void content_too_large(const struct policy *policy, char *ret_line, size_t size)
{
	uint64_t max = policy_max_content(policy);

	if (max % (1 << 30) == 0)
		(void)snprintf(ret_line, size, "larger than max_content, %llu GiB", (unsigned long long)(max >> 30));
	else
		(void)snprintf(ret_line, size, "larger than max_content, %llu bytes", (unsigned long long)max);
}
