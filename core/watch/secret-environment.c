#include "secret-environment.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cleanup.h"
#include "option.h"

/* What a sink of this project asks for: hidden also where that sink is not configured. */
static const char *const known[] = {"MATTERMOST_ATVM_WEBHOOK"};

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

static int move(const char *name, int *descriptor)
{
    char *value = getenv(name);
    int error = 0;

    if (!value)
        return 0;
    if (*descriptor < 0)
        *descriptor = memfd_create("secrets", MFD_CLOEXEC);
    error = *descriptor < 0 ? -errno : keep(*descriptor, name, value);
    explicit_bzero(value, strlen(value));
    unsetenv(name);
    return error;
}

int secret_environment_take_known(int *descriptor)
{
    int error = 0;

    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        int moved = move(known[i], descriptor);

        error = error ? error : moved;
    }
    return error;
}

static int take_of_sink(const struct config_module *sink, int *descriptor)
{
    struct json_object *options = json_object_object_get(sink->description, "options");
    int error = 0;

    for (size_t i = 0; options && i < json_object_array_length(options); i++) {
        struct atvm_option option;

        if (option_from_json(json_object_array_get_idx(options, i), &option) &&
            option.type == ATVM_OPTION_SECRET && option.fallback) {
            int moved = move(option.fallback, descriptor);

            error = error ? error : moved;
        }
    }
    return error;
}

int secret_environment_take(const struct config *config, int *descriptor)
{
    int error = 0;

    for (size_t i = 0; i < config->sink_count; i++) {
        int taken = take_of_sink(&config->sinks[i], descriptor);

        error = error ? error : taken;
    }
    return error;
}
