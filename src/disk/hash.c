/* hash.c - reading all of a disk once. See disk.h. */
#include <errno.h>
#include <nettle/md5.h>
#include <nettle/sha1.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "crypto/digest.h"
#include "disk/disk_inner.h"
#include "disk/ewf.h"

enum { PIECE = 1 << 20 };

/* MD5 and SHA-1 only to check what an E01 says of itself. */
struct sums {
	struct digest_state sha256;
	struct md5_ctx md5;
	struct sha1_ctx sha1;
	struct ewf_stored stored;
};

static void sums_add(struct sums *sums, const unsigned char *data, size_t len)
{
	digest_update(&sums->sha256, data, len);
	if (sums->stored.has_md5)
		md5_update(&sums->md5, len, data);
	if (sums->stored.has_sha1)
		sha1_update(&sums->sha1, len, data);
}

static enum stored judge(bool has, const unsigned char *stored, const unsigned char *found, size_t len)
{
	if (!has)
		return STORED_NONE;
	return memcmp(stored, found, len) == 0 ? STORED_RIGHT : STORED_WRONG;
}

static void sums_end(struct sums *sums, struct disk_digest *ret_digest)
{
	unsigned char md5[MD5_DIGEST_SIZE], sha1[SHA1_DIGEST_SIZE];

	digest_final(&sums->sha256, ret_digest->sha256);
	md5_digest(&sums->md5, sizeof(md5), md5);
	sha1_digest(&sums->sha1, sizeof(sha1), sha1);
	ret_digest->stored_md5 = judge(sums->stored.has_md5, sums->stored.md5, md5, sizeof(md5));
	ret_digest->stored_sha1 = judge(sums->stored.has_sha1, sums->stored.sha1, sha1, sizeof(sha1));
}

int disk_hash(struct disk *disk, const atomic_bool *interrupted, struct disk_digest *ret_digest, struct err *err)
{
	CLEANUP(freep) void *data = NULL;
	struct disk_digest digest = { .unreadable_bytes = 0 };
	struct sums sums = { .stored = { .has_md5 = false } };

	if (posix_memalign(&data, 4096, PIECE) != 0)
		return err_nomem(err);
	digest_init(&sums.sha256);
	md5_init(&sums.md5);
	sha1_init(&sums.sha1);
	if (disk->ewf != NULL)
		ewf_stored(disk->ewf, &sums.stored);
	for (uint64_t offset = 0; offset < disk->size;) {
		size_t n = disk->size - offset < PIECE ? (size_t)(disk->size - offset) : PIECE;

		if (interrupted != NULL && atomic_load(interrupted))
			return err_set(err, ERR_INTERRUPTED, "interrupted");
		if (disk_salvage(disk, offset, data, n, disk->ewf != NULL) == -ENOMEM)
			return err_nomem(err);
		sums_add(&sums, data, n);
		offset += n;
	}
	sums_end(&sums, &digest);
	pthread_mutex_lock(&disk->lock);
	digest.unreadable_bytes = ranges_bytes(&disk->bad);
	pthread_mutex_unlock(&disk->lock);
	*ret_digest = digest;
	return 0;
}
