/* disk_fixture.h - a folder for images and the programs that make them. */
#ifndef DISK_FIXTURE_H
#define DISK_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <unistd.h>

#include "disk/disk.h"
#include "own_mounts.h"

static char dir[64];

/* Runs a shell command in the folder; what it says goes to a file there, shown when it fails. */
__attribute__((format(printf, 1, 2), unused)) static int try_shell(const char *format, ...)
{
	char command[4096], line[4400];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(command, sizeof(command), format, args);
	va_end(args);
	(void)snprintf(line, sizeof(line), "cd %s && { %s ; } >.said 2>&1", dir, command);
	return system(line); // NOLINT
}

#define shell(...)                                                                                                     \
	do {                                                                                                           \
		if (try_shell(__VA_ARGS__) != 0) {                                                                     \
			(void)try_shell("cat .said >/dev/tty");                                                        \
			print_error("failed: %s\n", #__VA_ARGS__);                                                     \
			fail();                                                                                        \
		}                                                                                                      \
	} while (0)

/* The first line that a command prints. */
__attribute__((format(printf, 3, 4), unused)) static void shell_line(char *line, size_t size, const char *format, ...)
{
	char command[4096], all[4400];
	va_list args;
	FILE *pipe;

	va_start(args, format);
	(void)vsnprintf(command, sizeof(command), format, args);
	va_end(args);
	(void)snprintf(all, sizeof(all), "cd %s && %s 2>.said", dir, command);
	pipe = popen(all, "r");
	assert_non_null(pipe);
	if (fgets(line, (int)size, pipe) == NULL)
		line[0] = '\0';
	line[strcspn(line, "\n")] = '\0';
	(void)pclose(pipe);
}

__attribute__((unused)) static const char *in_dir(const char *name)
{
	static char path[512];

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

static int folder_setup(void **state)
{
	(void)state;
	own_mounts();
	(void)snprintf(dir, sizeof(dir), "%s", "/tmp/tally-disk-XXXXXX");
	assert_non_null(mkdtemp(dir));
	return 0;
}

static int folder_teardown(void **state)
{
	(void)state;
	return try_shell(
		"if [ -e backing ]; then losetup -n -O NAME -j backing | xargs -r -n1 losetup -d; fi; rm -rf %s", dir);
}

/* Opens an image of the folder. */
__attribute__((unused)) static struct disk *open_disk(const char *name, bool direct, struct disk_source *source)
{
	struct err err = ERR_INIT;
	struct disk *disk = NULL;

	if (disk_source_open(name[0] == '/' ? name : in_dir(name), direct, source, &err) < 0 ||
	    disk_new(source, &disk, &err) < 0) {
		print_error("%s\n", err.message);
		fail();
	}
	return disk;
}

#endif
