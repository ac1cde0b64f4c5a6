/* assembly.c - see assembly.h. What can't be compared, and what to do about it, is in assembly_words.c. */
#include "ops/assembly.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/quote.h"
#include "ops/assembly_words.h"
#include "ops/subject.h"

struct making {
	const struct partitions *partitions;
	const struct assembly_request *request;
	struct texts *texts;
	struct assembly *assembly;
	bool taken[PARTITIONS_MAX];
};

static int add_line(struct making *making, const char ***lines, size_t *count, const char *line, struct err *err)
{
	const char **grown;

	if (!line)
		return err_nomem(err);
	grown = texts_alloc(making->texts, (*count + 1) * sizeof(*grown));
	if (!grown)
		return err_nomem(err);
	for (size_t i = 0; i < *count; i++)
		grown[i] = (*lines)[i];
	grown[(*count)++] = line;
	*lines = grown;
	return 0;
}

static int note(struct making *making, const char *line, struct err *err)
{
	return add_line(making, &making->assembly->notes, &making->assembly->note_count, line, err);
}

/* Puts partition INDEX at PATH. */
static int take(struct making *making, size_t index, struct bytes path, struct err *err)
{
	const struct partition *partition = &making->partitions->partitions[index];
	struct assembly *assembly = making->assembly;
	struct assembled *parts = texts_alloc(making->texts, (assembly->count + 1) * sizeof(*parts));
	bool by_kernel = false;
	int r = assembly_readable(partition, making->request, &by_kernel, err);

	if (r < 0)
		return r;
	if (!parts)
		return err_nomem(err);
	for (size_t i = 0; i < assembly->count; i++)
		parts[i] = assembly->parts[i];
	parts[assembly->count] = (struct assembled){
		.number = partition->number,
		.offset = partition->offset,
		.size = partition->size,
		.by_kernel = by_kernel,
		.ground = { .path = path,
			    .crossed = true,
			    .fstype = texts_add(making->texts, partition->type),
			    .id = partition->uuid[0] ? texts_printf(making->texts, "uuid:%s", partition->uuid) : "" },
	};
	if (!parts[assembly->count].ground.fstype || !parts[assembly->count].ground.id)
		return err_nomem(err);
	assembly->parts = parts;
	assembly->count++;
	making->taken[index] = true;
	return 0;
}

/* ---- one that was named ---- */

static bool is_named(const struct partition *partition, const char *name)
{
	if (subject_begins(name, "UUID="))
		return strcasecmp(partition->uuid, name + 5) == 0 || strcasecmp(partition->part_uuid, name + 5) == 0;
	if (subject_begins(name, "LABEL="))
		return strcmp(partition->label, name + 6) == 0 || strcmp(partition->part_label, name + 6) == 0;
	return partition->number == strtoul(name, NULL, 10) && partition->number != 0;
}

static int take_named(struct making *making, struct err *err)
{
	const struct partitions *partitions = making->partitions;
	const struct assembly_request *request = making->request;
	size_t found = 0, count = 0;

	for (size_t i = 0; i < partitions->count; i++) {
		if (is_named(&partitions->partitions[i], request->partition)) {
			found = i;
			count++;
		}
	}
	if (count == 0)
		return assembly_refuse(partitions, request, ERR_NOINPUT, "has no such partition", err);
	if (count > 1)
		return assembly_refuse(partitions, request, ERR_DATA, "has several: name one by its number", err);
	return take(making, found, request->at, err);
}

/* ---- by the image's own word ---- */

static bool is_meant(const struct partition *partition, const char *spec)
{
	if (subject_begins(spec, "UUID="))
		return strcasecmp(partition->uuid, spec + 5) == 0;
	if (subject_begins(spec, "PARTUUID="))
		return strcasecmp(partition->part_uuid, spec + 9) == 0;
	return strcmp(partition->label, spec + 6) == 0;
}

