#include "reserve.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "durable-file.h"
#include "json-file.h"
#include "memory.h"

/* Of st_blocks, whatever the file system's own block size; see stat(2). */
#define STAT_BLOCK 512

static char *path_of(const char *folder)
{
    return memory_format("%s/reserve", folder);
}

static bool is_whole(int descriptor)
{
    struct stat status;

    return fstat(descriptor, &status) == 0 && status.st_blocks >= RESERVE_BYTES / STAT_BLOCK;
}

static int allocate(int descriptor)
{
    if (is_whole(descriptor) || fallocate(descriptor, 0, 0, RESERVE_BYTES) == 0)
        return 0;
    return -errno;
}

int reserve_make(const char *folder, char **ret_error)
{
    CLEANUP_FREE char *path = path_of(folder);
    CLEANUP_CLOSE int descriptor =
        open(path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, JSON_FILE_MODE);
    int error = descriptor < 0 ? -errno : durable_give_to_owner(path, descriptor);

    if (!error)
        error = allocate(descriptor);
    if (!error)
        return 0;
    if (descriptor >= 0)
        unlink(path);
    if (error == -EOPNOTSUPP || error == -ENOSYS)
        return 0;
    return durable_failed(ret_error, error, path, "set room aside");
}

bool reserve_release(const char *folder)
{
    CLEANUP_FREE char *path = path_of(folder);

    return unlink(path) == 0;
}

bool reserve_gives_room(const char *folder, int error, char **ret_error)
{
    if ((error != -ENOSPC && error != -EDQUOT) || !reserve_release(folder))
        return false;
    free(*ret_error);
    *ret_error = NULL;
    return true;
}
