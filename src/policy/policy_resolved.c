/*
 * policy_resolved.c - the one text that stands for a policy, whatever its sources looked like.
 *
 * It depends on nothing that is not in it: built-in profiles are spelled out, so that a later version that defines
 * them otherwise judges a signed policy as it was meant. ASCII but for printable text in paths.
 */
#include "policy/policy_inner.h"

#include <inttypes.h>
#include <string.h>

#include "base/quote.h"

static const char *const only_names[] = {
	[ONLY_SELF] = "self",
	[ONLY_FILES] = "files",
	[ONLY_DIRS] = "dirs",
};

/* The character at the beginning of valid UTF-8. */
static uint32_t character(const unsigned char *text, size_t *ret_len)
{
	unsigned char lead = text[0];
	size_t len = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
	uint32_t value = len == 1 ? lead : lead & (0x7fu >> len);

	for (size_t i = 1; i < len; i++)
		value = value << 6 | (text[i] & 0x3fu);
	*ret_len = len;
	return value;
}

/* May it stand for itself between double quotes? Not what YAML or a terminal would take for something else. */
static bool stands_for_itself(struct buf *out, const unsigned char *text, size_t len, uint32_t value)
{
	struct buf quoted = BUF_INIT;
	bool escaped = true;

	if (value < 0x80)
		return value >= 0x20 && value != 0x7f && value != '"' && value != '\\';
	if (value == 0xfeff || (value & 0xfffe) == 0xfffe)
		return false;
	if (quote_add(&quoted, text, len, &escaped) < 0)
		out->failed = true; /* one policy has one text: no other form for want of memory */
	buf_done(&quoted);
	return !escaped;
}

/* TEXT came out of libyaml: it is valid UTF-8. */
static void add_quoted(struct buf *out, const char *text)
{
	const unsigned char *at = (const unsigned char *)text;
	size_t len;

	buf_add_byte(out, '"');
	for (; *at; at += len) {
		uint32_t value = character(at, &len);

		if (stands_for_itself(out, at, len, value))
			buf_add(out, at, len);
		else if (value == '"' || value == '\\')
			buf_printf(out, "\\%c", (int)value);
		else if (value <= 0xff)
			buf_printf(out, "\\x%02" PRIx32, value);
		else if (value <= 0xffff)
			buf_printf(out, "\\u%04" PRIx32, value);
		else
			buf_printf(out, "\\U%08" PRIx32, value);
	}
	buf_add_byte(out, '"');
}

static void add_profile(struct buf *out, const struct profile *profile)
{
	const char *between = "";

	buf_printf(out, "  %s: {built-in: %s, kind: %s, attributes: [", profile->name,
		   profile->builtin ? "true" : "false", profile_kind_name(profile->kind));
	for (size_t i = 0; i < ATTR_COUNT; i++)
		if (profile->attributes & ATTR_BIT(i)) {
			buf_printf(out, "%s%s", between, attr_name((enum attr)i));
			between = ", ";
		}
	buf_add_str(out, "]}\n");
}

static void add_rule(struct buf *out, const struct rule *rule)
{
	buf_add_str(out, "  - path: ");
	add_quoted(out, rule->path);
	buf_add_str(out, "\n");
	if (rule->only != ONLY_ALL)
		buf_printf(out, "    only: %s\n", only_names[rule->only]);
	if (rule->has_exclude)
		buf_printf(out, "    exclude: %s\n", rule->exclude ? "true" : "false");
	if (rule->profile)
		buf_printf(out, "    profile: %s\n", rule->profile->name);
	if (rule->has_severity)
		buf_printf(out, "    severity: %s\n", severity_name(rule->severity));
	buf_add_str(out, "    origin: ");
	add_quoted(out, rule->origin);
	buf_add_str(out, "\n");
}

int policy_resolved(const struct policy *policy, struct buf *out, struct err *err)
{
	size_t before = out->len;

	buf_printf(out, NODE_RESOLVED_MAGIC "max_content: %" PRIu64 "\nprofiles:\n", policy->max_content);
	for (size_t i = 0; i < policy->profile_count; i++)
		add_profile(out, policy->profiles[i]);
	buf_add_str(out, "rules:\n");
	for (size_t i = 0; i < policy->rule_count; i++)
		add_rule(out, &policy->rules[i].rule);
	if (buf_failed(out))
		return err_nomem(err);
	if (out->len - before > NODE_MAX_RESOLVED_BYTES)
		return err_set(err, ERR_POLICY, "resolved policy of %zu bytes, expected at most %d", out->len - before,
			       NODE_MAX_RESOLVED_BYTES);
	return 0;
}
