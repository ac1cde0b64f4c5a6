/* fuzz_statement.c - a statement that parses is byte for byte what would be written for it. */
/* rooms: store */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "store/baseline.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct statement statement;
	struct buf again = BUF_INIT;
	struct err err = ERR_INIT;

	if (statement_parse((const char *)data, size, &statement, &err) < 0)
		return 0;
	if (statement_format(&statement, &again) < 0 || again.len != size || memcmp(again.data, data, size) != 0)
		abort();
	buf_done(&again);
	return 0;
}