/* The one partition that SPEC means; the count when that is none, or several. */
static size_t find_meant(const struct partitions *partitions, const char *spec)
{
	size_t found = partitions->count, count = 0;

	for (size_t i = 0; i < partitions->count; i++) {
		if (is_meant(&partitions->partitions[i], spec)) {
			found = i;
			count++;
		}
	}
	return count == 1 ? found : partitions->count;
}

static bool calls_itself_root(const struct making *making, size_t index)
{
	const struct fstab *fstab = making->request->fstabs[index];

	for (size_t i = 0; fstab && i < fstab->count; i++) {
		if (strcmp(fstab->rows[i].path, "/") == 0 &&
		    find_meant(making->partitions, fstab->rows[i].spec) == index)
			return true;
	}
	return false;
}

/* The count when none calls itself the root, or several. */
static size_t find_claimed(const struct making *making)
{
	size_t found = making->partitions->count, count = 0;

	for (size_t i = 0; making->request->fstabs && i < making->partitions->count; i++) {
		if (calls_itself_root(making, i)) {
			found = i;
			count++;
		}
	}
	return count == 1 ? found : making->partitions->count;
}

static bool is_used(const struct making *making, struct bytes path)
{
	for (size_t i = 0; i < making->assembly->count; i++) {
		if (bytes_equal(making->assembly->parts[i].ground.path, path))
			return true;
	}
	return false;
}

static int take_claimed(struct making *making, size_t root, struct err *err)
{
	const struct fstab *fstab = making->request->fstabs[root];
	struct bytes at = making->request->at;
	int r = note(making,
		     texts_printf(making->texts,
				  "%s: nothing else tells what belongs where, so it was put together as /etc/fstab on "
				  "partition %u says: the image's own word, which may be forged",
				  QUOTE(making->request->name), making->partitions->partitions[root].number),
		     err);

	if (r >= 0)
		r = take(making, root, at, err);
	for (size_t i = 0; r >= 0 && i < fstab->count; i++) {
		size_t index = find_meant(making->partitions, fstab->rows[i].spec);
		const char *path = texts_printf(making->texts, "%.*s%s", at.len == 1 ? 0 : (int)at.len,
						(const char *)at.data, fstab->rows[i].path);
		struct err why = { 0 };

		if (!path)
			return err_nomem(err);
		if (index == making->partitions->count || making->taken[index] || !path_valid(bytes_of(path)) ||
		    is_used(making, bytes_of(path)))
			continue;
		/* one that can't be read is left, and said so below */
		if (take(making, index, bytes_of(path), &why) == ERR_INTERNAL)
			r = err_nomem(err);
	}
	return r;
}

/* ---- by the mount table ---- */

static bool stands_at(const struct partition *partition, const struct ground *ground)
{
	char id[80];
	const struct ground there = { .fstype = partition->type, .id = id };

	(void)snprintf(id, sizeof(id), "uuid:%s", partition->uuid);
	return partition->uuid[0] && ground_same(&there, ground);
}

/* The partition that is GROUND; the count when none is. Two file systems with one UUID: nobody can say which is meant. */
static int find_ground(const struct making *making, const struct ground *ground, size_t *ret_index, struct err *err)
{
	const struct partitions *partitions = making->partitions;
	size_t count = 0;

	*ret_index = partitions->count;
	for (size_t i = 0; i < partitions->count; i++) {
		if (!stands_at(&partitions->partitions[i], ground))
			continue;
		*ret_index = i;
		count++;
	}
	if (count > 1)
		return assembly_refuse(partitions, making->request, ERR_DATA,
				       "has two file systems with one UUID: name a partition", err);
	return 0;
}

