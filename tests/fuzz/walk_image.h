/*
 * walk_image.h - an ext file system in an image, opened with its journal applied, and walked to its end by a sink that believes nothing: what
 * sink.h promises is held against each entry, and abort() is called when it does not hold. Contents are read at both ends and in the middle.
 */
#ifndef TESTS_WALK_IMAGE_H
#define TESTS_WALK_IMAGE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "extfs/extfs.h"

struct walked {
	int r; /* of extfs_open(), then of extfs_walk() */
	bool opened;
	struct err err;
	struct extfs_info info;
	uint64_t entries, failed, problems, bytes; /* failed: entries with an attribute that could not be read */
};

struct walked_sink {
	struct sink sink;
	struct walked *walked;
	struct buf last; /* path */
	struct bytes at;
	bool whole; /* reads all of every content */
};

static inline void walk_must(bool good)
{
	if (!good)
		abort();
}

static inline bool walk_enters(struct sink *sink, struct bytes path)
{
	(void)sink;
	walk_must(path_valid(path));
	return true;
}

static inline int walk_problem(struct sink *sink, struct bytes path, const char *line, struct err *err)
{
	struct walked_sink *mine = (struct walked_sink *)(void *)sink;

	(void)err;
	walk_must(path_valid(path) && line[0] != '\0' && strchr(line, '\n') == NULL);
	mine->walked->problems++;
	return 0;
}

static inline int walk_read(struct walked_sink *mine, const struct content *content, uint64_t size)
{
	static _Thread_local unsigned char data[65536];
	uint64_t starts[] = { 0, size / 2, size > sizeof(data) ? size - sizeof(data) : 0 };
	uint64_t step = sizeof(data);
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(starts) && !mine->whole; i++) {
		uint64_t len = size - starts[i] < step ? size - starts[i] : step;
		int got = content->read(content, starts[i], data, (size_t)len);

		walk_must(got <= 0);
		r = got < 0 ? got : r;
		mine->walked->bytes += len;
	}
	for (uint64_t at = 0; mine->whole && at < size && r == 0; at += step) {
		r = content->read(content, at, data, (size_t)(size - at < step ? size - at : step));
		mine->walked->bytes += size - at < step ? size - at : step;
	}
	return r;
}

static inline int walk_entry(struct sink *sink, const struct entry *entry, struct content *content, struct err *err)
{
	struct walked_sink *mine = (struct walked_sink *)(void *)sink;
	struct entry checked = *entry;
	int r = 0;

	walk_must(path_valid(entry->path) && entry->path.len <= PATH_MAX_BYTES);
	if (mine->last.len)
		walk_must(path_compare((struct bytes){ mine->last.data, mine->last.len }, entry->path) < 0);
	else
		walk_must(bytes_equal(entry->path, mine->at));
	buf_clear(&mine->last);
	walk_must(buf_add(&mine->last, entry->path.data, entry->path.len) == 0);
	walk_must(entry->problem.len == 0 || memchr(entry->problem.data, '\n', entry->problem.len) == NULL);
	if (content) {
		walk_must(entry->type == TYPE_FILE);
		walk_must(((entry->value | entry->none | entry->failed) & ATTR_BIT(ATTR_CONTENT)) == 0);
		r = walk_read(mine, content, entry->size);
		content->free(content);
		checked.none |= ATTR_BIT(ATTR_CONTENT);
	}
	walk_must(entry_check(&checked, err) == 0);
	mine->walked->entries++;
	mine->walked->failed += entry->failed != 0 || r < 0;
	return 0;
}

static inline int walk_opened(struct extfs *extfs, bool whole, struct walked *walked)
{
	struct walked_sink mine = {
		{ walk_enters, NULL, walk_entry, NULL, walk_problem }, walked, BUF_INIT, bytes_of("/"), whole
	};
	const struct extfs_walk walk = { .at = mine.at };
	int r;

	walked->info = *extfs_info(extfs);
	walked->opened = true;
	walk_must(memchr(walked->info.problem, '\0', sizeof(walked->info.problem)) &&
		  !strchr(walked->info.problem, '\n'));
	r = extfs_walk(extfs, &walk, &mine.sink, &walked->err);
	buf_done(&mine.last);
	return r;
}

/* NAME: of the image. An image that is no file system is an error with a line, too. */
static inline struct walked walk_image(const char *name, bool whole)
{
	struct walked walked = { .r = 0, .err = ERR_INIT };
	CLEANUP(disk_source_done) struct disk_source source = DISK_SOURCE_INIT;
	CLEANUP(disk_freep) struct disk *disk = NULL;
	CLEANUP(extfs_freep) struct extfs *extfs = NULL;
	struct extent_of_disk part;

	walked.r = disk_source_open(name, false, &source, &walked.err);
	if (walked.r == 0)
		walked.r = disk_new(&source, &disk, &walked.err);
	if (walked.r == 0) {
		part = (struct extent_of_disk){ disk, 0, disk_size(disk) };
		walked.r = extfs_open(&(struct extfs_options){ .part = &part, .replay = true, .fixed = true }, &extfs,
				      &walked.err);
	}
	if (walked.r == 0)
		walked.r = walk_opened(extfs, whole, &walked);
	walk_must(walked.r <= 0 && (walked.r == 0 || (walked.err.message[0] && !strchr(walked.err.message, '\n'))));
	return walked;
}

#endif
