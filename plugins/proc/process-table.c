#include "process-table.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "allocate.h"
#include "cleanup.h"
#include "clock.h"

/* A stat line has 52 numbers of at most 20 digits and a name. */
#define STAT_BYTES 2048
/* Number of start time among the fields that follow the name, state being 0 (proc(5): 3 and 22). */
#define START_TICKS_FIELD 19

/* ---------------------------------------------------------------- one process */

bool process_parse_stat(const char *line, struct process *ret)
{
    const char *open = strchr(line, '(');
    const char *close = strrchr(line, ')');
    const char *at;
    char *end;
    size_t name_length;

    *ret = (struct process){0};
    if (!open || !close || close < open || close[1] != ' ' || !isalpha((unsigned char)close[2]))
        return false;
    ret->pid = strtoll(line, &end, 10);
    if (end == line || ret->pid <= 0)
        return false;
    name_length = (size_t)(close - open) - 1;
    if (name_length >= sizeof(ret->name))
        name_length = sizeof(ret->name) - 1;
    memcpy(ret->name, open + 1, name_length);
    ret->state = close[2];
    at = close + 3;
    for (int field = 1; field <= START_TICKS_FIELD; field++) {
        int64_t number = strtoll(at, &end, 10);

        if (end == at)
            return false;
        at = end;
        if (field == 1)
            ret->parent_pid = number;
        if (field == START_TICKS_FIELD)
            ret->start_ticks = number;
    }
    return true;
}

/* What open and read say of a process that is gone. */
static bool has_vanished(int error)
{
    return error == ENOENT || error == ESRCH || error == ENOTDIR;
}

/* Reads a small file under `folder` to its end or to `size` - 1 bytes and adds a NUL. Returns its
 * length, or -errno. */
