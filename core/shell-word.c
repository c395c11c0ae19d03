#include "shell-word.h"

#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "memory.h"

#define PROGRAM "atvm-watcher"

static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                            "@%+=:,./_-";

char *shell_word(const char *word)
{
    char *quoted, *end;

    if (*word && word[strspn(word, plain)] == '\0')
        return memory_string(word);
    quoted = memory_zeroed(strlen(word) * strlen("'\\''") + sizeof("''"), 1);
    end = stpcpy(quoted, "'");
    for (; *word; word++) {
        if (*word == '\'')
            end = stpcpy(end, "'\\''");
        else
            *end++ = *word;
    }
    stpcpy(end, "'");
    return quoted;
}

static bool is_file(const char *path, const struct stat *file)
{
    struct stat status;

    return stat(path, &status) == 0 && status.st_dev == file->st_dev &&
           status.st_ino == file->st_ino;
}

/* Whether a shell that looks for PROGRAM finds this file first. */
static bool is_found_by_name(const struct stat *file)
{
    const char *folders = getenv("PATH");
    CLEANUP_FREE char *copy = memory_string(folders ? folders : "");
    char *rest = copy, *folder;

    while ((folder = strsep(&rest, ":"))) {
        CLEANUP_FREE char *path = memory_format("%s/" PROGRAM, *folder ? folder : ".");

        if (access(path, X_OK) == 0)
            return is_file(path, file);
    }
    return false;
}

char *shell_word_of_program(void)
{
    char path[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 1);
    const char *name;
    struct stat file;

    if (length < 0)
        return memory_string(PROGRAM);
    path[length] = '\0';
    name = strrchr(path, '/');
    /* Another program has this code in it, such as a test of it; or the file was replaced. */
    if (!name || strcmp(name + 1, PROGRAM) != 0 || stat(path, &file) < 0 || is_found_by_name(&file))
        return memory_string(PROGRAM);
    return shell_word(path);
}
