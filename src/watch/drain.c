/* drain.c - see drain.h. */
#include "watch/drain.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"

enum { READ_BYTES = 64 << 10, EVENT_BYTES = sizeof(struct inotify_event) + 256 };

/* What one read() gave. */
struct chunk {
	struct chunk *next;
	struct timestamp whole, read;
	size_t len;
	_Alignas(struct inotify_event) unsigned char data[];
};

struct queue {
	struct chunk *first, *last; /* under the lock */
	atomic_size_t bytes; /* of all chunks, the reader's current one included */
	struct timestamp whole; /* the thread's */
	struct chunk *at; /* the reader's, with how much of it was given out */
	size_t taken;
};

struct drain {
	int fds[WATCH_CLASSES];
	size_t bound;
	int ready, wake; /* eventfds: for the reader, for the thread */
	pthread_t thread;
	bool running;
	atomic_bool stop;
	atomic_bool reading; /* what was read may not be in a queue yet */
	pthread_mutex_t lock;
	struct queue queues[WATCH_CLASSES];
	unsigned char *buffer;
};

int drain_new(const int fds[WATCH_CLASSES], size_t bound, struct drain **ret_drain, struct err *err)
{
	CLEANUP(drain_freep) struct drain *drain = calloc(1, sizeof(*drain));

	if (!drain)
		return err_nomem(err);
	drain->ready = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	drain->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	(void)pthread_mutex_init(&drain->lock, NULL);
	if (drain->ready < 0 || drain->wake < 0)
		return err_errno(err, errno, "cannot make an event descriptor");
	drain->buffer = malloc(READ_BYTES);
	if (!drain->buffer)
		return err_nomem(err);
	drain->bound = bound;
	for (int class = 0; class < WATCH_CLASSES; class ++) {
		drain->fds[class] = fds[class];
		drain->queues[class].whole = time_now();
	}
	*ret_drain = STEAL(drain);
	return 0;
}

static void poke(int fd)
{
	const uint64_t one = 1;

	while (write(fd, &one, sizeof(one)) < 0 && errno == EINTR)
		;
}

static void calm(int fd)
{
	uint64_t count;

	while (read(fd, &count, sizeof(count)) < 0 && errno == EINTR)
		;
}

void drain_stop(struct drain *drain)
{
	if (!drain->running)
		return;
	atomic_store(&drain->stop, true);
	poke(drain->wake);
	(void)pthread_join(drain->thread, NULL);
	drain->running = false;
}

static void free_chunks(struct chunk *chunk)
{
	while (chunk) {
		struct chunk *next = chunk->next;

		free(chunk);
		chunk = next;
	}
}

void drain_freep(struct drain **drain)
{
	struct drain *old = STEAL(*drain);

	if (!old)
		return;
	drain_stop(old);
	for (int class = 0; class < WATCH_CLASSES; class ++) {
		free_chunks(old->queues[class].first);
		free(old->queues[class].at);
	}
	fd_closep(&old->ready);
	fd_closep(&old->wake);
	(void)pthread_mutex_destroy(&old->lock);
	free(old->buffer);
	free(old);
}

/* Reads what the kernel has, as far as one buffer goes. False: there was nothing, or no memory to keep it. */
static bool read_once(struct drain *drain, int class)
{
	struct queue *queue = &drain->queues[class];
	struct timestamp before = time_now();
	struct chunk *chunk;
	ssize_t len = read(drain->fds[class], drain->buffer, READ_BYTES);

	if (len <= 0) {
		if (len < 0 && errno == EAGAIN)
			queue->whole = before;
		return false;
	}
	/* what was read is gone from the kernel: there is nobody to give it back to */
	while (!(chunk = malloc(sizeof(*chunk) + (size_t)len)))
		(void)poll(NULL, 0, 100);
	*chunk = (struct chunk){ .whole = queue->whole, .read = time_now(), .len = (size_t)len };
	memcpy(chunk->data, drain->buffer, (size_t)len);
	/* it came to the end of the queue; no later loss can lie before that */
	if (READ_BYTES - (size_t)len >= EVENT_BYTES)
		queue->whole = before;
	(void)atomic_fetch_add(&queue->bytes, (size_t)len);
	(void)pthread_mutex_lock(&drain->lock);
	if (queue->last)
		queue->last->next = chunk;
	else
		queue->first = chunk;
	queue->last = chunk;
	(void)pthread_mutex_unlock(&drain->lock);
	poke(drain->ready);
	return true;
}

