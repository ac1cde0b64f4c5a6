/*
 * event.c - what one event means: which names are dirty, and what becomes of the tree of watches.
 *
 * Queues are late: an event tells of a moment that is over. So nothing is done because an event says so; where it could matter the
 * file system is asked what stands there now.
 */
#include "base/cleanup.h"
#include "sys/file.h"
#include "watch/inner.h"

enum { STRUCTURE = IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO };

/* Somebody else's file came into a directory whose events only root could make. */
static int reclassify(struct watch *watch, uint32_t id, enum foreign foreign, struct err *err)
{
	int fd = standing_at(watch, id), r;

	if (fd < 0 || foreign <= (enum foreign)nodes_at(&watch->nodes, id)->foreign ||
	    !is_watched(nodes_at(&watch->nodes, id)))
		return 0;
	r = attach_set(watch, id, fd, foreign, err);
	if (r < 0)
		return r;
	/*
	 * What the queue that it leaves had lost is looked for in the directories that are in it by then, so not here any more. Or it
	 * was unwatched for a moment, and now it is polled.
	 */
	r = nodes_path(&watch->nodes, id, &watch->other, err);
	return r < 0 ? r : watch_tell_look(watch, buf_bytes(&watch->other), false, err);
}

static int reclassify_for(struct watch *watch, uint32_t id, const char *name, struct err *err)
{
	struct statx stat;
	int fd;

	if (nodes_at(&watch->nodes, id)->foreign == FOREIGN_ALL)
		return 0;
	fd = standing_at(watch, id);
	if (fd < 0 || sys_stat(fd, name, &stat) < 0)
		return 0;
	return reclassify(watch, id, foreign_of_name(&stat), err);
}

/* Its own rights changed. */
static int reclassify_dir(struct watch *watch, uint32_t id, struct err *err)
{
	int fd = standing_at(watch, id);
	struct statx stat;

	if (fd < 0 || sys_stat(fd, "", &stat) < 0)
		return 0;
	if (foreign_of_dir(&stat) == FOREIGN_ALL)
		return reclassify(watch, id, FOREIGN_ALL, err);
	return nodes_at(&watch->nodes, id)->foreign == FOREIGN_ALL ? walk_node(watch, id, WALK_LOOK, NULL, err) : 0;
}

/* What stands at the place of a node now, whatever was said of it. */
static int look_again(struct watch *watch, uint32_t id, struct err *err)
{
	CLEANUP(buf_done) struct buf name = BUF_INIT;
	const struct node *node = nodes_at(&watch->nodes, id);

	if (node->parent == NODE_NONE)
		return 0;
	if (buf_add(&name, node->name, node->name_len) < 0)
		return err_nomem(err);
	return walk_child(watch, node->parent, buf_bytes(&name), WALK_TELL, err);
}

/* The kernel has let the watch go: the only place where it is forgotten. */
static int ignored(struct watch *watch, enum watch_class class, uint32_t id, struct err *err)
{
	struct covered before = attach_covered(nodes_at(&watch->nodes, id));

	nodes_set_wd(&watch->nodes, id, class, -1);
	if (nodes_at(&watch->nodes, id)->flags & NODE_SPENT) {
		nodes_remove(&watch->nodes, id);
		return 0;
	}
	attach_recount(watch, before, attach_covered(nodes_at(&watch->nodes, id)));
	/* a directory that is gone, or a file system that was unmounted under it */
	return look_again(watch, id, err);
}

/* An event of the directory at watch->path itself. */
static int about_itself(struct watch *watch, uint32_t id, uint32_t mask, struct err *err)
{
	struct bytes path = buf_bytes(&watch->path);
	int r = watch_tell_dirty(watch, path, mask, true, err);

	if (r == 0 && (mask & IN_UNMOUNT))
		r = watch_tell_look(watch, path, true, err);
	if (r < 0 || id == NODE_NONE)
		return r;
	if (mask & IN_ATTRIB)
		r = reclassify_dir(watch, id, err);
	/* moved out of a directory that tells of no move */
	if (r == 0 && (mask & IN_MOVE_SELF) && nodes_at(&watch->nodes, id)->parent &&
	    !is_watched(nodes_at(&watch->nodes, nodes_at(&watch->nodes, id)->parent)))
		r = look_again(watch, id, err);
	return r;
}

/* "#123": a file made with O_TMPFILE and given a name later is still told by the name that it was born with. */
static bool is_born_nameless(struct bytes name)
{
	for (size_t i = 1; i < name.len; i++)
		if (name.data[i] < '0' || name.data[i] > '9')
			return false;
	return name.len > 1 && name.data[0] == '#';
}

