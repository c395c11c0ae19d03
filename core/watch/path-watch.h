/*
 * Notices changes of files and folders with inotify, so that an answer need not wait for a poll.
 * It is only a hint: what cannot be watched (no such folder yet, inotify limits) is left to the
 * poll interval.
 */
#ifndef ATVM_CORE_PATH_WATCH_H
#define ATVM_CORE_PATH_WATCH_H

#include <stddef.h>
#include <systemd/sd-event.h>

struct path_watch;

/* Calls `changed` from the event loop whenever something watched has changed. */
struct path_watch *path_watch_new(sd_event *event, void (*changed)(void *user), void *user);
/* Accepts NULL. */
void path_watch_free(struct path_watch *watch);

/* Watches a file or folder, which may not exist yet; absolute path. Repeating one costs a look
 * whether it has come, gone or been replaced since. */
void path_watch_add(struct path_watch *watch, const char *path);

/* How many of the paths added cannot be watched now. */
size_t path_watch_unwatched(const struct path_watch *watch);

#endif
