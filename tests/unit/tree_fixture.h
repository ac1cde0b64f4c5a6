/* tree_fixture.h - random entries from a seed, for tests of tree and store. */
#ifndef TREE_FIXTURE_H
#define TREE_FIXTURE_H

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "tree/entry.h"

/* splitmix64, https://prng.di.unimi.it/splitmix64.c: every test gives its seed. */
struct random {
	uint64_t state;
};

static inline uint64_t random_next(struct random *random)
{
	uint64_t z = (random->state += 0x9e3779b97f4a7c15u);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

static inline size_t random_below(struct random *random, size_t bound)
{
	return (size_t)(random_next(random) % bound);
}

enum { FIXTURE_XATTRS = 6, FIXTURE_BIG = 65536 };

/* The bytes that a random entry points to. */
struct fixture_entry {
	struct entry entry;
	struct xattr xattrs[FIXTURE_XATTRS];
	char names[FIXTURE_XATTRS][64];
};

static inline struct timestamp fixture_time(struct random *random)
{
	static const int64_t seconds[] = {
		-2177452800, /* 1901 */
		10413792000, /* 2300 */
		253402300799, /* the end of 9999 */
		0,
		-1,
		1700000000,
		INT64_MIN,
		INT64_MAX,
	};

	return (struct timestamp){ seconds[random_below(random, ARRAY_SIZE(seconds))],
				   random_below(random, 4) ? (uint32_t)random_below(random, 1000000000) : 999999999 };
}

static inline uint64_t fixture_number(struct random *random)
{
	static const uint64_t numbers[] = { 0, 1, 4096, INT64_MAX, (uint64_t)INT64_MAX + 1, UINT64_MAX };
	size_t at = random_below(random, ARRAY_SIZE(numbers) + 2);

	return at < ARRAY_SIZE(numbers) ? numbers[at] : random_next(random);
}

static inline struct bytes fixture_bytes(struct random *random)
{
	static const char *const samples[] = { "", "root", "a,b", "line\nbreak", "\xff\xfe", "=", "\x1b[31m" };

	return bytes_of(samples[random_below(random, ARRAY_SIZE(samples))]);
}

/* Names that broke text databases, and the three with an attribute of their own; ascending. */
static inline void fixture_xattrs(struct random *random, struct fixture_entry *fixture)
{
	static const char *const names[] = { "security.capability", "security.selinux", "system.posix_acl_access",
					     "user.a,b=c",          "user.line\nbreak", "user.\xc3\x28" };
	static unsigned char big[FIXTURE_BIG];
	size_t count = 0;

	_Static_assert(ARRAY_SIZE(names) == FIXTURE_XATTRS, "one slot a name");
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (random_below(random, 3))
			continue;
		fixture->xattrs[count].name = bytes_of(names[i]);
		fixture->xattrs[count].value =
			random_below(random, 8) ? fixture_bytes(random) : (struct bytes){ big, sizeof(big) };
		fixture->entry.value |= ATTR_BIT(xattr_attr(fixture->xattrs[count].name));
		count++;
	}
	for (size_t i = 0; i < sizeof(big); i += 997)
		big[i] = (unsigned char)i;
	fixture->entry.xattrs = fixture->xattrs;
	fixture->entry.xattr_count = count;
}

static inline void fixture_fields(struct random *random, struct entry *entry)
{
	if (entry->value & ATTR_BIT(ATTR_TYPE))
		entry->type = (enum file_type)(TYPE_FILE + random_below(random, 7));
	if (entry->value & ATTR_BIT(ATTR_MODE))
		entry->mode = (uint16_t)random_below(random, 010000);
	if (entry->value & ATTR_BIT(ATTR_OWNER)) {
		entry->uid = (uint32_t)random_next(random);
		entry->user = fixture_bytes(random);
	}
	if (entry->value & ATTR_BIT(ATTR_GROUP)) {
		entry->gid = (uint32_t)random_next(random);
		entry->group = fixture_bytes(random);
	}
	if (entry->value & ATTR_BIT(ATTR_SIZE))
		entry->size = fixture_number(random);
	if (entry->value & ATTR_BIT(ATTR_CONTENT)) {
		for (size_t i = 0; i < DIGEST_BYTES; i++)
			entry->digest[i] = (unsigned char)random_next(random);
		entry->digest_bytes = fixture_number(random);
	}
	if (entry->value & ATTR_BIT(ATTR_MTIME))
		entry->mtime = fixture_time(random);
	if (entry->value & ATTR_BIT(ATTR_CTIME))
		entry->ctime = fixture_time(random);
	if (entry->value & ATTR_BIT(ATTR_BTIME))
		entry->btime = fixture_time(random);
	if (entry->value & ATTR_BIT(ATTR_INODE))
		entry->inode = fixture_number(random);
	if (entry->value & ATTR_BIT(ATTR_LINKS))
		entry->links = fixture_number(random);
	if (entry->value & ATTR_BIT(ATTR_TARGET))
		entry->target = fixture_bytes(random);
	if (entry->value & ATTR_BIT(ATTR_RDEV)) {
		entry->rdev_major = (uint32_t)random_next(random);
		entry->rdev_minor = (uint32_t)random_next(random);
	}
	if (entry->value & ATTR_BIT(ATTR_FLAGS))
		entry->flags = (uint32_t)random_below(random, 64);
}

/* A well-formed entry with every attribute in a random state; the path is the caller's. */
static inline void fixture_random(struct random *random, struct fixture_entry *ret_fixture)
{
	struct fixture_entry *fixture = ret_fixture;
	struct entry *entry = &fixture->entry;

	*fixture = (struct fixture_entry){ .entry = { .value = 0 } };
	fixture_xattrs(random, fixture);
	for (unsigned attr = 0; attr < ATTR_COUNT; attr++) {
		size_t state = random_below(random, 6);
		bool of_xattr = attr >= ATTR_XATTRS && attr <= ATTR_SELINUX;

		if (entry->value & ATTR_BIT(attr))
			continue;
		if (state == 0)
			entry->none |= ATTR_BIT(attr);
		else if (state == 1)
			entry->failed |= ATTR_BIT(attr);
		else if (state > 2 && !of_xattr)
			entry->value |= ATTR_BIT(attr);
	}
	fixture_fields(random, entry);
	entry->dev_major = (uint32_t)random_next(random);
	entry->dev_minor = (uint32_t)random_next(random);
	entry->blocks = fixture_number(random);
	entry->since = (uint32_t)random_next(random);
	entry->head = (uint8_t)random_below(random, 3);
	entry->racy = random_below(random, 2);
	if (entry->failed)
		entry->problem = bytes_of("cannot read it");
}

#endif
