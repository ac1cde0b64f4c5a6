/* listing.c - see listing.h. */
#include "scan/listing.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"

int listing_add(struct listing_draft *draft, const char *name, size_t len, uint8_t type)
{
	struct listed_name listed = { .at = (uint32_t)draft->text.len, .len = (uint16_t)len, .type = type };

	if (len > UINT16_MAX || draft->text.len + len > LISTING_BYTES_MAX)
		return -EFBIG;
	if (buf_add(&draft->text, name, len) < 0 || buf_add_byte(&draft->text, '\0') < 0 ||
	    buf_add(&draft->names, &listed, sizeof(listed)) < 0)
		return -ENOMEM;
	return 0;
}

static int by_bytes(const void *a, const void *b, void *context)
{
	const struct listed_name *left = a, *right = b;
	const unsigned char *text = context;
	size_t common = left->len < right->len ? left->len : right->len;
	int order = memcmp(text + left->at, text + right->at, common);

	return order != 0 ? order : (int)left->len - (int)right->len;
}

int listing_finish(struct listing_draft *draft, struct listing *ret_listing)
{
	struct listed_name *names = (struct listed_name *)(void *)draft->names.data, *fit;
	size_t count = draft->names.len / sizeof(*names), kept = 0;

	if (count)
		qsort_r(names, count, sizeof(*names), by_bytes, draft->text.data);
	for (size_t i = 0; i < count; i++) {
		if (kept && by_bytes(&names[kept - 1], &names[i], draft->text.data) == 0)
			continue;
		names[kept++] = names[i];
	}
	/* buffers grow by doubling: give back what a large directory does not need */
	fit = kept ? realloc(names, kept * sizeof(*names)) : NULL;
	*ret_listing = (struct listing){ .text = draft->text, .names = fit ? fit : names, .count = kept };
	draft->text = BUF_INIT;
	draft->names = BUF_INIT;
	return 0;
}

void listing_draft_done(struct listing_draft *draft)
{
	buf_done(&draft->text);
	buf_done(&draft->names);
}

static int add_all(struct listing_draft *draft, const unsigned char *data, size_t len)
{
	int r;

	for (size_t at = 0; at < len;) {
		const struct dirent64 *entry = (const struct dirent64 *)(const void *)(data + at);
		size_t name_len = strlen(entry->d_name);

		at += entry->d_reclen;
		if (name_len == 0 || memchr(entry->d_name, '/', name_len))
			return -EIO; /* no kernel lets this through; it would become another path */
		if (entry->d_name[0] == '.' && (name_len == 1 || (name_len == 2 && entry->d_name[1] == '.')))
			continue;
		r = listing_add(draft, entry->d_name, name_len, entry->d_type);
		if (r < 0)
			return r;
	}
	return 0;
}

int listing_read(int fd, void *buffer, size_t size, const struct listing_watch *watch, struct listing *ret_listing)
{
	CLEANUP(listing_draft_done) struct listing_draft draft = { .text = BUF_INIT };
	long n;
	int r;

	for (;;) {
		int failure = 0;

		watch->before(watch->context);
		n = syscall(SYS_getdents64, fd, buffer, size);
		if (n < 0)
			failure = errno;
		if (!watch->after(watch->context))
			return -ECANCELED;
		if (n == 0)
			break;
		r = n < 0 ? -failure : add_all(&draft, buffer, (size_t)n);
		if (r < 0)
			return r;
	}
	return listing_finish(&draft, ret_listing);
}

void listing_done(struct listing *listing)
{
	buf_done(&listing->text);
	free(listing->names);
	*listing = (struct listing){ .names = NULL };
}
