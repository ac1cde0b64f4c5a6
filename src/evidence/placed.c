/* placed.c - see placed.h. */
#include "evidence/placed.h"

static const char too_long[] = "a path of more than 65536 bytes was not looked at";

static struct bytes place(const struct placed *placed, struct buf *space, struct bytes path)
{
	buf_clear(space);
	(void)buf_add(space, placed->at.data, placed->at.len);
	if (path.len > 1)
		(void)buf_add(space, path.data, path.len);
	return (struct bytes){ space->data, space->len };
}

static bool is_too_long(const struct placed *placed, struct bytes path)
{
	return path.len > 1 && placed->at.len + path.len > PATH_MAX_BYTES;
}

static bool placed_enters(struct sink *sink, struct bytes path)
{
	struct placed *placed = (struct placed *)(void *)sink;
	struct bytes there = place(placed, &placed->path, path);

	/* short memory is told by the next call that can */
	return buf_failed(&placed->path) || placed->next->enters(placed->next, there);
}

static uint64_t placed_wants(struct sink *sink, const struct entry *entry, bool *ret_program_only)
{
	struct placed *placed = (struct placed *)(void *)sink;
	struct entry there = *entry;

	*ret_program_only = false;
	there.path = place(placed, &placed->path, entry->path);
	if (buf_failed(&placed->path) || is_too_long(placed, entry->path))
		return 0;
	return placed->next->wants(placed->next, &there, ret_program_only);
}

static int placed_problem(struct sink *sink, struct bytes path, const char *line, struct err *err)
{
	struct placed *placed = (struct placed *)(void *)sink;
	struct bytes there = is_too_long(placed, path) ? placed->at : place(placed, &placed->path, path);

	if (buf_failed(&placed->path))
		return err_nomem(err);
	return placed->next->problem(placed->next, there, line, err);
}

static int placed_entry(struct sink *sink, const struct entry *entry, struct content *content, struct err *err)
{
	struct placed *placed = (struct placed *)(void *)sink;
	struct entry there = *entry;
	int r = 0;

	there.path = place(placed, &placed->path, entry->path);
	if (buf_failed(&placed->path))
		r = err_nomem(err);
	else if (!is_too_long(placed, entry->path))
		return placed->next->entry(placed->next, &there, content, err);
	if (content)
		content->free(content);
	return r < 0 ? r : placed_problem(sink, bytes_of("/"), too_long, err);
}

static int placed_link(struct sink *sink, struct bytes path, struct bytes target, struct err *err)
{
	struct placed *placed = (struct placed *)(void *)sink;
	struct bytes from = place(placed, &placed->path, path), to = place(placed, &placed->target, target);

	if (buf_failed(&placed->path) || buf_failed(&placed->target))
		return err_nomem(err);
	if (is_too_long(placed, path) || is_too_long(placed, target))
		return placed_problem(sink, bytes_of("/"), too_long, err);
	return placed->next->link(placed->next, from, to, err);
}

void placed_init(struct placed *placed, struct sink *next, struct bytes at)
{
	*placed = (struct placed){
		.sink = { placed_enters, placed_wants, placed_entry, placed_link, placed_problem },
		.next = next,
		.at = at,
	};
}

void placed_done(struct placed *placed)
{
	buf_done(&placed->path);
	buf_done(&placed->target);
}
