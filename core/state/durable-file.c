#include "durable-file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "cleanup.h"
#include "clock.h"
#include "memory.h"

/* More damaged files of one name within one second than this are not set aside any more. */
#define SET_ASIDE_TRIES 100

/* What helps, where that is known; with the mark that stands before it. */
static const char *remedy_for(int error)
{
    switch (error) {
    case -ENOSPC:
        return "; make room on that file system ('df -h', 'df -i')";
    case -EDQUOT:
        return "; raise the quota there, or make room";
    case -EIO:
        return "; the disk or its connection fails: look at 'dmesg'";
    case -EROFS:
        return "; that file system is mounted read-only: look at 'dmesg', then remount it";
    default:
        return "";
    }
}

int durable_failed(char **ret_error, int error, const char *path, const char *step)
{
    *ret_error = memory_format("%s: %s: %s%s", path, step, strerror(-error), remedy_for(error));
    return error;
}

/* ---- paths */

static char *parent_of(const char *path)
{
    const char *slash = strrchr(path, '/');

    if (!slash)
        return memory_string(".");
    if (slash == path)
        return memory_string("/");
    return memory_format("%.*s", (int)(slash - path), path);
}

static char *temporary_name_for(const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;

    return memory_format("%.*s.%s.new", (int)(name - path), path, name);
}

static bool stays_as_it_is(char byte, bool first)
{
    bool alphanumeric = (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') ||
                        (byte >= 'a' && byte <= 'z');

    return alphanumeric || (!first && (byte == '.' || byte == '_' || byte == '-'));
}

char *durable_component(const char *name)
{
    CLEANUP_FREE char *component = NULL;
    size_t length = 0;

    if (!*name || strlen(name) > DURABLE_COMPONENT_MAX)
        return NULL;
    component = memory_allocate(3 * strlen(name) + 1);
    for (const char *byte = name; *byte; byte++) {
        if (stays_as_it_is(*byte, byte == name))
            component[length++] = *byte;
        else
            length += (size_t)sprintf(component + length, "%%%02X", (unsigned char)*byte);
    }
    component[length] = '\0';
    return length > DURABLE_COMPONENT_MAX ? NULL : TAKE_POINTER(component);
}

static int hexadecimal_digit(char digit)
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    return digit >= 'A' && digit <= 'F' ? digit - 'A' + 10 : -1;
}

char *durable_component_decode(const char *component)
{
    CLEANUP_FREE char *name = memory_allocate(strlen(component) + 1);
    CLEANUP_FREE char *again = NULL;
    size_t length = 0;

    for (const char *byte = component; *byte; byte++) {
        int high, low;

        if (*byte != '%') {
            name[length++] = *byte;
            continue;
        }
        high = hexadecimal_digit(byte[1]);
        low = high < 0 ? -1 : hexadecimal_digit(byte[2]);
        if (low < 0)
            return NULL;
        name[length++] = (char)(high * 16 + low);
        byte += 2;
    }
    name[length] = '\0';
    again = durable_component(name);
    return again && strcmp(again, component) == 0 ? TAKE_POINTER(name) : NULL;
}

/* ---- writing */

int durable_sync_folder(const char *path, char **ret_error)
{
    CLEANUP_CLOSE int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (folder < 0)
        return durable_failed(ret_error, -errno, path, "open folder");
    if (fsync(folder) < 0)
        return durable_failed(ret_error, -errno, path, "fsync folder");
    return 0;
}

static int sync_folder_of(const char *path, char **ret_error)
{
    CLEANUP_FREE char *folder = parent_of(path);

    return durable_sync_folder(folder, ret_error);
}

int durable_give_to_owner(const char *path, int descriptor)
{
    CLEANUP_FREE char *folder = parent_of(path);
    struct stat parent, file;

    if (geteuid() != 0)
        return 0;
    if (stat(folder, &parent) < 0 || fstat(descriptor, &file) < 0)
        return -errno;
    /* A file with another name may be somebody else's under that. */
    if (parent.st_uid == 0 || file.st_uid != 0 || (S_ISREG(file.st_mode) && file.st_nlink > 1))
        return 0;
    return fchown(descriptor, parent.st_uid, parent.st_gid) < 0 ? -errno : 0;
}

