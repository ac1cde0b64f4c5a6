/* archive_fixture.h - a sink that keeps what an archive gives. */
#ifndef ARCHIVE_FIXTURE_H
#define ARCHIVE_FIXTURE_H

#include "disk_fixture.h"

#include "archive/archive.h"
#include "base/cleanup.h"

struct kept {
	struct entry_copy *copy;
	char *link; /* of a hard link: its target; then no copy */
	char *path; /* with a NUL behind it */
};

struct collector {
	struct sink sink;
	struct kept *kept;
	size_t count, problems;
	char last_problem[600];
	uint64_t wanted; /* of each file */
	bool program_only;
	struct archive_info info;
};

static uint64_t collector_wants(struct sink *sink, const struct entry *entry, bool *ret_program_only)
{
	struct collector *collector = (struct collector *)sink;

	assert_true(path_valid(entry->path));
	*ret_program_only = collector->program_only;
	return entry->head == HEAD_ELF ? UINT64_MAX : collector->wanted;
}

static struct kept *keep(struct collector *collector, struct bytes path)
{
	struct kept *kept;

	assert_true(path_valid(path));
	collector->kept = realloc(collector->kept, (collector->count + 1) * sizeof(*kept));
	assert_non_null(collector->kept);
	kept = &collector->kept[collector->count++];
	*kept = (struct kept){ .path = strndup((const char *)path.data, path.len) };
	return kept;
}

static int collector_entry(struct sink *sink, const struct entry *entry, struct content *content, struct err *err)
{
	struct kept *kept = keep((struct collector *)sink, entry->path);

	assert_null(content);
	assert_int_equal(entry_check(entry, err), 0);
	return entry_copy(entry, &kept->copy, err);
}

static int collector_link(struct sink *sink, struct bytes path, struct bytes target, struct err *err)
{
	struct kept *kept = keep((struct collector *)sink, path);

	(void)err;
	assert_true(path_valid(target));
	kept->link = strndup((const char *)target.data, target.len);
	return 0;
}

static int collector_problem(struct sink *sink, struct bytes path, const char *line, struct err *err)
{
	struct collector *collector = (struct collector *)sink;

	(void)err;
	assert_true(path_valid(path));
	assert_null(strchr(line, '\n'));
	collector->problems++;
	(void)snprintf(collector->last_problem, sizeof(collector->last_problem), "%s", line);
	return 0;
}

__attribute__((unused)) static void collector_init(struct collector *collector)
{
	*collector = (struct collector){
		.sink = { NULL, collector_wants, collector_entry, collector_link, collector_problem },
		.wanted = UINT64_MAX,
	};
}

__attribute__((unused)) static void collector_done(struct collector *collector)
{
	for (size_t i = 0; i < collector->count; i++) {
		entry_copy_freep(&collector->kept[i].copy);
		free(collector->kept[i].link);
		free(collector->kept[i].path);
	}
	free(collector->kept);
	collector_init(collector);
}

/* Reads NAME, a file of the folder. */
__attribute__((unused)) static int read_archive(struct collector *collector, const char *name, struct err *err)
{
	CLEANUP(disk_source_done) struct disk_source source = DISK_SOURCE_INIT;
	CLEANUP(disk_freep) struct disk *disk = NULL;
	int r;

	r = disk_source_open(in_dir(name), false, &source, err);
	if (r == 0)
		r = disk_new(&source, &disk, err);
	return r < 0 ? r : archive_read(disk, NULL, &collector->sink, &collector->info, err);
}

/* The last of that name, hard links followed. NULL: there is none. */
__attribute__((unused)) static const struct entry *find_entry(const struct collector *collector, const char *path)
{
	for (unsigned hops = 0; hops < 4; hops++) {
		const struct kept *found = NULL;

		for (size_t i = 0; i < collector->count; i++)
			if (strcmp(collector->kept[i].path, path) == 0)
				found = &collector->kept[i];
		if (!found || found->copy)
			return found ? &found->copy->entry : NULL;
		path = found->link;
	}
	return NULL;
}

#endif
