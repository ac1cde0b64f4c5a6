/*
 * baseline.h - baseline.db: a signed set of entries with numbered generations. docs/FORMATS.md "baseline.db".
 *
 * Order of belief when reading: exact schema, statements and their chain, signatures of trusted keys, hashes
 * of policy and mounts, and last the root hash over the typed rows, which is computed while the rows are
 * read. Therefore nothing that rests on rows may be told to anybody before the tree has ended without error:
 * baseline_tree()'s next() returns 0 only when count, order and root hash are the statement's.
 *
 * A baseline file is never written in place: a new generation is a new file, synced and renamed.
 */
#ifndef STORE_BASELINE_H
#define STORE_BASELINE_H

#include "crypto/hash.h"
#include "crypto/trust.h"
#include "tree/tree.h"

/* The statement: what is signed. Strict text form in docs/FORMATS.md "Statement". */
struct statement {
	char host[256]; /* host name, quoted */
	char host_id[33]; /* 32 hex digits, random, made at init */
	uint64_t sequence; /* 1, 2, ... */
	char previous[HASH_TEXT]; /* hash of the statement before; "none" for sequence 1 */
	struct timestamp created; /* whole seconds */
	char tool[64]; /* "tally 0.1.0" */
	uint64_t entries, unexamined; /* rows; rows with something failed */
	char policy[HASH_TEXT], mounts[HASH_TEXT], packages[HASH_TEXT], root[HASH_TEXT];
};
int statement_format(const struct statement *statement, struct buf *out);
int statement_parse(const char *text, size_t len, struct statement *ret_statement, struct err *err); /* ERR_DATA */
void statement_hash(const char *text, size_t len, char ret_text[HASH_TEXT]);

/* ---- reading ---- */
struct baseline;

/*
 * Opens NAME below DIRFD read-only and checks schema, statements, chain, policy and mount hashes: everything
 * but signatures (baseline_verify()) and rows (baseline_tree()). A -wal or -journal beside it is refused
 * (ERR_DATA): baselines are never written in place, so it is not ours. Missing is ERR_NOINPUT, not a baseline
 * or damaged ERR_DATA, hashes or chain wrong ERR_UNTRUSTED. No file of the host but this one is opened.
 */
int baseline_open(int dirfd, const char *name, struct baseline **ret_baseline, struct err *err);
/* The same for a file that is open already, FD, which it takes in any case; NAME is for messages. Nothing is looked for beside it. */
int baseline_open_fd(int fd, const char *name, struct baseline **ret_baseline, struct err *err);
/* No tree of it may be left. */
void baseline_freep(struct baseline **baseline);

/* Judges the signatures of SEQUENCE (0: the newest), and those of all other generations for invalid ones by
 * trusted keys. *ret_verdict is the chosen generation's. */
int baseline_verify(struct baseline *baseline, const struct trust *trust, uint64_t sequence,
		    struct trust_verdict *ret_verdict, struct err *err);

/* Below, SEQUENCE 0 stands for the newest generation. */
uint64_t baseline_newest(const struct baseline *baseline);
/* The first one in the file, which holds all from there to the newest: 1, or any in a file from baseline_extract(). */
uint64_t baseline_oldest(const struct baseline *baseline);
/* Borrowed; NULL when there is no such generation. */
const struct statement *baseline_statement(const struct baseline *baseline, uint64_t sequence);
const char *baseline_statement_text(const struct baseline *baseline, uint64_t sequence);
/* The signature texts stored for a generation. Borrowed. */
size_t baseline_signatures(const struct baseline *baseline, uint64_t sequence, const struct signature_text **ret_texts);
/* Why it was made (tally accept --reason), "" when nothing was said. Verified at open against the root in the
 * statement. Borrowed; NULL when there is no such generation. */
const char *baseline_reason(const struct baseline *baseline, uint64_t sequence);

/*
 * The policy files as they were (name, text) and the resolved text, of SEQUENCE; its mount table. Verified
 * against the statement, the newest at open, others when they are first asked for. Borrowed until the baseline
 * is freed. ERR_USAGE when there is no such generation, ERR_UNTRUSTED when the hash is wrong.
 */
struct policy_file {
	char *name; /* "policy.yaml", "policy.d/10-x.yaml"; "resolved" is kept apart */
	unsigned char *text;
	size_t len;
};
int baseline_policy(struct baseline *baseline, uint64_t sequence, const struct policy_file **ret_files,
		    size_t *ret_count, const struct policy_file **ret_resolved, struct err *err);
int baseline_mounts(struct baseline *baseline, uint64_t sequence, const struct mount **ret_mounts, size_t *ret_count,
		    struct err *err);

/*
 * The entries of a generation as a tree that verifies itself, read from the file in path order. IN_SCOPE (may
 * be NULL) tells of a missing ancestor whether the policy covers it; then a row below it is an orphan: ERR_DATA.
 * Trees of one baseline, and the baseline itself, are for one thread at a time; but what was verified at open
 * may be read beside a tree that runs in another thread.
 */
int baseline_tree(struct baseline *baseline, uint64_t sequence, bool (*in_scope)(void *context, struct bytes path),
		  void *context, struct tree **ret_tree, struct err *err);

/* The versions of one path: calls ROW for each, oldest first, with the generations [since, until) that hold it
 * (until 0: still). One from a generation that the file does not hold has the since that was signed. Verifies nothing by
 * itself: call after every generation's tree has ended well. */
int baseline_versions(struct baseline *baseline, struct bytes path,
		      int (*row)(void *context, const struct entry *entry, uint64_t until, struct err *err),
		      void *context, struct err *err);

