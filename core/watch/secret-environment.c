#include "secret-environment.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cleanup.h"

/* Names of the secrets that a sink of this project asks for (contracts of the environment). */
static const char *const names[] = {"MATTERMOST_ATVM_WEBHOOK"};

static int write_all(int descriptor, const char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t written = write(descriptor, bytes, length);

        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return -errno;
        bytes += written;
        length -= (size_t)written;
    }
    return 0;
}

/* A value with a newline could pass for a second line; it is no secret of ours. */
static int keep(int descriptor, const char *name, const char *value)
{
    int error;

    if (strchr(value, '\n'))
        return -EINVAL;
    error = write_all(descriptor, name, strlen(name));
    if (error == 0)
        error = write_all(descriptor, "=", 1);
    if (error == 0)
        error = write_all(descriptor, value, strlen(value));
    return error ? error : write_all(descriptor, "\n", 1);
}

int secret_environment_take(int *ret_descriptor)
{
    CLEANUP_CLOSE int descriptor = -1;
    int error = 0;

    *ret_descriptor = -1;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        char *value = getenv(names[i]);

        if (!value)
            continue;
        if (descriptor < 0)
            descriptor = memfd_create("secrets", MFD_CLOEXEC);
        if (descriptor < 0)
            error = -errno;
        else if (error == 0)
            error = keep(descriptor, names[i], value);
        explicit_bzero(value, strlen(value));
        unsetenv(names[i]);
    }
    if (error == 0)
        *ret_descriptor = take_descriptor(&descriptor);
    return error;
}