static ssize_t read_small(int folder, const char *path, char *buffer, size_t size)
{
    CLEANUP_CLOSE int descriptor = openat(folder, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    size_t length = 0;

    if (descriptor < 0)
        return -errno;
    while (length < size - 1) {
        ssize_t got = read(descriptor, buffer + length, size - 1 - length);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -errno;
        if (got == 0)
            break;
        length += (size_t)got;
    }
    buffer[length] = '\0';
    return (ssize_t)length;
}

/* Reads stat and cmdline of one process. 0, or -errno; -EBADMSG: stat cannot be made out. */
static int read_process(int folder, const char *pid, struct process *ret)
{
    char path[64];
    char stat[STAT_BYTES];
    CLEANUP_FREE char *arguments = allocated(malloc(PROCESS_ARGUMENTS_BYTES));
    ssize_t length;

    snprintf(path, sizeof(path), "%s/stat", pid);
    length = read_small(folder, path, stat, sizeof(stat));
    if (length < 0)
        return (int)length;
    /* A process that ends while it is read can leave nothing. */
    if (length == 0)
        return -ESRCH;
    if (!process_parse_stat(stat, ret))
        return -EBADMSG;
    snprintf(path, sizeof(path), "%s/cmdline", pid);
    length = read_small(folder, path, arguments, PROCESS_ARGUMENTS_BYTES);
    if (length < 0)
        return (int)length;
    /* A title written over the arguments (setproctitle) is padded with NULs; one ends it. */
    while (length > 1 && arguments[length - 1] == '\0' && arguments[length - 2] == '\0')
        length--;
    if (length > 0 && arguments[length - 1] != '\0')
        length++;
    ret->arguments_length = (size_t)length;
    ret->arguments = copy_text(arguments, (size_t)length);
    return 0;
}

/* ---------------------------------------------------------------- the table */

static void add_process(struct process_table *table, const struct process *process)
{
    table->processes =
        grow_array(table->processes, table->count, &table->capacity, sizeof(*table->processes));
    table->processes[table->count++] = *process;
}

static int compare_processes(const void *left, const void *right)
{
    int64_t left_pid = ((const struct process *)left)->pid;
    int64_t right_pid = ((const struct process *)right)->pid;

    return (left_pid > right_pid) - (left_pid < right_pid);
}

static bool is_pid(const char *name)
{
    return *name && strspn(name, "0123456789") == strlen(name);
}

static bool read_processes(DIR *stream, const char *root, struct process_table *table, char *reason,
                           size_t reason_size)
{
    for (;;) {
        struct process process;
        struct dirent *entry;
        int error;

        errno = 0;
        entry = readdir(stream);
        if (!entry && errno) {
            snprintf(reason, reason_size, "%s: cannot be read: %s", root, strerror(errno));
            return false;
        }
        if (!entry)
            return true;
        if (!is_pid(entry->d_name))
            continue;
        error = read_process(dirfd(stream), entry->d_name, &process);
        if (!error) {
            add_process(table, &process);
        } else if (!has_vanished(-error)) {
            snprintf(reason, reason_size,
                     "%s/%s: cannot be read: %s; the watcher must be allowed to see every process",
                     root, entry->d_name, strerror(-error));
            return false;
        }
    }
}

/*
 * A proc file system mounted with hidepid shows only one's own processes: then the absence of a
 * runner says nothing. Process 1 always exists, so its absence gives that away.
 */
static bool shows_all(int folder, const char *root, char *reason, size_t reason_size)
{
    struct statfs status;
    char stat[STAT_BYTES];
    ssize_t length;

    if (fstatfs(folder, &status) < 0 || status.f_type != PROC_SUPER_MAGIC)
        return true;
    length = read_small(folder, "1/stat", stat, sizeof(stat));
    if (length > 0)
        return true;
    snprintf(reason, reason_size,
             "%s: process 1 cannot be seen (%s), so others may be hidden too (mount option "
             "hidepid); run the watcher as root or in the group of the mount option gid=",
             root, strerror(length < 0 ? (int)-length : ENOENT));
    return false;
}

/* "btime SECONDS" in <root>/stat; -1: missing, as in a recorded copy. */
static int64_t read_boot_time(int folder)
{
    CLEANUP_CLOSE int descriptor = openat(folder, "stat", O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    CLEANUP_FILE FILE *file = descriptor >= 0 ? fdopen(descriptor, "r") : NULL;
    CLEANUP_FREE char *line = NULL;
    size_t capacity = 0;
    int64_t seconds;

    if (!file)
        return -1;
    take_descriptor(&descriptor);
    /* The lines in front of it grow with the number of processors and interrupts. */
    while (getline(&line, &capacity, file) > 0)
        if (sscanf(line, "btime %" SCNd64, &seconds) == 1 && seconds > 0 &&
            seconds < INT64_MAX / NS_PER_SECOND)
            return seconds * NS_PER_SECOND;
    return -1;
}

bool process_table_read(const char *root, struct process_table *ret, char *reason,
                        size_t reason_size)
{
    CLEANUP_DIR DIR *stream = opendir(root);
    struct process_table table = {.boot_ns = -1};

    *ret = table;
    if (!stream) {
        snprintf(reason, reason_size,
                 "%s: cannot be read: %s; check the option root and that proc is mounted there",
                 root, strerror(errno));
        return false;
    }
    if (!shows_all(dirfd(stream), root, reason, reason_size))
        return false;
    table.boot_ns = read_boot_time(dirfd(stream));
    if (!read_processes(stream, root, &table, reason, reason_size)) {
        process_table_free(&table);
        return false;
    }
    if (table.count > 1)
        qsort(table.processes, table.count, sizeof(*table.processes), compare_processes);
    *ret = table;
    return true;
}

void process_table_free(struct process_table *table)
{
    for (size_t i = 0; i < table->count; i++)
        free(table->processes[i].arguments);
    free(table->processes);
    *table = (struct process_table){.boot_ns = -1};
}

const struct process *process_table_find(const struct process_table *table, int64_t pid)
{
    struct process key = {.pid = pid};

    return table->count
               ? bsearch(&key, table->processes, table->count, sizeof(key), compare_processes)
               : NULL;
}