static int take_root(struct making *making, struct err *err)
{
	const struct partitions *partitions = making->partitions;
	const struct grounds *table = making->request->table;
	size_t index = partitions->count, candidates = 0, candidate = 0;
	int r = 0;

	for (size_t i = 0; r >= 0 && i < table->count; i++) {
		if (table->grounds[i].path.len == 1)
			r = find_ground(making, &table->grounds[i], &index, err);
	}
	if (r < 0)
		return r;
	if (index < partitions->count)
		return take(making, index, making->request->at, err);
	for (size_t i = 0; i < partitions->count; i++) {
		if (assembly_may_be_root(&partitions->partitions[i], making->request)) {
			candidate = i;
			candidates++;
		}
	}
	if (partitions->count == 0)
		return assembly_refuse(partitions, making->request, ERR_NOINPUT, "holds no file system", err);
	if (candidates > 1 && find_claimed(making) < partitions->count)
		return take_claimed(making, find_claimed(making), err);
	if (candidates == 0 && partitions->count == 1) /* no other can be meant; that it can't be read is told there */
		candidates = 1;
	if (candidates != 1)
		return assembly_refuse(partitions, making->request, ERR_NOINPUT,
				       candidates ? "has several file systems, and no mount table tells which is the "
						    "root: name one by its number, as @2"
						  : "has no file system that can be the root: name one by its number, "
						    "as @2",
				       err);
	if (table->count)
		r = note(making,
			 texts_printf(making->texts,
				      "%s: no partition has the UUID of the root in the mount table; number %u is "
				      "taken for it",
				      QUOTE(making->request->name), partitions->partitions[candidate].number),
			 err);
	return r < 0 ? r : take(making, candidate, making->request->at, err);
}

static int take_others(struct making *making, struct err *err)
{
	const struct grounds *table = making->request->table;
	int r = 0;

	for (size_t i = 0; r >= 0 && i < table->count; i++) {
		const struct ground *ground = &table->grounds[i];
		struct err why = { 0 };
		size_t index;

		if (ground->path.len == 1 || !ground->crossed)
			continue;
		r = find_ground(making, ground, &index, err);
		if (r < 0 || index == making->partitions->count || making->taken[index])
			continue;
		/* one that can't be read is left, and said so below */
		if (take(making, index, ground->path, &why) == ERR_INTERNAL)
			r = err_nomem(err);
	}
	return r;
}

static int name_left(struct making *making, struct err *err)
{
	struct assembly *assembly = making->assembly;
	int r = 0;

	for (size_t i = 0; r >= 0 && i < making->partitions->count; i++) {
		if (making->taken[i] || assembly_is_container(&making->partitions->partitions[i]))
			continue;
		r = add_line(making, &assembly->left, &assembly->left_count,
			     assembly_left(&making->partitions->partitions[i], making->request, making->texts), err);
	}
	if (r >= 0 && making->partitions->beyond)
		r = add_line(making, &assembly->left, &assembly->left_count,
			     texts_printf(making->texts, "%zu more partitions, beyond the %d that are looked at",
					  making->partitions->beyond, PARTITIONS_MAX),
			     err);
	return r;
}

static int by_path(const void *a, const void *b)
{
	return path_compare(((const struct assembled *)a)->ground.path, ((const struct assembled *)b)->ground.path);
}

int assembly_make(const struct partitions *partitions, const struct assembly_request *request, struct texts *texts,
		  struct assembly *ret_assembly, struct err *err)
{
	struct assembly assembly = { .parts = NULL };
	struct making *making = calloc(1, sizeof(*making));
	int r = 0;

	if (!making)
		return err_nomem(err);
	*making = (struct making){ partitions, request, texts, &assembly, { false } };
	if (partitions->problem[0])
		r = note(making, texts_printf(texts, "%s: %s", QUOTE(request->name), QUOTE(partitions->problem)), err);
	if (r >= 0 && request->partition)
		r = take_named(making, err);
	else if (r >= 0 && partitions->count == 1 && partitions->partitions[0].number == 0)
		r = take(making, 0, request->at, err);
	else if (r >= 0) {
		r = take_root(making, err);
		if (r >= 0)
			r = take_others(making, err);
		if (r >= 0)
			r = name_left(making, err);
	}
	free(making);
	if (r < 0)
		return r;
	qsort(assembly.parts, assembly.count, sizeof(*assembly.parts), by_path);
	*ret_assembly = assembly;
	return 0;
}
