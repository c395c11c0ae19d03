#include "log-follower.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "allocate.h"
#include "byte-string.h"
#include "clock.h"
#include "host-call.h"

#define CHUNK_BYTES       (256 * 1024)
#define PASS_BYTES        (INT64_C(32) * 1024 * 1024)
#define DEADLINE_RESERVE  (NS_PER_SECOND / 4) /* left for ending the unit */
#define SETTLED_AFTER     (2 * NS_PER_SECOND) /* without a write: the writer is not in mid-line */
#define FINGERPRINT_BYTES 64

struct log_follower {
    const struct atvm_host *host;
    char *path;
    char *kind; /* NULL: no units are made */
    struct log_reader reader;
    char *chunk; /* CHUNK_BYTES */
    bool watched;

    int descriptor; /* -1: no file is open */
    struct stat file;
    int64_t offset;                      /* bytes read so far */
    int64_t line_offset;                 /* where the line that is being read begins */
    int64_t line_number;                 /* complete lines so far */
    struct byte_string partial;          /* of that line, without NULs, cut at LOG_LINE_MAX */
    char fingerprint[FINGERPRINT_BYTES]; /* the bytes just before offset */
    size_t fingerprint_length;
    int64_t tail_offset;               /* end of the tail that was handed out; -1: none */
    int64_t still_offset, still_since; /* the file ended there at that time (CLOCK_MONOTONIC, ns) */
    bool replace;                      /* the next unit is the file's first */
    bool unit_open;

    dev_t refused_device; /* what stood in the file's place and was told as damaged */
    ino_t refused_inode;
    mode_t refused_mode; /* 0: nothing */
};

struct log_follower *log_follower_new(const struct atvm_host *host, const char *path,
                                      const char *kind, const struct log_reader *reader)
{
    struct log_follower *follower = allocate(1, sizeof(*follower));

    follower->host = host;
    follower->path = copy_string(path);
    follower->kind = kind ? copy_string(kind) : NULL;
    follower->reader = *reader;
    follower->chunk = allocate(1, CHUNK_BYTES);
    follower->descriptor = -1;
    follower->tail_offset = -1;
    return follower;
}

static void close_file(struct log_follower *follower)
{
    if (follower->descriptor >= 0)
        close(follower->descriptor);
    follower->descriptor = -1;
}

void log_follower_free(struct log_follower *follower)
{
    if (!follower)
        return;
    close_file(follower);
    byte_string_free(&follower->partial);
    free(follower->chunk);
    free(follower->path);
    free(follower->kind);
    free(follower);
}

/* ---------------------------------------------------------------- units */

static int64_t mtime_ns(const struct stat *file)
{
    return file->st_mtim.tv_sec * NS_PER_SECOND + file->st_mtim.tv_nsec;
}

static bool begin_unit(struct log_follower *follower, const struct stat *file, int32_t mode)
{
    struct atvm_source source = {
        .struct_size = sizeof(source),
        .mode = mode,
        .path = follower->path,
        .kind = follower->kind,
        .size = S_ISREG(file->st_mode) ? file->st_size : -1,
        .mtime_ns = mtime_ns(file),
        .name_time_ns = -1,
        .device = file->st_dev,
        .inode = file->st_ino,
    };

    return follower->host->begin_source(follower->host->context, &source) == ATVM_OK;
}

/* Opens the unit of the file that is read; false: this source is set aside. */
static bool open_unit(struct log_follower *follower)
{
    if (follower->unit_open)
        return true;
    if (!follower->kind) {
        follower->replace = false;
        return true;
    }
    if (!begin_unit(follower, &follower->file,
                    follower->replace ? ATVM_SOURCE_REPLACE : ATVM_SOURCE_APPEND))
        return false;
    follower->unit_open = true;
    return true;
}

static void close_unit(struct log_follower *follower, int32_t quality, const char *reason)
{
    if (!follower->unit_open)
        return;
    follower->host->end_source(follower->host->context, quality, reason);
    follower->unit_open = false;
    follower->replace = false;
}

void log_follower_emit(struct log_follower *follower, const struct atvm_evidence *evidence)
{
    if (follower->kind && open_unit(follower))
        host_emit(follower->host, evidence);
}

/* ---------------------------------------------------------------- lines */

static void restart(struct log_follower *follower)
{
    follower->offset = follower->line_offset = follower->line_number = 0;
    follower->fingerprint_length = 0;
    follower->tail_offset = -1;
    follower->replace = true;
    byte_string_clear(&follower->partial);
    follower->reader.restart(follower->reader.user);
}

