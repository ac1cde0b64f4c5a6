/* test_medium_open.c - a medium that is a folder: what is taken, and what each change to it is told as. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <sodium.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "medium/medium.h"

#define H "blake2b256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define STATEMENT                                                                                                      \
	"tallystick-baseline: 1\nhost: h\nhost-id: 00112233445566778899aabbccddeeff\nsequence: 7\nprevious: " H        \
	"\ncreated: 2026-11-21T23:37:40Z\ntool: tally 0.1.0\nentries: 10\nunexamined: 0\npolicy: " H "\nmounts: " H    \
	"\npackages: " H "\nroot: " H "\n"

struct fixture {
	char path[128];
	struct secret_key *host, *operator, * stranger;
	struct trust trust; /* operator only */
};

static const struct {
	const char *name, *text;
} files[] = {
	{ "README.txt", "read me\n" },     { "baseline.db", "not looked at here" }, { "bin/tally-x86_64", "a program" },
	{ "files.bodyfile", "" },          { "files.mtree", "#mtree\n" },           { "files.sha256", "" },
	{ "policy.yaml", "version: 1\n" }, { "statement.txt", STATEMENT },
};

static void must(int r, const struct err *err)
{
	if (r < 0)
		fail_msg("%d: %s", r, err->message);
}

static const char *below(const struct fixture *fixture, const char *name)
{
	static char paths[2][512]; /* for two in one call */
	static unsigned turn;
	char *path = paths[turn++ % 2];

	(void)snprintf(path, sizeof(paths[0]), "%s/%s", fixture->path, name);
	return path;
}

static void put(const struct fixture *fixture, const char *name, const void *text, size_t len)
{
	int fd = open(below(fixture, name), O_WRONLY | O_CREAT | O_TRUNC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, len), (ssize_t)len);
	close(fd);
}

static void key_name(const struct secret_key *key, const char *before, const char *after, char name[128])
{
	char id[KEY_ID_HEX];

	key_id_hex(secret_key_public(key)->id, id);
	(void)snprintf(name, 128, "%s%s%s", before, id, after);
}

/* Signs SHA256SUMS as it is now. */
static void sign(const struct fixture *fixture, const struct secret_key *key, const char *comment, const char *name)
{
	CLEANUP(buf_done) struct buf list = BUF_INIT, text = BUF_INIT;
	struct err err = ERR_INIT;

	must(fd_read_file(AT_FDCWD, below(fixture, "SHA256SUMS"), 1 << 20, &list, NULL, &err), &err);
	must(signature_make(key, list.data, list.len, comment, "trusted", &text, &err), &err);
	put(fixture, name, text.data, text.len);
}

/* Over something that is not the list. */
static void sign_other(const struct fixture *fixture, const struct secret_key *key, const char *name)
{
	CLEANUP(buf_done) struct buf text = BUF_INIT;
	struct err err = ERR_INIT;

	must(signature_make(key, "other", 5, MEDIUM_COMMENT, "trusted", &text, &err), &err);
	put(fixture, name, text.data, text.len);
}

static void enter(struct manifest *manifest, const char *name, const void *text, size_t len)
{
	unsigned char digest[DIGEST_BYTES];
	struct digest_state state;
	struct err err = ERR_INIT;

	digest_init(&state);
	digest_update(&state, text, len);
	digest_final(&state, digest);
	must(manifest_add(manifest, name, digest, &err), &err);
}

static void put_key(const struct fixture *fixture, struct manifest *manifest, const struct secret_key *key)
{
	CLEANUP(buf_done) struct buf text = BUF_INIT;
	char name[128];

	assert_int_equal(public_key_format(secret_key_public(key), &text), 0);
	key_name(key, "keys/", ".pub", name);
	put(fixture, name, text.data, text.len);
	enter(manifest, name, text.data, text.len);
}

