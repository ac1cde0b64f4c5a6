/* generation.c - see generation.h. */
#include "store/generation.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/quote.h"
#include "store/root.h"

enum {
	GENERATIONS_MAX = 1 << 20,
	STATEMENT_MAX_BYTES = 4096,
	SIGNATURES_MAX = 1024,
	REASON_MAX_BYTES = 65536,
	SIGNATURE_MAX_BYTES = 4096
};

static void generation_done(struct generation *generation)
{
	for (size_t i = 0; i < generation->signature_count; i++)
		free((void *)(uintptr_t)generation->signatures[i].text);
	free(generation->signatures);
	free(generation->text);
	free(generation->reason);
	set_policy_done(&generation->policy);
	set_mounts_done(&generation->mounts);
}

void generations_done(struct generations *generations)
{
	for (size_t i = 0; i < generations->count; i++)
		generation_done(&generations->list[i]);
	free(generations->list);
	*generations = (struct generations){ .list = NULL };
}

uint64_t generations_oldest(const struct generations *generations)
{
	return generations->list[0].statement.sequence;
}

uint64_t generations_newest(const struct generations *generations)
{
	return generations->list[generations->count - 1].statement.sequence;
}

struct generation *generations_find(const struct generations *generations, uint64_t sequence)
{
	if (sequence < generations_oldest(generations) || sequence > generations_newest(generations))
		return NULL;
	return &generations->list[sequence - generations_oldest(generations)];
}

static int damaged(const char *name, const char *what, struct err *err)
{
	return err_set(err, ERR_DATA, "baseline '%s' is damaged: %s", QUOTE(name), what);
}

static int untrusted(const char *name, uint64_t sequence, const char *what, struct err *err)
{
	return err_set(err, ERR_UNTRUSTED, "baseline '%s', generation %llu: %s", QUOTE(name),
		       (unsigned long long)sequence, what);
}

/* A text column as a heap string; NULs in it would hide what follows them. */
static int take_text(sqlite3_stmt *statement, const char *name, int column, size_t max, char **ret_text,
		     size_t *ret_len, struct err *err)
{
	struct bytes text;
	char *copy;

	if (!db_text(statement, column, &text) || text.len > max || memchr(text.data, '\0', text.len))
		return damaged(name, "a malformed text", err);
	copy = malloc(text.len + 1);
	if (!copy)
		return err_nomem(err);
	memcpy(copy, text.data, text.len);
	copy[text.len] = '\0';
	*ret_text = copy;
	*ret_len = text.len;
	return 0;
}

/* Against the generation before, and against its own root. */
static int check_generation(const struct generations *generations, const char *name, uint64_t sequence, struct err *err)
{
	const struct generation *this = &generations->list[generations->count - 1];
	char expected[HASH_TEXT];

	if (this->statement.sequence != sequence)
		return damaged(name, "a statement stands under another sequence", err);
	if (generations->count > 1) {
		const struct generation *before = this - 1;

		statement_hash(before->text, before->text_len, expected);
		if (strcmp(this->statement.previous, expected) != 0)
			return untrusted(name, sequence, "the statement does not follow the one before", err);
		if (strcmp(this->statement.host_id, before->statement.host_id) != 0)
			return untrusted(name, sequence, "the statement is of another host than the one before", err);
	}
	root_text(this->reason, strlen(this->reason), this->top, expected);
	if (strcmp(this->statement.root, expected) != 0)
		return untrusted(name, sequence, "the root hash is wrong", err);
	set_packages_hash(expected);
	if (strcmp(this->statement.packages, expected) != 0)
		return untrusted(name, sequence, "the packages hash is wrong", err);
	return 0;
}

static int load_generation(sqlite3_stmt *statement, const char *name, struct generations *generations, struct err *err)
{
	struct generation *this;
	struct bytes top;
	uint64_t sequence;
	size_t reason_len;
	int r;

	if ((generations->count & (generations->count - 1)) == 0) {
		size_t capacity = generations->count ? 2 * generations->count : 1;
		struct generation *grown = realloc(generations->list, capacity * sizeof(*grown));

		if (!grown)
			return err_nomem(err);
		generations->list = grown;
	}
	this = &generations->list[generations->count++];
	*this = (struct generation){ .text = NULL };
	if (!db_uint(statement, 0, GENERATIONS_MAX, &sequence) || sequence == 0 ||
	    (generations->count > 1 && sequence != (this - 1)->statement.sequence + 1) ||
	    !db_blob(statement, 3, &top) || top.len != HASH_BYTES)
		return damaged(name, "malformed rows in generation", err);
	memcpy(this->top, top.data, HASH_BYTES);
	r = take_text(statement, name, 1, STATEMENT_MAX_BYTES, &this->text, &this->text_len, err);
	if (r < 0)
		return r;
	r = take_text(statement, name, 2, REASON_MAX_BYTES, &this->reason, &reason_len, err);
	if (r < 0)
		return r;
	r = statement_parse(this->text, this->text_len, &this->statement, err);
	if (r < 0)
		return err_wrap(err, r, "baseline '%s', generation %llu", QUOTE(name), (unsigned long long)sequence);
	return check_generation(generations, name, sequence, err);
}

