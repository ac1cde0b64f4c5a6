/*
 * claims.h - what the parent believes of what a child writes: each record held against the job, and against those before it. Pure.
 *
 * Entries of a file system: path order, each once, at or below job->at, not at or below a shadow, within job->paths, their parent
 * told before as a directory (TAG_ENTRY or TAG_WAY). Members of an archive: any order, valid paths. The first claim that cannot be ends
 * it: nothing behind it is believed.
 */
#ifndef EVIDENCE_CLAIMS_H
#define EVIDENCE_CLAIMS_H

#include "evidence/chain.h"
#include "evidence/wire.h"

/*
 * Bounds on what a child can make its parent keep or write, whatever it tells:
 *	a record		WIRE_RECORD_MAX: one is in memory, with a table of its extended attributes, of which each takes 9 bytes at least
 *	problems		CLAIMS_PROBLEMS_MAX and CLAIMS_PROBLEMS_BYTES; those beyond are counted, and that is told
 *	unreadable ranges	CLAIMS_RANGES_MAX, one record
 *	partitions		PARTITIONS_MAX, one record; other facts have a fixed size
 *	open directories	as deep as a path is long
 *	entries			CLAIMS_ENTRIES_MAX; none is kept: they pass, and what differs goes to a spill
 *	members			CLAIMS_MEMBERS_MAX and CLAIMS_MEMBER_BYTES_MAX; in a spill
 *	implied directories	IMPLIED_BYTES_MAX (implied.h); in the same spill
 *	hard links' entries	LINKED_BYTES_MAX (members.h), for many links can lead to one large entry; in a spill
 * What the rooms above keep of entries is theirs to bound (ops/hoard.h).
 */
enum { CLAIMS_PROBLEMS_MAX = 10000, CLAIMS_PROBLEMS_BYTES = 16 << 20, CLAIMS_RANGES_MAX = 4096 };
#define CLAIMS_ENTRIES_MAX      (UINT64_C(1) << 32) /* inode numbers of ext4 have 32 bits */
#define CLAIMS_MEMBERS_MAX      UINT64_C(100000000)
#define CLAIMS_MEMBER_BYTES_MAX (UINT64_C(32) << 30)

struct claims {
	const struct evidence_job *job; /* borrowed */
	struct evidence_result *result; /* borrowed: what was believed lands there */
	struct buf last; /* path of the last entry or way */
	bool any, confined, ended;
	struct chain dirs; /* told, by TAG_ENTRY or TAG_WAY */
	struct buf xattrs;
	uint64_t member_bytes; /* taken */
	struct buf problems; /* for each: size_t offset in `lines` */
	struct buf lines; /* path length (uint32_t), path, line, NUL */
	struct partitions *partitions;
	struct fstab *fstab;
	struct extfs_info extfs;
	struct archive_info archive;
	struct disk_digest digest;
	bool has_extfs, has_archive, has_digest;
};

void claims_init(struct claims *claims, const struct evidence_job *job, struct evidence_result *result);
void claims_done(struct claims *claims);

/* Something for the tree. Borrowed from the record and CLAIMS, until the next call. */
struct claim {
	enum tag tag; /* TAG_ENTRY, TAG_TARGET, TAG_LINK */
	struct entry entry; /* with its path */
	struct bytes encoded; /* the entry's bytes */
	struct bytes target; /* of a link, whose path is the entry's */
};

/*
 * One record, without its length. 1: *ret_claim is for the tree; 0: taken; ERR_DATA: it cannot be, *err says in one line why; ERR_INTERNAL:
 * memory. After a negative answer and after END nothing more may be given to it. END that says whole while something is missing is ERR_DATA; one
 * that tells of an error puts its line into result->ended.
 */
int claims_take(struct claims *claims, const unsigned char *data, size_t len, struct claim *ret_claim, struct err *err);

/* A problem of the parent's own making, kept and counted like the child's. 0 or ERR_INTERNAL. */
int claims_problem(struct claims *claims, struct bytes path, const char *line, struct err *err);
bool claims_get_problem(const struct claims *claims, uint64_t index, struct bytes *ret_path, const char **ret_line);

/* Private to claims*.c: is PATH (valid, behind the last one) where an entry may stand? A directory is remembered. */
int claims_place(struct claims *claims, struct bytes path, bool is_dir, struct err *err);

#endif