/* A medium signed by the operator, with the host's signature beside it. */
static int setup(void **state)
{
	CLEANUP(manifest_done) struct manifest manifest = MANIFEST_INIT;
	CLEANUP(buf_done) struct buf list = BUF_INIT;
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	struct err err = ERR_INIT;
	const char *tmp = getenv("TMPDIR");
	char name[128];

	assert_non_null(fixture);
	must(crypto_self_test(&err), &err);
	(void)snprintf(fixture->path, sizeof(fixture->path), "%s/tally-medium-XXXXXX", tmp ? tmp : "/tmp");
	assert_non_null(mkdtemp(fixture->path));
	assert_int_equal(mkdir(below(fixture, "bin"), 0755), 0);
	assert_int_equal(mkdir(below(fixture, "keys"), 0755), 0);
	must(secret_key_generate(&fixture->host, &err), &err);
	must(secret_key_generate(&fixture->operator, & err), &err);
	must(secret_key_generate(&fixture->stranger, &err), &err);
	must(trust_add(&fixture->trust, secret_key_public(fixture->operator), "ops.pub", false, &err), &err);
	(void)memcpy(manifest.host_id, "00112233445566778899aabbccddeeff", sizeof(manifest.host_id));
	(void)memcpy(manifest.statement, H, sizeof(manifest.statement));
	manifest.sequence = 7;
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		put(fixture, files[i].name, files[i].text, strlen(files[i].text));
		enter(&manifest, files[i].name, files[i].text, strlen(files[i].text));
	}
	put_key(fixture, &manifest, fixture->host);
	put_key(fixture, &manifest, fixture->operator);
	assert_int_equal(manifest_format(&manifest, &list), 0);
	put(fixture, "SHA256SUMS", list.data, list.len);
	sign(fixture, fixture->operator, MEDIUM_COMMENT, "SHA256SUMS.minisig");
	key_name(fixture->host, "SHA256SUMS.", ".minisig", name);
	sign(fixture, fixture->host, MEDIUM_COMMENT_MINISIGN, name);
	*state = fixture;
	return 0;
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *ftw)
{
	(void)status;
	(void)type;
	(void)ftw;
	return remove(path);
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;

	(void)nftw(fixture->path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	secret_key_freep(&fixture->host);
	secret_key_freep(&fixture->operator);
	secret_key_freep(&fixture->stranger);
	trust_done(&fixture->trust);
	free(fixture);
	return 0;
}

static int prove(const struct fixture *fixture, struct medium **ret_medium, struct err *err)
{
	return medium_open(fixture->path, &fixture->trust, NULL, ret_medium, err);
}

/* The message behind "medium 'PATH': ". */
static void expect(const struct fixture *fixture, const char *message)
{
	CLEANUP(medium_freep) struct medium *medium = NULL;
	struct err err = ERR_INIT;
	int r = prove(fixture, &medium, &err);
	const char *text = strstr(err.message, "': ");

	if (!message && r < 0)
		fail_msg("%d: %s", r, err.message);
	if (message && (r != ERR_UNTRUSTED || !text || strstr(text + 3, message) != text + 3))
		fail_msg("%d: %s, not %s", r, err.message, message);
}

static void whole(void **state)
{
	CLEANUP(medium_freep) struct medium *medium = NULL;
	const struct fixture *fixture = *state;
	const struct trust_verdict *verdict;
	struct err err = ERR_INIT;
	struct bytes text;
	uint64_t count, bytes;
	char begin[4];

	must(prove(fixture, &medium, &err), &err);
	assert_int_equal(medium_manifest(medium)->sequence, 7);
	assert_true(medium_text(medium, "statement.txt", &text));
	assert_int_equal(text.len, strlen(STATEMENT));
	assert_memory_equal(text.data, STATEMENT, text.len);
	assert_false(medium_text(medium, "baseline.db", &text));
	assert_false(medium_text(medium, "no", &text));
	assert_int_equal(pread(medium_baseline_fd(medium), begin, 4, 0), 4);
	assert_memory_equal(begin, "not ", 4);
	medium_size(medium, &count, &bytes);
	assert_int_equal(count, ARRAY_SIZE(files) + 5);
	assert_true(bytes > 1000);
	assert_false(medium_is_image(medium));
	verdict = medium_verdict(medium);
	assert_int_equal(verdict->count, 2);
	for (size_t i = 0; i < 2; i++) {
		const struct verdict_signature *signature = &verdict->signatures[i];
		const struct secret_key *maker = signature->signer ? fixture->operator: fixture->host;

		assert_memory_equal(signature->parsed.key_id, secret_key_public(maker)->id, KEY_ID_BYTES);
	}
}

/* Each byte of each file in turn: never taken, and the message names the file, or the list for what signs it. */
static void bytes(void **state)
{
	const struct fixture *fixture = *state;
	CLEANUP(manifest_done) struct manifest manifest = MANIFEST_INIT;
	CLEANUP(buf_done) struct buf list = BUF_INIT;
	struct err err = ERR_INIT;
	char extra[128];
	const char *names[64] = { "SHA256SUMS", "SHA256SUMS.minisig", extra };
	size_t count = 3;

	key_name(fixture->host, "SHA256SUMS.", ".minisig", extra);
	must(fd_read_file(AT_FDCWD, below(fixture, "SHA256SUMS"), 1 << 20, &list, NULL, &err), &err);
	must(manifest_parse((char *)list.data, list.len, &manifest, &err), &err);
	for (size_t i = 0; i < manifest.count; i++)
		names[count++] = manifest.files[i].name;
	for (size_t i = 0; i < count; i++) {
		int fd = open(below(fixture, names[i]), O_RDWR);
		off_t size = lseek(fd, 0, SEEK_END);

		for (off_t at = 0; at < size; at++) {
			for (unsigned bit = 0; bit<8; bit += size> 200 ? 5 : 1) {
				CLEANUP(medium_freep) struct medium *medium = NULL;
				unsigned char byte, other;

				assert_int_equal(pread(fd, &byte, 1, at), 1);
				other = (unsigned char)(byte ^ 1U << bit);
				assert_int_equal(pwrite(fd, &other, 1, at), 1);
				if (prove(fixture, &medium, &err) != ERR_UNTRUSTED ||
				    (!strstr(err.message, names[i]) && !strstr(err.message, "SHA256SUMS")))
					fail_msg("%s, byte %lld, bit %u: %s", names[i], (long long)at, bit,
						 medium ? "taken" : err.message);
				assert_int_equal(pwrite(fd, &byte, 1, at), 1);
			}
		}
		close(fd);
		put(fixture, names[i], "", 0);
		if (size)
			expect(fixture, "'");
		teardown(state);
		setup(state);
		fixture = *state;
		key_name(fixture->host, "SHA256SUMS.", ".minisig", extra);
	}
}

static void missing(void **state)
{
	const struct fixture *fixture = *state;
	char message[128];

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		assert_int_equal(unlink(below(fixture, files[i].name)), 0);
		(void)snprintf(message, sizeof(message), "'%s' is missing", files[i].name);
		if (strchr(files[i].name, '/')) /* it was alone there */
			(void)snprintf(message, sizeof(message), "the folder 'bin' is one too many: it is empty");
		expect(fixture, message);
		put(fixture, files[i].name, files[i].text, strlen(files[i].text));
		expect(fixture, NULL);
	}
	assert_int_equal(unlink(below(fixture, "SHA256SUMS.minisig")), 0);
	expect(fixture, "'SHA256SUMS': no signature by a trusted key (1 trusted); signed by ");
	assert_int_equal(unlink(below(fixture, "SHA256SUMS")), 0);
	expect(fixture, "'SHA256SUMS' is missing: this is no medium, or no longer one");
}

