/* report_fixture.h - for tests of report: a comparison with every kind of change in it, and its output as a string. */
#ifndef TESTS_REPORT_FIXTURE_H
#define TESTS_REPORT_FIXTURE_H

#include "diff_fixture.h"
#include "tally/report.h"

static const struct mount fixture_mount = { { (const unsigned char *)"/srv", 4 },
					    { (const unsigned char *)"ext4", 4 },
					    { (const unsigned char *)"uuid:1234", 9 } };

static inline struct policy *fixture_policy(void)
{
	return policy_of("version: 1\n"
			 "rules:\n"
			 "  - {path: /, profile: static}\n"
			 "  - {path: /usr, severity: critical}\n"
			 "  - {path: /etc, severity: high}\n"
			 "  - {path: /var/log, profile: growing-log, severity: low}\n");
}

enum { FIXTURE_COUNT = 8 };

/* Both sides of: an unreadable file, a moved one, a changed log, a program with another mode, owner and more, ... */
static inline void fixture_specs(struct spec a[FIXTURE_COUNT], size_t *a_count, struct spec b[FIXTURE_COUNT],
				 size_t *b_count)
{
	struct spec shared = spec_file("/etc/shared");

	a[0] = spec_file("/etc/old\nname");
	a[0].variant[ATTR_CONTENT] = 7;
	a[1] = shared;
	a[2] = spec_of("/etc/target", TYPE_SYMLINK);
	a[3] = spec_file("/usr/bin/\xff\\tool");
	a[3].variant[ATTR_MODE] = 4;
	a[4] = spec_file("/usr/gone");
	a[4].variant[ATTR_CONTENT] = 9;
	a[5] = spec_file("/var/log/syslog");
	a[5].variant[ATTR_SIZE] = 5;
	*a_count = 6;

	b[0] = shared;
	b[0].state[ATTR_CONTENT] = FAILED;
	b[1] = a[2];
	b[1].variant[ATTR_TARGET] = 2;
	b[2] = spec_of("/etc/zero", TYPE_CHAR);
	b[2].variant[ATTR_MODE] = 6;
	b[3] = a[3];
	b[3].variant[ATTR_MODE] = 5;
	b[3].variant[ATTR_OWNER] = 2;
	b[3].variant[ATTR_CONTENT] = b[3].variant[ATTR_SIZE] = b[3].variant[ATTR_MTIME] = 2;
	b[3].variant[ATTR_FLAGS] = 2;
	b[3].state[ATTR_XATTRS] = b[3].state[ATTR_CAPS] = b[3].state[ATTR_ACL] = VALUE;
	b[3].state[ATTR_SELINUX] = VALUE;
	b[3].variant[ATTR_XATTRS] = 2;
	b[4] = a[5];
	b[4].variant[ATTR_SIZE] = 1;
	b[4].variant[ATTR_INODE] = 2;
	b[5] = a[0];
	(void)snprintf(b[5].path, sizeof(b[5].path), "/var/moved");
	*b_count = 6;
}

static inline struct changes *fixture_changes(struct report_summary *summary)
{
	CLEANUP(policy_freep) struct policy *policy = fixture_policy();
	const struct diff_options options = { .policy = policy };
	struct spec a[FIXTURE_COUNT], b[FIXTURE_COUNT];
	CLEANUP(buf_done) struct buf blind = BUF_INIT;
	struct changes *changes = NULL;
	struct diff_counts mounts = { .examined = 0 };
	struct err err = ERR_INIT;
	struct diff_sink sink;
	size_t a_count, b_count;

	fixture_specs(a, &a_count, b, &b_count);
	assert_int_equal(changes_new(NULL, &changes, &err), 0);
	sink = changes_sink(changes);
	summary->counts = run_into(&options, a, a_count, b, b_count, &sink);
	assert_int_equal(diff_mounts(policy, &fixture_mount, 1, NULL, 0, &sink, &blind, &mounts, &err), 0);
	summary->counts.changed += mounts.changed;
	summary->counts.unexamined += mounts.unexamined;
	assert_int_equal(changes_finish(changes, &summary->counts, &summary->moves_limited, &err), 0);
	return changes;
}

static inline struct report_summary fixture_summary(void)
{
	static const struct report_signer signer = { "/etc/tallystick/host.pub", "blake2b256:0123456789abcdef",
						     "00112233AABBCCDD", true };

	return (struct report_summary){
		.a = { .kind = "baseline", .name = "/var/lib/tallystick/baseline.db" },
		.b = { .kind = "live", .name = "/" },
		.excluded = 12,
		.mounts_skipped = 1,
		.bytes_read = 9234567890,
		.authentic = true,
		.signers = &signer,
		.signer_count = 1,
		.sequence = 3,
		.root = "blake2b256:feedface",
		.host = "web1",
		.created = { 1795300000, 0 },
		.seconds = 3.5,
	};
}

/* The report on CHANGES as a heap string. */
static inline char *fixture_report(struct report_out out, struct changes *changes, const struct report_summary *summary)
{
	struct err err = ERR_INIT;
	char *text = NULL;
	size_t len;

	out.file = open_memstream(&text, &len);
	assert_non_null(out.file);
	if (report_comparison(&out, changes, summary, &err) < 0)
		fail_msg("%s", err.message);
	assert_int_equal(fclose(out.file), 0);
	return text;
}

static inline char *fixture_entry(struct report_out out, const struct entry *entry, bool detail)
{
	struct err err = ERR_INIT;
	char *text = NULL;
	size_t len;

	out.file = open_memstream(&text, &len);
	assert_non_null(out.file);
	if (report_entry(&out, entry, detail, &err) < 0)
		fail_msg("%s", err.message);
	assert_int_equal(fclose(out.file), 0);
	return text;
}

#endif
