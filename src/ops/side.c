/* side.c - opening one side and finding its parts; see side.h. Its streams are in side_look.c. */
#include "ops/side.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/cleanup.h"
#include "base/quote.h"
#include "ops/survey.h"
#include "sys/mountinfo.h"

void side_done(struct side *side)
{
	side_end(side);
	for (size_t i = 0; i < side->part_count; i++) {
		loopmount_freep(&side->parts[i].mount);
		buf_done(&side->parts[i].shadows);
	}
	free(side->parts);
	evidence_freep(&side->hash);
	evidence_freep(&side->table);
	disk_source_done(&side->source);
	free(side->root);
	free(side->ground_array);
	sys_mounts_done(&side->system);
	reference_done(&side->reference);
	subject_done(&side->subject);
}

/* ---- opening ---- */

static int open_dir(struct side *side, struct err *err)
{
	struct stat status;

	side->root = realpath(side->subject.file, NULL);
	if (!side->root)
		return err_errno(err, errno, "cannot open '%s'", QUOTE(side->subject.file));
	if (stat(side->root, &status) < 0 || !S_ISDIR(status.st_mode))
		return err_set(err, ERR_NOINPUT, "'%s' is no directory", QUOTE(side->subject.file));
	return sys_mounts_load(NULL, &side->system, err);
}

static int open_baseline(struct side *side, struct err *err)
{
	struct place place = *side->place;

	place.baseline = side->subject.typed;
	if (side->beside_baseline) {
		place.generation = 0;
		place.min_sequence = 0;
	}
	return reference_open(&place, &side->reference, err);
}

/* Where the device is mounted: its file system's own root, outermost. */
static const char *find_mount(const struct side *side)
{
	const struct sys_mount *best = NULL;

	for (size_t i = 0; i < side->system.count; i++) {
		const struct sys_mount *mount = &side->system.mounts[i];

		if (mount->dev_major == side->source.dev_major && mount->dev_minor == side->source.dev_minor &&
		    mount->whole && (!best || strlen(mount->path) < strlen(best->path)))
			best = mount;
	}
	return best ? best->path : NULL;
}

static int open_image(struct side *side, struct err *err)
{
	struct evidence_job job = { .kind = EVIDENCE_PARTITIONS,
				    .source = &side->source,
				    .offset = side->request->offset,
				    .interrupted = side->talk ? side->talk->interrupted : NULL };
	int r;

	/* the page cache of a device shows what it once was, when it is mounted */
	r = disk_source_open(side->subject.file, true, &side->source, err);
	if (r >= 0 && side->source.form == DISK_DEVICE) {
		r = sys_mounts_load(NULL, &side->system, err);
		side->mounted_at = find_mount(side);
	}
	if (r >= 0)
		r = evidence_start(&job, &side->table, err);
	if (r >= 0)
		r = evidence_wait(side->table, err);
	if (r < 0)
		return r;
	if (!evidence_result(side->table)->whole || !evidence_result(side->table)->partitions)
		return err_set(err, ERR_DATA, "image '%s': %s", QUOTE(side->subject.typed),
			       evidence_result(side->table)->ended);
	return 0;
}

int side_open(struct side *side, const char *typed, struct err *err)
{
	int r = subject_parse(typed, &side->subject, err);

	if (r < 0)
		return r;
	switch (side->subject.kind) {
	case SUBJECT_LIVE:
		return sys_mounts_load(NULL, &side->system, err);
	case SUBJECT_DIR:
		return open_dir(side, err);
	case SUBJECT_BASELINE:
		return open_baseline(side, err);
	case SUBJECT_ARCHIVE:
		return disk_source_open(side->subject.file, false, &side->source, err);
	case SUBJECT_IMAGE:
	default:
		return open_image(side, err);
	}
}

/* ---- what it stands on ---- */

static int add_ground(struct buf *grounds, struct bytes path, const char *fstype, const char *id, bool crossed)
{
	const struct ground ground = { path, fstype, id, crossed };

	return buf_add(grounds, &ground, sizeof(ground));
}

static const char *text_of(const struct side *side, struct bytes bytes)
{
	return texts_add_bytes(side->texts, bytes.data, bytes.len);
}

/* Where PATH of this side stands in the comparison. */
static const char *place_of(const struct side *side, struct bytes path)
{
	if (side->at.len == 1)
		return text_of(side, path);
	return texts_printf(side->texts, "%.*s%.*s", (int)side->at.len, (const char *)side->at.data,
			    path.len == 1 ? 0 : (int)path.len, (const char *)path.data);
}

static int ground_table(const struct side *side, const struct policy *policy, const struct mount *mounts, size_t count,
			struct buf *grounds)
{
	for (size_t i = 0; i < count; i++) {
		const char *path = place_of(side, mounts[i].path), *fstype = text_of(side, mounts[i].fstype);
		const char *id = text_of(side, mounts[i].id);

		if (!path || !fstype || !id)
			return -1;
		if (add_ground(grounds, bytes_of(path), fstype, id,
			       mountinfo_is_disk(fstype) || policy_names_below(policy, bytes_of(path)) ||
				       mounts[i].path.len == 1) < 0)
			return -1;
	}
	return 0;
}

static int ground_live(const struct side *side, const struct policy *policy, struct buf *grounds, struct err *err)
{
	CLEANUP(freep) struct mount *mounts = NULL;
	size_t count;
	int r = survey_mounts(&side->system, policy, &mounts, &count, err);

	if (r < 0)
		return r;
	return ground_table(side, policy, mounts, count, grounds) < 0 ? err_nomem(err) : 0;
}

