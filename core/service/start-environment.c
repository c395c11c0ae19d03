#include "start-environment.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "clock.h"
#include "durable-file.h"
#include "environment-file.h"
#include "memory.h"
#include "render-secret.h"

#define FILE_MAX (64 * 1024)
#define PREFIX   "ATVM_WATCHER_"
#define HEAD                                                                                       \
    "# Written by `atvm-watcher start` for this run; read by its unit. It holds no secret.\n"

/* ---------------------------------------------------------------- the common file */

bool start_environment_is_setting(const char *name)
{
    return strncmp(name, PREFIX, strlen(PREFIX)) == 0 ||
           strcmp(name, "MATTERMOST_ATVM_CHANNEL") == 0;
}

static void set_plain_settings(const char *text, size_t length)
{
    char *buffer = memory_allocate(length + 2);
    struct environment_reader reader = {text, text + length, buffer};
    struct environment_assignment found;

    while (environment_file_next(&reader, &found))
        if (start_environment_is_setting(found.name))
            setenv(found.name, found.value, 0);
    explicit_bzero(buffer, length + 2);
    free(buffer);
}

int start_environment_load(const char *path, char **ret_error)
{
    CLEANUP_FREE char *text = NULL;
    size_t length = 0;
    int error = durable_read(path, FILE_MAX, &text, &length, ret_error);

    if (error)
        return error == -ENOENT ? 0 : error;
    set_plain_settings(text, length);
    explicit_bzero(text, length);
    return 0;
}

/* ---------------------------------------------------------------- run.env */

struct writing {
    char *text;
    char *error; /* the first one; NULL: none */
};

static void add(struct writing *writing, const char *name, const char *value)
{
    CLEANUP_FREE char *line = NULL, *earlier = NULL;

    if (!value || writing->error)
        return;
    if (!environment_file_value_is_valid(value)) {
        writing->error = memory_format("the value of %s cannot be handed to the unit: it must be "
                                       "one line of UTF-8 without control characters",
                                       name);
        return;
    }
    line = environment_file_line(name, value);
    earlier = writing->text;
    writing->text = memory_format("%s%s", earlier, line);
}

/* What the settings say stands in them, whatever the variable says. */
static bool is_of_the_settings(const char *name)
{
    static const char *const names[] = {
        PREFIX "CONFIG",          PREFIX "TEMPLATE",           PREFIX "CONFIG_FAMILY",
        PREFIX "MIGRATION_STYLE", PREFIX "INTEGRATION_PLUGIN", PREFIX "SCOPE_DESCRIPTION",
        PREFIX "CATEGORIZED",     PREFIX "TEMPLATE_COMMAND",   PREFIX "HOSTS",
        PREFIX "SINCE",           PREFIX "CYPRESS_ENV",
    };

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return false;
}

/* A list is split at its commas again. free() it; NULL where it is empty. */
static char *comma_list(struct writing *writing, const char *name, char *const *words, size_t count)
{
    char *list = NULL;

    for (size_t i = 0; i < count; i++) {
        CLEANUP_FREE char *earlier = list;

        if (strchr(words[i], ',') && !writing->error)
            writing->error = memory_format(
                "%s: \"%s\" cannot be handed to the unit: it has a comma", name, words[i]);
        list = memory_format("%s%s%s", earlier ? earlier : "", earlier ? "," : "", words[i]);
    }
    return list;
}

static void add_lists(struct writing *writing, const struct run_settings *settings)
{
    CLEANUP_FREE char *hosts =
        comma_list(writing, "--hosts", settings->hosts, settings->host_count);
    CLEANUP_FREE char *env =
        comma_list(writing, "--cypress-env", settings->cypress_env, settings->env_count);

    add(writing, PREFIX "HOSTS", hosts);
    add(writing, PREFIX "CYPRESS_ENV", env);
}

static void add_since(struct writing *writing, int64_t since_ns)
{
    CLEANUP_FREE char *epoch =
        since_ns < 0 ? NULL
                     : memory_format("%" PRId64 ".%09" PRId64, since_ns / NS_PER_SECOND,
                                     since_ns % NS_PER_SECOND);

    add(writing, PREFIX "SINCE", epoch);
}

static void add_settings(struct writing *writing, const struct run_settings *settings)
{
    struct obstack memory;

    obstack_init(&memory);
    add(writing, PREFIX "TEMPLATE", settings->template_name);
    add(writing, PREFIX "CONFIG_FAMILY", settings->config_family);
    add(writing, PREFIX "MIGRATION_STYLE", settings->migration_style);
    add(writing, PREFIX "INTEGRATION_PLUGIN", settings->plugin);
    add(writing, PREFIX "SCOPE_DESCRIPTION", settings->scope_description);
    add(writing, PREFIX "CATEGORIZED", settings->categorized ? "true" : "false");
    if (settings->template_command)
        add(writing, PREFIX "TEMPLATE_COMMAND", secret_mask(&memory, settings->template_command));
    obstack_free(&memory, NULL);
}

static void add_environment(struct writing *writing)
{
    for (char **variable = environ; *variable; variable++) {
        CLEANUP_FREE char *name = strndup(*variable, strcspn(*variable, "="));
        const char *value = *variable + strlen(name);

        if (*value == '=' && value[1] && start_environment_is_setting(name) && !is_of_the_settings(name))
            add(writing, name, value + 1);
    }
}

char *start_environment_text(const struct run_settings *settings, const char *config_path,
                             char **ret_error)
{
    struct writing writing = {.text = memory_string(HEAD)};

    add(&writing, PREFIX "CONFIG", config_path);
    add_settings(&writing, settings);
    add_lists(&writing, settings);
    add_since(&writing, settings->since_ns);
    add_environment(&writing);
    if (!writing.error)
        return writing.text;
    free(writing.text);
    *ret_error = writing.error;
    return NULL;
}
