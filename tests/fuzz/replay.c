/*
 * replay.c - the main of a fuzz target in builds without libFuzzer: runs every file of a corpus directory, each
 * in a heap block of exactly its size (so that a sanitizer sees an overread), and the empty input.
 * A directory without files is a failure: then nothing was replayed.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay_file(int dirfd, const char *name)
{
	int fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC);
	struct stat st;
	uint8_t *data;
	size_t have = 0;

	if (fd < 0 || fstat(fd, &st) < 0) {
		fprintf(stderr, "cannot open '%s': %s\n", name, strerror(errno));
		return -1;
	}
	data = malloc(st.st_size > 0 ? (size_t)st.st_size : 1);
	while (data != NULL && have < (size_t)st.st_size) {
		ssize_t n = read(fd, data + have, (size_t)st.st_size - have);

		if (n <= 0)
			break;
		have += (size_t)n;
	}
	close(fd);
	if (data == NULL || have != (size_t)st.st_size) {
		fprintf(stderr, "cannot read '%s'\n", name);
		free(data);
		return -1;
	}
	LLVMFuzzerTestOneInput(data, have);
	free(data);
	return 0;
}

int main(int argc, char **argv)
{
	DIR *dir = argc == 2 ? opendir(argv[1]) : NULL;
	struct dirent *entry;
	unsigned replayed = 0;
	int status = 0;

	if (dir == NULL) {
		fprintf(stderr, "usage: %s CORPUS-DIRECTORY\n", argv[0]);
		return 2;
	}
	LLVMFuzzerTestOneInput((const uint8_t *)"", 0);
	while ((entry = readdir(dir)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		if (replay_file(dirfd(dir), entry->d_name) < 0)
			status = 1;
		replayed++;
	}
	closedir(dir);
	printf("%u inputs replayed\n", replayed);
	return replayed == 0 ? 1 : status;
}
