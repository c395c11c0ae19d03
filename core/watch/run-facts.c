#include "run-facts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "inventory.h"
#include "log.h"
#include "memory.h"
#include "render-command.h"

/* The facts first: what callers have is a pointer to them. */
struct owned_facts {
    struct run_facts facts;
    struct obstack memory;
};

/* ---------------------------------------------------------------- kernels */

/* An inventory that cannot be used costs the kernels, never the run's status. */
static void add_kernels(struct owned_facts *owned, const char *path)
{
    struct host_fact *kernels = NULL;
    CLEANUP_FREE char *error = NULL;
    int status = inventory_read(&owned->memory, path, &kernels, &owned->facts.kernel_count, &error);

    if (status == 0)
        owned->facts.kernels = kernels;
    else if (status != -ENOENT || strcmp(path, CONFIG_DEFAULT_INVENTORY) != 0)
        log_warning("%s; the status shows no kernels", error);
}

/* ---------------------------------------------------------------- hosts left out */

struct selection {
    const struct command_option *options; /* of the template command */
    size_t option_count;
    const struct run_settings *settings;
};

typedef bool (*compare_word)(const char *host, const char *word, size_t length);

static bool is_word(const char *host, const char *word, size_t length)
{
    return strlen(host) == length && strncmp(host, word, length) == 0;
}

static bool contains_word(const char *host, const char *word, size_t length)
{
    return length > 0 && memmem(host, strlen(host), word, length);
}

/* Whether any word of the option's comma lists matches; `absent` where the option is not there. */
static bool option_matches(const struct selection *selection, const char *name, const char *host,
                           compare_word matches, bool absent)
{
    for (size_t i = 0; i < selection->option_count; i++) {
        const struct command_option *option = &selection->options[i];

        if (strcmp(option->name, name) != 0 || !option->value)
            continue;
        absent = false;
        for (const char *word = option->value; *word; word += strspn(word, ",")) {
            size_t length = strcspn(word, ",");

            if (matches(host, word, length))
                return true;
            word += length;
        }
    }
    return absent;
}

static bool concerns_run(const struct selection *selection, const char *host)
{
    for (size_t i = 0; i < selection->settings->host_count; i++)
        if (strcmp(selection->settings->hosts[i], host) == 0)
            return true;
    return option_matches(selection, "--specify_vms", host, is_word, false) ||
           (option_matches(selection, "--exclude_partial_match", host, contains_word, false) &&
            option_matches(selection, "--containsVm", host, contains_word, true));
}

static void add_skipped(struct owned_facts *owned, const struct run_settings *settings,
                        struct json_object *blacklist)
{
    struct obstack *memory = &owned->memory;
    size_t count = json_object_array_length(blacklist);
    struct host_fact *skipped = memory_array_in(memory, NULL, count, sizeof(*skipped));
    struct selection selection = {.settings = settings};
    struct command_option *options = NULL;

    if (settings->template_command)
        selection.option_count =
            command_options(memory, command_unwrap(memory, settings->template_command), &options);
    selection.options = options;
    for (size_t i = 0; i < count; i++) {
        struct json_object *entry = json_object_array_get_idx(blacklist, i);
        const char *host = json_object_get_string(json_object_object_get(entry, "vm"));
        const char *reason = json_object_get_string(json_object_object_get(entry, "reason"));

        if (concerns_run(&selection, host))
            skipped[owned->facts.skipped_count++] = (struct host_fact){
                memory_string_in(memory, host), memory_string_in(memory, reason)};
    }
    owned->facts.skipped = skipped;
}

/* ---------------------------------------------------------------- the whole */

static const char *file_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

static void add_settings(struct owned_facts *owned, const struct run_settings *settings,
                         const struct config *config)
{
    const struct config_template *template = config_find_template(config, settings->template_name);
    struct obstack *memory = &owned->memory;

    owned->facts.takes_no_plugin = template && !template->takes_plugin;
    owned->facts.template_name = memory_string_in(memory, settings->template_name);
    owned->facts.config_name = memory_string_in(memory, file_name(config->cypress_config));
    owned->facts.config_family = memory_string_in(memory, settings->config_family);
    owned->facts.plugin = memory_string_in(memory, settings->plugin);
    owned->facts.migration_style = memory_string_in(memory, settings->migration_style);
    owned->facts.scope_description = memory_string_in(memory, settings->scope_description);
    owned->facts.template_command = memory_string_in(memory, settings->template_command);
    owned->facts.time_zone = memory_string_in(memory, config->time_zone);
}

struct run_facts *run_facts_new(const struct run_settings *settings, const struct config *config)
{
    struct owned_facts *owned = memory_zeroed(1, sizeof(*owned));

    obstack_init(&owned->memory);
    add_settings(owned, settings, config);
    add_skipped(owned, settings, config->blacklist);
    add_kernels(owned, config->vm_inventory);
    return &owned->facts;
}

void run_facts_free(struct run_facts *facts)
{
    struct owned_facts *owned = (struct owned_facts *)facts;

    if (!owned)
        return;
    obstack_free(&owned->memory, NULL);
    free(owned);
}