/* NULs are left out here: a hole in a file that was truncated under its writer may hold gigabytes
 * of them in front of the next line. */
static void keep_partial(struct log_follower *follower, const char *bytes, size_t length)
{
    while (length > 0) {
        const char *nul = memchr(bytes, '\0', length);
        size_t run = nul ? (size_t)(nul - bytes) : length;

        byte_string_append(&follower->partial, bytes, run, LOG_LINE_MAX);
        bytes += run;
        length -= run;
        while (length > 0 && *bytes == '\0') {
            bytes++;
            length--;
        }
    }
}

static void hand_out(struct log_follower *follower, const char *line, size_t length)
{
    follower->line_number++;
    if (follower->partial.length > 0) {
        keep_partial(follower, line, length);
        line = follower->partial.bytes;
        length = follower->partial.length;
    }
    follower->reader.line(follower->reader.user, line, length, follower->line_number,
                          follower->line_offset);
    byte_string_clear(&follower->partial);
}

static void take_chunk(struct log_follower *follower, size_t length)
{
    const char *at = follower->chunk, *end = follower->chunk + length, *newline;

    while ((newline = memchr(at, '\n', (size_t)(end - at)))) {
        hand_out(follower, at, (size_t)(newline - at));
        at = newline + 1;
        follower->line_offset = follower->offset + (at - follower->chunk);
    }
    keep_partial(follower, at, (size_t)(end - at));
    follower->offset += (int64_t)length;
}

/* Remembers the bytes just before the new offset. */
static void take_fingerprint(struct log_follower *follower, size_t length)
{
    size_t kept = length < FINGERPRINT_BYTES ? length : FINGERPRINT_BYTES;
    size_t old = FINGERPRINT_BYTES - kept;

    if (old > follower->fingerprint_length)
        old = follower->fingerprint_length;
    memmove(follower->fingerprint, follower->fingerprint + follower->fingerprint_length - old, old);
    memcpy(follower->fingerprint + old, follower->chunk + length - kept, kept);
    follower->fingerprint_length = old + kept;
}

/* Whether the file still holds what was read last; a file that was rewritten does not. */
static bool is_same_content(const struct log_follower *follower)
{
    char now[FINGERPRINT_BYTES];
    size_t length = follower->fingerprint_length;
    ssize_t got = pread(follower->descriptor, now, length, follower->offset - (int64_t)length);

    return got == (ssize_t)length && memcmp(now, follower->fingerprint, length) == 0;
}

/* ---------------------------------------------------------------- one pass */

static int32_t read_failed(struct log_follower *follower, const char *what)
{
    int error = errno;

    close_unit(follower, ATVM_QUALITY_GROWING, "reading it failed in the middle");
    return host_fail(follower->host, ATVM_COLLECT_UNAVAILABLE,
                     "%s: %s failed: %s; the collect worker must be able to read this log",
                     follower->path, what, strerror(error));
}

/* Reads on up to the file's present end. */
static int32_t read_on(struct log_follower *follower)
{
    int64_t stop = follower->offset + PASS_BYTES, end = follower->file.st_size;

    while (follower->offset < end) {
        int64_t wanted = end - follower->offset;
        ssize_t got = pread(follower->descriptor, follower->chunk,
                            wanted < CHUNK_BYTES ? (size_t)wanted : CHUNK_BYTES, follower->offset);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return read_failed(follower, "reading");
        if (got == 0)
            break;
        take_chunk(follower, (size_t)got);
        take_fingerprint(follower, (size_t)got);
        if (follower->offset < end &&
            (follower->offset >= stop || host_is_out_of_time(follower->host, DEADLINE_RESERVE)))
            return ATVM_COLLECT_AGAIN;
    }
    return ATVM_COLLECT_COMPLETE;
}

/* Whether its writer is not in the middle of the last line: by the file's time, or where the run's
 * clock stands still (a replay), by watching. */
static bool is_settled(struct log_follower *follower)
{
    const struct atvm_host *host = follower->host;

    if (host->now(host->context) - mtime_ns(&follower->file) >= SETTLED_AFTER)
        return true;
    if (follower->still_offset != follower->offset) {
        follower->still_offset = follower->offset;
        follower->still_since = clock_ns(CLOCK_MONOTONIC);
    }
    return clock_ns(CLOCK_MONOTONIC) - follower->still_since >= SETTLED_AFTER;
}