static int write_all(int descriptor, const char *data, size_t length)
{
    while (length > 0) {
        ssize_t written = write(descriptor, data, length);

        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return -errno;
        data += written;
        length -= (size_t)written;
    }
    return 0;
}

struct bytes {
    const char *data;
    size_t length;
};

static int write_bytes(void *user, FILE *stream)
{
    const struct bytes *bytes = user;

    errno = 0;
    if (fwrite(bytes->data, 1, bytes->length, stream) != bytes->length)
        return errno ? -errno : -EIO;
    return 0;
}

/* Fills, syncs and closes `stream`. */
static int fill_stream(FILE *stream, const char *path,
                       int (*write_content)(void *user, FILE *stream), void *user, char **ret_error)
{
    const char *step = "write";
    int error = write_content(user, stream);

    if (!error && fflush(stream) != 0)
        error = -errno;
    if (!error && ferror(stream))
        error = -EIO;
    if (!error && fsync(fileno(stream)) < 0) {
        error = -errno;
        step = "fsync";
    }
    if (fclose(stream) != 0 && !error) {
        error = -errno;
        step = "close";
    }
    return error ? durable_failed(ret_error, error, path, step) : 0;
}

int durable_write_stream(const char *path, mode_t mode,
                         int (*write_content)(void *user, FILE *stream), void *user,
                         char **ret_error)
{
    CLEANUP_FREE char *temporary = temporary_name_for(path);
    FILE *stream;
    int descriptor, error;

    descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, mode);
    if (descriptor < 0)
        return durable_failed(ret_error, -errno, temporary, "create");
    error = durable_give_to_owner(path, descriptor);
    stream = error ? NULL : fdopen(descriptor, "w");
    if (!stream) {
        error = durable_failed(ret_error, error ? error : -errno, temporary,
                               error ? "chown" : "fdopen");
        close(descriptor);
    } else {
        error = fill_stream(stream, temporary, write_content, user, ret_error);
    }
    if (!error && rename(temporary, path) < 0)
        error = durable_failed(ret_error, -errno, path, "rename");
    if (error) {
        unlink(temporary);
        return error;
    }
    return sync_folder_of(path, ret_error);
}

int durable_write(const char *path, const void *data, size_t length, mode_t mode, char **ret_error)
{
    struct bytes bytes = {data, length};

    return durable_write_stream(path, mode, write_bytes, &bytes, ret_error);
}

int durable_create(const char *path, mode_t mode, int *ret_descriptor, char **ret_error)
{
    CLEANUP_CLOSE int descriptor = -1;
    int error;

    if (unlink(path) < 0 && errno != ENOENT)
        return durable_failed(ret_error, -errno, path, "remove");
    descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, mode);
    if (descriptor < 0)
        return durable_failed(ret_error, -errno, path, "create");
    error = durable_give_to_owner(path, descriptor);
    if (error)
        return durable_failed(ret_error, error, path, "chown");
    if (fsync(descriptor) < 0)
        return durable_failed(ret_error, -errno, path, "fsync");
    error = sync_folder_of(path, ret_error);
    if (!error)
        *ret_descriptor = take_descriptor(&descriptor);
    return error;
}

int durable_append(int descriptor, const char *path, const void *data, size_t length,
                   char **ret_error)
{
    int error = write_all(descriptor, data, length);

    if (error)
        return durable_failed(ret_error, error, path, "append");
    if (fsync(descriptor) < 0)
        return durable_failed(ret_error, -errno, path, "fsync");
    return 0;
}

/* ---- folders */

