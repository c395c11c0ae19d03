#include "service-environment.h"

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

static void take_secret(struct service_environment *environment,
                        const struct environment_assignment *found)
{
    name_list_add(&environment->others, found->name);
    if (dprintf(environment->secrets, "%s=%s\n", found->name, found->value) < 0)
        environment->error = -errno;
}

static void take_setting(struct service_environment *environment,
                         const struct environment_assignment *found)
{
    if (getenv(found->name))
        return;
    name_list_add(&environment->settings, found->name);
    setenv(found->name, found->value, 0);
}

static void take_all(struct service_environment *environment, const char *text, size_t length,
                     bool with_settings)
{
    char *buffer = memory_allocate(length + 2);
    struct environment_reader reader = {text, text + length, buffer};
    struct environment_assignment found;

    while (!environment->error && environment_file_next(&reader, &found)) {
        if (!start_environment_is_setting(found.name))
            take_secret(environment, &found);
        else if (with_settings)
            take_setting(environment, &found);
    }
    explicit_bzero(buffer, length + 2);
    free(buffer);
}

/* A store that this user may not open would only be a failure to each worker. */
void service_credentials_offer(void)
{
    if (!getenv("CREDENTIALS_DIRECTORY") && access(SERVICE_CREDENTIAL_STORE, R_OK | X_OK) == 0)
        setenv("CREDENTIALS_DIRECTORY", SERVICE_CREDENTIAL_STORE, 0);
}

static struct service_environment take(const char *path, bool with_settings)
{
    struct service_environment environment = {.secrets = -1};
    CLEANUP_FREE char *error = NULL;
    CLEANUP_FREE char *text = NULL;
    size_t length = 0;

    environment.error = durable_read(path, FILE_MAX, &text, &length, &error);
    if (environment.error)
        return environment;
    environment.secrets = memfd_create("secrets", MFD_CLOEXEC);
    if (environment.secrets < 0)
        environment.error = -errno;
    else
        take_all(&environment, text, length, with_settings);
    explicit_bzero(text, length);
    return environment;
}

struct service_environment service_environment_take(const char *path)
{
    service_credentials_offer();
    return take(path, true);
}

struct service_environment service_environment_take_secrets(const char *path)
{
    return take(path, false);
}

void service_environment_release(struct service_environment *environment)
{
    cleanup_close_descriptor(&environment->secrets);
    name_list_free(&environment->settings);
    name_list_free(&environment->others);
}

int service_secrets_unreadable(const char *path)
{
    int error = access(path, R_OK) < 0 ? -errno : 0;

    if (error == -ENOENT && access(SERVICE_CREDENTIAL_STORE, R_OK | X_OK) < 0)
        error = -errno;
    return error;
}