static bool read_marked(struct drain *drain, int class)
{
	bool some;

	atomic_store(&drain->reading, true);
	some = read_once(drain, class);
	atomic_store(&drain->reading, false);
	return some;
}

static void *run(void *context)
{
	struct drain *drain = context;

	while (!atomic_load(&drain->stop)) {
		struct pollfd polled[WATCH_CLASSES + 1];

		for (int class = 0; class < WATCH_CLASSES; class ++) {
			bool full = atomic_load(&drain->queues[class].bytes) >= drain->bound;

			polled[class] = (struct pollfd){ .fd = full ? -1 : drain->fds[class], .events = POLLIN };
		}
		polled[WATCH_CLASSES] = (struct pollfd){ .fd = drain->wake, .events = POLLIN };
		if (poll(polled, WATCH_CLASSES + 1, -1) < 0)
			continue;
		if (polled[WATCH_CLASSES].revents)
			calm(drain->wake);
		for (int class = 0; class < WATCH_CLASSES; class ++)
			if (polled[class].revents && !read_marked(drain, class))
				(void)sched_yield();
	}
	return NULL;
}

int drain_start(struct drain *drain, struct err *err)
{
	sigset_t all, before;
	int r;

	if (drain->running)
		return 0;
	atomic_store(&drain->stop, false);
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	r = pthread_create(&drain->thread, NULL, run, drain);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (r != 0)
		return err_errno(err, r, "cannot start a thread");
	(void)pthread_setname_np(drain->thread, "drain");
	drain->running = true;
	return 0;
}

int drain_fd(const struct drain *drain)
{
	return drain->ready;
}

/* A chunk that was given out wholly makes room. */
static void put_back(struct drain *drain, struct queue *queue)
{
	size_t len = queue->at->len, before = atomic_fetch_sub(&queue->bytes, len);

	free(STEAL(queue->at));
	if (before >= drain->bound && before - len < drain->bound)
		poke(drain->wake);
}

static bool fetch(struct drain *drain, struct queue *queue)
{
	if (queue->at && queue->taken < queue->at->len)
		return true;
	if (queue->at)
		put_back(drain, queue);
	if (atomic_load(&queue->bytes) == 0)
		return false;
	(void)pthread_mutex_lock(&drain->lock);
	queue->at = queue->first;
	if (queue->at) {
		queue->first = queue->at->next;
		if (!queue->first)
			queue->last = NULL;
	}
	(void)pthread_mutex_unlock(&drain->lock);
	queue->taken = 0;
	return queue->at != NULL;
}

static bool take(struct drain *drain, struct drained *ret_drained)
{
	for (int class = 0; class < WATCH_CLASSES; class ++) {
		struct queue *queue = &drain->queues[class];
		const struct inotify_event *event;

		if (!fetch(drain, queue))
			continue;
		event = (const struct inotify_event *)(const void *)(queue->at->data + queue->taken);
		queue->taken += sizeof(*event) + event->len;
		*ret_drained = (struct drained){ (enum watch_class) class, event, queue->at->whole, queue->at->read };
		return true;
	}
	return false;
}

bool drain_next(struct drain *drain, struct drained *ret_drained)
{
	if (take(drain, ret_drained))
		return true;
	/* reset first, then look once more: what comes in between makes it readable again */
	calm(drain->ready);
	if (!take(drain, ret_drained))
		return false;
	poke(drain->ready);
	return true;
}

bool drain_empty(const struct drain *drain)
{
	for (int class = 0; class < WATCH_CLASSES; class ++) {
		const struct queue *queue = &drain->queues[class];

		if (queue->at ? queue->taken < queue->at->len || atomic_load(&queue->bytes) > queue->at->len
			      : atomic_load(&queue->bytes) > 0)
			return false;
	}
	return true;
}

/* In the order in which events come: kernel, thread, memory. */
bool drain_idle(const struct drain *drain)
{
	for (int class = 0; class < WATCH_CLASSES; class ++) {
		int bytes = 0;

		if (ioctl(drain->fds[class], FIONREAD, &bytes) < 0 || bytes > 0)
			return false;
	}
	return !atomic_load(&drain->reading) && drain_empty(drain);
}

size_t drain_waiting(const struct drain *drain)
{
	size_t sum = 0;

	for (int class = 0; class < WATCH_CLASSES; class ++) {
		const struct queue *queue = &drain->queues[class];

		sum += atomic_load(&queue->bytes) - (queue->at ? queue->taken : 0);
	}
	return sum;
}
