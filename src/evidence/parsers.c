/* parsers.c - the jobs: which parser runs in the child, on what, and what it sends besides entries. See evidence.h. */
#include "base/cleanup.h"
#include "evidence/evidence_inner.h"
#include "evidence/placed.h"

/* The part of the disk that the job is about. */
static int find_part(const struct evidence_job *job, struct disk *disk, struct extent_of_disk *ret_part,
		     struct err *err)
{
	uint64_t size = disk_size(disk);

	if (job->offset >= size)
		return err_set(err, ERR_DATA, "nothing stands at byte %llu: the image ends at %llu",
			       (unsigned long long)job->offset, (unsigned long long)size);
	*ret_part = (struct extent_of_disk){ disk, job->offset, job->size ? job->size : size - job->offset };
	return 0;
}

static int parse_partitions(struct child *child, struct disk *disk, struct err *err)
{
	CLEANUP(freep) struct partitions *partitions = calloc(1, sizeof(*partitions));
	int r;

	if (!partitions)
		return err_nomem(err);
	r = partitions_read(disk, child->job->offset, partitions, err);
	if (r == 0)
		wire_partitions(&child->out, partitions);
	return r;
}

static int parse_extfs(struct child *child, struct disk *disk, struct err *err)
{
	const struct evidence_job *job = child->job;
	CLEANUP(extfs_freep) struct extfs *extfs = NULL;
	struct extent_of_disk part;
	const struct extfs_options options = { &part, job->replay, !job->source->direct };
	const struct extfs_walk walk = { .at = job->at,
					 .shadows = job->shadows,
					 .shadow_count = job->shadow_count,
					 .paths = job->paths,
					 .path_count = job->path_count,
					 .interrupted = &child->interrupted };
	int r = find_part(job, disk, &part, err);

	if (r == 0)
		r = extfs_open(&options, &extfs, err);
	if (r < 0)
		return r;
	wire_extfs(&child->out, extfs_info(extfs));
	r = extfs_walk(extfs, &walk, child->sink, err);
	return r < 0 ? r : child_finish(child, err); /* before EXTFS is freed: contents are read from it until then */
}

/* ---- one file of a file system ---- */

static const char fstab_path[] = "/etc/fstab";

struct fstab_sink {
	struct sink sink; /* first */
	struct buf text;
};

static bool fstab_enters(struct sink *sink, struct bytes path)
{
	(void)sink;
	return !bytes_equal(path, bytes_of(fstab_path));
}

/* Only what stands there itself: no link is followed, and nothing in part. */
static int fstab_entry(struct sink *sink, const struct entry *entry, struct content *content, struct err *err)
{
	struct buf *text = &((struct fstab_sink *)(void *)sink)->text;
	int r = 0;

	if (content && entry->size <= FSTAB_MAX_BYTES) {
		r = buf_reserve(text, (size_t)entry->size + 1);
		if (r >= 0 && content->read(content, 0, text->data, (size_t)entry->size) == 0)
			text->len = (size_t)entry->size;
	}
	if (content)
		content->free(content);
	return r < 0 ? err_nomem(err) : 0;
}

static int fstab_problem(struct sink *sink, struct bytes path, const char *line, struct err *err)
{
	(void)sink;
	(void)path;
	(void)line;
	(void)err;
	return 0;
}

static int parse_fstab(struct child *child, struct disk *disk, struct err *err)
{
	CLEANUP(extfs_freep) struct extfs *extfs = NULL;
	CLEANUP(freep) struct fstab *fstab = calloc(1, sizeof(*fstab));
	struct fstab_sink sink = { .sink = { .enters = fstab_enters, .entry = fstab_entry, .problem = fstab_problem } };
	const struct bytes path = bytes_of(fstab_path);
	struct extent_of_disk part;
	const struct extfs_options options = { &part, child->job->replay, !child->job->source->direct };
	const struct extfs_walk walk = {
		.at = bytes_of("/"), .paths = &path, .path_count = 1, .interrupted = &child->interrupted
	};
	int r = fstab ? find_part(child->job, disk, &part, err) : err_nomem(err);

	if (r == 0)
		r = extfs_open(&options, &extfs, err);
	if (r == 0)
		r = extfs_walk(extfs, &walk, &sink.sink, err);
	if (r == 0)
		r = fstab_parse((struct bytes){ sink.text.data, sink.text.len }, fstab, err);
	buf_done(&sink.text);
	if (r == 0)
		wire_fstab(&child->out, fstab);
	return r;
}

static int parse_archive(struct child *child, struct disk *disk, struct err *err)
{
	CLEANUP(placed_done) struct placed placed = { .next = NULL };
	struct archive_info info = { .entries = 0 };
	struct sink *sink = child->sink;
	int r;

	if (child->job->at.len > 1) {
		placed_init(&placed, sink, child->job->at);
		sink = &placed.sink;
	}
	r = archive_read(disk, &child->interrupted, sink, &info, err);
	if (r == 0)
		r = child_finish(child, err);
	child->stats.bytes_read = info.bytes;
	if (r == 0)
		wire_archive(&child->out, &info);
	return r;
}

static int parse_hash(struct child *child, struct disk *disk, struct err *err)
{
	struct disk_digest digest;
	int r = disk_hash(disk, &child->interrupted, &digest, err);

	if (r == 0)
		wire_digest(&child->out, &digest);
	return r;
}

static int send_ranges(struct child *child, struct disk *disk, struct err *err)
{
	CLEANUP(buf_done) struct buf ranges = BUF_INIT;

	if (disk_unreadable(disk, &ranges) < 0)
		return err_nomem(err);
	if (ranges.len)
		wire_ranges(&child->out, (const struct disk_range *)(const void *)ranges.data,
			    ranges.len / sizeof(struct disk_range));
	return 0;
}

static int parse(struct child *child, struct err *err)
{
	static int (*const parsers[])(struct child *, struct disk *, struct err *) = {
		[EVIDENCE_PARTITIONS] = parse_partitions, [EVIDENCE_EXTFS] = parse_extfs,
		[EVIDENCE_ARCHIVE] = parse_archive,       [EVIDENCE_HASH] = parse_hash,
		[EVIDENCE_FSTAB] = parse_fstab,
	};
	CLEANUP(disk_freep) struct disk *disk = NULL;
	struct err ignored = ERR_INIT;
	int r = disk_new(child->job->source, &disk, err);
	int sent;

	if (r < 0)
		return r;
	r = parsers[child->job->kind](child, disk, err);
	sent = send_ranges(child, disk, r < 0 ? &ignored : err); /* they may be why it failed */
	return r < 0 ? r : sent;
}

int evidence_start(const struct evidence_job *job, struct evidence **ret_evidence, struct err *err)
{
	return evidence_start_as(job, NULL, parse, ret_evidence, err);
}
