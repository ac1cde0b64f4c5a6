/*
 * statwalk.c - the floor: lists a tree by directory descriptors and calls statx(2) once for each name, on one thread.
 * Prints how many names it met. With -g FILES it makes a tree instead: so many small files, a hundred to a folder.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static unsigned long met;

static void walk(int dirfd)
{
	DIR *dir = fdopendir(dirfd);
	struct dirent *entry;

	if (dir == NULL) {
		close(dirfd);
		return;
	}
	while ((entry = readdir(dir)) != NULL) {
		struct statx st;
		int child;

		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		met++;
		if (statx(dirfd, entry->d_name, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, STATX_BASIC_STATS | STATX_BTIME,
			  &st) < 0)
			continue;
		if (!S_ISDIR(st.stx_mode))
			continue;
		child = openat(dirfd, entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (child >= 0)
			walk(child);
	}
	closedir(dir);
}

static int make_tree(const char *top, long files)
{
	char name[64], text[4096];
	int dirfd = -1;

	memset(text, 'x', sizeof(text));
	if (mkdir(top, 0755) < 0 || chdir(top) < 0)
		return -1;
	for (long i = 0; i < files; i++) {
		int fd;

		if (i % 100 == 0) {
			if (dirfd >= 0)
				close(dirfd);
			(void)snprintf(name, sizeof(name), "d%03ld", i / 100000);
			(void)mkdir(name, 0755);
			(void)snprintf(name, sizeof(name), "d%03ld/folder-%06ld", i / 100000, i / 100);
			if (mkdir(name, 0755) < 0)
				return -1;
			dirfd = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		}
		(void)snprintf(name, sizeof(name), "file-%07ld.txt", i);
		fd = openat(dirfd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
		(void)snprintf(text, 32, "%030ld\n", i);
		if (fd < 0 || write(fd, text, (size_t)(i % 4000 + 32)) < 0)
			return -1;
		close(fd);
	}
	return 0;
}

int main(int argc, char **argv)
{
	int fd;

	if (argc == 4 && strcmp(argv[1], "-g") == 0) {
		if (make_tree(argv[3], atol(argv[2])) < 0) {
			perror(argv[3]);
			return 1;
		}
		return 0;
	}
	fd = argc == 2 ? open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	if (fd < 0) {
		fprintf(stderr, "usage: statwalk FOLDER | statwalk -g FILES NEW-FOLDER\n");
		return 2;
	}
	met++;
	walk(fd);
	printf("%lu\n", met);
	return 0;
}
