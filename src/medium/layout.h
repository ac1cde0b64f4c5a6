/*
 * layout.h - what lies where on a medium. docs/FORMATS.md "Medium". Names only; depth at most 2, no links.
 */
#ifndef MEDIUM_LAYOUT_H
#define MEDIUM_LAYOUT_H

#define MEDIUM_README        "README.txt"
#define MEDIUM_STATEMENT     "statement.txt" /* + statement.txt.KEYID.minisig, one a signature */
#define MEDIUM_BASELINE      "baseline.db"
#define MEDIUM_POLICY        "policy.yaml" /* resolved */
#define MEDIUM_SHA256        "files.sha256"
#define MEDIUM_MTREE         "files.mtree"
#define MEDIUM_BODYFILE      "files.bodyfile"
#define MEDIUM_KEYS          "keys" /* keys/KEYID.pub: the keys that signed, as hints */
#define MEDIUM_TOOLS         "bin" /* bin/tally-ARCH, bin/LICENCES.txt */
#define MEDIUM_LICENCES      "bin/LICENCES.txt"
#define MEDIUM_SUMS          "SHA256SUMS" /* every file but the signatures over this one */
#define MEDIUM_SUMS_MINISIG  "SHA256SUMS.minisig" /* further ones: SHA256SUMS.KEYID.minisig */
#define MEDIUM_SIGNATURE_END ".minisig"

/* Its first line: "# tallystick-medium: 1 HOST-ID SEQUENCE STATEMENT-HASH" */
#define MEDIUM_MAGIC "# tallystick-medium: 1 "

/* The untrusted comments that a signature over SHA256SUMS may bear, since no signature covers them: ours, and minisign's own. */
#define MEDIUM_COMMENT          "signature of a tallystick medium"
#define MEDIUM_COMMENT_MINISIGN "signature from minisign secret key"

enum {
	MEDIUM_FILES_MAX = 1024, /* files on one medium */
	MEDIUM_NAME_MAX = 96, /* bytes of a path on it, of [A-Za-z0-9._-] and one '/' */
	MEDIUM_SMALL_MAX = 4 << 20 /* bytes of any file but baseline.db, the lists and the programs */
};

#endif
