/* readme.c - see readme.h. Lines end before column 80: they are read on consoles. */
#include "medium/readme.h"

#include "medium/layout.h"

#define RULE "----------------------------------------------------------------------\n"

static void add_keys(const struct medium_facts *facts, struct buf *out)
{
	for (size_t i = 0; i < facts->key_count; i++) {
		const struct medium_key *key = &facts->keys[i];
		char id[KEY_ID_HEX], fingerprint[KEY_FINGERPRINT_TEXT];

		key_id_hex(key->key.id, id);
		public_key_fingerprint(&key->key, fingerprint);
		(void)buf_printf(out, "key       %s, signed %s\n          %s\n", id,
				 !key->signed_sums       ? "the statement"
				 : key->signed_statement ? "the statement and the list of files"
							 : "the list of files",
				 fingerprint);
	}
}

static void add_head(const struct medium_facts *facts, struct buf *out)
{
	const struct statement *statement = facts->statement;

	(void)buf_add_str(out, "TALLYSTICK MEDIUM\n" RULE
			       "What the files of one host were when a baseline of it was signed, with the\n"
			       "program that compares, and lists for tools that you have anyway.\n\n");
	(void)buf_printf(out, "host      %s\nhost-id   %s\nsequence  %llu, made %s by %s\n", statement->host,
			 statement->host_id, (unsigned long long)statement->sequence,
			 time_utc_seconds(statement->created.sec).text, statement->tool);
	(void)buf_printf(out, "entries   %llu, of which %llu could not be examined\nroot      %s\n",
			 (unsigned long long)statement->entries, (unsigned long long)statement->unexamined,
			 statement->root);
	add_keys(facts, out);
}

static void add_before(const struct medium_facts *facts, struct buf *out)
{
	(void)buf_printf(out,
			 "\n0. BEFORE YOU BEGIN\n" RULE
			 "Bring the public key from somewhere else, or compare its fingerprint with one\n"
			 "on paper and copy it off this medium: whoever forges one forges the copies in\n"
			 "keys/ as well, so the program below refuses to take a key from there.\n"
			 "SHA256SUMS.minisig was made by key %s.\n\n"
			 "Boot the host from a system that you trust if you can: what runs on a kernel\n"
			 "that an intruder owns sees what the intruder lets it see, this program too.\n\n"
			 "The commands below are for a shell in which these are set: where this medium\n"
			 "is mounted, and the public key that you brought.\n\n"
			 "    D=/mnt\n    PUB=/root/operator.pub\n",
			 facts->sums_key);
}

static void add_own(const struct medium_facts *facts, struct buf *out)
{
	(void)buf_printf(out,
			 "\n1. WITH THE PROGRAM ON THIS MEDIUM\n" RULE
			 "It needs no library, no configuration and nothing writable. Is the medium\n"
			 "whole and authentic (0 yes, 16 no)?\n\n"
			 "    \"$D\"/bin/%s verify \"$D\" --trust \"$PUB\"\n\n"
			 "What differs on the host that it runs on? Exit status: 0 nothing, else the sum\n"
			 "of 1 added, 2 removed, 4 changed or moved, 8 not examined; 16 not authentic.\n\n"
			 "    \"$D\"/bin/%s check --baseline \"$D\" --trust \"$PUB\"\n\n"
			 "Add --min-sequence N when you know that generation N was made: an older medium\n"
			 "is refused then. Add --state /var/lib/tallystick to be told which differences\n"
			 "somebody accepted on the host since; that is the host's word, and nothing more.\n\n"
			 "The same for a program to read, one JSON object a line:\n\n"
			 "    \"$D\"/bin/%s check --json --baseline \"$D\" --trust \"$PUB\"\n\n"
			 "What was recorded of a path, and which rule decides about it:\n\n"
			 "    \"$D\"/bin/%s show /etc --baseline \"$D\" --trust \"$PUB\"\n"
			 "    \"$D\"/bin/%s explain /etc --baseline \"$D\" --trust \"$PUB\"\n\n"
			 "An image of the host's disk, on a machine that you trust: nothing is mounted,\n"
			 "nothing written, and the parsers of its file system (ext2, ext3, ext4) are\n"
			 "confined. Of a whole disk name the partition, IMAGE@2 or IMAGE@LABEL=root.\n\n"
			 "    IMAGE=/root/host.img\n"
			 "    \"$D\"/bin/%s compare \"medium:$D\" \"$IMAGE\" --trust \"$PUB\"\n",
			 facts->tool, facts->tool, facts->tool, facts->tool, facts->tool, facts->tool);
}

