/*
 * test_daemon_mail.c - the mailbox: order, the eventfd, many senders at once, closing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <poll.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "daemon/mail.h"

enum { SENDERS = 4, LETTERS = 5000 };

static atomic_int alive;

struct letter {
	struct mail mail;
	int sender, number;
};

static void letter_free(struct mail *mail)
{
	atomic_fetch_sub(&alive, 1);
	free(mail);
}

static struct mail *letter_new(int sender, int number)
{
	struct letter *letter = calloc(1, sizeof(*letter));

	assert_non_null(letter);
	*letter = (struct letter){ .mail = { .kind = MAIL_NAMES, .free = letter_free }, sender, number };
	atomic_fetch_add(&alive, 1);
	return &letter->mail;
}

static int number_of(const struct mail *mail)
{
	return ((const struct letter *)(const void *)mail)->number;
}

static bool readable(const struct mailbox *box)
{
	struct pollfd pollfd = { .fd = box->fd, .events = POLLIN };

	return poll(&pollfd, 1, 0) == 1;
}

static void test_order(void **state)
{
	struct mailbox box;
	struct err err;

	(void)state;
	assert_int_equal(mailbox_init(&box, &err), 0);
	assert_false(readable(&box));
	assert_null(mailbox_take(&box));
	for (int i = 0; i < 3; i++)
		mailbox_put(&box, letter_new(0, i));
	for (int i = 0; i < 3; i++) {
		CLEANUP(mail_freep) struct mail *mail = NULL;

		assert_true(readable(&box));
		mail = i == 1 ? mailbox_wait(&box) : mailbox_take(&box);
		assert_non_null(mail);
		assert_null(mail->next);
		assert_int_equal(number_of(mail), i);
	}
	assert_false(readable(&box));
	assert_null(mailbox_take(&box));
	/* again, after it was empty */
	mailbox_put(&box, letter_new(0, 7));
	assert_true(readable(&box));
	mailbox_done(&box);
	assert_int_equal(atomic_load(&alive), 0);
}

static void test_closed(void **state)
{
	CLEANUP(mail_freep) struct mail *mail = NULL;
	struct mailbox box;
	struct err err;

	(void)state;
	assert_int_equal(mailbox_init(&box, &err), 0);
	mailbox_put(&box, letter_new(0, 1));
	mailbox_close(&box);
	mailbox_put(&box, letter_new(0, 2)); /* freed at once */
	assert_int_equal(atomic_load(&alive), 1);
	mail = mailbox_wait(&box);
	assert_non_null(mail);
	assert_int_equal(number_of(mail), 1);
	assert_null(mailbox_wait(&box));
	mail_freep(&mail);
	mailbox_done(&box);
	assert_int_equal(atomic_load(&alive), 0);
}

struct sender {
	pthread_t thread;
	struct mailbox *box;
	int number;
};

static void *send_letters(void *context)
{
	const struct sender *sender = context;

	for (int i = 0; i < LETTERS; i++)
		mailbox_put(sender->box, letter_new(sender->number, i));
	return NULL;
}

/* Each sender's letters come in its order, none twice, none lost; WAIT by condition variable, else by poll(). */
static void many_senders(bool by_poll)
{
	struct sender senders[SENDERS];
	int next[SENDERS] = { 0 };
	struct mailbox box;
	struct err err;

	assert_int_equal(mailbox_init(&box, &err), 0);
	for (int i = 0; i < SENDERS; i++) {
		senders[i] = (struct sender){ .box = &box, .number = i };
		assert_int_equal(pthread_create(&senders[i].thread, NULL, send_letters, &senders[i]), 0);
	}
	for (int got = 0; got < SENDERS * LETTERS;) {
		CLEANUP(mail_freep) struct mail *mail = NULL;
		const struct letter *letter;

		if (by_poll) {
			struct pollfd pollfd = { .fd = box.fd, .events = POLLIN };

			assert_int_equal(poll(&pollfd, 1, 60000), 1);
			mail = mailbox_take(&box);
		} else {
			mail = mailbox_wait(&box);
		}
		assert_non_null(mail); /* one thread takes: what was readable is still there */
		letter = (const struct letter *)(const void *)mail;
		assert_int_equal(letter->number, next[letter->sender]++);
		got++;
	}
	for (int i = 0; i < SENDERS; i++)
		pthread_join(senders[i].thread, NULL);
	assert_false(readable(&box));
	mailbox_done(&box);
	assert_int_equal(atomic_load(&alive), 0);
}

static void test_many(void **state)
{
	(void)state;
	many_senders(true);
	many_senders(false);
}

static void *close_box(void *context)
{
	mailbox_close(context);
	return NULL;
}

static void test_close_wakes(void **state)
{
	struct mailbox box;
	pthread_t thread;
	struct err err;

	(void)state;
	assert_int_equal(mailbox_init(&box, &err), 0);
	assert_int_equal(pthread_create(&thread, NULL, close_box, &box), 0);
	assert_null(mailbox_wait(&box));
	pthread_join(thread, NULL);
	mailbox_done(&box);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_closed),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_close_wakes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
