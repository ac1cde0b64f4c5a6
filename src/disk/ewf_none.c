/* ewf_none.c - in place of ewf.c in a program without libewf: says so. See ewf.h. */
#include "disk/ewf.h"

#include "base/quote.h"

int ewf_new(const struct disk_source *source, struct ewf **ret_ewf, struct err *err)
{
	(void)ret_ewf;
	return err_set(err, ERR_USAGE,
		       "'%s' is an E01 image and this program was built without libewf: use the installed tally, or "
		       "make it raw with 'ewfexport -f raw'",
		       QUOTE(source->name));
}

void ewf_freep(struct ewf **ewf)
{
	*ewf = NULL;
}

uint64_t ewf_size(const struct ewf *ewf)
{
	(void)ewf;
	return 0;
}

int ewf_read(struct ewf *ewf, uint64_t offset, void *data, size_t len)
{
	(void)ewf, (void)offset, (void)data, (void)len;
	return -1;
}

void ewf_flaws(struct ewf *ewf, struct ranges *ranges)
{
	(void)ewf, (void)ranges;
}

void ewf_stored(struct ewf *ewf, struct ewf_stored *ret_stored)
{
	(void)ewf;
	*ret_stored = (struct ewf_stored){ .has_md5 = false };
}
