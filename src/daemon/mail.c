/*
 * mail.c - see mail.h. The eventfd counts 1 while the queue is not empty: it is set and cleared under the lock, so that it never
 * says otherwise than the queue.
 */
#include "daemon/mail.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/fd.h"

int mailbox_init(struct mailbox *box, struct err *err)
{
	int r;

	*box = (struct mailbox){ .fd = -1 };
	box->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (box->fd < 0)
		return err_errno(err, errno, "cannot make an eventfd");
	r = pthread_mutex_init(&box->lock, NULL);
	if (r) {
		fd_closep(&box->fd);
		return err_errno(err, r, "cannot make a lock");
	}
	r = pthread_cond_init(&box->filled, NULL);
	if (r) {
		pthread_mutex_destroy(&box->lock);
		fd_closep(&box->fd);
		return err_errno(err, r, "cannot make a condition variable");
	}
	return 0;
}

void mailbox_done(struct mailbox *box)
{
	struct mail *mail;

	if (box->fd < 0)
		return;
	while ((mail = mailbox_take(box)))
		mail_freep(&mail);
	pthread_cond_destroy(&box->filled);
	pthread_mutex_destroy(&box->lock);
	fd_closep(&box->fd);
}

/* A counter of 0 and 1 can neither block nor overflow: nothing to check. */
static void tell(struct mailbox *box)
{
	ssize_t ignored = write(box->fd, &(uint64_t){ 1 }, sizeof(uint64_t));

	(void)ignored;
}

static void untell(struct mailbox *box)
{
	uint64_t count;
	ssize_t ignored = read(box->fd, &count, sizeof(count));

	(void)ignored;
}

void mailbox_put(struct mailbox *box, struct mail *mail)
{
	pthread_mutex_lock(&box->lock);
	if (!box->closed) {
		mail->next = NULL;
		if (box->last)
			box->last->next = mail;
		else
			box->first = mail;
		if (box->first == mail)
			tell(box);
		box->last = mail;
		mail = NULL;
		pthread_cond_signal(&box->filled);
	}
	pthread_mutex_unlock(&box->lock);
	mail_freep(&mail);
}

static struct mail *take_locked(struct mailbox *box)
{
	struct mail *mail = box->first;

	if (!mail)
		return NULL;
	box->first = mail->next;
	if (!box->first) {
		box->last = NULL;
		untell(box);
	}
	mail->next = NULL;
	return mail;
}

struct mail *mailbox_take(struct mailbox *box)
{
	struct mail *mail;

	pthread_mutex_lock(&box->lock);
	mail = take_locked(box);
	pthread_mutex_unlock(&box->lock);
	return mail;
}

struct mail *mailbox_wait(struct mailbox *box)
{
	struct mail *mail;

	pthread_mutex_lock(&box->lock);
	while (!box->first && !box->closed)
		pthread_cond_wait(&box->filled, &box->lock);
	mail = take_locked(box);
	pthread_mutex_unlock(&box->lock);
	return mail;
}

bool mailbox_is_empty(struct mailbox *box)
{
	bool empty;

	pthread_mutex_lock(&box->lock);
	empty = !box->first;
	pthread_mutex_unlock(&box->lock);
	return empty;
}

void mailbox_close(struct mailbox *box)
{
	pthread_mutex_lock(&box->lock);
	box->closed = true;
	pthread_cond_broadcast(&box->filled);
	pthread_mutex_unlock(&box->lock);
}

void mail_freep(struct mail **mail)
{
	struct mail *gone = *mail;

	*mail = NULL;
	if (gone)
		gone->free(gone);
}
