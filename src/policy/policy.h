/*
 * policy.h - the YAML rules: what to scan, what to compare, how bad a change is. docs/tallystick-policy.5.
 *
 * A policy is immutable once parsed: every function on a const policy may be called from many threads.
 */
#ifndef POLICY_POLICY_H
#define POLICY_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/attr.h"
#include "base/path.h"
#include "tally/err.h"

enum severity { SEVERITY_INFO, SEVERITY_LOW, SEVERITY_MEDIUM, SEVERITY_HIGH, SEVERITY_CRITICAL, SEVERITY_COUNT };
const char *severity_name(enum severity severity);
bool severity_parse(const char *name, enum severity *ret_severity);

/* What a profile expects of a file beyond the attributes that it compares. */
enum profile_kind {
	PROFILE_PLAIN, /* every compared attribute must stay */
	PROFILE_GROWING, /* content may grow at its end: the recorded prefix must stay, size must not shrink */
	PROFILE_VOLATILE /* files come and go and change (rotated logs, caches); programs among them are reported */
};

struct profile {
	char *name;
	uint32_t attributes; /* ATTR_BIT()s compared */
	enum profile_kind kind;
	bool builtin;
};

enum rule_only { ONLY_ALL, ONLY_SELF, ONLY_FILES, ONLY_DIRS };

struct rule {
	char *path; /* the pattern as written, without a slash at its end; with escapes, so not a path to open */
	const struct profile *profile; /* NULL: not given */
	bool has_severity, has_exclude, exclude;
	enum severity severity;
	enum rule_only only;
	char *origin; /* "policy.yaml:12", "policy.d/10-x.yaml:3", "built-in" */
};

/* What the policy says of one path. */
struct decision {
	bool in_scope; /* some rule matches and does not exclude */
	bool excluded; /* the last word was exclude: true */
	const struct profile *profile; /* never NULL when in_scope */
	enum severity severity;
	const struct rule *rule; /* the rule that decided (last match), NULL when none matches */
};

struct policy;

struct policy_source {
	const char *name; /* "policy.yaml": as it appears in origins and errors */
	const unsigned char *text;
	size_t len;
};

/*
 * Parses the sources in order into one policy. Errors are ERR_POLICY, one line: "NAME:LINE:COLUMN: what was
 * found, what was expected", with a suggestion for unknown keys and names. Bounds: 1 MiB a source (4 MiB a resolved
 * text), depth 8, 10,000 rules, 256 profiles, 4,096 bytes a path. The grammar: docs/tallystick-policy.5.
 */
int policy_parse(const struct policy_source *sources, size_t count, struct policy **ret_policy, struct err *err);
void policy_freep(struct policy **policy);

/*
 * The resolved policy: canonical YAML, `resolved: 1` at its top, with every profile spelled out (built-in ones too,
 * so that it means the same to a later version) and every rule's origin, which policy_parse() reads back (alone, as a
 * source of any name) to an equal policy, origins included. Appends to OUT. ERR_POLICY when it passes 4 MiB.
 */
int policy_resolved(const struct policy *policy, struct buf *out, struct err *err);

uint64_t policy_max_content(const struct policy *policy); /* bytes; default 64 GiB */
size_t policy_rule_count(const struct policy *policy);
const struct rule *policy_rule(const struct policy *policy, size_t index);
size_t policy_profile_count(const struct policy *policy);
const struct profile *policy_profile(const struct policy *policy, size_t index);

/* The literal beginnings of the rules that do not exclude, outermost only, sorted: where scanning starts.
 * Borrowed from the policy. A root need not exist. */
size_t policy_root_count(const struct policy *policy);
const char *policy_root(const struct policy *policy, size_t index);

/* The decision for one path of which IS_DIR is known. The last rule that matches decides; what it leaves out
 * comes from the match before it; giving a profile lifts an earlier exclude. */
void policy_decide(const struct policy *policy, struct bytes path, bool is_dir, struct decision *ret_decision);

/* As policy_decide(), and every rule that matched, in order, for `tally explain`. RULES is the caller's, with
 * room for policy_rule_count(). Returns how many. */
size_t policy_matches(const struct policy *policy, struct bytes path, bool is_dir, const struct rule **rules);

/* Some rule names this very path or something below it literally (mounts that are not disks are entered only
 * then). */
bool policy_names_below(const struct policy *policy, struct bytes path);

/*
 * Walking: what is known of a directory, so that its children are decided quickly. policy_dir_new() for a
 * root or for a child of PARENT (NULL: compute from the path alone). May be shared between threads; the
 * parent may be freed first.
 */
struct policy_dir;
int policy_dir_new(const struct policy *policy, const struct policy_dir *parent, struct bytes path,
		   struct policy_dir **ret_dir, struct err *err);
void policy_dir_freep(struct policy_dir **dir);
/* Decision for a child of that directory; the same as policy_decide() of its path. */
void policy_dir_decide(const struct policy_dir *dir, struct bytes child_path, bool is_dir,
		       struct decision *ret_decision);
/* Can anything below the child directory be in scope? If not it need not be entered. */
bool policy_dir_may_enter(const struct policy_dir *dir, struct bytes child_path);

/*
 * Decisions for a stream of paths, many times faster than policy_decide() when each lies near the one before, as in
 * path order. One owner; not thread-safe. A failed call (ERR_INTERNAL) leaves the walk usable.
 */
struct policy_walk;
int policy_walk_new(const struct policy *policy, struct policy_walk **ret_walk, struct err *err);
void policy_walk_freep(struct policy_walk **walk);
/* The same as policy_decide(). */
int policy_walk_decide(struct policy_walk *walk, struct bytes path, bool is_dir, struct decision *ret_decision,
		       struct err *err);

/* The same as policy_dir_may_enter() of the directory PATH; "/" may always be entered. */
int policy_walk_may_enter(struct policy_walk *walk, struct bytes path, bool *ret_may, struct err *err);

/* The default policy, compiled in from conf/policy.yaml. */
extern const struct policy_source policy_default;

#endif
