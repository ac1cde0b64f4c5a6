/* fuzz_extfs.c - an ext2, ext3 or ext4 image from anybody: the walk ends, and gives only what sink.h promises (walk_image.h). */
/* rooms: extfs disk tree crypto sys base */
#include "sparse_image.h"
#include "walk_image.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct walked walked;
	char name[64];
	int fd = sparse_image(data, size);

	if (fd < 0)
		return 0;
	(void)snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	walked = walk_image(name, false);
	if (walked.r < 0 && walked.r != ERR_DATA && walked.r != ERR_NOINPUT)
		abort();
	close(fd);
	return 0;
}
