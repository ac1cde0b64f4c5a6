/* fuzz_iso.c - an ISO image from anybody: what is taken has files with names of a medium, in order, within the image. */
/* rooms: medium */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "medium/manifest.h"
#include "medium/source.h"
#include "sparse_image.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int on_piece(void *context, const void *data, size_t len, struct err *err)
{
	uint64_t *total = context;

	(void)data;
	(void)err;
	*total += len;
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct source source = SOURCE_INIT;
	struct err err = ERR_INIT;
	char path[64];
	int fd = sparse_image(data, size);

	if (fd < 0)
		return 0;
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (source_open(path, &source, &err) < 0) {
		close(fd);
		return 0;
	}
	for (size_t i = 0; i < source.count; i++) {
		const struct source_file *file = &source.files[i];
		uint64_t total = 0;

		if (!manifest_name_fits(file->name) || source_find(&source, file->name) != file ||
		    (i && strcmp(source.files[i - 1].name, file->name) >= 0))
			abort();
		if (source_read(&source, file, on_piece, &total, NULL, NULL, &err) < 0 || total != file->size)
			abort();
	}
	source_done(&source);
	close(fd);
	return 0;
}
