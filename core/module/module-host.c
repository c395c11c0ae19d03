#include "module-host.h"

#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "memory.h"

#define LOG_FIELDS_MAX 16
#define FIELD_NAME_MAX 64

static struct module_host *host_of(void *context)
{
    return context;
}

/* ---------------------------------------------------------------- log */

static bool is_field_name(const char *name)
{
    size_t length = name ? strlen(name) : 0;

    return length > 0 && length <= FIELD_NAME_MAX &&
           strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == length;
}

/* Copies the fields that are sound, their values made fit, and returns how many these are. */
static size_t fit_fields(const struct module_host *host, const struct atvm_field *given,
                         size_t count, size_t stride, struct atvm_field fit[LOG_FIELDS_MAX])
{
    size_t fitting = 0;

    if (!given || stride < sizeof(*given))
        return 0;
    for (size_t i = 0; i < count && i < LOG_FIELDS_MAX; i++) {
        const struct atvm_field *field = (const void *)((const char *)given + i * stride);

        if (is_field_name(field->name) && field->value)
            fit[fitting++] =
                (struct atvm_field){field->name, host->kind->fit_text(host, field->value)};
    }
    return fitting;
}

static void host_log(void *context, int32_t level, const char *message,
                     const struct atvm_field *fields, size_t field_count, size_t field_stride)
{
    const struct module_host *host = host_of(context);
    struct atvm_field fit[LOG_FIELDS_MAX];
    CLEANUP_FREE char *text = message ? host->kind->fit_text(host, message) : NULL;
    size_t count;

    if (!text)
        return;
    if (level < ATVM_LOG_ERROR || level > ATVM_LOG_DEBUG)
        level = ATVM_LOG_NOTICE;
    count = fit_fields(host, fields, field_count, field_stride, fit);
    host->kind->log(host, level, text, fit, count);
    for (size_t i = 0; i < count; i++)
        free((void *)fit[i].value);
}

void module_host_complain(const struct module_host *host, const char *what, const char *detail)
{
    CLEANUP_FREE char *message =
        memory_format("module %s breaks a rule of the interface: %s%s%s", host->settings.module,
                      what, detail ? ": " : "", detail ? detail : "");
    CLEANUP_FREE char *text = host->kind->fit_text(host, message);

    host->kind->log(host, ATVM_LOG_WARNING, text, NULL, 0);
}

static void host_fail(void *context, const char *message)
{
    struct module_host *host = host_of(context);

    if (!message)
        return;
    free(host->failure);
    host->failure = host->kind->fit_text(host, message);
}

/* ---------------------------------------------------------------- options */

bool module_host_declares(const struct module_host *host, const char *name, unsigned types,
                          struct atvm_option *ret)
{
    const struct module_options *declared = &host->settings.options;

    for (uint32_t i = 0; name && i < declared->count; i++) {
        *ret = module_option(declared, i);
        if (strcmp(ret->name, name) == 0 && (types & 1U << ret->type))
            return true;
    }
    module_host_complain(host, "it reads an option that it did not declare with this type", name);
    return false;
}

/* NULL: not given, or not declared with one of `types`. */
static struct json_object *option_value(const struct module_host *host, const char *name,
                                        unsigned types)
{
    struct json_object *value = NULL;
    struct atvm_option option;

    if (module_host_declares(host, name, types, &option))
        json_object_object_get_ex(host->settings.values, name, &value);
    return value;
}

static const char *host_option_string(void *context, const char *name)
{
    struct json_object *value = option_value(host_of(context), name, 1U << ATVM_OPTION_STRING);

    return json_object_is_type(value, json_type_string) ? json_object_get_string(value) : NULL;
}

static int64_t host_option_number(void *context, const char *name)
{
    struct json_object *value =
        option_value(host_of(context), name,
                     1U << ATVM_OPTION_INTEGER | 1U << ATVM_OPTION_BOOLEAN |
                         1U << ATVM_OPTION_DURATION | 1U << ATVM_OPTION_SIZE);

    if (json_object_is_type(value, json_type_boolean))
        return json_object_get_boolean(value);
    return json_object_is_type(value, json_type_int) ? json_object_get_int64(value) : -1;
}

static size_t host_option_list(void *context, const char *name, const char *const **ret_items)
{
    const struct module_host *host = host_of(context);

    *ret_items = NULL;
    if (!option_value(host, name, 1U << ATVM_OPTION_STRING_LIST))
        return 0;
    for (size_t i = 0; i < host->list_count; i++) {
        if (strcmp(host->lists[i].name, name) != 0)
            continue;
        *ret_items = host->lists[i].items;
        return host->lists[i].count;
    }
    return 0;
}

static void add_list(struct module_host *host, const char *name, struct json_object *array)
{
    struct module_host_list *list = &host->lists[host->list_count++];

    list->name = name;
    list->count = json_object_array_length(array);
    list->items = memory_zeroed(list->count + 1, sizeof(*list->items));
    for (size_t i = 0; i < list->count; i++)
        list->items[i] = json_object_get_string(json_object_array_get_idx(array, i));
}

static void make_lists(struct module_host *host)
{
    const struct module_options *declared = &host->settings.options;

    host->lists = memory_zeroed(declared->count, sizeof(*host->lists));
    for (uint32_t i = 0; i < declared->count; i++) {
        const char *name = module_option(declared, i).name;
        struct json_object *value = NULL;

        if (json_object_object_get_ex(host->settings.values, name, &value) &&
            json_object_is_type(value, json_type_array))
            add_list(host, name, value);
    }
}

/* ---------------------------------------------------------------- the host */

void module_host_init(struct module_host *host, const struct module_host_kind *kind,
                      const struct module_host_settings *settings, const struct atvm_host *offered)
{
    host->table = *offered;
    host->table.struct_size = sizeof(struct atvm_host);
    host->table.abi_major = ATVM_ABI_MAJOR;
    host->table.abi_minor = ATVM_ABI_MINOR;
    host->table.context = host;
    host->table.log = host_log;
    host->table.fail = host_fail;
    host->table.option_string = host_option_string;
    host->table.option_number = host_option_number;
    host->table.option_list = host_option_list;
    host->kind = kind;
    host->settings = *settings;
    make_lists(host);
}

void module_host_release(struct module_host *host)
{
    for (size_t i = 0; i < host->list_count; i++)
        free(host->lists[i].items);
    free(host->lists);
    free(host->failure);
}
