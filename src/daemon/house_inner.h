/* house_inner.h - what house.c (what was touched) and house_compare.c (what differs) share. */
#ifndef DAEMON_HOUSE_INNER_H
#define DAEMON_HOUSE_INNER_H

#include "crypto/hash.h"
#include "daemon/house.h"

struct folder;

/* One key file as it was. */
struct key_file {
	char *name; /* below the configuration folder */
	unsigned char hash[HASH_BYTES]; /* of its bytes; of host.key, of what stat(2) tells */
};

struct key_files {
	struct key_file *files; /* sorted by name */
	size_t count;
};
void key_files_done(struct key_files *files);

struct house {
	const struct place *place;
	int fd; /* inotify */
	char *socket_path;
	struct folder *folders;
	size_t folder_count;
	bool incomplete;
	struct key_files remembered;
	bool await_first;
};

#endif
