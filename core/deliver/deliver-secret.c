#include "deliver-secret.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include "cleanup.h"
#include "environment-file.h"
#include "memory.h"

/* All secrets of a run together; systemd allows credentials of 1 MiB, ours are URLs and tokens. */
#define SECRETS_FILE_MAX (64 * 1024)

/* Reads from offset 0, whatever the file's own position: it may be shared with other workers.
 * Returns bytes, or -errno. */
static ssize_t read_whole(int descriptor, char *buffer, size_t size)
{
    size_t length = 0;

    while (length < size) {
        ssize_t got = pread(descriptor, buffer + length, size - length, (off_t)length);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -errno;
        if (got == 0)
            return (ssize_t)length;
        length += (size_t)got;
    }
    return -EFBIG;
}

static int64_t copy_out(const char *value, size_t length, char *buffer, size_t buffer_size)
{
    if (length >= buffer_size)
        return -EMSGSIZE;
    memcpy(buffer, value, length);
    buffer[length] = '\0';
    return (int64_t)length;
}

/* The content of a file, as read_whole; -ENOENT where there is none. */
static ssize_t read_credential(const char *folder, const char *name, char *content)
{
    CLEANUP_FREE char *path = memory_format("%s/%s", folder, name);
    CLEANUP_CLOSE int descriptor = open(path, O_RDONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);

    return descriptor < 0 ? -errno : read_whole(descriptor, content, SECRETS_FILE_MAX);
}

static int64_t find_credential(const char *folder, const char *name, char *content, char *buffer,
                               size_t buffer_size)
{
    ssize_t length = read_credential(folder, name, content);

    if (length < 0)
        return length;
    while (length > 0 && (content[length - 1] == '\n' || content[length - 1] == '\r'))
        length--;
    return copy_out(content, (size_t)length, buffer, buffer_size);
}

/* The last assignment counts, as for a shell and for systemd. An empty one is none. */
static int64_t find_assignment(const char *folder, const char *name, char *content, char *buffer,
                               size_t buffer_size)
{
    ssize_t length = read_credential(folder, DELIVER_SECRET_ENVIRONMENT_FILE, content);
    char *words = length < 0 ? NULL : memory_allocate((size_t)length + 2);
    struct environment_reader reader = {content, content + (length < 0 ? 0 : length), words};
    struct environment_assignment found;
    int64_t result = length < 0 ? length : -ENOENT;

    while (words && environment_file_next(&reader, &found))
        if (strcmp(found.name, name) == 0)
            result = *found.value ? copy_out(found.value, strlen(found.value), buffer, buffer_size)
                                  : -ENOENT;
    if (words)
        explicit_bzero(words, (size_t)length + 2);
    free(words);
    return result;
}

static int64_t find_line(int descriptor, const char *name, char *content, char *buffer,
                         size_t buffer_size)
{
    ssize_t length = read_whole(descriptor, content, SECRETS_FILE_MAX);
    size_t name_length = strlen(name);
    const char *line = content, *end;
    int64_t result = -ENOENT;

    if (length < 0)
        return length;
    end = content + length;
    while (line < end) {
        const char *newline = memchr(line, '\n', (size_t)(end - line));
        const char *line_end = newline ? newline : end;

        if ((size_t)(line_end - line) > name_length && memcmp(line, name, name_length) == 0 &&
            line[name_length] == '=')
            result = copy_out(line + name_length + 1, (size_t)(line_end - line) - name_length - 1,
                              buffer, buffer_size);
        line = line_end + 1;
    }
    return result;
}

int64_t deliver_secret_find(const char *credentials, int descriptor, const char *name, char *buffer,
                            size_t buffer_size)
{
    CLEANUP_FREE char *content = NULL;
    int64_t length = -ENOENT;

    /* It names a file: nothing may lead out of the folder. */
    if (!*name || strchr(name, '/') || name[0] == '.')
        return -EINVAL;
    content = memory_allocate(SECRETS_FILE_MAX);
    if (credentials)
        length = find_credential(credentials, name, content, buffer, buffer_size);
    if (length == -ENOENT && credentials)
        length = find_assignment(credentials, name, content, buffer, buffer_size);
    if (length == -ENOENT && descriptor >= 0)
        length = find_line(descriptor, name, content, buffer, buffer_size);
    explicit_bzero(content, SECRETS_FILE_MAX);
    return length;
}
