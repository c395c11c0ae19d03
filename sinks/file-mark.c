#include "file-mark.h"

#include <string.h>
#include <sys/types.h>
#include <sys/xattr.h>

#define NAME "user.atvm-watcher.message"
/* Longer keys have no mark; the kernel's own limit is above. */
#define KEY_MAX 1024

void file_mark(int descriptor, const char *key)
{
    if (strlen(key) > KEY_MAX || fsetxattr(descriptor, NAME, key, strlen(key), 0) < 0)
        fremovexattr(descriptor, NAME);
}

bool file_has_mark(const char *path, const char *key)
{
    char mark[KEY_MAX];
    ssize_t length = getxattr(path, NAME, mark, sizeof(mark));

    return length > 0 && (size_t)length == strlen(key) && memcmp(mark, key, (size_t)length) == 0;
}
