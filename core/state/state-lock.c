#include "state-lock.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cleanup.h"
#include "clock.h"
#include "durable-file.h"
#include "memory.h"

/* What a lock file says: "<pid> <start time> <date> <use>\n". */
struct holder {
    pid_t pid;
    uint64_t start_ticks; /* field 22 of /proc/PID/stat, see proc(5) */
    char since[32];
    char use[16]; /* "": written by a version that did not say */
};

static const char *const use_names[] = {
    [STATE_LOCK_WATCH] = "watcher",
    [STATE_LOCK_COMMAND] = "command",
};

/* 0 where there is no such process. */
static uint64_t start_ticks_of(pid_t pid)
{
    CLEANUP_FREE char *path = memory_format("/proc/%d/stat", (int)pid);
    CLEANUP_FILE FILE *stream = fopen(path, "re");
    char line[1024];
    uint64_t ticks = 0;
    const char *rest;

    if (!stream || !fgets(line, sizeof(line), stream))
        return 0;
    /* Field 2, the name, may hold anything, also blanks and parentheses: count behind its last. */
    rest = strrchr(line, ')');
    if (!rest)
        return 0;
    rest++; /* the blank before field 3 */
    for (int field = 4; field <= 22 && rest; field++)
        rest = strchr(rest + 1, ' ');
    return rest && sscanf(rest, " %" SCNu64, &ticks) == 1 ? ticks : 0;
}

static bool read_holder(int descriptor, struct holder *ret)
{
    char text[128];
    ssize_t length = pread(descriptor, text, sizeof(text) - 1, 0);
    int pid;

    if (length <= 0)
        return false;
    text[length] = '\0';
    ret->use[0] = '\0';
    if (sscanf(text, "%d %" SCNu64 " %31s %15s", &pid, &ret->start_ticks, ret->since, ret->use) < 3)
        return false;
    ret->pid = pid;
    return true;
}

static int write_holder(int descriptor, enum state_lock_use use, int64_t now_ns)
{
    time_t seconds = (time_t)(now_ns / NS_PER_SECOND);
    CLEANUP_FREE char *text = NULL;
    char since[32] = "";
    struct tm parts;
    size_t length;

    if (gmtime_r(&seconds, &parts))
        strftime(since, sizeof(since), "%Y-%m-%dT%H:%M:%SZ", &parts);
    text = memory_format("%d %" PRIu64 " %s %s\n", (int)getpid(), start_ticks_of(getpid()), since,
                         use_names[use]);
    length = strlen(text);
    /* In this order the room that the file has is kept, should there be no other. */
    errno = EIO;
    if (pwrite(descriptor, text, length, 0) != (ssize_t)length)
        return -errno;
    return ftruncate(descriptor, (off_t)length) < 0 ? -errno : 0;
}

static char *busy_message(const char *path, int descriptor)
{
    struct holder holder;

    if (!read_holder(descriptor, &holder))
        return memory_format("%s: another process has this build: wait for it", path);
    return memory_format("%s: process %d has this build since %s: wait for it", path,
                         (int)holder.pid, holder.since);
}

/* Whether `path` is still the file that is open: the folder may have been moved meanwhile. */
static bool is_still(const char *path, int descriptor)
{
    struct stat opened, named;

    return fstat(descriptor, &opened) == 0 && stat(path, &named) == 0 &&
           opened.st_dev == named.st_dev && opened.st_ino == named.st_ino;
}

int state_lock_take(const char *path, enum state_lock_use use, int64_t now_ns, int *ret_descriptor,
                    char **ret_error)
{
    CLEANUP_CLOSE int descriptor = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0640);
    int error = 0;

    if (descriptor < 0) {
        return durable_failed(ret_error, -errno, path, "open");
    }
    error = durable_give_to_owner(path, descriptor);
    if (error)
        return durable_failed(ret_error, error, path, "chown");
    if (flock(descriptor, LOCK_EX | LOCK_NB) < 0) {
        if (errno != EWOULDBLOCK)
            return durable_failed(ret_error, -errno, path, "lock");
        *ret_error = busy_message(path, descriptor);
        return -EBUSY;
    }
    if (!is_still(path, descriptor)) {
        *ret_error = memory_format("%s: was replaced while it was being locked: try again", path);
        return -EBUSY;
    }
    error = write_holder(descriptor, use, now_ns);
    if (error)
        return durable_failed(ret_error, error, path, "write");
    *ret_descriptor = take_descriptor(&descriptor);
    return 0;
}

/* Whether the process that wrote this still lives. */
static bool lives(const struct holder *holder)
{
    return holder->pid > 0 && start_ticks_of(holder->pid) == holder->start_ticks;
}

pid_t state_lock_holder(const char *path)
{
    CLEANUP_CLOSE int descriptor = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    struct holder holder;

    return descriptor >= 0 && read_holder(descriptor, &holder) && lives(&holder) ? holder.pid : 0;
}

bool state_lock_may_be_brief(const char *path)
{
    CLEANUP_CLOSE int descriptor = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    struct holder holder;

    return descriptor < 0 || !read_holder(descriptor, &holder) || !lives(&holder) ||
           strcmp(holder.use, use_names[STATE_LOCK_COMMAND]) == 0;
}
