#include "doctor-environment.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cleanup.h"
#include "durable-file.h"
#include "environment-file.h"
#include "memory.h"

#define SIZE_MAX_OF_FILE (64 * 1024)

static bool is_setting(const char *name)
{
    return strncmp(name, "ATVM_WATCHER_", strlen("ATVM_WATCHER_")) == 0 ||
           strcmp(name, "MATTERMOST_ATVM_CHANNEL") == 0;
}

static int write_secret(int descriptor, const struct environment_assignment *assignment)
{
    return dprintf(descriptor, "%s=%s\n", assignment->name, assignment->value) < 0 ? -errno : 0;
}

static void take_assignments(struct doctor_environment *file, const char *text, size_t length)
{
    char *words = memory_allocate(length + 2);
    struct environment_reader reader = {text, text + length, words};
    struct environment_assignment assignment;

    while (!file->error && environment_file_next(&reader, &assignment)) {
        if (!is_setting(assignment.name)) {
            file->error = write_secret(file->secrets, &assignment);
        } else if (!getenv(assignment.name)) {
            name_list_add(&file->settings, assignment.name);
            setenv(assignment.name, assignment.value, 0);
        }
    }
    explicit_bzero(words, length + 2);
    free(words);
}

struct doctor_environment doctor_environment_take(const char *path)
{
    struct doctor_environment file = {.secrets = -1};
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
        take_assignments(&file, text, length);
    explicit_bzero(text, length);
    return file;
}

void doctor_environment_release(struct doctor_environment *file)
{
    cleanup_close_descriptor(&file->secrets);
    name_list_free(&file->settings);
}
