#include "script-file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "allocate.h"
#include "cleanup.h"

#define OPEN_FOLDER (O_RDONLY | O_DIRECTORY | O_CLOEXEC)
#define OPEN_FILE   (O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY)

/* Whether a component of the path is "..". */
static bool climbs(const char *path)
{
    for (const char *at = path; (at = strstr(at, "..")); at += 2)
        if ((at == path || at[-1] == '/') && (at[2] == '/' || at[2] == '\0'))
            return true;
    return false;
}

const char *script_file_below(const char *root, const char *path)
{
    size_t length = strlen(root);

    if (path[0] == '/') {
        if (strncmp(path, root, length) != 0 || path[length] != '/')
            return NULL;
        path += length;
    }
    while (path[0] == '/' || (path[0] == '.' && path[1] == '/'))
        path++;
    return path[0] && !climbs(path) ? path : NULL;
}

/* Opens the folder in `folder` whose name is the first component of *path, and takes it off. */
static int open_component(int folder, const char **path, const char *slash)
{
    CLEANUP_FREE char *name = copy_text(*path, (size_t)(slash - *path));

    *path = slash + strspn(slash, "/");
    return openat(folder, name, OPEN_FOLDER | O_NOFOLLOW);
}

/* The file at root/relative, no component below root being a symbolic link; -1 with errno. */
static int open_below(const char *root, const char *relative)
{
    CLEANUP_CLOSE int folder = open(root, OPEN_FOLDER);
    const char *slash;

    while (folder >= 0 && (slash = strchr(relative, '/'))) {
        int next = open_component(folder, &relative, slash);
        int error = errno;

        close(folder);
        folder = next;
        errno = error;
    }
    return folder < 0 ? -1 : openat(folder, relative, OPEN_FILE);
}

static const char *reason_of(int error)
{
    switch (error) {
    case ENOENT:
        return "it does not exist";
    case ELOOP:
    case ENOTDIR:
        return "a symbolic link stands in its path, or no folder where one is needed";
    case EACCES:
        return "it may not be read";
    default:
        return "it could not be opened";
    }
}

static bool read_all(int descriptor, struct script_file *file)
{
    size_t size = (size_t)file->status.st_size;

    file->text = allocate(size + 1, 1);
    while (file->length < size) {
        ssize_t got =
            pread(descriptor, file->text + file->length, size - file->length, (off_t)file->length);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return false;
        if (got == 0)
            break;
        file->length += (size_t)got;
    }
    file->text[file->length] = '\0';
    return true;
}

bool script_file_read(const char *root, const char *relative, struct script_file *file,
                      const char **ret_reason)
{
    CLEANUP_CLOSE int descriptor = relative ? open_below(root, relative) : open(root, OPEN_FILE);

    memset(file, 0, sizeof(*file));
    if (descriptor < 0 || fstat(descriptor, &file->status) < 0) {
        *ret_reason = reason_of(errno);
        return false;
    }
    if (!S_ISREG(file->status.st_mode)) {
        *ret_reason = "it is not a regular file";
        return false;
    }
    if (file->status.st_size > SCRIPT_FILE_MAX) {
        *ret_reason = "it is larger than 16 MB";
        return false;
    }
    *ret_reason = "reading it failed";
    return read_all(descriptor, file);
}

void script_file_free(struct script_file *file)
{
    free(file->text);
    file->text = NULL;
}
