/* probe.c - see probe.h. */
#include "disk/probe.h"

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"

enum { DIFFERENT_MAX = 8 };

int probe_new(const struct picture *picture, uint32_t sector, blkid_probe *ret_probe, struct err *err)
{
	CLEANUP(probe_done) blkid_probe probe = blkid_new_probe();

	if (probe == NULL)
		return err_nomem(err);
	if (blkid_probe_set_device(probe, picture->fd, (blkid_loff_t)picture->offset, (blkid_loff_t)picture->size) != 0)
		return err_set(err, ERR_INTERNAL, "libblkid does not take the image");
	if (sector != 0)
		blkid_probe_set_sectorsize(probe, sector);
	blkid_probe_enable_superblocks(probe, 0); /* the one that is on */
	*ret_probe = STEAL(probe);
	return 0;
}

void probe_done(blkid_probe *probe)
{
	if (*probe != NULL)
		blkid_free_probe(*probe);
	*probe = NULL;
}

static void value(blkid_probe probe, const char *name, char *to, size_t size)
{
	const char *data = NULL;

	to[0] = '\0';
	if (blkid_probe_lookup_value(probe, name, &data, NULL) == 0 && data != NULL)
		(void)snprintf(to, size, "%s", data);
}

/* Signatures of several things: none is believed, all are named. */
static void name_all(blkid_probe probe, char *problem, size_t size)
{
	size_t len = (size_t)snprintf(problem, size, "signatures of more than one thing:");

	blkid_reset_probe(probe);
	for (int i = 0; i < DIFFERENT_MAX && blkid_do_probe(probe) == 0; i++) {
		char type[32];
		int n;

		value(probe, "TYPE", type, sizeof(type));
		n = snprintf(problem + len, size - len, "%s %s", i == 0 ? "" : ",", type);
		if (n < 0 || (size_t)n >= size - len)
			return;
		len += (size_t)n;
	}
}

int probe_superblocks(const struct picture *picture, struct probe_findings *ret_findings, struct err *err)
{
	CLEANUP(probe_done) blkid_probe probe = NULL;
	int r;

	memset(ret_findings, 0, sizeof(*ret_findings));
	r = probe_new(picture, 0, &probe, err);
	if (r < 0)
		return r;
	blkid_probe_enable_superblocks(probe, 1);
	blkid_probe_set_superblocks_flags(probe, BLKID_SUBLKS_TYPE | BLKID_SUBLKS_UUID | BLKID_SUBLKS_LABEL);
	r = blkid_do_safeprobe(probe);
	if (r == 0) {
		value(probe, "TYPE", ret_findings->type, sizeof(ret_findings->type));
		value(probe, "UUID", ret_findings->uuid, sizeof(ret_findings->uuid));
		value(probe, "LABEL", ret_findings->label, sizeof(ret_findings->label));
	} else if (r == -2) {
		name_all(probe, ret_findings->problem, sizeof(ret_findings->problem));
	} else {
		ret_findings->nothing = r == 1;
		(void)snprintf(ret_findings->problem, sizeof(ret_findings->problem), "%s",
			       r == 1 ? "no file system that is known" : "cannot be read");
	}
	return 0;
}
