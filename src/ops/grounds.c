/* grounds.c - see grounds.h. */
#include "ops/grounds.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"

static const char uuid_form[] = "uuid:", fsid_form[] = "fsid:";

static bool has_form(const char *id, const char *form)
{
	return strlen(id) > strlen(form) && memcmp(id, form, strlen(form)) == 0;
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* statfs(2) of ext2/3/4: the two halves of the UUID, little endian, exclusive or. */
struct ground_fsid ground_fsid(const char *id)
{
	struct ground_fsid fsid = { "" };
	uint64_t halves[2] = { 0, 0 };
	unsigned nibbles = 0;

	if (!has_form(id, uuid_form))
		return fsid;
	for (const char *at = id + sizeof(uuid_form) - 1; *at; at++) {
		int value = hex_value(*at);
		unsigned byte = nibbles / 2, shift = 8 * (byte % 8) + (nibbles % 2 ? 0 : 4);

		if (*at == '-')
			continue;
		if (value < 0 || nibbles == 32)
			return fsid;
		halves[byte / 8] |= (uint64_t)value << shift;
		nibbles++;
	}
	if (nibbles == 32)
		(void)snprintf(fsid.text, sizeof(fsid.text), "%s%016" PRIx64, fsid_form, halves[0] ^ halves[1]);
	return fsid;
}

static bool is_ext(const struct ground *ground)
{
	return memcmp(ground->fstype, "ext", strlen(ground->fstype) < 3 ? strlen(ground->fstype) : 3) == 0 &&
	       strlen(ground->fstype) == 4;
}

static bool same_derived(const struct ground *uuid, const struct ground *fsid)
{
	return is_ext(uuid) && has_form(fsid->id, fsid_form) && strcmp(ground_fsid(uuid->id).text, fsid->id) == 0;
}

bool ground_same(const struct ground *a, const struct ground *b)
{
	if (!*a->id || !*b->id)
		return false;
	return strcasecmp(a->id, b->id) == 0 || same_derived(a, b) || same_derived(b, a);
}

/* The one that PATH lies on. */
static const struct ground *ground_of(const struct grounds *grounds, struct bytes path)
{
	const struct ground *best = NULL;

	for (size_t i = 0; i < grounds->count; i++) {
		const struct ground *ground = &grounds->grounds[i];

		if (path_covers(ground->path, path) && (!best || ground->path.len > best->path.len))
			best = ground;
	}
	return best;
}

static const struct ground *ground_at(const struct grounds *grounds, struct bytes path)
{
	const struct ground *ground = ground_of(grounds, path);

	return ground && bytes_equal(ground->path, path) ? ground : NULL;
}

static int add_lineage(const struct grounds *a, const struct grounds *b, struct bytes path, struct buf *out)
{
	const struct ground *of_a = ground_of(a, path), *of_b = ground_of(b, path);
	struct lineage lineage = { path, true };

	if (of_a && of_b && bytes_equal(of_a->path, of_b->path))
		lineage.strangers = !ground_same(of_a, of_b);
	return buf_add(out, &lineage, sizeof(lineage));
}

int grounds_lineages(const struct grounds *a, const struct grounds *b, struct buf *out)
{
	for (size_t i = 0; i < a->count; i++) {
		if (a->grounds[i].crossed && add_lineage(a, b, a->grounds[i].path, out) < 0)
			return -1;
	}
	for (size_t i = 0; i < b->count; i++) {
		if (b->grounds[i].crossed && !ground_at(a, b->grounds[i].path) &&
		    add_lineage(a, b, b->grounds[i].path, out) < 0)
			return -1;
	}
	return 0;
}

int grounds_shadows(const struct grounds *side, const struct grounds *other, struct buf *out)
{
	for (size_t i = 0; i < side->count; i++) {
		const struct ground *ground = &side->grounds[i], *below, *theirs;
		struct shadow shadow = { ground, SHADOW_UNSEEN };

		if (ground->path.len == 1 || ground_at(other, ground->path))
			continue;
		/* the file systems that the mount point itself lies on */
		below = ground_of(side, path_parent(ground->path));
		theirs = ground_of(other, path_parent(ground->path));
		if (ground->crossed && !theirs)
			continue;
		if (ground->crossed)
			shadow.kind = below && ground_same(below, theirs) ? SHADOW_ABSENT : SHADOW_DOUBTFUL;
		if (buf_add(out, &shadow, sizeof(shadow)) < 0)
			return -1;
	}
	return 0;
}
