/* What operators know: templates and blacklist. */
#include "config-reading.h"

#include <stdlib.h>
#include <string.h>

#include "cleanup.h"

/* ---- templates ---- */

/* The flow of cmc-e2e as its operators know it, for runs whose spec cannot be read. */
static const char *const cmc_e2e_flow[] = {
    "1. Verifying set up",
    "2. Power on and obtain ip address and host name",
    "3. Uninstall CMC if still exists",
    "4. Setting up disk on the host",
    "5. Copy CMC install command from GUI",
    "6. Install CMC",
    "7. Create migration session",
    "8. Tracking Changes",
    "9. Trigger cmotion and do I/O test before actual cutover",
    "10. Verify data for cmotion",
    "11. Trigger revert cmotion and do I/O test before and during cmotion",
    "12. Verify data for revert cmotion",
    "13. Trigger cmotion again",
    "14. Finalize cutover",
    "15. Create migration report",
    "16. Delete migration session",
    "17. Verify local destination disk",
    "18. Remove enabled FC integration",
    "19. Remove host and volumes",
    "20. Uninstall CMC",
    "21. Clean up iSCSI targets",
    "22. Power off",
};

static struct config_template *template_named(const struct config *config, const char *name)
{
    for (size_t i = 0; i < config->template_count; i++)
        if (strcmp(config->templates[i].name, name) == 0)
            return &config->templates[i];
    return NULL;
}

const struct config_template *config_find_template(const struct config *config, const char *name)
{
    return name ? template_named(config, name) : NULL;
}

static struct config_template *find_or_add(struct config *config, const char *name)
{
    struct config_template *template = template_named(config, name);

    if (template)
        return template;
    memory_grow(&config->templates, config->template_count, &config->template_capacity,
                sizeof(*config->templates));
    template = &config->templates[config->template_count++];
    *template = (struct config_template){.name = memory_string(name), .takes_plugin = true};
    return template;
}

/* To VMware, unless another platform is asked for. */
static const char *const migration_options[] = {
    "--ignore_force_shutdown",
    "--test_partition",
    "--use_specified_plugin iscsi",
    "--vm_platforms vmware --set_static_ip_dest",
};

static void add_migration_options(struct config_template *template)
{
    config_texts_set(&template->default_options, migration_options,
                     sizeof(migration_options) / sizeof(*migration_options));
    template->has_default_options = true;
}

static void add_built_in(struct config *config)
{
    struct config_template *template = find_or_add(config, "cmc-e2e");

    template->flow_count = sizeof(cmc_e2e_flow) / sizeof(*cmc_e2e_flow);
    template->flow = memory_zeroed(template->flow_count, sizeof(*template->flow));
    for (size_t i = 0; i < template->flow_count; i++)
        template->flow[i] = memory_string(cmc_e2e_flow[i]);
    find_or_add(config, "cmc-systemOS")->takes_plugin = false;
    add_migration_options(find_or_add(config, "cmc-migrateops-compute-migration"));
}

static void free_strings(char **strings, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(strings[i]);
    free(strings);
}

static void read_strings(struct config_reading *reading, const struct written *list,
                         const char *what, char ***strings, size_t *count)
{
    if (!list || !written_is_string_list(reading, list, what))
        return;
    free_strings(*strings, *count);
    *count = list->count;
    *strings = memory_zeroed(list->count, sizeof(**strings));
    for (size_t i = 0; i < list->count; i++)
        (*strings)[i] = memory_string(list->items[i].string);
}

static void read_plugin(struct config_reading *reading, const struct written *written,
                        const char *what, struct config_template *template)
{
    if (!written)
        return;
    if (written->type == WRITTEN_BOOLEAN)
        template->takes_plugin = written->integer != 0;
    else
        config_problem(reading, written, "%s: expected true or false without quotes, got %s", what,
                       written_type_name(written));
}

static void read_template(struct config_reading *reading, const struct written *written)
{
    static const char *const keys[] = {"flow", "default_options", "plugin"};
    CLEANUP_FREE char *what = memory_format("templates.%s", written->name);
    CLEANUP_FREE char *flow = memory_format("%s.flow", what);
    CLEANUP_FREE char *default_options = memory_format("%s.default_options", what);
    const struct written *options = written_item(written, "default_options");
    CLEANUP_FREE char *plugin = memory_format("%s.plugin", what);
    struct config_template *template;

    if (!written_is_group(reading, written, what))
        return;
    written_check_names(reading, written, keys, sizeof(keys) / sizeof(*keys), what);
    template = find_or_add(reading->config, written->name);
    read_strings(reading, written_item(written, "flow"), flow, &template->flow,
                 &template->flow_count);
    if (options) {
        written_take_texts(reading, options, default_options, &template->default_options);
        template->has_default_options = true;
    }
    read_plugin(reading, written_item(written, "plugin"), plugin, template);
}

/* What the file says of a template goes over what is built in, key by key. */
void config_apply_templates(struct config_reading *reading, const struct written *written)
{
    add_built_in(reading->config);
    if (!written || !written_is_group(reading, written, "templates"))
        return;
    for (size_t i = 0; i < written->count; i++)
        read_template(reading, &written->items[i]);
}

void config_free_templates(struct config *config)
{
    for (size_t i = 0; i < config->template_count; i++) {
        free(config->templates[i].name);
        free_strings(config->templates[i].flow, config->templates[i].flow_count);
        config_texts_clear(&config->templates[i].default_options);
    }
    free(config->templates);
}

/* ---- blacklist ---- */

static void read_blacklisted(struct config_reading *reading, const struct written *written)
{
    static const char *const keys[] = {"vm", "reason"};
    struct json_object *entry;

    if (!written_is_group(reading, written, "blacklist"))
        return;
    written_check_names(reading, written, keys, 2, "blacklist");
    entry = json_object_new_object();
    for (size_t i = 0; i < 2; i++) {
        const struct written *item = written_item(written, keys[i]);

        if (!item)
            config_problem(reading, written, "blacklist: an entry without %s; add %s = \"…\"",
                           keys[i], keys[i]);
        else if (written_is_string(reading, item, keys[i]))
            json_object_object_add(entry, keys[i], json_object_new_string(item->string));
    }
    json_object_array_add(reading->config->blacklist, entry);
}

void config_apply_blacklist(struct config_reading *reading, const struct written *written)
{
    /* An empty one is what is built in. */
    if (!written || (written->type == WRITTEN_LIST && written->count == 0) ||
        !written_is_list(reading, written, "blacklist"))
        return;
    for (size_t i = 0; i < written->count; i++)
        read_blacklisted(reading, &written->items[i]);
}
