/*
 * test_medium_licences.c - every text of packaging/licences, and our own, is in the program, byte for byte.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <dirent.h>
#include <fcntl.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/fd.h"
#include "medium/licences.h"

static void assert_held(const char *name)
{
	CLEANUP(buf_done) struct buf text = BUF_INIT;
	struct err err = ERR_INIT;

	assert_int_equal(fd_read_file(AT_FDCWD, name, 1 << 20, &text, NULL, &err), 0);
	assert_true(text.len > 1000);
	if (!memmem(licences_text, licences_text_len, text.data, text.len))
		fail_msg("%s is not in it", name);
}

static void test_all_texts(void **state)
{
	const char *folder = TESTS_DIR "/../packaging/licences";
	DIR *dir = opendir(folder);
	const struct dirent *item;
	unsigned count = 0;

	(void)state;
	assert_non_null(dir);
	while ((item = readdir(dir))) {
		char name[600];

		if (item->d_name[0] == '.')
			continue;
		(void)snprintf(name, sizeof(name), "%s/%s", folder, item->d_name);
		assert_held(name);
		count++;
	}
	(void)closedir(dir);
	assert_true(count >= 10);
	assert_held(TESTS_DIR "/../LICENSE");
	assert_memory_equal(licences_text, "about ===", 9);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_all_texts) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
