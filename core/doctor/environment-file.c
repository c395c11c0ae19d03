#include "environment-file.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cleanup.h"
#include "durable-file.h"

#define SIZE_MAX_OF_FILE (64 * 1024)

/* A line taken apart, in place. */
struct assignment {
    char *name, *value;
};

/* "NAME=VALUE", with the quotes taken off; false: it is a comment, or nothing. */
static bool take_apart(char *line, struct assignment *ret)
{
    char *equals, *end;

    line += strspn(line, " \t");
    equals = strchr(line, '=');
    if (*line == '#' || *line == ';' || !equals || equals == line)
        return false;
    *equals = '\0';
    ret->name = line;
    ret->value = equals + 1 + strspn(equals + 1, " \t");
    end = ret->value + strlen(ret->value);
    while (end > ret->value && isspace((unsigned char)end[-1]))
        *--end = '\0';
    if (end - ret->value >= 2 && strchr("\"'", *ret->value) && end[-1] == *ret->value) {
        end[-1] = '\0';
        ret->value++;
    }
    return true;
}

static bool is_setting(const char *name)
{
    return strncmp(name, "ATVM_WATCHER_", strlen("ATVM_WATCHER_")) == 0 ||
           strcmp(name, "MATTERMOST_ATVM_CHANNEL") == 0;
}

static int write_secret(int descriptor, const struct assignment *assignment)
{
    return dprintf(descriptor, "%s=%s\n", assignment->name, assignment->value) < 0 ? -errno : 0;
}

static void take_lines(struct environment_file *file, char *text)
{
    char *line;

    while (!file->error && (line = strsep(&text, "\n"))) {
        struct assignment assignment;

        if (!take_apart(line, &assignment))
            continue;
        if (!is_setting(assignment.name)) {
            file->error = write_secret(file->secrets, &assignment);
        } else if (!getenv(assignment.name)) {
            name_list_add(&file->settings, assignment.name);
            setenv(assignment.name, assignment.value, 0);
        }
    }
}

struct environment_file environment_file_take(const char *path)
{
    struct environment_file file = {.secrets = -1};
    CLEANUP_FREE char *error = NULL;
    CLEANUP_FREE char *text = NULL;
    size_t length = 0;

    file.error = durable_read(path, SIZE_MAX_OF_FILE, &text, &length, &error);
    if (file.error)
        return file;
    file.secrets = memfd_create("secrets", MFD_CLOEXEC);
    if (file.secrets < 0)
        file.error = -errno;
    else
        take_lines(&file, text);
    explicit_bzero(text, length);
    return file;
}

void environment_file_release(struct environment_file *file)
{
    cleanup_close_descriptor(&file->secrets);
    name_list_free(&file->settings);
}
