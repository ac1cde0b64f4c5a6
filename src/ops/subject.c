/* subject.c - see subject.h. */
#include "ops/subject.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/fd.h"
#include "base/quote.h"

struct prefix {
	const char *text;
	enum subject_kind kind;
};
static const struct prefix prefixes[] = {
	{ "live:", SUBJECT_LIVE },       { "dir:", SUBJECT_DIR },     { "baseline:", SUBJECT_BASELINE },
	{ "medium:", SUBJECT_BASELINE }, { "image:", SUBJECT_IMAGE }, { "archive:", SUBJECT_ARCHIVE },
};

void subject_done(struct subject *subject)
{
	free(subject->file);
	free(subject->partition);
	*subject = (struct subject){ .file = NULL };
}

bool subject_begins(const char *text, const char *with)
{
	size_t len = strlen(with);

	return strlen(text) >= len && memcmp(text, with, len) == 0;
}

/* ---- what a file begins with ---- */

enum { LOOK_BYTES = 32768 + 2048 + 8 }; /* the volume descriptor of ISO 9660 stands behind 32 KiB */

struct magic {
	size_t at;
	const char *bytes;
	size_t len;
};

static const struct magic archives[] = {
	{ 0, "\x1f\x8b", 2 },
	{ 0, "BZh", 3 },
	{ 0,
	  "\xfd"
	  "7zXZ\0",
	  6 },
	{ 0, "\x28\xb5\x2f\xfd", 4 },
	{ 257, "ustar", 5 },
	{ 0, "PK\003\004", 4 },
	{ 0, "PK\005\006", 4 },
	{ 0, "070701", 6 },
	{ 0, "070702", 6 },
	{ 0, "070707", 6 },
	{ 0, "\xc7\x71", 2 },
	{ 0, "\x71\xc7", 2 },
};
static const struct magic images[] = {
	{ 0, "EVF\x09\x0d\x0a\xff\0", 8 },
	{ 510, "\x55\xaa", 2 },
	{ 512, "EFI PART", 8 },
	{ 1080, "\x53\xef", 2 },
};

static bool begins(const struct buf *head, const struct magic *table, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct magic *magic = &table[i];

		if (magic->at + magic->len <= head->len &&
		    memcmp(head->data + magic->at, magic->bytes, magic->len) == 0)
			return true;
	}
	return false;
}

static int read_head(int fd, const char *name, struct buf *head, struct err *err)
{
	ssize_t n;

	if (buf_reserve(head, LOOK_BYTES) < 0)
		return err_nomem(err);
	n = pread(fd, head->data, LOOK_BYTES, 0);
	if (n < 0)
		return err_errno(err, errno, "cannot read '%s'", QUOTE(name));
	head->len = (size_t)n;
	return 0;
}

static int detect_file(int fd, struct subject *subject, struct err *err)
{
	static const struct magic sqlite = { 0, "SQLite format 3", 16 }, iso = { 32769, "CD001", 5 };
	CLEANUP(buf_done) struct buf head = BUF_INIT;
	bool archive, image;
	int r = read_head(fd, subject->file, &head, err);

	if (r < 0)
		return r;
	if (head.len == 0)
		return err_set(err, ERR_DATA, "'%s' is empty", QUOTE(subject->file));
	archive = begins(&head, archives, ARRAY_SIZE(archives));
	image = begins(&head, images, ARRAY_SIZE(images));
	if (archive && image)
		return err_set(err, ERR_DATA,
			       "'%s' begins as an archive and as a disk image do: name it archive:... or image:...",
			       QUOTE(subject->file));
	subject->kind = SUBJECT_IMAGE;
	subject->kind_name = "image";
	if (begins(&head, &sqlite, 1)) {
		subject->kind = SUBJECT_BASELINE;
		subject->kind_name = "baseline";
	} else if (archive) {
		subject->kind = SUBJECT_ARCHIVE;
		subject->kind_name = "archive";
	} else if (!image && begins(&head, &iso, 1)) {
		subject->kind = SUBJECT_BASELINE;
		subject->kind_name = "medium";
	}
	return 0;
}