static int change_tree(struct watch *watch, uint32_t id, const struct inotify_event *event, struct bytes name,
		       struct err *err)
{
	struct bytes path = buf_bytes(&watch->name);
	bool is_dir = (event->mask & IN_ISDIR) != 0;
	int r = 0;

	if (event->mask & IN_MOVED_FROM)
		r = rename_from(watch, id, name, path, event->cookie, is_dir, err);
	if (r == 0 && (event->mask & IN_MOVED_TO))
		r = rename_to(watch, id, name, path, event->cookie, is_dir, err);
	if (r == 0 && is_dir && id &&
	    ((event->mask & IN_CREATE) || ((event->mask & IN_DELETE) && nodes_child(&watch->nodes, id, name))))
		r = walk_child(watch, id, name, WALK_TELL, err);
	return r;
}

/* An event of a name in the directory at watch->path; ID: its node, NODE_NONE when it is not watched any more. */
static int about_name(struct watch *watch, uint32_t id, const struct inotify_event *event, struct err *err)
{
	struct bytes name = bytes_of(event->name), dir = buf_bytes(&watch->path);
	int r;

	buf_clear(&watch->name);
	if (buf_add(&watch->name, dir.data, dir.len > 1 ? dir.len : 0) < 0 || buf_add_byte(&watch->name, '/') < 0 ||
	    buf_add(&watch->name, name.data, name.len) < 0)
		return err_nomem(err);
	if (watch->name.len > PATH_MAX_BYTES)
		return watch_tell_look(watch, dir, false, err);
	r = watch_tell_dirty(watch, buf_bytes(&watch->name), event->mask, (event->mask & IN_ISDIR) != 0, err);
	if (r == 0 && (event->mask & STRUCTURE))
		r = watch_tell_dirty(watch, dir, event->mask, true, err);
	if (r == 0 && (event->mask & (IN_CLOSE_WRITE | IN_ATTRIB)) && is_born_nameless(name))
		r = watch_tell_look(watch, dir, false, err);
	if (r == 0 && id && (event->mask & (IN_CREATE | IN_MOVED_TO | IN_ATTRIB)))
		r = reclassify_for(watch, id, event->name, err);
	return r < 0 ? r : change_tree(watch, id, event, name, err);
}

static int about(struct watch *watch, enum watch_class class, uint32_t id, const struct inotify_event *event,
		 struct err *err)
{
	int r;

	if (event->mask & IN_IGNORED)
		return ignored(watch, class, id, err);
	r = nodes_path(&watch->nodes, id, &watch->path, err);
	if (r < 0)
		return r;
	if (nodes_at(&watch->nodes, id)->flags & NODE_FLOATING) /* it may be watched in the other class, too */
		id = nodes_find(&watch->nodes, buf_bytes(&watch->path));
	if (event->len > 0 && event->name[0])
		return about_name(watch, id, event, err);
	return about_itself(watch, id, event->mask, err);
}

/* All nodes of a watch, as there may be bind mounts. Handling one may change the others. */
static int about_all(struct watch *watch, enum watch_class class, uint32_t id, const struct inotify_event *event,
		     struct err *err)
{
	CLEANUP(buf_done) struct buf ids = BUF_INIT;
	int r = 0;

	if (!nodes_next_by_wd(&watch->nodes, class, id))
		return about(watch, class, id, event, err);
	for (; id; id = nodes_next_by_wd(&watch->nodes, class, id))
		if (buf_add(&ids, &id, sizeof(id)) < 0)
			return err_nomem(err);
	for (size_t i = 0; i < ids.len / sizeof(id) && r == 0; i++) {
		memcpy(&id, ids.data + i * sizeof(id), sizeof(id));
		if (nodes_at(&watch->nodes, id)->wd[class] == event->wd)
			r = about(watch, class, id, event, err);
	}
	return r;
}

int event_handle(struct watch *watch, const struct drained *drained, struct err *err)
{
	const struct inotify_event *event = drained->event;
	uint32_t id;

	watch->coverage.events++;
	if (event->mask & IN_Q_OVERFLOW)
		return loss_note(watch, drained, err);
	if (event->wd == watch->mark_wd[drained->class])
		return event->mask & IN_CREATE && event->len
			       ? marks_event(watch, drained->class, bytes_of(event->name), err)
			       : 0;
	id = nodes_by_wd(&watch->nodes, drained->class, event->wd);
	if (id)
		return about_all(watch, drained->class, id, event, err);
	if ((event->mask & IN_IGNORED) || watch->lost_told)
		return 0;
	watch->lost_told = true;
	return watch_tell_look(watch, bytes_of("/"), true, err);
}
