/* probe.h - libblkid over a picture. */
#ifndef DISK_PROBE_H
#define DISK_PROBE_H

#include <blkid/blkid.h>

#include "disk/picture.h"

/* With no chain enabled. PICTURE is borrowed. SECTOR 0: 512. The caller frees it with probe_done(). */
int probe_new(const struct picture *picture, uint32_t sector, blkid_probe *ret_probe, struct err *err);
void probe_done(blkid_probe *probe);

struct probe_findings {
	bool nothing; /* no file system that is known */
	char type[32], uuid[64], label[256]; /* NUL-terminated */
	char problem[120]; /* more than one thing, or none */
};
/* File systems, swap, RAID and encrypted containers. ERR_INTERNAL. */
int probe_superblocks(const struct picture *picture, struct probe_findings *ret_findings, struct err *err);

#endif