static int load_statements(sqlite3 *db, const char *name, struct generations *generations, struct err *err)
{
	CLEANUP(db_finalizep) sqlite3_stmt *statement = NULL;
	int r;

	r = db_prepare(db, "SELECT sequence, statement, reason, top FROM generation ORDER BY sequence", name,
		       &statement, err);
	if (r < 0)
		return r;
	while ((r = db_step(statement, name, err)) > 0) {
		r = load_generation(statement, name, generations, err);
		if (r < 0)
			return r;
	}
	if (r < 0)
		return r;
	return generations->count ? 0 : damaged(name, "it has no generation", err);
}

/* --- signatures --- */

static int add_signature(struct generation *generation, const char *name, sqlite3_stmt *statement, struct err *err)
{
	struct signature_text *grown;
	struct signature parsed;
	struct bytes key_id;
	char hex[KEY_ID_HEX];
	char *text;
	size_t len;
	int r;

	if (generation->signature_count == SIGNATURES_MAX)
		return damaged(name, "too many signatures", err);
	grown = realloc(generation->signatures, (generation->signature_count + 1) * sizeof(*grown));
	if (!grown)
		return err_nomem(err);
	generation->signatures = grown;
	r = take_text(statement, name, 2, SIGNATURE_MAX_BYTES, &text, &len, err);
	if (r < 0)
		return r;
	grown[generation->signature_count++] = (struct signature_text){ text, len };
	r = signature_parse(text, len, &parsed, err);
	if (r < 0)
		return err_wrap(err, r, "baseline '%s', generation %llu", QUOTE(name),
				(unsigned long long)generation->statement.sequence);
	key_id_hex(parsed.key_id, hex);
	if (!db_text(statement, 1, &key_id) || !bytes_equal(key_id, bytes_of(hex)))
		return damaged(name, "a signature stands under another key id", err);
	return 0;
}

/* The hash over all rows of signature: so that a row lost to damage does not just look like one never made. */
static int hash_signatures(sqlite3 *db, const char *name, char ret_text[HASH_TEXT], struct generations *generations,
			   struct err *err)
{
	CLEANUP(db_finalizep) sqlite3_stmt *statement = NULL;
	unsigned char hash[HASH_BYTES];
	struct hash_state state;
	int r;

	r = db_prepare(db, "SELECT sequence, key_id, minisig FROM signature ORDER BY sequence, key_id", name,
		       &statement, err);
	if (r < 0)
		return r;
	hash_init(&state, "tallystick-signatures-1");
	while ((r = db_step(statement, name, err)) > 0) {
		struct bytes key_id, text;
		struct generation *generation;
		uint64_t sequence;

		if (!db_uint(statement, 0, GENERATIONS_MAX, &sequence) || !db_text(statement, 1, &key_id) ||
		    !db_text(statement, 2, &text) || sequence == 0)
			return damaged(name, "malformed rows in signature", err);
		hash_update_u64(&state, sequence);
		hash_update_sized(&state, text.data, text.len);
		if (!generations)
			continue;
		generation = generations_find(generations, sequence);
		if (!generation)
			return damaged(name, "a signature of no generation", err);
		r = add_signature(generation, name, statement, err);
		if (r < 0)
			return r;
	}
	if (r < 0)
		return r;
	hash_final(&state, hash);
	hash_text(hash, ret_text);
	return 0;
}

static const char meta_sql[] = "SELECT name, value FROM meta ORDER BY name";

static int check_meta(sqlite3 *db, const char *name, const char *signatures, struct err *err)
{
	CLEANUP(db_finalizep) sqlite3_stmt *statement = NULL;
	struct bytes key, value;
	int r;

	r = db_prepare(db, meta_sql, name, &statement, err);
	if (r < 0)
		return r;
	r = db_step(statement, name, err);
	if (r < 0)
		return r;
	if (r == 0 || !db_text(statement, 0, &key) || !bytes_equal(key, bytes_of("signatures")) ||
	    !db_text(statement, 1, &value) || !bytes_equal(value, bytes_of(signatures)))
		return err_set(err, ERR_UNTRUSTED, "baseline '%s': its signatures are not those that were stored",
			       QUOTE(name));
	r = db_step(statement, name, err);
	return r > 0 ? damaged(name, "malformed rows in meta", err) : r;
}

/* --- sets --- */

/* The first one in the file always has its own. */
static bool own_policy(const struct generations *generations, const struct generation *this)
{
	return this == generations->list || strcmp(this->statement.policy, (this - 1)->statement.policy) != 0;
}

static bool own_mounts(const struct generations *generations, const struct generation *this)
{
	return this == generations->list || strcmp(this->statement.mounts, (this - 1)->statement.mounts) != 0;
}

uint64_t generations_policy_at(const struct generations *generations, uint64_t sequence)
{
	while (!own_policy(generations, generations_find(generations, sequence)))
		sequence--;
	return sequence;
}

