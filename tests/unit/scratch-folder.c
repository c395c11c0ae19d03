#include "scratch-folder.h"

#include <dirent.h>
#include <errno.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "memory.h"

char *scratch_folder_new(void)
{
    const char *parent = getenv("TMPDIR");
    char *path = memory_format("%s/atvm-test-XXXXXX", parent ? parent : "/tmp");

    assert_non_null(mkdtemp(path));
    return path;
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *place)
{
    (void)status;
    (void)type;
    (void)place;
    return remove(path);
}

void scratch_folder_remove(const char *path)
{
    assert_int_equal(nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS), 0);
}

void scratch_write(const char *folder, const char *name, const char *text)
{
    char *path = memory_format("%s/%s", folder, name);
    FILE *file = fopen(path, "we");

    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
    free(path);
}

char *scratch_read(const char *folder, const char *name)
{
    char *path = memory_format("%s/%s", folder, name);
    FILE *file = fopen(path, "re");
    char *text = NULL;
    size_t size = 0;

    free(path);
    if (!file)
        return NULL;
    if (getdelim(&text, &size, '\0', file) < 0) {
        free(text);
        text = memory_string("");
    }
    fclose(file);
    return text;
}

bool scratch_exists(const char *folder, const char *name)
{
    char *path = memory_format("%s/%s", folder, name);
    bool exists = access(path, F_OK) == 0;

    free(path);
    return exists;
}

size_t scratch_count(const char *folder, const char *name, const char *part)
{
    char *path = memory_format("%s/%s", folder, name);
    DIR *directory = opendir(path);
    struct dirent *entry;
    size_t count = 0;

    free(path);
    while (directory && (entry = readdir(directory)))
        if (strstr(entry->d_name, part))
            count++;
    if (directory)
        closedir(directory);
    return count;
}
