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
#include "sys/mounts.h"

/* Only where looking can't hang: not below a FUSE, network or automount mount. */
static bool may_look(const struct sys_mounts *mounts, const char *path)
{
	const struct sys_mount *mount = sys_mounts_of(mounts, path, strlen(path));

	return mount && (mount->disk || strcmp(mount->path, "/") == 0);
}

static bool is_link(const struct sys_mounts *mounts, const char *path)
{
	struct stat status;

	return may_look(mounts, path) && lstat(path, &status) == 0 && S_ISLNK(status.st_mode);
}

/* A link to a folder that the policy does not cover by its own name either. */
static bool leads_astray(const struct policy *policy, const struct sys_mounts *mounts, const char *path)
{
	CLEANUP(freep) char *target = is_link(mounts, path) ? realpath(path, NULL) : NULL;
	struct decision decision;
	struct stat status;

	if (!target || !may_look(mounts, target) || lstat(target, &status) < 0 || !S_ISDIR(status.st_mode))
		return false;
	policy_decide(policy, bytes_of(target), true, &decision);
	return !decision.in_scope;
}

static void warn_link(const struct talk *talk, const struct rule *rule, const char *link)
{
	CLEANUP(buf_done) struct buf line = BUF_INIT;

	(void)buf_printf(&line, "%s: '%s' is a symbolic link: the rule for '%s' matches nothing below it", rule->origin,
			 QUOTE(link), QUOTE(rule->path));
	if (buf_str(&line))
		talk->warn(talk->context, (char *)line.data);
}

/* A rule speaks of names as they are; one whose path leads through a link matches nothing behind it. */
static void warn_of_links(const struct talk *talk, const struct policy *policy, const struct sys_mounts *mounts,
			  const struct rule *rule)
{
	CLEANUP(freep) char *path = strdup(rule->path);
	size_t literal;

	if (!path || (rule->has_exclude && rule->exclude))
		return;
	literal = strcspn(path, "*?[\\");
	/* the whole path, too, unless the rule means just the link */
	if (rule->only == ONLY_ALL && !path[literal] && leads_astray(policy, mounts, path)) {
		warn_link(talk, rule, path);
		return;
	}
	path[literal] = '\0';
	for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (is_link(mounts, path)) {
			warn_link(talk, rule, path);
			return;
		}
		*slash = '/';
	}
}

int policy_warn(const struct policy *policy, const struct talk *talk, struct err *err)
{
	CLEANUP(sys_mounts_done) struct sys_mounts mounts = { .mounts = NULL };
	int r;

	if (!talk || !talk->warn)
		return 0;
	r = sys_mounts_load(NULL, &mounts, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < policy_rule_count(policy); i++)
		warn_of_links(talk, policy, &mounts, policy_rule(policy, i));
	return 0;
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
	return r < 0 ? r : policy_warn(*ret_policy, talk, err);
}
