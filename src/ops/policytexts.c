/* policytexts.c - see policytexts.h. */
#include "ops/policytexts.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/quote.h"

const struct policy_file *policy_text_find(const struct policy_texts *texts, const char *name)
{
	for (size_t i = 0; i < texts->count; i++) {
		if (strcmp(texts->files[i].name, name) == 0)
			return &texts->files[i];
	}
	return NULL;
}

struct entry policy_text_entry(const struct policy_file *file, struct bytes path)
{
	struct entry entry = { .path = path, .type = TYPE_FILE };
	struct digest_state state;

	if (!file)
		return entry;
	entry.value = ATTR_BIT(ATTR_TYPE) | ATTR_BIT(ATTR_SIZE) | ATTR_BIT(ATTR_CONTENT);
	entry.size = file->len;
	entry.digest_bytes = file->len;
	digest_init(&state);
	digest_update(&state, file->text, file->len);
	digest_final(&state, entry.digest);
	return entry;
}

bool policy_text_same(const struct policy_file *a, const struct policy_file *b)
{
	return a && b && a->len == b->len && memcmp(a->text, b->text, a->len) == 0;
}

/* One of the two may be NULL: not there. */
static int compare_one(const struct policy_file *a, const struct policy_file *b, const struct diff_sink *sink,
		       struct diff_counts *counts, struct err *err)
{
	struct change change = { .severity = SEVERITY_CRITICAL, .rule = "built-in" };
	CLEANUP(buf_done) struct buf path = BUF_INIT;
	struct entry before, after;

	if (policy_text_same(a, b))
		return 0;
	(void)buf_printf(&path, POLICY_TEXTS_FOLDER "/%s", a ? a->name : b->name);
	if (buf_failed(&path))
		return err_nomem(err);
	change.path = (struct bytes){ path.data, path.len };
	if (!path_valid(change.path))
		return err_set(err, ERR_DATA, "a policy text has no proper name: '%s'", QUOTE(a ? a->name : b->name));
	if (a) {
		before = policy_text_entry(a, change.path);
		change.before = &before;
	}
	if (b) {
		after = policy_text_entry(b, change.path);
		change.after = &after;
	}
	if (a && b) {
		change.kind = CHANGE_CHANGED;
		change.attributes = entry_differs(change.before, change.after);
		counts->changed++;
	} else if (a) {
		change.kind = CHANGE_REMOVED;
		counts->removed++;
	} else {
		change.kind = CHANGE_ADDED;
		counts->added++;
	}
	return sink->change(sink->context, &change, err);
}

int policy_texts_compare(const struct policy_texts *a, const struct policy_texts *b, const struct diff_sink *sink,
			 struct diff_counts *counts, struct err *err)
{
	int r = compare_one(a->resolved, b->resolved, sink, counts, err);

	for (size_t i = 0; r >= 0 && i < a->count; i++)
		r = compare_one(&a->files[i], policy_text_find(b, a->files[i].name), sink, counts, err);
	for (size_t i = 0; r >= 0 && i < b->count; i++) {
		if (!policy_text_find(a, b->files[i].name))
			r = compare_one(NULL, &b->files[i], sink, counts, err);
	}
	return r < 0 ? r : 0;
}
