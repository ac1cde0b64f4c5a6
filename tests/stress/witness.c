/*
 * witness.c - a second witness beside tallyd: a fanotify mark on a whole file system, with an unlimited queue, written
 * down as it comes.
 *
 *	witness MOUNTPOINT OUTPUT	until SIGTERM, then what is still queued; "ready" on stdout when the mark stands
 *
 * One JSON line an event: {"t":NANOSECONDS,"mask":["create","ondir"],"dir":HANDLE,"name":BASE64,"child":HANDLE} and for a
 * rename "to_dir", "to_name" too. Folders are named by their file handle. Lines with the mask ["there"] come first and
 * tell which folders stood where; the first of all has the name "" and is MOUNTPOINT itself. So whoever reads this can
 * follow every folder through its renames (compare.py does) and nothing here has to guess a path.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fanotify.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define KINDS (FAN_CREATE | FAN_DELETE | FAN_RENAME | FAN_MODIFY | FAN_CLOSE_WRITE | FAN_ATTRIB | FAN_ONDIR)

static FILE *output;
static volatile sig_atomic_t stopped;

static void on_term(int signal_number)
{
	(void)signal_number;
	stopped = 1;
}

static void put_base64(const char *bytes, size_t len)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	size_t i;

	for (i = 0; i < len; i += 3) {
		uint32_t three = (uint32_t)(unsigned char)bytes[i] << 16;

		if (i + 1 < len)
			three |= (uint32_t)(unsigned char)bytes[i + 1] << 8;
		if (i + 2 < len)
			three |= (unsigned char)bytes[i + 2];
		putc(digits[three >> 18], output);
		putc(digits[three >> 12 & 63], output);
		putc(i + 1 < len ? digits[three >> 6 & 63] : '=', output);
		putc(i + 2 < len ? digits[three & 63] : '=', output);
	}
}

static void put_handle(const char *key, const struct file_handle *handle)
{
	unsigned i;

	fprintf(output, ",\"%s\":\"%x-", key, (unsigned)handle->handle_type);
	for (i = 0; i < handle->handle_bytes; i++)
		fprintf(output, "%02x", handle->f_handle[i]);
	putc('"', output);
}

static void put_name(const char *key, const char *name)
{
	fprintf(output, ",\"%s\":\"", key);
	put_base64(name, strlen(name));
	putc('"', output);
}

/* ---- what stands at the beginning ---- */

struct held_handle {
	struct file_handle head;
	unsigned char bytes[MAX_HANDLE_SZ];
};

static int handle_of(int fd, struct held_handle *held)
{
	int mount;

	held->head.handle_bytes = MAX_HANDLE_SZ;
	return name_to_handle_at(fd, "", &held->head, &mount, AT_EMPTY_PATH);
}