static void add_medium_by_stock(struct buf *out)
{
	(void)buf_add_str(out,
			  "\n2. THE MEDIUM, WITH STOCK TOOLS ONLY\n" RULE
			  "One signature, three programs that can verify it; one of them is enough.\n\n"
			  "    minisign -V -p \"$PUB\" -x \"$D\"/SHA256SUMS.minisig -m \"$D\"/SHA256SUMS\n\n"
			  "    signify-openbsd -V -p \"$PUB\" -x \"$D\"/SHA256SUMS.minisig -m \"$D\"/SHA256SUMS\n\n"
			  "OpenSSL (1.1.1 or later) wants key and signature bare:\n\n"
			  "    W=$(mktemp -d)\n"
			  "    printf '\\060\\052\\060\\005\\006\\003\\053\\145\\160\\003\\041\\000' > \"$W\"/pub\n"
			  "    sed -n 2p \"$PUB\" | base64 -d | tail -c 32 >> \"$W\"/pub\n"
			  "    sed -n 2p \"$D\"/SHA256SUMS.minisig | base64 -d | tail -c 64 > \"$W\"/sig\n"
			  "    openssl pkeyutl -verify -rawin -pubin -keyform DER -inkey \"$W\"/pub \\\n"
			  "      -sigfile \"$W\"/sig -in \"$D\"/SHA256SUMS\n\n"
			  "Are the files those of the list, and is none there that is not on it?\n\n"
			  "    (cd \"$D\" && sha256sum --quiet -c SHA256SUMS)\n"
			  "    sed -n 's/^[0-9a-f]\\{64\\}  //p' \"$D\"/SHA256SUMS > \"$W\"/listed\n"
			  "    (cd \"$D\" && find . ! -type d ! -path ./SHA256SUMS \\\n"
			  "      ! -path './SHA256SUMS.*minisig' | cut -c 3- | LC_ALL=C sort |\n"
			  "      diff \"$W\"/listed -)\n"
			  "    (cd \"$D\" && ! find . ! -type d ! -type f | grep .)\n\n"
			  "The statement names host, sequence and the root hash over all entries. It\n"
			  "stands in the database as well; immutable=1 keeps sqlite3 from reading a\n"
			  "-wal file that somebody laid beside it.\n\n"
			  "    cat \"$D\"/statement.txt\n"
			  "    sqlite3 \"file:$D/baseline.db?immutable=1\" \\\n"
			  "      'SELECT statement FROM generation' | head -c -1 |\n"
			  "      diff - \"$D\"/statement.txt\n"
			  "    sqlite3 \"file:$D/baseline.db?immutable=1\" \\\n"
			  "      'SELECT path, mode, size, sha256 FROM entry_text LIMIT 5'\n");
}

static void add_host_by_stock(struct buf *out)
{
	(void)buf_add_str(out, "\n3. THE HOST, WITH STOCK TOOLS ONLY\n" RULE
			       "Contents. This sees no added file, no mode or owner, and no file that was\n"
			       "replaced by a link to a good copy; logs that grew show as failed.\n\n"
			       "    (cd / && sha256sum --quiet -c \"$D\"/files.sha256)\n\n"
			       "Modes, owners, sizes, times, links and contents, with NetBSD's mtree (package\n"
			       "mtree-netbsd). Extended attributes, ACLs and capabilities are not in its list,\n"
			       "and it knows no policy: what is expected to change is reported, too.\n\n"
			       "    mtree -f \"$D\"/files.mtree -p /\n\n"
			       "The same list is an archive without contents to bsdtar:\n\n"
			       "    bsdtar -tvf \"$D\"/files.mtree\n\n"
			       "files.bodyfile is for The Sleuth Kit's mactime: the times of all entries.\n");
}

static void add_rest(struct buf *out)
{
	(void)buf_add_str(out, "\n4. WHAT IS HERE\n" RULE "README.txt           this text\n"
			       "statement.txt        what was signed; *.KEYID.minisig: its signatures\n"
			       "baseline.db          all entries of this generation (SQLite 3)\n"
			       "policy.yaml          the policy that judges, signed with the baseline\n"
			       "files.sha256 files.mtree files.bodyfile   the entries for stock tools\n"
			       "keys/                copies of the public keys, for comparing only\n"
			       "bin/                 the program, static, and the licences of what is in it\n"
			       "SHA256SUMS           every file above; SHA256SUMS.minisig: its signature\n");
}

int readme_format(const struct medium_facts *facts, struct buf *out)
{
	add_head(facts, out);
	add_before(facts, out);
	add_own(facts, out);
	add_medium_by_stock(out);
	add_host_by_stock(out);
	add_rest(out);
	return buf_failed(out) ? -1 : 0;
}

int digest_page_format(const struct medium_facts *facts, const char *statement_text, const char *sums_sha256,
		       struct buf *out)
{
	(void)buf_add_str(out, "TALLYSTICK MEDIUM: keep this page apart from it\n" RULE);
	(void)buf_add_str(out, statement_text);
	(void)buf_add_str(out, RULE);
	add_keys(facts, out);
	(void)buf_printf(out, "SHA256SUMS, made by key %s, has the SHA-256\n          %s\n", facts->sums_key,
			 sums_sha256);
	return buf_failed(out) ? -1 : 0;
}
