/* iso_extents.c - see iso_extents.h. */
#include "medium/iso_extents.h"

#include <stdlib.h>
#include <string.h>

#include "medium/iso_form.h"

enum {
	/* xorriso leaves some before the first file, and puts 150 behind the last; a drive may add as many */
	EMPTY_SECTORS_MAX = 512
};

int iso_extents_add(struct iso_extents *extents, uint64_t first, uint64_t bytes, const char *what, struct err *err)
{
	uint64_t end = first + (bytes + ISO_SECTOR - 1) / ISO_SECTOR;

	if (end > extents->sectors || first >= extents->sectors)
		return err_set(err, ERR_UNTRUSTED, "%s lies outside of the image", what);
	if (bytes == 0)
		return 0; /* it points to a place all the same */
	if (extents->count == ISO_EXTENTS_MAX)
		return err_set(err, ERR_UNTRUSTED, "there are more than %d files", SOURCE_FILES_MAX);
	extents->list[extents->count++] = (struct iso_extent){ first, end, bytes, what };
	return 0;
}

static int by_first(const void *a, const void *b)
{
	const struct iso_extent *left = a, *right = b;

	if (left->first != right->first)
		return left->first < right->first ? -1 : 1;
	return left->end < right->end ? -1 : left->end > right->end;
}

static int prove_zeros(int fd, uint64_t from, uint64_t to, struct err *err)
{
	static const unsigned char zeros[ISO_SECTOR];
	unsigned char sector[ISO_SECTOR];

	while (from < to) {
		uint64_t len = ISO_SECTOR - from % ISO_SECTOR < to - from ? ISO_SECTOR - from % ISO_SECTOR : to - from;
		int r = source_pread(fd, sector, (size_t)len, from, err);

		if (r < 0)
			return r;
		if (memcmp(sector, zeros, (size_t)len) != 0)
			return err_set(
				err, ERR_UNTRUSTED,
				"sector %llu belongs to no file, but it is not empty (another session, another file "
				"system, a boot loader?)",
				(unsigned long long)(from / ISO_SECTOR));
		from += len;
	}
	return 0;
}

static int prove_tail(int fd, const struct iso_extent *extent, struct err *err)
{
	uint64_t end = extent->first * ISO_SECTOR + extent->bytes;
	struct err ignored;
	int r = prove_zeros(fd, end, extent->end * ISO_SECTOR, &ignored);

	if (r == ERR_UNTRUSTED)
		return err_set(err, r, "there is something behind the end of %s", extent->what);
	if (r < 0)
		*err = ignored;
	return r;
}

/* In order, none in another's place, and not much beside them. */
static int prove_places(struct iso_extents *extents, struct err *err)
{
	uint64_t empty = extents->sectors, at = 0;

	qsort(extents->list, extents->count, sizeof(extents->list[0]), by_first);
	for (size_t i = 0; i < extents->count; i++) {
		const struct iso_extent *extent = &extents->list[i];

		if (extent->first < at)
			return err_set(err, ERR_UNTRUSTED, "%s and %s share sector %llu", extents->list[i - 1].what,
				       extent->what, (unsigned long long)extent->first);
		empty -= extent->end - extent->first;
		at = extent->end;
	}
	if (empty > EMPTY_SECTORS_MAX)
		return err_set(err, ERR_UNTRUSTED, "more than %d sectors belong to no file", EMPTY_SECTORS_MAX);
	return 0;
}

int iso_extents_prove(struct iso_extents *extents, int fd, uint64_t bytes, struct err *err)
{
	uint64_t at = 0, image = extents->sectors * ISO_SECTOR;
	int r;

	if (bytes > image && (bytes - image) / ISO_SECTOR > EMPTY_SECTORS_MAX)
		return err_set(err, ERR_UNTRUSTED, "the file goes on for %llu bytes behind the image",
			       (unsigned long long)(bytes - image));
	r = prove_places(extents, err);
	for (size_t i = 0; r >= 0 && i < extents->count; i++) {
		const struct iso_extent *extent = &extents->list[i];

		r = prove_zeros(fd, at * ISO_SECTOR, extent->first * ISO_SECTOR, err);
		if (r >= 0)
			r = prove_tail(fd, extent, err);
		at = extent->end;
	}
	if (r >= 0)
		r = prove_zeros(fd, at * ISO_SECTOR, image, err);
	if (r < 0)
		return r;
	r = prove_zeros(fd, image, bytes, err);
	return r == ERR_UNTRUSTED ? err_set(err, r, "there is something behind the end of the image") : r;
}