static void too_many(void **state)
{
	static const char *const names[] = {
		"x",
		"baseline.db-wal",
		"baseline.db-journal",
		".hidden",
		"keys/x.pub",
		"bin/.hidden",
		"zz",
		"SHA256SUMS.minisig.bak",
		"SHA256SUMS~",
		"SHA256SUMS.0.minisig",
		"a b",
		"statement.txt.0011223344556677.minisig",
	};
	const struct fixture *fixture = *state;
	char message[128];

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		put(fixture, names[i], "x", 1);
		(void)snprintf(message, sizeof(message), "'%s' is one file too many", names[i]);
		expect(fixture, message);
		assert_int_equal(unlink(below(fixture, names[i])), 0);
	}
	assert_int_equal(mkdir(below(fixture, "lost+found"), 0700), 0);
	expect(fixture, "the folder 'lost+found' is one too many");
	assert_int_equal(rmdir(below(fixture, "lost+found")), 0);
	assert_int_equal(mkdir(below(fixture, "empty"), 0755), 0);
	expect(fixture, "the folder 'empty' is one too many: it is empty");
	assert_int_equal(rmdir(below(fixture, "empty")), 0);
	assert_int_equal(mkdir(below(fixture, "keys/deep"), 0755), 0);
	expect(fixture, "'keys/deep' is a folder, where a medium has files only");
	assert_int_equal(rmdir(below(fixture, "keys/deep")), 0);
	expect(fixture, NULL);
}

