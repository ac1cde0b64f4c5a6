/* severity.c - the names of severities; see policy.h. */
#include "policy/policy.h"

#include <string.h>

static const char *const names[SEVERITY_COUNT] = {
	[SEVERITY_INFO] = "info", [SEVERITY_LOW] = "low",           [SEVERITY_MEDIUM] = "medium",
	[SEVERITY_HIGH] = "high", [SEVERITY_CRITICAL] = "critical",
};

const char *severity_name(enum severity severity)
{
	return names[severity];
}

bool severity_parse(const char *name, enum severity *ret_severity)
{
	for (size_t i = 0; i < SEVERITY_COUNT; i++)
		if (strcmp(names[i], name) == 0) {
			*ret_severity = (enum severity)i;
			return true;
		}
	return false;
}