static bool is_folder(const char *path)
{
    struct stat status;

    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

static int give_folder_to_owner(const char *path)
{
    CLEANUP_CLOSE int folder = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

    return folder < 0 ? -errno : durable_give_to_owner(path, folder);
}

int durable_make_folder(const char *path, mode_t mode, char **ret_error)
{
    int error = mkdir(path, mode) < 0 ? -errno : give_folder_to_owner(path);

    if (error && (error != -EEXIST || !is_folder(path)))
        return durable_failed(ret_error, error, path, "make folder");
    /* Also for one that is there already: its maker may have died before this step. */
    return sync_folder_of(path, ret_error);
}

int durable_make_folders(const char *path, mode_t mode, char **ret_error)
{
    if (!is_folder(path)) {
        CLEANUP_FREE char *parent = parent_of(path);
        int error = 0;

        if (!is_folder(parent))
            error = durable_make_folders(parent, mode, ret_error);
        if (error)
            return error;
    }
    return durable_make_folder(path, mode, ret_error);
}

/* ---- reading, removing, setting aside */

static int read_all(int descriptor, size_t limit, char **ret_data, size_t *ret_length)
{
    CLEANUP_FREE char *data = NULL;
    size_t length = 0, capacity = 0;

    for (;;) {
        ssize_t got;

        memory_grow(&data, length + 1, &capacity, 1);
        got = read(descriptor, data + length, capacity - length - 1);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -errno;
        if (got == 0)
            break;
        length += (size_t)got;
        if (length > limit)
            return -EFBIG;
    }
    data[length] = '\0';
    *ret_data = TAKE_POINTER(data);
    *ret_length = length;
    return 0;
}

int durable_read(const char *path, size_t limit, char **ret_data, size_t *ret_length,
                 char **ret_error)
{
    CLEANUP_CLOSE int descriptor =
        open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    struct stat status;
    int error;

    if (descriptor < 0)
        return errno == ENOENT ? -ENOENT : durable_failed(ret_error, -errno, path, "open");
    if (fstat(descriptor, &status) < 0)
        return durable_failed(ret_error, -errno, path, "stat");
    if (!S_ISREG(status.st_mode)) {
        *ret_error = memory_format("%s: is not a regular file", path);
        return -EINVAL;
    }
    error = read_all(descriptor, limit, ret_data, ret_length);
    return error ? durable_failed(ret_error, error, path, "read") : 0;
}

int durable_remove(const char *path, char **ret_error)
{
    if (unlink(path) < 0)
        return errno == ENOENT ? 0 : durable_failed(ret_error, -errno, path, "remove");
    return sync_folder_of(path, ret_error);
}

static char *name_aside(const char *path, int64_t now_ns, int number)
{
    time_t seconds = (time_t)(now_ns / NS_PER_SECOND);
    char time[32] = "";
    struct tm parts;

    if (gmtime_r(&seconds, &parts))
        strftime(time, sizeof(time), "%Y%m%dT%H%M%SZ", &parts);
    if (number == 1)
        return memory_format("%s.corrupt-%s", path, time);
    return memory_format("%s.corrupt-%s-%d", path, time, number);
}

/* link(2) refuses a name that is taken, as rename(2) would not. */
static int link_aside(const char *path, int64_t now_ns, char **ret_path)
{
    for (int number = 1; number <= SET_ASIDE_TRIES; number++) {
        CLEANUP_FREE char *aside = name_aside(path, now_ns, number);

        if (link(path, aside) == 0) {
            *ret_path = TAKE_POINTER(aside);
            return 0;
        }
        if (errno != EEXIST)
            return -errno;
    }
    return -EEXIST;
}

int durable_set_aside(const char *path, enum durable_original original, int64_t now_ns,
                      char **ret_path, char **ret_error)
{
    CLEANUP_FREE char *aside = NULL;
    int error = link_aside(path, now_ns, &aside);

    if (error)
        return durable_failed(ret_error, error, path, "set aside");
    error = sync_folder_of(path, ret_error);
    if (!error && original == DURABLE_MOVE)
        error = durable_remove(path, ret_error);
    if (!error)
        *ret_path = TAKE_POINTER(aside);
    return error;
}
