/* fuzz_manifest.c - a list that parses is byte for byte what would be written for it. */
/* rooms: medium */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "medium/manifest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct manifest manifest = MANIFEST_INIT;
	struct buf again = BUF_INIT;
	struct err err = ERR_INIT;

	if (manifest_parse((const char *)data, size, &manifest, &err) < 0)
		return 0;
	if (manifest_format(&manifest, &again) < 0 || again.len != size || memcmp(again.data, data, size) != 0)
		abort();
	for (size_t i = 0; i < manifest.count; i++)
		if (manifest_find(&manifest, manifest.files[i].name) != &manifest.files[i])
			abort();
	buf_done(&again);
	manifest_done(&manifest);
	return 0;
}
