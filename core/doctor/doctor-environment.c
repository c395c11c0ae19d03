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
#include "start-environment.h"

#define FILE_MAX (64 * 1024)

static void take(struct doctor_environment *environment, const struct environment_assignment *found)
{
    if (!start_environment_is_setting(found->name)) {
        if (dprintf(environment->secrets, "%s=%s\n", found->name, found->value) < 0)
            environment->error = -errno;
    } else if (!getenv(found->name)) {
        name_list_add(&environment->settings, found->name);
        setenv(found->name, found->value, 0);
    }
}

static void take_all(struct doctor_environment *environment, const char *text, size_t length)
{
    char *buffer = memory_allocate(length + 2);
    struct environment_reader reader = {text, text + length, buffer};
    struct environment_assignment found;

    while (!environment->error && environment_file_next(&reader, &found))
        take(environment, &found);
    explicit_bzero(buffer, length + 2);
    free(buffer);
}

/* A store that this user may not open would only be a failure to each worker. */
static void offer_credentials(void)
{
    if (!getenv("CREDENTIALS_DIRECTORY") && access(DOCTOR_CREDENTIAL_STORE, R_OK | X_OK) == 0)
        setenv("CREDENTIALS_DIRECTORY", DOCTOR_CREDENTIAL_STORE, 0);
}

struct doctor_environment doctor_environment_take(const char *path)
{
    struct doctor_environment environment = {.secrets = -1};
    CLEANUP_FREE char *error = NULL;
    CLEANUP_FREE char *text = NULL;
    size_t length = 0;

    offer_credentials();
    environment.error = durable_read(path, FILE_MAX, &text, &length, &error);
    if (environment.error)
        return environment;
    environment.secrets = memfd_create("secrets", MFD_CLOEXEC);
    if (environment.secrets < 0)
        environment.error = -errno;
    else
        take_all(&environment, text, length);
    explicit_bzero(text, length);
    return environment;
}

void doctor_environment_release(struct doctor_environment *environment)
{
    cleanup_close_descriptor(&environment->secrets);
    name_list_free(&environment->settings);
}
