/*
 * test_crypto_minisign.c - keys and signatures handed to and taken from the real minisign, and our signatures to
 * signify and openssl. Skipped where minisign is not installed. The encrypted keys cost 1 GiB of memory and some
 * seconds each, as minisign makes them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <ftw.h>
#include <sodium.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "crypto/sign.h"

extern char **environ;

static const char message[] = "tallystick-baseline: 1\nhost: example\n";
enum { MESSAGE_LEN = sizeof(message) - 1, NOT_INSTALLED = 127, FILE_MAX = 100000 };

static void put(const char *name, const void *data, size_t len)
{
	CLEANUP(fd_closep) int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	struct err err;

	assert_true(fd >= 0);
	assert_int_equal(fd_write_all(fd, data, len, name, &err), 0);
}

static void get(const char *name, struct buf *data)
{
	struct err err = ERR_INIT;

	buf_clear(data);
	assert_int_equal(fd_read_file(AT_FDCWD, name, FILE_MAX, data, NULL, &err), 0);
}

/* Runs a program with INPUT as its standard input and its output in the file "log"; its exit status. */
static int run(const char *input, size_t count, const char *const *words)
{
	posix_spawn_file_actions_t actions;
	char *argv[24];
	int status = 0;
	pid_t pid;
	int r;

	assert_in_range(count, 1, ARRAY_SIZE(argv));
	memcpy(argv, words, count * sizeof(*words)); /* posix_spawnp() is older than const */
	put("input", input, strlen(input));
	assert_int_equal(posix_spawn_file_actions_init(&actions), 0);
	assert_int_equal(posix_spawn_file_actions_addopen(&actions, 0, "input", O_RDONLY, 0), 0);
	assert_int_equal(posix_spawn_file_actions_addopen(&actions, 1, "log", O_WRONLY | O_CREAT | O_TRUNC, 0600), 0);
	assert_int_equal(posix_spawn_file_actions_adddup2(&actions, 1, 2), 0);
	r = posix_spawnp(&pid, argv[0], &actions, NULL, argv, environ);
	assert_int_equal(posix_spawn_file_actions_destroy(&actions), 0);
	if (r != 0)
		return NOT_INSTALLED;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* the last word is NULL */
#define RUN(input, ...)                                                                                                \
	run(input, sizeof((const char *[]){ __VA_ARGS__, NULL }) / sizeof(char *),                                     \
	    (const char *[]){ __VA_ARGS__, NULL })

static void assert_minisign_accepts(const char *public, const char *signature)
{
	assert_int_equal(RUN("", "minisign", "-V", "-p", public, "-m", "message", "-x", signature), 0);
	put("changed", message, MESSAGE_LEN - 1);
	assert_int_not_equal(RUN("", "minisign", "-V", "-p", public, "-m", "changed", "-x", signature), 0);
}

static void assert_we_accept(const char *public, const char *signature)
{
	CLEANUP(buf_done) struct buf data = BUF_INIT;
	struct signature parsed;
	struct public_key key;
	struct err err = ERR_INIT;

	get(public, &data);
	assert_int_equal(public_key_parse((const char *)data.data, data.len, &key, &err), 0);
	get(signature, &data);
	assert_int_equal(signature_parse((const char *)data.data, data.len, &parsed, &err), 0);
	assert_memory_equal(parsed.key_id, key.id, KEY_ID_BYTES);
	assert_int_equal(signature_verify(&parsed, &key, message, MESSAGE_LEN, &err), 0);
	assert_int_equal(signature_verify(&parsed, &key, message, MESSAGE_LEN - 1, &err), ERR_UNTRUSTED);
}

static void sign_with(const struct secret_key *key, const char *comment, const char *name)
{
	CLEANUP(buf_done) struct buf out = BUF_INIT;
	struct err err = ERR_INIT;

	assert_int_equal(signature_make(key, message, MESSAGE_LEN, "signature from tallystick", comment, &out, &err),
			 0);
	put(name, out.data, out.len);
}

/* A key of ours: minisign gets the same public key out of it, signs with it, and verifies what we sign. */
static void check_our_key(const char *passphrase)
{
	CLEANUP(secret_key_freep) struct secret_key *key = NULL;
	CLEANUP(buf_done) struct buf out = BUF_INIT;
	CLEANUP(buf_done) struct buf public = BUF_INIT;
	struct err err = ERR_INIT;
	char input[64];

	(void)snprintf(input, sizeof(input), "%s\n", passphrase ? passphrase : "");
	assert_int_equal(secret_key_generate(&key, &err), 0);
	assert_int_equal(secret_key_format(key, passphrase, &out, &err), 0);
	put("ours.key", out.data, out.len);
	assert_int_equal(public_key_format(secret_key_public(key), &public), 0);
	put("ours.pub", public.data, public.len);

	if (!passphrase) { /* deriving takes its time: once is enough */
		assert_int_equal(RUN(input, "minisign", "-R", "-f", "-s", "ours.key", "-p", "again.pub"), 0);
		get("again.pub", &out);
		assert_string_equal(buf_str(&out), buf_str(&public));
		assert_int_equal(unlink("again.pub"), 0);
	}
	assert_int_equal(RUN(input, "minisign", "-S", "-l", "-s", "ours.key", "-m", "message", "-x", "theirs.sig"), 0);
	assert_we_accept("ours.pub", "theirs.sig");
	sign_with(key, "a comment\twith ü", "ours.sig");
	assert_minisign_accepts("ours.pub", "ours.sig");
}

/* A key of minisign's: we read it, write it as minisign does, and sign with it. */
static void check_their_key(const char *passphrase)
{
	CLEANUP(secret_key_freep) struct secret_key *key = NULL;
	CLEANUP(buf_done) struct buf text = BUF_INIT;
	CLEANUP(buf_done) struct buf again = BUF_INIT;
	struct err err = ERR_INIT;
	char input[64];

	(void)snprintf(input, sizeof(input), "%s\n%s\n", passphrase ? passphrase : "", passphrase ? passphrase : "");
	assert_int_equal(
		RUN(input, "minisign", "-G", "-f", "-p", "theirs.pub", "-s", "theirs.key", passphrase ? "-f" : "-W"),
		0);
	get("theirs.key", &text);
	if (passphrase)
		assert_int_equal(secret_key_parse((const char *)text.data, text.len, NULL, &key, &err), ERR_DENIED);
	assert_int_equal(secret_key_parse((const char *)text.data, text.len, passphrase, &key, &err), 0);
	if (!passphrase) {
		assert_int_equal(secret_key_format(key, NULL, &again, &err), 0);
		assert_string_equal(buf_str(&again), buf_str(&text));
	}
	buf_clear(&again);
	assert_int_equal(public_key_format(secret_key_public(key), &again), 0);
	get("theirs.pub", &text);
	assert_string_equal(buf_str(&again), buf_str(&text));
	sign_with(key, "", "ours.sig");
	assert_minisign_accepts("theirs.pub", "ours.sig");
}

static void test_plain(void **state)
{
	(void)state;
	check_our_key(NULL);
	check_their_key(NULL);
}

static void test_encrypted(void **state)
{
	(void)state;
	check_our_key("pass phrase of ours");
	check_their_key("pass phrase of theirs");
}

/* The longest comments that we write are read; prehashed signatures are refused in words. */
static void test_limits(void **state)
{
	CLEANUP(secret_key_freep) struct secret_key *key = NULL;
	CLEANUP(buf_done) struct buf text = BUF_INIT;
	char trusted[SIGNATURE_COMMENT], untrusted[1004];
	struct signature signature;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(RUN("", "minisign", "-G", "-f", "-W", "-p", "theirs.pub", "-s", "theirs.key"), 0);
	get("theirs.key", &text);
	assert_int_equal(secret_key_parse((const char *)text.data, text.len, NULL, &key, &err), 0);
	memset(trusted, 't', sizeof(trusted) - 1);
	trusted[sizeof(trusted) - 1] = '\0';
	memset(untrusted, 'u', sizeof(untrusted) - 1);
	untrusted[sizeof(untrusted) - 1] = '\0';
	buf_clear(&text);
	assert_int_equal(signature_make(key, message, MESSAGE_LEN, untrusted, trusted, &text, &err), 0);
	put("ours.sig", text.data, text.len);
	assert_minisign_accepts("theirs.pub", "ours.sig");

	assert_int_equal(RUN("", "minisign", "-S", "-s", "theirs.key", "-m", "message", "-x", "hashed.sig"), 0);
	get("hashed.sig", &text);
	assert_int_equal(signature_parse((const char *)text.data, text.len, &signature, &err), ERR_DATA);
	assert_non_null(strstr(err.message, "minisign -S -l"));
}

static void test_signify_and_openssl(void **state)
{
	/* SubjectPublicKeyInfo of Ed25519, RFC 8410 */
	unsigned char der[12 + KEY_PUBLIC_BYTES] = { 0x30, 0x2a, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 3, 0x21, 0 };
	CLEANUP(secret_key_freep) struct secret_key *key = NULL;
	CLEANUP(buf_done) struct buf text = BUF_INIT;
	struct signature signature;
	struct err err = ERR_INIT;
	int r;

	(void)state;
	assert_int_equal(secret_key_generate(&key, &err), 0);
	assert_int_equal(public_key_format(secret_key_public(key), &text), 0);
	put("ours.pub", text.data, text.len);
	sign_with(key, "", "ours.sig");
	r = RUN("", "signify-openbsd", "-V", "-q", "-p", "ours.pub", "-m", "message", "-x", "ours.sig");
	if (r == NOT_INSTALLED)
		print_message("not tried: signify-openbsd is not installed\n");
	else
		assert_int_equal(r, 0);

	memcpy(der + 12, secret_key_public(key)->public_key, KEY_PUBLIC_BYTES);
	put("ours.der", der, sizeof(der));
	get("ours.sig", &text);
	assert_int_equal(signature_parse((const char *)text.data, text.len, &signature, &err), 0);
	put("ours.raw", signature.signature, SIGNATURE_BYTES);
	r = RUN("", "openssl", "pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-inkey", "ours.der", "-rawin", "-in",
		"message", "-sigfile", "ours.raw");
	if (r == NOT_INSTALLED)
		print_message("not tried: openssl is not installed\n");
	else
		assert_int_equal(r, 0);
}

static int remove_one(const char *name, const struct stat *status, int type, struct FTW *where)
{
	(void)status, (void)type, (void)where;
	return remove(name);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain),
		cmocka_unit_test(test_encrypted),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_signify_and_openssl),
	};
	char directory[] = "/tmp/test_minisign.XXXXXX";
	int failed;

	if (!mkdtemp(directory) || chdir(directory) < 0)
		return 1;
	put("message", message, MESSAGE_LEN);
	if (RUN("", "minisign", "-v") == NOT_INSTALLED) {
		print_message("skipped: minisign is not installed\n");
		failed = 77;
	} else {
		failed = cmocka_run_group_tests(tests, NULL, NULL);
	}
	(void)nftw(directory, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	return failed;
}