uint64_t generations_mounts_at(const struct generations *generations, uint64_t sequence)
{
	while (!own_mounts(generations, generations_find(generations, sequence)))
		sequence--;
	return sequence;
}

/* Rows stand only where a generation has a set of its own. */
static int check_owners(sqlite3 *db, const char *name, const char *sql,
			bool (*own)(const struct generations *, const struct generation *),
			const struct generations *generations, struct err *err)
{
	CLEANUP(db_finalizep) sqlite3_stmt *statement = NULL;
	int r;

	r = db_prepare(db, sql, name, &statement, err);
	if (r < 0)
		return r;
	while ((r = db_step(statement, name, err)) > 0) {
		const struct generation *generation = NULL;
		uint64_t sequence;

		if (db_uint(statement, 0, GENERATIONS_MAX, &sequence))
			generation = generations_find(generations, sequence);
		if (!own || !generation || !own(generations, generation))
			return damaged(name, "rows that belong to no generation", err);
	}
	return r;
}

int generations_load(sqlite3 *db, const char *name, struct generations *ret_generations, struct err *err)
{
	CLEANUP(generations_done) struct generations generations = { .list = NULL };
	char signatures[HASH_TEXT];
	int r;

	r = load_statements(db, name, &generations, err);
	if (r < 0)
		return r;
	r = hash_signatures(db, name, signatures, &generations, err);
	if (r < 0)
		return r;
	r = check_meta(db, name, signatures, err);
	if (r < 0)
		return r;
	r = check_owners(db, name, "SELECT DISTINCT sequence FROM policy", own_policy, &generations, err);
	if (r < 0)
		return r;
	r = check_owners(db, name, "SELECT DISTINCT sequence FROM mount", own_mounts, &generations, err);
	if (r < 0)
		return r;
	r = check_owners(db, name, "SELECT sequence FROM package", NULL, &generations, err);
	if (r < 0)
		return r;
	*ret_generations = generations;
	generations = (struct generations){ .list = NULL };
	return 0;
}

/* --- writing --- */

int generation_store(sqlite3 *db, const char *name, uint64_t sequence, struct bytes text, const char *reason,
		     const unsigned char top[HASH_BYTES], struct err *err)
{
	CLEANUP(db_finalizep) sqlite3_stmt *statement = NULL;
	int r;

	if (strlen(reason) > REASON_MAX_BYTES)
		return err_set(err, ERR_USAGE, "the reason is longer than %d bytes", REASON_MAX_BYTES);
	if (sequence > GENERATIONS_MAX)
		return err_set(err, ERR_USAGE, "a baseline holds no more than %d generations", GENERATIONS_MAX);
	r = db_prepare(db, "INSERT INTO generation VALUES(?, ?, ?, ?)", name, &statement, err);
	if (r < 0)
		return r;
	if (sqlite3_bind_int64(statement, 1, (sqlite3_int64)sequence) != SQLITE_OK ||
	    db_bind_text(statement, 2, text.data, text.len) != SQLITE_OK ||
	    db_bind_text(statement, 3, reason, strlen(reason)) != SQLITE_OK ||
	    db_bind_blob(statement, 4, (struct bytes){ top, HASH_BYTES }) != SQLITE_OK)
		return err_nomem(err);
	return db_run(statement, name, err);
}

int generation_store_signature(sqlite3 *db, const char *name, uint64_t sequence, const char *text, size_t len,
			       struct err *err)
{
	CLEANUP(db_finalizep) sqlite3_stmt *statement = NULL;
	struct signature parsed;
	char hex[KEY_ID_HEX];
	int r;

	r = signature_parse(text, len, &parsed, err);
	if (r < 0)
		return r;
	if (len > SIGNATURE_MAX_BYTES)
		return err_set(err, ERR_DATA, "a signature of more than %d bytes", SIGNATURE_MAX_BYTES);
	key_id_hex(parsed.key_id, hex);
	r = db_prepare(db, "INSERT OR REPLACE INTO signature VALUES(?, ?, ?)", name, &statement, err);
	if (r < 0)
		return r;
	if (sqlite3_bind_int64(statement, 1, (sqlite3_int64)sequence) != SQLITE_OK ||
	    db_bind_text(statement, 2, hex, strlen(hex)) != SQLITE_OK ||
	    db_bind_text(statement, 3, text, len) != SQLITE_OK)
		return err_nomem(err);
	return db_run(statement, name, err);
}

int generation_store_meta(sqlite3 *db, const char *name, struct err *err)
{
	CLEANUP(db_finalizep) sqlite3_stmt *statement = NULL;
	char signatures[HASH_TEXT];
	int r;

	r = hash_signatures(db, name, signatures, NULL, err);
	if (r < 0)
		return r;
	r = db_prepare(db, "INSERT OR REPLACE INTO meta VALUES('signatures', ?)", name, &statement, err);
	if (r < 0)
		return r;
	if (db_bind_text(statement, 1, signatures, strlen(signatures)) != SQLITE_OK)
		return err_nomem(err);
	return db_run(statement, name, err);
}
