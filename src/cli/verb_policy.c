/* verb_policy.c - tally policy check|show. */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/quote.h"
#include "cli/cli.h"
#include "report/json.h"

static int print_check(const struct options *options, const struct policy *policy, struct err *err)
{
	if (options->json)
		return cli_print_json(json_pack("{s:s,s:i,s:I}", "record", "policy", "format", 1, "rules",
						(json_int_t)policy_rule_count(policy)),
				      err);
	printf("the policy is valid: %zu rules, scanning starts at %zu places\n", policy_rule_count(policy),
	       policy_root_count(policy));
	for (size_t i = 0; !options->quiet && i < policy_root_count(policy); i++)
		printf("  %s\n", QUOTE(policy_root(policy, i)));
	return 0;
}

static int print_show(const struct options *options, const struct policy *policy, struct err *err)
{
	CLEANUP(record_done) struct record record = record_new();
	CLEANUP(buf_done) struct buf text = BUF_INIT;
	struct report_out out = cli_out(options);
	int r;

	r = policy_resolved(policy, &text, err);
	if (r < 0)
		return r;
	if (!options->json) {
		(void)fwrite(text.data, 1, text.len, stdout);
		return 0;
	}
	record_string(&record, "record", "policy");
	record_count(&record, "format", 1);
	/* several lines, so JSON's own escapes must do; the resolved form is printable UTF-8 by its definition */
	record_set(&record, "text", json_stringn((const char *)text.data, text.len));
	return record_write(&out, &record, err);
}

int verb_policy(struct options *options, struct err *err)
{
	CLEANUP(policy_freep) struct policy *policy = NULL;
	bool show = strcmp(options->args[0], "show") == 0;
	int r;

	if (!show && strcmp(options->args[0], "check") != 0)
		return err_set(err, ERR_USAGE, "policy wants check or show");
	r = op_policy(&options->place, talk_start(options), &policy, err);
	if (r >= 0)
		r = show ? print_show(options, policy, err) : print_check(options, policy, err);
	return r < 0 ? r : cli_flush(err);
}
