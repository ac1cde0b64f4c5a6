/* fuzz_signature.c - signature files and trusted.d/require from anywhere, through the trust rules. */
/* rooms: crypto base */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "crypto/trust.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The key that made the valid signatures of the corpus, over "hello\n". */
static const char public_line[] = "RWTZ5jEGYzyA/7EPyjzGkPPbSgA6x82NshbX1FkhbLHy97iJT0+W5f83";
static const char valid[] = "db2e255c0fe9840cdf2fc719709c5258c157d564a998645856968f0a3f7b31d1"
			    "4f618e323fece1b437a2775a65fe49364b934925346eb5db50c8aee57d0f5602";

static void check(bool holds)
{
	if (!holds)
		abort();
}

/* Nobody forges: whatever is accepted carries the one signature that we know. */
static void check_is_the_known_one(const struct signature *signature)
{
	char hex[2 * SIGNATURE_BYTES + 1];

	for (size_t i = 0; i < SIGNATURE_BYTES; i++)
		(void)snprintf(hex + 2 * i, 3, "%02x", signature->signature[i]);
	check(strcmp(hex, valid) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(trust_done) struct trust trust = TRUST_INIT;
	CLEANUP(trust_verdict_done) struct trust_verdict verdict = { .signatures = NULL };
	struct signature_text text = { (const char *)data, size };
	struct signature signature;
	struct public_key key;
	struct err err = ERR_INIT;
	int r;

	if (signature_parse(text.text, text.len, &signature, &err) == 0)
		check(strlen(signature.trusted_comment) < SIGNATURE_COMMENT);
	else
		check(err.code == ERR_DATA);
	check(public_key_parse(public_line, strlen(public_line), &key, &err) == 0);
	check(trust_add(&trust, &key, "trusted.d/ops.pub", false, &err) == 0);
	r = trust_judge(&trust, "hello\n", 6, &text, 1, &verdict, &err);
	check(r == 0 || r == ERR_DATA || r == ERR_UNTRUSTED);
	if (r == 0)
		check_is_the_known_one(&verdict.signatures[0].parsed);
	r = trust_require(&trust, text.text, text.len, &err);
	check(r == 0 || r == ERR_UNTRUSTED);
	return 0;
}
