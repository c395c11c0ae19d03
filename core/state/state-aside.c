#include "state-aside.h"

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cleanup.h"
#include "clock.h"
#include "durable-file.h"
#include "memory.h"
#include "state-lock.h"
#include "state.h"

/* Runs of one name that are set aside within one second. */
#define NAMES_MAX 100

/* "20261123T140200Z" */
static char *time_name_of(int64_t now_ns)
{
    time_t seconds = (time_t)(now_ns / NS_PER_SECOND);
    char name[32] = "";
    struct tm parts;

    if (gmtime_r(&seconds, &parts))
        strftime(name, sizeof(name), "%Y%m%dT%H%M%SZ", &parts);
    return memory_string(name);
}

static bool is_folder(const char *path)
{
    struct stat status;

    return lstat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

static bool is_of_a_run(const char *name)
{
    return strcmp(name, ".") != 0 && strcmp(name, "..") != 0 && strcmp(name, "history") != 0 &&
           strcmp(name, "lock") != 0;
}

/* false: there is no such folder, or nothing in it that a run left. */
static bool holds_a_run(const char *folder)
{
    CLEANUP_DIR DIR *stream = opendir(folder);
    const struct dirent *entry;

    while (stream && (entry = readdir(stream)))
        if (is_of_a_run(entry->d_name))
            return true;
    return false;
}

static int move(const char *from, const char *to, char **ret_error)
{
    int error;

    if (rename(from, to) == 0)
        return 0;
    error = -errno;
    *ret_error = memory_format("%s: move to %s: %s", from, to, strerror(-error));
    return error;
}

/* Whoever starts a watcher meanwhile waits for nothing: it finds no folder, or its own. */
static int take_out(const char *folder, const char *waiting, int64_t now_ns, char **ret_error)
{
    CLEANUP_FREE char *lock = memory_format("%s/lock", folder);
    CLEANUP_CLOSE int descriptor = -1;
    int error = state_lock_take(lock, STATE_LOCK_COMMAND, now_ns, &descriptor, ret_error);

    return error ? error : move(folder, waiting, ret_error);
}

/* Moves to "<stem><time>", to "<stem><time>-2" ... where that is taken; -EEXIST where all are. */
static int move_to_free_name(const char *from, const char *stem, int64_t now_ns, char **ret_aside,
                             char **ret_error)
{
    CLEANUP_FREE char *time_name = time_name_of(now_ns);

    for (int number = 1; number <= NAMES_MAX; number++) {
        CLEANUP_FREE char *path = number == 1 ? memory_format("%s%s", stem, time_name)
                                              : memory_format("%s%s-%d", stem, time_name, number);
        struct stat status;
        int error;

        if (lstat(path, &status) == 0)
            continue;
        error = move(from, path, ret_error);
        if (!error)
            *ret_aside = TAKE_POINTER(path);
        return error;
    }
    *ret_error = memory_format("%s%s: there are %d of that time already: move them elsewhere", stem,
                               time_name, NAMES_MAX);
    return -EEXIST;
}

/* The history of the one that waits becomes that of the new folder, if it has none. */
static int hand_history_on(const char *waiting, const char *history, char **ret_error)
{
    CLEANUP_FREE char *earlier = memory_format("%s/history", waiting);

    if (is_folder(history) || !is_folder(earlier))
        return durable_make_folder(history, STATE_FOLDER_MODE, ret_error);
    return move(earlier, history, ret_error);
}

static int file_away(const char *waiting, const char *folder, int64_t now_ns, char **ret_aside,
                     char **ret_error)
{
    CLEANUP_FREE char *history = memory_format("%s/history", folder);
    CLEANUP_FREE char *stem = memory_format("%s/", history);
    int error = durable_make_folder(folder, STATE_FOLDER_MODE, ret_error);

    if (!error)
        error = hand_history_on(waiting, history, ret_error);
    if (!error)
        error = move_to_free_name(waiting, stem, now_ns, ret_aside, ret_error);
    return error ? error : durable_sync_folder(history, ret_error);
}

int state_move_aside(const char *state_root, const char *build, int64_t now_ns, char **ret_aside,
                     char **ret_error)
{
    CLEANUP_FREE char *folder = memory_format("%s/%s", state_root, build);
    /* No build has such a name. */
    CLEANUP_FREE char *waiting = memory_format("%s/.%s.aside", state_root, build);
    int error = 0;

    *ret_aside = NULL;
    if (is_folder(waiting))
        error = file_away(waiting, folder, now_ns, ret_aside, ret_error);
    if (error || !holds_a_run(folder))
        return error;
    free(TAKE_POINTER(*ret_aside));
    error = take_out(folder, waiting, now_ns, ret_error);
    if (!error)
        error = durable_sync_folder(state_root, ret_error);
    if (!error)
        error = file_away(waiting, folder, now_ns, ret_aside, ret_error);
    return error;
}

int log_move_aside(const char *path, int64_t now_ns, char **ret_aside, char **ret_error)
{
    CLEANUP_FREE char *stem = memory_format("%s.", path);
    struct stat status;

    *ret_aside = NULL;
    if (lstat(path, &status) < 0 && errno == ENOENT)
        return 0;
    return move_to_free_name(path, stem, now_ns, ret_aside, ret_error);
}