static int walk(int fd, const struct held_handle *above, const char *name, dev_t device)
{
	struct held_handle own;
	struct dirent *entry;
	struct stat st;
	DIR *dir;

	if (fstat(fd, &st) < 0 || st.st_dev != device) { /* another file system: its events do not come here */
		close(fd);
		return 0;
	}
	if (handle_of(fd, &own) < 0 || !(dir = fdopendir(fd))) {
		close(fd);
		return -1;
	}
	fputs("{\"t\":0,\"mask\":[\"there\",\"ondir\"]", output);
	put_handle("dir", above ? &above->head : &own.head);
	put_name("name", name);
	put_handle("child", &own.head);
	fputs("}\n", output);
	while ((entry = readdir(dir))) {
		int below;

		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		below = openat(fd, entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
		if (below >= 0 && walk(below, &own, entry->d_name, device) < 0)
			fprintf(stderr, "witness: cannot walk a folder: %s\n", strerror(errno));
	}
	closedir(dir);
	return 0;
}

/* ---- events ---- */

static void put_mask(uint64_t mask)
{
	static const struct {
		uint64_t bit;
		const char *name;
	} bits[] = {
		{ FAN_CREATE, "create" }, { FAN_DELETE, "delete" },           { FAN_RENAME, "rename" },
		{ FAN_MODIFY, "modify" }, { FAN_CLOSE_WRITE, "close_write" }, { FAN_ATTRIB, "attrib" },
		{ FAN_ONDIR, "ondir" },   { FAN_Q_OVERFLOW, "overflow" },
	};
	const char *comma = "";
	unsigned i;

	fputs(",\"mask\":[", output);
	for (i = 0; i < sizeof(bits) / sizeof(bits[0]); i++)
		if (mask & bits[i].bit) {
			fprintf(output, "%s\"%s\"", comma, bits[i].name);
			comma = ",";
		}
	putc(']', output);
}

static void put_info(const struct fanotify_event_info_fid *info)
{
	const struct file_handle *handle = (const struct file_handle *)(const void *)info->handle;
	const char *name = (const char *)handle->f_handle + handle->handle_bytes;
	bool to = info->hdr.info_type == FAN_EVENT_INFO_TYPE_NEW_DFID_NAME;

	if (info->hdr.info_type == FAN_EVENT_INFO_TYPE_FID) {
		put_handle("child", handle);
	} else if (info->hdr.info_type == FAN_EVENT_INFO_TYPE_DFID) {
		put_handle("dir", handle);
		put_name("name", ".");
	} else {
		put_handle(to ? "to_dir" : "dir", handle);
		put_name(to ? "to_name" : "name", name);
	}
}

static void put_event(const struct fanotify_event_metadata *event)
{
	const char *at = (const char *)event + event->metadata_len, *end = (const char *)event + event->event_len;
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	fprintf(output, "{\"t\":%lld%09ld", (long long)now.tv_sec, now.tv_nsec);
	put_mask(event->mask);
	while (at < end) {
		const struct fanotify_event_info_header *header = (const void *)at;

		put_info((const void *)at);
		at += header->len;
	}
	fputs("}\n", output);
}

/* Returns how many came; 0: none just now. */
static int take(int fd)
{
	static _Alignas(8) char room[1 << 16], one[1 << 16];
	ssize_t len = read(fd, room, sizeof(room));
	const char *at = room;
	int n = 0;

	/* the kernel pads events to four bytes, their first member has eight */
	while (len >= (ssize_t)FAN_EVENT_METADATA_LEN) {
		uint32_t size;

		memcpy(&size, at, sizeof(size));
		if (size < FAN_EVENT_METADATA_LEN || (ssize_t)size > len)
			break;
		memcpy(one, at, size);
		put_event((const void *)one);
		at += size;
		len -= size;
		n++;
	}
	return n;
}

static int mark(const char *mountpoint)
{
	int fd = fanotify_init(FAN_CLASS_NOTIF | FAN_UNLIMITED_QUEUE | FAN_UNLIMITED_MARKS | FAN_NONBLOCK |
				       FAN_CLOEXEC | FAN_REPORT_DFID_NAME_TARGET,
			       O_RDONLY);

	if (fd < 0 || fanotify_mark(fd, FAN_MARK_ADD | FAN_MARK_FILESYSTEM, KINDS, AT_FDCWD, mountpoint) < 0) {
		fprintf(stderr, "witness: no fanotify mark here: %s\n", strerror(errno));
		return -1;
	}
	return fd;
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = on_term };
	struct pollfd ready = { .events = POLLIN };
	struct stat st;
	int root;

	if (argc != 3) {
		fputs("usage: witness MOUNTPOINT OUTPUT\n", stderr);
		return 64;
	}
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	output = fopen(argv[2], "we");
	root = open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ready.fd = mark(argv[1]);
	if (!output || root < 0 || ready.fd < 0 || fstat(root, &st) < 0)
		return 77;
	if (walk(root, NULL, "", st.st_dev) < 0)
		return 74;
	puts("ready");
	fflush(stdout);
	while (!stopped)
		if (poll(&ready, 1, 200) > 0)
			while (take(ready.fd) > 0)
				;
	while (take(ready.fd) > 0)
		;
	return fclose(output) == 0 ? 0 : 74;
}
