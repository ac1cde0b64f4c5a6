/*
 * crypto_fixture.h - one key in all the forms it can have: the key of RFC 8032 section 7.1 TEST 3 in minisign's
 * files, written with Python (hashlib.scrypt, hashlib.blake2b), with the key id A8A7A6A5A4A3A2A1. Not for use anywhere.
 */
#ifndef TESTS_CRYPTO_FIXTURE_H
#define TESTS_CRYPTO_FIXTURE_H

#define FIXTURE_ID          "A8A7A6A5A4A3A2A1"
#define FIXTURE_FINGERPRINT "blake2b256:a64ff339163269280c28f353461f3fad7f78ffa7cb9af81dc9d450aa044eadfd"
#define FIXTURE_PUBLIC_LINE "RWShoqOkpaanqPxRzY5iGKGjjaR+0AIw8FgIFu0TujMDrF3rkRVIkIAl"
#define FIXTURE_PUBLIC      "untrusted comment: minisign public key " FIXTURE_ID "\n" FIXTURE_PUBLIC_LINE "\n"

#define FIXTURE_SECRET_COMMENT "untrusted comment: minisign encrypted secret key\n"
/* not encrypted, checksum zero, as minisign writes it */
#define FIXTURE_SECRET                                                                                                 \
	FIXTURE_SECRET_COMMENT                                                                                         \
	"RWQAAEIyAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAoaKjpKWmp6jFqo30P5+De+23RC8x3LexZtOF" \
	"NQdvCUuFzjouC0RY9/xRzY5iGKGjjaR+0AIw8FgIFu0TujMDrF3rkRVIkIAlAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"
/* not encrypted, with a checksum */
#define FIXTURE_SECRET_CHECKED                                                                                         \
	FIXTURE_SECRET_COMMENT                                                                                         \
	"RWQAAEIyAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAoaKjpKWmp6jFqo30P5+De+23RC8x3LexZtOF" \
	"NQdvCUuFzjouC0RY9/xRzY5iGKGjjaR+0AIw8FgIFu0TujMDrF3rkRVIkIAlnwJzBximfhvH1QZM0rExjANEoBnFodDD3RCH2xem4mw=\n"
/* the public half does not belong to the seed */
#define FIXTURE_SECRET_MISMATCHED                                                                                      \
	FIXTURE_SECRET_COMMENT                                                                                         \
	"RWQAAEIyAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAoaKjpKWmp6jFqo30P5+De+23RC8x3LexZtOF" \
	"NQdvCUuFzjouC0RY9/xRzY5iGKGjjKR+0AIw8FgIFu0TujMDrF3rkRVIkIAlAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"

#define FIXTURE_PASSPHRASE "pass phrase"
#define FIXTURE_BLOCK                                                                                                  \
	"0Qm+f4paDF9NFcEMpHt1GBPiyMMzdUOmfzpIWYDbLwbKhGna9Yh38qLiZ+Gt1Lnvu0BZiDeI/KeHGvAWrgs3slsfDvo5onHjI12lJ7p8dsan" \
	"IYzaD8AvtaRk5ipJlMEENsNB0/PP74E=\n"
/* opslimit 32768, memlimit 16 MiB: cheap (N 1024) */
#define FIXTURE_SECRET_ENCRYPTED                                                                                       \
	FIXTURE_SECRET_COMMENT                                                                                         \
	"RWRTY0IyAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8AgAAAAAAAAAAAAAEAAAAA" FIXTURE_BLOCK
/* memlimit 100 GiB */
#define FIXTURE_SECRET_HUGE                                                                                            \
	FIXTURE_SECRET_COMMENT                                                                                         \
	"RWRTY0IyAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8AAAACAAAAAAAAAAAZAAAA" FIXTURE_BLOCK
/* opslimit 2^60 */
#define FIXTURE_SECRET_LONG                                                                                            \
	FIXTURE_SECRET_COMMENT                                                                                         \
	"RWRTY0IyAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8AAAAAAAAAEAAAEAAAAAAA" FIXTURE_BLOCK

#endif
