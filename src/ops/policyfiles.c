/*
 * policyfiles.c - the policy files checked: they parse, and where their paths lead.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/quote.h"
#include "ops/config.h"

/* A rule speaks of names as they are; one whose path runs through a link matches nothing. */
static void warn_of_links(const struct talk *talk, const struct rule *rule)
{
	CLEANUP(freep) char *path = strdup(rule->path);

	if (!path)
		return;
	path[strcspn(path, "*?[\\")] = '\0';
	for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		CLEANUP(buf_done) struct buf line = BUF_INIT;
		struct stat status;

		*slash = '\0';
		if (lstat(path, &status) == 0 && S_ISLNK(status.st_mode)) {
			(void)buf_printf(&line,
					 "%s: '%s' is a symbolic link: the rule for '%s' matches nothing below it",
					 rule->origin, QUOTE(path), QUOTE(rule->path));
			if (buf_str(&line))
				talk->warn(talk->context, (char *)line.data);
			return;
		}
		*slash = '/';
	}
}

int op_policy(const struct place *place, const struct talk *talk, struct policy **ret_policy, struct err *err)
{
	CLEANUP(policy_set_done) struct policy_set set = POLICY_SET_INIT;
	CLEANUP(fd_closep) int dirfd = -1;
	int r;

	r = config_dir_open(place->config, &dirfd, err);
	if (r >= 0)
		r = policy_set_load(dirfd, &set, err);
	if (r >= 0)
		r = policy_set_parse(&set, ret_policy, err);
	if (r < 0)
		return r;
	for (size_t i = 0; talk && talk->warn && i < policy_rule_count(*ret_policy); i++)
		warn_of_links(talk, policy_rule(*ret_policy, i));
	return 0;
}