/* The directory's own file system counts only where it is all of one. */
static int ground_dir(const struct side *side, struct buf *grounds)
{
	const struct sys_mount *own = sys_mounts_at(&side->system, side->root, strlen(side->root));
	size_t len = strcmp(side->root, "/") == 0 ? 0 : strlen(side->root);
	bool whole = own && own->whole;

	if (add_ground(grounds, side->at, whole ? own->fstype : "", whole ? own->id : "", true) < 0)
		return -1;
	for (size_t i = 0; side->at.len == 1 && i < side->system.count; i++) {
		const struct sys_mount *mount = &side->system.mounts[i];

		if (strlen(mount->path) <= len + 1 || memcmp(mount->path, side->root, len) != 0 ||
		    mount->path[len] != '/')
			continue;
		if (add_ground(grounds, bytes_of(mount->path + len), mount->fstype, mount->id, mount->disk) < 0)
			return -1;
	}
	return 0;
}

static void fstabs_done(struct fstab ***fstabs)
{
	for (size_t i = 0; *fstabs && i < PARTITIONS_MAX; i++)
		free((*fstabs)[i]);
	free(*fstabs);
}

/* What cannot be read says nothing. */
static int read_fstab(const struct side *side, const struct partition *partition, struct fstab **ret_fstab,
		      struct err *err)
{
	const struct evidence_job job = { .kind = EVIDENCE_FSTAB,
					  .source = &side->source,
					  .offset = partition->offset,
					  .size = partition->size,
					  .replay = true,
					  .interrupted = side->talk ? side->talk->interrupted : NULL };
	CLEANUP(evidence_freep) struct evidence *evidence = NULL;
	int r = evidence_start(&job, &evidence, err);

	if (r >= 0)
		r = evidence_wait(evidence, err);
	if (r < 0 || !evidence_result(evidence)->whole)
		return r;
	*ret_fstab = malloc(sizeof(**ret_fstab));
	if (!*ret_fstab)
		return err_nomem(err);
	**ret_fstab = *evidence_result(evidence)->fstab;
	return 0;
}

/* Where nobody else tells what belongs where. */
static int read_fstabs(const struct side *side, struct assembly_request *request, struct fstab ***fstabs,
		       struct err *err)
{
	const struct partitions *partitions = evidence_result(side->table)->partitions;
	int r = 0;

	if (request->partition || request->table->count || partitions->count < 2)
		return 0;
	request->fstabs = *fstabs = calloc(PARTITIONS_MAX, sizeof(**fstabs));
	if (!*fstabs)
		return err_nomem(err);
	for (size_t i = 0; r >= 0 && i < partitions->count; i++) {
		if (memcmp(partitions->partitions[i].type, "ext", 3) == 0)
			r = read_fstab(side, &partitions->partitions[i], &(*fstabs)[i], err);
	}
	return r;
}

static int ground_image(struct side *side, const struct side *other, struct buf *grounds, struct err *err)
{
	static const struct grounds none = { .grounds = NULL };
	struct assembly_request request = {
		.name = side->subject.typed,
		.partition = side->subject.partition,
		.at = side->at,
		/* a table tells nothing of an image that does not stand at its root */
		.table = other->grounds.complete && side->at.len == 1 ? &other->grounds : &none,
		.mount = side->request->mount,
	};
	CLEANUP(fstabs_done) struct fstab **fstabs = NULL;
	int r = read_fstabs(side, &request, &fstabs, err);

	if (r >= 0)
		r = assembly_make(evidence_result(side->table)->partitions, &request, side->texts, &side->assembly,
				  err);

	for (size_t i = 0; r >= 0 && i < side->assembly.count; i++) {
		if (buf_add(grounds, &side->assembly.parts[i].ground, sizeof(struct ground)) < 0)
			r = err_nomem(err);
	}
	return r;
}

static int make_parts(struct side *side, struct err *err)
{
	bool archive = side->subject.kind == SUBJECT_ARCHIVE;

	side->part_count = archive ? 1 : side->assembly.count;
	side->parts = calloc(side->part_count + 1, sizeof(*side->parts));
	if (!side->parts) {
		side->part_count = 0;
		return err_nomem(err);
	}
	for (size_t i = 0; !archive && i < side->part_count; i++)
		side->parts[i].assembled = &side->assembly.parts[i];
	return 0;
}

int side_assemble(struct side *side, const struct side *other, const struct policy *policy, struct err *err)
{
	CLEANUP(buf_done) struct buf grounds = BUF_INIT;
	int r = 0;

	switch (side->subject.kind) {
	case SUBJECT_LIVE:
		r = ground_live(side, policy, &grounds, err);
		break;
	case SUBJECT_DIR:
		r = ground_dir(side, &grounds) < 0 ? err_nomem(err) : 0;
		break;
	case SUBJECT_BASELINE:
		r = ground_table(side, policy, side->reference.mounts, side->reference.mount_count, &grounds) < 0
			    ? err_nomem(err)
			    : 0;
		break;
	case SUBJECT_IMAGE:
		r = ground_image(side, other, &grounds, err);
		break;
	case SUBJECT_ARCHIVE:
	default:
		break;
	}
	if (r >= 0)
		r = make_parts(side, err);
	if (r < 0)
		return r;
	side->grounds.count = grounds.len / sizeof(struct ground);
	side->grounds.complete = side->subject.kind == SUBJECT_LIVE ||
				 (side->subject.kind == SUBJECT_BASELINE && side->grounds.count > 0);
	side->grounds.grounds = side->ground_array = (struct ground *)(void *)STEAL(grounds.data);
	return 0;
}