static void kinds(void **state)
{
	const struct fixture *fixture = *state;
	char copy[512];

	/* a link to a good copy: sha256sum would not see it */
	(void)snprintf(copy, sizeof(copy), "%s.copy", fixture->path);
	assert_int_equal(rename(below(fixture, "README.txt"), copy), 0);
	assert_int_equal(symlink(copy, below(fixture, "README.txt")), 0);
	expect(fixture, "'README.txt' is a symbolic link, where a medium has files only");
	assert_int_equal(unlink(below(fixture, "README.txt")), 0);
	assert_int_equal(mkfifo(below(fixture, "README.txt"), 0644), 0);
	expect(fixture, "'README.txt' is a FIFO, where");
	assert_int_equal(unlink(below(fixture, "README.txt")), 0);
	assert_int_equal(mkdir(below(fixture, "README.txt"), 0755), 0);
	expect(fixture, "the folder 'README.txt' is one too many: it is empty");
	assert_int_equal(rmdir(below(fixture, "README.txt")), 0);
	assert_int_equal(rename(copy, below(fixture, "README.txt")), 0);
	expect(fixture, NULL);
	assert_int_equal(chmod(below(fixture, "bin/tally-x86_64"), 04755), 0);
	expect(fixture, "'bin/tally-x86_64' is a set-id file");
	assert_int_equal(chmod(below(fixture, "bin/tally-x86_64"), 0755), 0);
	/* a folder of links */
	assert_int_equal(rename(below(fixture, "keys"), copy), 0);
	assert_int_equal(symlink(copy, below(fixture, "keys")), 0);
	expect(fixture, "'keys' is a symbolic link, where");
	assert_int_equal(unlink(below(fixture, "keys")), 0);
	assert_int_equal(rename(copy, below(fixture, "keys")), 0);
	expect(fixture, NULL);
}