/*
 * For those who have read the newest generation's tree to its good end, and keep the file open since: rows without proving them again.
 * baseline_again() gives another thread a connection of its own to the same open file; nothing is opened by name. It may be
 * called while the other connection is in use. Errors of all: ERR_DATA, ERR_IO, ERR_INTERNAL.
 */
int baseline_again(const struct baseline *baseline, struct baseline **ret_baseline, struct err *err);
/* The newest generation's row of PATH: 1 with *ret_entry (borrowed until the next call of baseline_find()), 0 none. */
int baseline_find(struct baseline *baseline, struct bytes path, const struct entry **ret_entry, struct err *err);
/* The newest generation's rows at or below WITHIN, behind AFTER (len 0: from the beginning), in path order. Frees like any tree. */
int baseline_rows(struct baseline *baseline, struct bytes within, struct bytes after, struct tree **ret_tree,
		  struct err *err);
/* The paths whose row in the newest generation is not that of SEQUENCE (ERR_USAGE: there is none), removed ones included, in
 * path order. A negative return of PATH ends the walk and is returned. */
int baseline_since(struct baseline *baseline, uint64_t sequence,
		   int (*path)(void *context, struct bytes path, struct err *err), void *context, struct err *err);
/* The newest generation's rows of what is known to be no directory and to have more than one link; as baseline_since(). */
int baseline_linked(struct baseline *baseline, int (*row)(void *context, const struct entry *entry, struct err *err),
		    void *context, struct err *err);

/* The paths of the newest generation's rows with one of these inode numbers (sorted), directories left out. One pass over all
 * rows, however many are asked for. */
int baseline_inodes(struct baseline *baseline, const uint64_t *inodes, size_t count,
		    int (*fn)(void *context, struct bytes path, uint64_t inode, struct err *err), void *context,
		    struct err *err);

/* ---- writing ---- */
struct baseline_writer;

/* What a new generation is made of besides its entries. */
struct generation_info {
	const char *host, *host_id, *tool, *reason;
	struct timestamp created;
	const struct policy_file *policy_files;
	size_t policy_file_count;
	struct policy_file resolved;
	const struct mount *mounts; /* sorted by path */
	size_t mount_count;
	const char *previous; /* hash of the statement this generation must follow; NULL: whatever the file ends with */
	bool (*in_scope)(void *context, struct bytes path); /* as for baseline_tree(); NULL: orphans are not refused */
	void *context;
};

/*
 * Generation 1 in a new file. Entries follow by baseline_writer_add() in path order (ERR_DATA when they do not, or
 * when one is not well formed: entry_check()). `since` is set by the writer. ERR_CANTCREATE when NAME exists.
 */
int baseline_writer_new(int dirfd, const char *name, struct baseline_writer **ret_writer, struct err *err);

/*
 * The next generation of an existing, verified baseline: copies the file; then baseline_writer_put() and
 * _remove() say what changes, in any order. Removing what is not there is ERR_NOINPUT. Two writers of one
 * baseline must be kept apart by the caller: the last to commit wins.
 *
 * A first generation that is made while the tree changes takes both as well, after its last add: the root is then computed
 * over the rows as they are at the commit.
 */
int baseline_writer_from(int dirfd, const char *name, struct baseline_writer **ret_writer, struct err *err);

int baseline_writer_add(struct baseline_writer *writer, const struct entry *entry, struct err *err);
int baseline_writer_put(struct baseline_writer *writer, const struct entry *entry, struct err *err);
int baseline_writer_remove(struct baseline_writer *writer, struct bytes path, struct err *err);
/* All that is below PATH, not PATH itself; of a first generation only (ERR_INTERNAL). None is no error. */
int baseline_writer_remove_below(struct baseline_writer *writer, struct bytes path, struct err *err);

/*
 * Computes the root, writes statement and signature, syncs and renames. For a first generation NAME must not
 * exist. *ret_statement is the one signed. ERR_UNTRUSTED when info->previous is not what the file ends with.
 */
int baseline_writer_commit(struct baseline_writer *writer, const struct generation_info *info,
			   const struct secret_key *key, struct statement *ret_statement, struct err *err);
void baseline_writer_freep(struct baseline_writer **writer); /* without a commit the old file stands */

/* Attaches a further signature text to SEQUENCE of an existing baseline (as a new file, renamed). The caller has
 * verified it. One by the same key id replaces the earlier. */
int baseline_add_signature(int dirfd, const char *name, uint64_t sequence, const char *text, size_t len,
			   struct err *err);

/*
 * Writes a new file NAME below DIRFD (mode 0644 less the umask; whole or not at all) that holds SEQUENCE alone: its rows, statement,
 * reason, policy, mounts and all its signatures. One generation with one set of signatures always gives the same bytes,
 * whatever else is in BASELINE. ENTRY (may be NULL) is called with each entry in path order on the way, before they
 * have proved themselves: what it made of them counts when 0 is returned. A negative return of it ends all and is returned.
 * ERR_USAGE: there is no such generation; ERR_CANTCREATE: NAME exists; and what baseline_tree() gives. IN_SCOPE as there.
 */
int baseline_extract(struct baseline *baseline, uint64_t sequence, bool (*in_scope)(void *context, struct bytes path),
		     void *scope, int dirfd, const char *name,
		     int (*entry)(void *context, const struct entry *entry, struct err *err), void *context,
		     struct err *err);

/* ---- seen: the highest sequence that this host has accepted ---- */
struct seen {
	char host_id[33];
	uint64_t sequence;
	char statement[HASH_TEXT];
	int64_t full_check; /* seconds: when everything was last fully read and compared; 0 never */
};
int seen_load(int dirfd, const char *name, struct seen *ret_seen, struct err *err); /* missing: 1, zeros */
int seen_store(int dirfd, const char *name, const struct seen *seen, struct err *err);

#endif
