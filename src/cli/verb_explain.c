/* verb_explain.c - tally explain. */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/quote.h"
#include "cli/cli.h"
#include "report/json.h"

static void print_attributes(const char *head, uint32_t mask)
{
	printf("%s", head);
	for (unsigned attr = 0; attr < ATTR_COUNT; attr++) {
		if (mask & ATTR_BIT(attr))
			printf(" %s", attr_name((enum attr)attr));
	}
	puts(mask ? "" : " nothing");
}

static const char *kind_text(enum profile_kind kind)
{
	switch (kind) {
	case PROFILE_GROWING:
		return "; may grow at its end, what was recorded of it must stay";
	case PROFILE_VOLATILE:
		return "; files may come, go and change, but programs are reported";
	case PROFILE_PLAIN:
	default:
		return "";
	}
}

static void print_decision(const struct explanation *explanation)
{
	const struct decision *decision = &explanation->decision;

	printf("judged by   %s\n", explanation->policy_from);
	for (size_t i = 0; i < explanation->rule_count; i++) {
		const struct rule *rule = explanation->rules[i];

		printf("%s%s: path %s%s%s%s%s%s\n", i ? "            " : "rules       ", rule->origin,
		       QUOTE(rule->path), rule->profile ? ", profile " : "", rule->profile ? rule->profile->name : "",
		       rule->has_severity ? ", severity " : "", rule->has_severity ? severity_name(rule->severity) : "",
		       rule->has_exclude && rule->exclude ? ", exclude" : "");
	}
	if (decision->excluded) {
		printf("decision    excluded: nothing of it is recorded or reported\n");
	} else if (!decision->in_scope) {
		printf("decision    no rule covers it: it is not recorded\n");
	} else {
		printf("decision    profile %s, severity %s (%s)\n", decision->profile->name,
		       severity_name(decision->severity), decision->rule ? decision->rule->origin : "built-in");
		print_attributes("compared   ", decision->profile->attributes);
		if (*kind_text(decision->profile->kind))
			printf("           %s\n", kind_text(decision->profile->kind));
	}
}

static int print_state(const struct options *options, const struct explanation *explanation, struct err *err)
{
	struct report_out out = cli_out(options);
	uint32_t compared = explanation->decision.profile ? explanation->decision.profile->attributes : 0;
	uint32_t tolerated = explanation->differs & compared & ~explanation->reported;
	int r = 0;

	printf("recorded    %s\n", explanation->recorded ? "" : explanation->signed_policy ? "no" : "no baseline");
	if (explanation->recorded)
		r = report_entry(&out, &explanation->recorded->entry, true, err);
	if (explanation->not_looked)
		printf("present     not looked at: %s\n", explanation->not_looked);
	else
		printf("present     %s\n", explanation->present ? "" : "no, or not in scope");
	if (r >= 0 && explanation->present)
		r = report_entry(&out, &explanation->present->entry, true, err);
	if (r < 0 || !explanation->recorded || !explanation->present)
		return r;
	if (explanation->reported)
		print_attributes("differs, and is reported:", explanation->reported);
	if (tolerated)
		print_attributes("differs, as the profile expects:", tolerated);
	if (explanation->differs & ~compared)
		print_attributes("differs, but this profile does not compare it:", explanation->differs & ~compared);
	if (!explanation->differs)
		puts("nothing differs");
	return 0;
}

static void set_optional(struct record *record, const char *key, const char *text)
{
	record_set(record, key, text ? json_string(text) : json_null());
}

static int print_json(const struct explanation *explanation, const struct options *options, struct err *err)
{
	CLEANUP(record_done) struct record record = record_new();
	const struct decision *decision = &explanation->decision;
	struct report_out out = cli_out(options);
	json_t *rules = json_array();
	int r;

	record_string(&record, "record", "explanation");
	record_count(&record, "format", 1);
	record_bytes(&record, "path", bytes_of(explanation->path));
	record_set(&record, "in_scope", json_boolean(decision->in_scope));
	record_set(&record, "excluded", json_boolean(decision->excluded));
	set_optional(&record, "profile", decision->in_scope ? decision->profile->name : NULL);
	set_optional(&record, "severity", decision->in_scope ? severity_name(decision->severity) : NULL);
	set_optional(&record, "rule", decision->rule ? decision->rule->origin : NULL);
	for (size_t i = 0; i < explanation->rule_count; i++)
		record.failed |= json_array_append_new(rules, json_string(explanation->rules[i]->origin)) < 0;
	record_set(&record, "rules", rules);
	record_attributes(&record, "differs", explanation->differs);
	if (explanation->not_looked)
		record_string(&record, "not_looked", explanation->not_looked);
	r = record_write(&out, &record, err);
	if (r >= 0 && explanation->recorded)
		r = report_entry(&out, &explanation->recorded->entry, true, err);
	return r;
}

int verb_explain(struct options *options, struct err *err)
{
	CLEANUP(explanation_freep) struct explanation *explanation = NULL;
	int r;

	r = op_explain(&options->place, options->args[0], talk_start(options), &explanation, err);
	if (r >= 0 && options->json) {
		r = print_json(explanation, options, err);
	} else if (r >= 0) {
		printf("path        %s\n", QUOTE(explanation->path));
		print_decision(explanation);
		r = print_state(options, explanation, err);
	}
	return r < 0 ? r : cli_flush(err);
}