static void offer_tail(struct log_follower *follower)
{
    if (!follower->reader.tail || follower->partial.length == 0 ||
        follower->tail_offset == follower->offset || !is_settled(follower))
        return;
    follower->tail_offset = follower->offset;
    follower->reader.tail(follower->reader.user, follower->partial.bytes, follower->partial.length,
                          follower->line_number + 1);
}

/* What the open file has to say now. */
static int32_t read_open_file(struct log_follower *follower)
{
    int32_t result = ATVM_COLLECT_COMPLETE;

    if (fstat(follower->descriptor, &follower->file) < 0)
        return read_failed(follower, "looking at it");
    if (follower->file.st_size < follower->offset || !is_same_content(follower))
        restart(follower);
    if (follower->replace || follower->file.st_size > follower->offset) {
        if (!open_unit(follower))
            return ATVM_COLLECT_COMPLETE;
        result = read_on(follower);
    }
    if (result == ATVM_COLLECT_COMPLETE)
        offer_tail(follower);
    if (result == ATVM_COLLECT_AGAIN)
        close_unit(follower, ATVM_QUALITY_GROWING, "more of it is still to be read");
    else
        close_unit(follower, ATVM_QUALITY_WHOLE, NULL);
    return result;
}

static const char *why_not_regular(mode_t mode)
{
    if (S_ISLNK(mode))
        return "is a symbolic link, which is not followed; have the log written here";
    if (S_ISDIR(mode))
        return "is a folder, not a log; remove or rename it";
    if (S_ISFIFO(mode))
        return "is a FIFO, not a file; have the log written into a file here";
    return "is a device or socket, not a file; have the log written into a file here";
}

/* Tells once that something else stands in the file's place. */
static void refuse(struct log_follower *follower, const struct stat *found)
{
    if (follower->refused_mode == found->st_mode && follower->refused_inode == found->st_ino &&
        follower->refused_device == found->st_dev)
        return;
    if (!follower->kind || !begin_unit(follower, found, ATVM_SOURCE_REPLACE))
        return;
    host_end_source(follower->host, ATVM_QUALITY_DAMAGED, "%s", why_not_regular(found->st_mode));
    host_log(follower->host, ATVM_LOG_WARNING, "%s %s; it is not read", follower->path,
             why_not_regular(found->st_mode));
    follower->refused_mode = found->st_mode;
    follower->refused_inode = found->st_ino;
    follower->refused_device = found->st_dev;
}

/* Opens the file that stands at the path; COMPLETE with no descriptor where there is none. */
static int32_t open_file(struct log_follower *follower, const struct stat *found)
{
    struct stat opened;
    int descriptor;

    if (!S_ISREG(found->st_mode)) {
        refuse(follower, found);
        return ATVM_COLLECT_COMPLETE;
    }
    descriptor = open(follower->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    if (descriptor < 0 && (errno == ENOENT || errno == ELOOP))
        return ATVM_COLLECT_AGAIN; /* it was replaced in this moment */
    if (descriptor < 0)
        return read_failed(follower, "opening");
    if (fstat(descriptor, &opened) < 0 || !S_ISREG(opened.st_mode)) {
        close(descriptor);
        return ATVM_COLLECT_AGAIN;
    }
    follower->descriptor = descriptor;
    follower->file = opened;
    follower->refused_mode = 0;
    restart(follower);
    return ATVM_COLLECT_COMPLETE;
}

/* What stands at the path; false with errno. */
static bool look(const struct log_follower *follower, struct stat *found)
{
    return lstat(follower->path, found) == 0;
}

int32_t log_follower_pass(struct log_follower *follower)
{
    struct stat found;
    bool is_there;
    int32_t result = ATVM_COLLECT_COMPLETE;

    if (!follower->watched)
        follower->host->watch(follower->host->context, follower->path);
    follower->watched = true;

    is_there = look(follower, &found);
    if (!is_there && errno != ENOENT && errno != ENOTDIR)
        return read_failed(follower, "looking for it");
    if (follower->descriptor >= 0) {
        result = read_open_file(follower);
        if (result != ATVM_COLLECT_COMPLETE || !is_there ||
            (found.st_dev == follower->file.st_dev && found.st_ino == follower->file.st_ino))
            return result;
        close_file(follower);
    }
    if (!is_there)
        return ATVM_COLLECT_COMPLETE;
    result = open_file(follower, &found);
    if (result != ATVM_COLLECT_COMPLETE || follower->descriptor < 0)
        return result;
    return read_open_file(follower);
}