static int detect(struct subject *subject, struct err *err)
{
	CLEANUP(fd_closep) int fd = -1;
	struct stat status;

	if (stat(subject->file, &status) < 0)
		return err_errno(err, errno, "cannot open '%s'", QUOTE(subject->file));
	if (S_ISDIR(status.st_mode)) {
		subject->kind = SUBJECT_DIR;
		subject->kind_name = "dir";
		return 0;
	}
	if (S_ISBLK(status.st_mode)) {
		subject->kind = SUBJECT_IMAGE;
		subject->kind_name = "image";
		return 0;
	}
	if (!S_ISREG(status.st_mode))
		return err_set(err, ERR_DATA, "'%s' is no directory, file or block device", QUOTE(subject->file));
	fd = open(subject->file, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | O_NOATIME);
	if (fd < 0 && errno == EPERM)
		fd = open(subject->file, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return err_errno(err, errno, "cannot open '%s'", QUOTE(subject->file));
	return detect_file(fd, subject, err);
}

/* ---- what was typed ---- */

static bool is_partition(const char *text)
{
	if (subject_begins(text, "LABEL="))
		return text[6] != '\0';
	if (subject_begins(text, "UUID="))
		return text[5] != '\0';
	return *text && text[strspn(text, "0123456789")] == '\0' && strlen(text) < 6;
}

static int split_partition(struct subject *subject, struct err *err)
{
	char *at = strrchr(subject->file, '@');

	if (!at || at == subject->file || !is_partition(at + 1))
		return 0;
	subject->partition = strdup(at + 1);
	if (!subject->partition)
		return err_nomem(err);
	*at = '\0';
	return 0;
}

/* Something like "imag:x", which is no file here, was meant as a prefix. */
static bool looks_like_prefix(const char *typed)
{
	size_t len = strspn(typed, "abcdefghijklmnopqrstuvwxyz");

	return len >= 2 && typed[len] == ':' && access(typed, F_OK) < 0;
}

static int set_prefix(const char *typed, struct subject *subject, bool *ret_known)
{
	*ret_known = false;
	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++) {
		size_t len = strlen(prefixes[i].text);

		if (!subject_begins(typed, prefixes[i].text))
			continue;
		subject->kind = prefixes[i].kind;
		subject->file = strdup(typed + len);
		*ret_known = true;
	}
	if (!*ret_known)
		subject->file = strdup(typed);
	return subject->file ? 0 : -1;
}

static const char *kind_name(const struct subject *subject)
{
	static const char *const names[] = { "live", "dir", "baseline", "image", "archive" };

	return subject->typed[0] == 'm' && subject->kind == SUBJECT_BASELINE ? "medium" : names[subject->kind];
}

int subject_parse(const char *typed, struct subject *ret_subject, struct err *err)
{
	CLEANUP(subject_done) struct subject subject = { .typed = typed };
	bool known;
	int r = 0;

	if (set_prefix(typed, &subject, &known) < 0)
		return err_nomem(err);
	if (!known && looks_like_prefix(typed))
		return err_set(err, ERR_USAGE,
			       "'%s' begins with no kind of tree: live:/, dir:, baseline:, medium:, image: or archive:",
			       QUOTE(typed));
	if (known) {
		subject.kind_name = kind_name(&subject);
		if (subject.kind == SUBJECT_IMAGE)
			r = split_partition(&subject, err);
		if (r >= 0 && subject.kind == SUBJECT_LIVE && strcmp(subject.file, "/") != 0)
			r = err_set(err, ERR_USAGE, "'%s': the live tree is live:/", QUOTE(typed));
		if (r >= 0 && !*subject.file)
			r = err_set(err, ERR_USAGE, "'%s' names no file", QUOTE(typed));
	} else {
		if (access(typed, F_OK) < 0)
			r = split_partition(&subject, err);
		if (r >= 0)
			r = detect(&subject, err);
		if (r >= 0 && subject.partition && subject.kind != SUBJECT_IMAGE)
			r = err_set(err, ERR_USAGE, "'%s': only an image has partitions", QUOTE(typed));
	}
	if (r < 0)
		return r;
	*ret_subject = subject;
	subject = (struct subject){ .file = NULL };
	return 0;
}
