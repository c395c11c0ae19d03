#include "path-watch.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>

#include "cleanup.h"
#include "log.h"
#include "memory.h"

#define FOLDER_CHANGES                                                                             \
    (IN_CREATE | IN_MOVED_TO | IN_MODIFY | IN_CLOSE_WRITE | IN_DELETE | IN_DELETE_SELF |           \
     IN_MOVE_SELF | IN_ONLYDIR)
#define FILE_CHANGES (IN_MODIFY | IN_CLOSE_WRITE | IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF)
/* Of a file's folder only its coming matters: folders like /tmp are busy with other things. */
#define COMING_CHANGES (IN_CREATE | IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR)

struct watched_path {
    struct path_watch *owner;
    char *path;
    const char *name;        /* last component, within path */
    sd_event_source *itself; /* on the path; NULL: it is not there, or could not be watched */
    sd_event_source *coming; /* on its folder, for a path that is a file or not there */
};

struct path_watch {
    sd_event *event;
    void (*changed)(void *user);
    void *user;
    struct watched_path **paths;
    size_t count, capacity;
    bool limit_reported;
};

struct path_watch *path_watch_new(sd_event *event, void (*changed)(void *user), void *user)
{
    struct path_watch *watch = memory_zeroed(1, sizeof(*watch));

    watch->event = sd_event_ref(event);
    watch->changed = changed;
    watch->user = user;
    return watch;
}

void path_watch_free(struct path_watch *watch)
{
    if (!watch)
        return;
    for (size_t i = 0; i < watch->count; i++) {
        sd_event_source_disable_unref(watch->paths[i]->itself);
        sd_event_source_disable_unref(watch->paths[i]->coming);
        free(watch->paths[i]->path);
        free(watch->paths[i]);
    }
    free(watch->paths);
    sd_event_unref(watch->event);
    free(watch);
}

static int on_itself(sd_event_source *source, const struct inotify_event *change, void *user)
{
    struct watched_path *watched = user;

    /* The name now stands for something else, or for nothing: looked at again when it is added. */
    if (change->mask & (IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED | IN_UNMOUNT)) {
        watched->itself = NULL;
        sd_event_source_disable_unref(source);
    }
    watched->owner->changed(watched->owner->user);
    return 0;
}

static int on_folder(sd_event_source *source, const struct inotify_event *change, void *user)
{
    struct watched_path *watched = user;

    if (change->mask & (IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED | IN_UNMOUNT)) {
        watched->coming = NULL;
        sd_event_source_disable_unref(source);
        return 0;
    }
    if (change->len > 0 && strcmp(change->name, watched->name) == 0) {
        watched->itself = sd_event_source_disable_unref(watched->itself);
        path_watch_add(watched->owner, watched->path);
        watched->owner->changed(watched->owner->user);
    }
    return 0;
}

static void report_limit(struct path_watch *watch, const char *path, int error)
{
    if ((error != -ENOSPC && error != -EMFILE) || watch->limit_reported)
        return;
    watch->limit_reported = true;
    log_warning("%s: cannot be watched for changes: %s; it is polled instead (raise "
                "fs.inotify.max_user_watches or max_user_instances for quicker answers)",
                path, strerror(-error));
}

static sd_event_source *add_source(struct watched_path *watched, const char *path, uint32_t mask,
                                   sd_event_inotify_handler_t handler)
{
    sd_event_source *source = NULL;
    int error = sd_event_add_inotify(watched->owner->event, &source, path, mask, handler, watched);

    if (error < 0)
        report_limit(watched->owner, path, error);
    return error < 0 ? NULL : source;
}

static void watch_folder_of(struct watched_path *watched)
{
    CLEANUP_FREE char *folder = NULL;
    size_t length = (size_t)(watched->name - watched->path);

    if (watched->coming)
        return;
    folder = length > 1 ? strndup(watched->path, length - 1) : strdup("/");
    if (folder)
        watched->coming = add_source(watched, folder, COMING_CHANGES, on_folder);
}

static void look_again(struct watched_path *watched)
{
    struct stat status;
    bool exists = lstat(watched->path, &status) == 0;

    if (exists && S_ISDIR(status.st_mode)) {
        if (!watched->itself)
            watched->itself = add_source(watched, watched->path, FOLDER_CHANGES, on_itself);
        return;
    }
    watch_folder_of(watched);
    if (exists && S_ISREG(status.st_mode) && !watched->itself)
        watched->itself = add_source(watched, watched->path, FILE_CHANGES, on_itself);
}

void path_watch_add(struct path_watch *watch, const char *path)
{
    struct watched_path *watched;
    const char *slash = strrchr(path, '/');

    for (size_t i = 0; i < watch->count; i++)
        if (strcmp(watch->paths[i]->path, path) == 0) {
            look_again(watch->paths[i]);
            return;
        }
    if (*path != '/' || !slash)
        return;
    memory_grow(&watch->paths, watch->count, &watch->capacity, sizeof(struct watched_path *));
    watched = memory_zeroed(1, sizeof(*watched));
    watched->owner = watch;
    watched->path = memory_string(path);
    watched->name = watched->path + (slash - path) + 1;
    watch->paths[watch->count++] = watched;
    look_again(watched);
}

size_t path_watch_unwatched(const struct path_watch *watch)
{
    size_t count = 0;

    for (size_t i = 0; i < watch->count; i++)
        count += !watch->paths[i]->itself;
    return count;
}