static void signatures(void **state)
{
	const struct fixture *fixture = *state;
	struct trust *trust = &((struct fixture *)*state)->trust;
	char host[128], stranger[128], id[128], message[512];
	struct err err = ERR_INIT;
	int fd;

	key_name(fixture->host, "SHA256SUMS.", ".minisig", host);
	key_name(fixture->stranger, "SHA256SUMS.", ".minisig", stranger);
	/* one more by somebody of whom nothing is known, so that nothing in it can be held against anything */
	sign(fixture, fixture->stranger, MEDIUM_COMMENT, stranger);
	key_name(fixture->stranger, "", "", id);
	(void)snprintf(message, sizeof(message), "'%s' is signed by key %s, which is not trusted here", stranger, id);
	expect(fixture, message);
	/* who trusts that key, too, takes it; then it must be right */
	must(trust_add(trust, secret_key_public(fixture->stranger), "s.pub", false, &err), &err);
	expect(fixture, NULL);
	sign_other(fixture, fixture->stranger, stranger);
	expect(fixture, "'SHA256SUMS': a signature in the name of the trusted key 's.pub'");
	sign(fixture, fixture->stranger, MEDIUM_COMMENT, stranger);
	expect(fixture, NULL);
	free(trust->keys[--trust->count].name);
	/* but its name says whose it is */
	assert_int_equal(rename(below(fixture, stranger), below(fixture, host)), 0);
	(void)snprintf(message, sizeof(message), "'%s' names key ", host);
	expect(fixture, message);
	/* a comment that nothing covers */
	sign(fixture, fixture->host, "ask mallory for the key", host);
	(void)snprintf(message, sizeof(message), "the first line of '%s' is covered by no signature", host);
	expect(fixture, message);
	sign(fixture, fixture->host, MEDIUM_COMMENT, host);
	expect(fixture, NULL);
	/* nor does anything cover how the lines end */
	fd = open(below(fixture, "SHA256SUMS.minisig"), O_RDWR);
	assert_int_equal(pwrite(fd, "\r", 1, lseek(fd, 0, SEEK_END) - 1), 1);
	close(fd);
	expect(fixture, "'SHA256SUMS.minisig' does not end its lines as minisign does");
	sign(fixture, fixture->operator, MEDIUM_COMMENT, "SHA256SUMS.minisig");
	expect(fixture, NULL);
	/* one over something else, by a key that is not trusted, is told by the hint */
	put(fixture, "README.txt", "changed\n", 8);
	sign(fixture, fixture->host, MEDIUM_COMMENT, host);
	expect(fixture, "'README.txt' is not as SHA256SUMS says");
	/* the operator's stripped, and signed again by host or stranger */
	sign(fixture, fixture->host, MEDIUM_COMMENT, "SHA256SUMS.minisig");
	expect(fixture, "'SHA256SUMS': no signature by a trusted key");
	sign(fixture, fixture->stranger, MEDIUM_COMMENT, "SHA256SUMS.minisig");
	expect(fixture, "'SHA256SUMS': no signature by a trusted key");
	assert_int_equal(unlink(below(fixture, "SHA256SUMS.minisig")), 0);
	assert_int_equal(unlink(below(fixture, host)), 0);
	expect(fixture, "'SHA256SUMS.minisig' is missing, and no other file signs SHA256SUMS");
}

static void interrupted(void **state)
{
	CLEANUP(medium_freep) struct medium *medium = NULL;
	const struct fixture *fixture = *state;
	atomic_bool now = false;
	struct err err = ERR_INIT;

	must(medium_open(fixture->path, &fixture->trust, &now, &medium, &err), &err);
	medium_freep(&medium);
	now = true;
	assert_int_equal(medium_open(fixture->path, &fixture->trust, &now, &medium, &err), ERR_INTERRUPTED);
	assert_null(medium);
}

static void detection(void **state)
{
	const struct fixture *fixture = *state;
	struct err err = ERR_INIT;

	assert_int_equal(medium_is(fixture->path, &err), 1);
	assert_int_equal(medium_is(below(fixture, "README.txt"), &err), 0);
	assert_int_equal(medium_is(below(fixture, "no"), &err), ERR_NOINPUT);
	assert_int_equal(medium_is("/dev/null", &err), 0);
	assert_int_equal(medium_is("medium:whatever", &err), 1);
	assert_string_equal(medium_path("medium:whatever"), "whatever");
	assert_string_equal(medium_path("whatever"), "whatever");
	assert_string_equal(medium_path("medium:"), "medium:");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(whole, setup, teardown),
		cmocka_unit_test_setup_teardown(bytes, setup, teardown),
		cmocka_unit_test_setup_teardown(missing, setup, teardown),
		cmocka_unit_test_setup_teardown(too_many, setup, teardown),
		cmocka_unit_test_setup_teardown(kinds, setup, teardown),
		cmocka_unit_test_setup_teardown(signatures, setup, teardown),
		cmocka_unit_test_setup_teardown(interrupted, setup, teardown),
		cmocka_unit_test_setup_teardown(detection, setup, teardown),
	};

	return cmocka_run_group_tests_name("medium_open", tests, NULL, NULL);
}
