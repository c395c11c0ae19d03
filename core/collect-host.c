#include "collect-host.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "clock.h"
#include "collect-limits.h"
#include "collect-text.h"
#include "collect-unit.h"
#include "memory.h"

#define LOG_FIELDS_MAX 16
#define FIELD_NAME_MAX 64

/* A list option, made ready for the module. */
struct list_option {
    const char *name;
    const char **items;
    size_t count;
};

struct collect_host {
    struct atvm_host table;
    const struct collect_job *job;
    const struct collect_job_collector *collector;
    const struct atvm_collector *module;
    struct collect_output *output;
    struct list_option *lists;
    size_t list_count;
    struct collect_unit *unit;
    bool may_emit;
    int64_t deadline_ns;
    char *failure;
};

static struct collect_host *host_of(void *context)
{
    return context;
}

/* ---------------------------------------------------------------- log */

static void log_object(struct collect_output *output, const char *collector, int32_t level,
                       const char *message, struct json_object *fields)
{
    struct json_object *line = json_object_new_object();
    struct obstack strings;

    obstack_init(&strings);
    collect_output_add_number(line, "level", level);
    collect_output_add_text(line, "collector", collector);
    collect_output_add_text(
        line, "message",
        collect_text_clean(&strings, message, strlen(message), COLLECT_TEXT_MAX, NULL));
    if (fields)
        json_object_object_add(line, "fields", fields);
    collect_output_line(output, "log", line);
    obstack_free(&strings, NULL);
}

void collect_host_log(struct collect_output *output, const char *collector, int32_t level,
                      const char *format, ...)
{
    va_list arguments;
    char *message;

    va_start(arguments, format);
    message = memory_vformat(format, arguments);
    va_end(arguments);
    log_object(output, collector, level, message, NULL);
    free(message);
}

static bool is_field_name(const char *name)
{
    size_t length = name ? strlen(name) : 0;

    return length > 0 && length <= FIELD_NAME_MAX &&
           strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == length;
}

static struct json_object *fields_to_json(const struct atvm_field *fields, size_t count,
                                          size_t stride)
{
    struct json_object *object = json_object_new_object();
    struct obstack strings;

    obstack_init(&strings);
    for (size_t i = 0; i < count && i < LOG_FIELDS_MAX; i++) {
        const struct atvm_field *field = (const void *)((const char *)fields + i * stride);

        if (is_field_name(field->name) && field->value)
            collect_output_add_text(object, field->name,
                                    collect_text_clean(&strings, field->value, strlen(field->value),
                                                       COLLECT_TEXT_MAX, NULL));
    }
    obstack_free(&strings, NULL);
    return object;
}

static void host_log(void *context, int32_t level, const char *message,
                     const struct atvm_field *fields, size_t field_count, size_t field_stride)
{
    struct collect_host *host = host_of(context);
    struct json_object *object = NULL;

    if (!message)
        return;
    if (level < ATVM_LOG_ERROR || level > ATVM_LOG_DEBUG)
        level = ATVM_LOG_NOTICE;
    if (fields && field_stride >= sizeof(*fields))
        object = fields_to_json(fields, field_count, field_stride);
    log_object(host->output, host->collector->name, level, message, object);
}

/* A module that breaks a rule of the interface: said to its author by way of the log. */
static void complain(struct collect_host *host, const char *what, const char *detail)
{
    collect_host_log(host->output, host->collector->name, ATVM_LOG_WARNING,
                     "module %s breaks a rule of the interface: %s%s%s", host->module->name, what,
                     detail ? ": " : "", detail ? detail : "");
}

static void host_fail(void *context, const char *message)
{
    struct collect_host *host = host_of(context);
    struct obstack strings;

    if (!message)
        return;
    obstack_init(&strings);
    free(host->failure);
    host->failure = memory_string(
        collect_text_clean(&strings, message, strlen(message), COLLECT_TEXT_MAX, NULL));
    obstack_free(&strings, NULL);
}

/* ---------------------------------------------------------------- options */

static const struct atvm_option *option_at(const struct atvm_collector *module, uint32_t index)
{
    return (const void *)((const char *)module->options + (size_t)index * module->option_stride);
}

static const struct atvm_option *find_option(const struct collect_host *host, const char *name)
{
    for (uint32_t i = 0; name && i < host->module->option_count; i++)
        if (strcmp(option_at(host->module, i)->name, name) == 0)
            return option_at(host->module, i);
    return NULL;
}

/* The value of an option whose type is one of `types` (bits); NULL with a complaint where the
 * module has no such option, NULL where it is not given. */
static struct json_object *option_value(struct collect_host *host, const char *name, unsigned types)
{
    const struct atvm_option *option = find_option(host, name);
    struct json_object *value = NULL;

    if (!option || !(types & 1U << option->type)) {
        complain(host, "it reads an option that it did not declare with this type", name);
        return NULL;
    }
    json_object_object_get_ex(host->collector->options, name, &value);
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
    struct collect_host *host = host_of(context);

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

static void add_list(struct collect_host *host, const char *name, struct json_object *array)
{
    struct list_option *list = &host->lists[host->list_count++];

    list->name = name;
    list->count = json_object_array_length(array);
    list->items = memory_zeroed(list->count + 1, sizeof(*list->items));
    for (size_t i = 0; i < list->count; i++)
        list->items[i] = json_object_get_string(json_object_array_get_idx(array, i));
}

static void make_lists(struct collect_host *host)
{
    host->lists = memory_zeroed(host->module->option_count, sizeof(*host->lists));
    for (uint32_t i = 0; i < host->module->option_count; i++) {
        const char *name = option_at(host->module, i)->name;
        struct json_object *value = NULL;

        if (json_object_object_get_ex(host->collector->options, name, &value) &&
            json_object_is_type(value, json_type_array))
            add_list(host, name, value);
    }
}

/* ---------------------------------------------------------------- the run and its clock */

static const struct atvm_run *host_run(void *context)
{
    return &host_of(context)->job->run;
}

int64_t collect_host_now(const struct collect_job *job)
{
    if (job->fixed_now_ns >= 0)
        return job->fixed_now_ns;
    return clock_ns(CLOCK_REALTIME);
}

static int64_t host_now(void *context)
{
    return collect_host_now(host_of(context)->job);
}

static int64_t host_deadline(void *context)
{
    return host_of(context)->deadline_ns;
}

static int32_t host_cancelled(void *context)
{
    (void)context;
    /* Whoever no longer wants an answer ends this worker. */
    return 0;
}

/* ---------------------------------------------------------------- evidence */

static void add_gap(struct collect_host *host, const char *path, const char *reason)
{
    struct json_object *gap = json_object_new_object();

    collect_output_add_text(gap, "collector", host->collector->name);
    collect_output_add_text(gap, "path", path);
    collect_output_add_text(gap, "reason", reason);
    collect_output_add_number(gap, "time", collect_host_now(host->job));
    collect_output_line(host->output, "gap", gap);
}

static int32_t host_begin_source(void *context, const struct atvm_source *given)
{
    struct collect_host *host = host_of(context);
    const char *problem = NULL;
    struct collect_unit *unit;

    if (!host->may_emit) {
        complain(host, "begin_source outside of collect", NULL);
        return ATVM_FAILED;
    }
    if (host->unit) {
        complain(host, "begin_source while another source is open", collect_unit_path(host->unit));
        return ATVM_FAILED;
    }
    unit = collect_unit_new(given, &problem);
    if (!unit) {
        complain(host, "begin_source", problem);
        add_gap(host, NULL, problem);
        return ATVM_FAILED;
    }
    if (collect_job_is_set_aside(host->job, host->collector->name, collect_unit_path(unit))) {
        collect_unit_free(unit);
        return ATVM_FAILED;
    }
    host->unit = unit;
    collect_unit_begin(unit, host->output, host->collector->name, host->module->version);
    return ATVM_OK;
}

static void host_emit_many(void *context, const struct atvm_evidence *evidence, size_t count,
                           size_t stride)
{
    struct collect_host *host = host_of(context);

    if (!host->unit)
        complain(host, "emit_many without an open source", NULL);
    else if (evidence && count > 0)
        collect_unit_emit(host->unit, host->output, evidence, count, stride);
}

static void host_end_source(void *context, int32_t quality, const char *reason)
{
    struct collect_host *host = host_of(context);

    if (!host->unit) {
        complain(host, "end_source without begin_source", NULL);
        return;
    }
    if (collect_unit_problem(host->unit))
        complain(host, collect_unit_problem(host->unit), collect_unit_path(host->unit));
    collect_unit_end(host->unit, host->output, quality, reason, collect_host_now(host->job));
    collect_unit_free(TAKE_POINTER(host->unit));
}

static void host_watch(void *context, const char *path)
{
    struct collect_host *host = host_of(context);
    struct json_object *line;

    if (!path || path[0] != '/' || strlen(path) > COLLECT_PATH_MAX) {
        complain(host, "watch needs an absolute path", path);
        return;
    }
    line = json_object_new_object();
    collect_output_add_text(line, "path", path);
    collect_output_line(host->output, "watch", line);
}

/* ---------------------------------------------------------------- the host */

static const struct atvm_host table = {
    .struct_size = sizeof(struct atvm_host),
    .abi_major = ATVM_ABI_MAJOR,
    .abi_minor = ATVM_ABI_MINOR,
    .log = host_log,
    .fail = host_fail,
    .option_string = host_option_string,
    .option_number = host_option_number,
    .option_list = host_option_list,
    .run = host_run,
    .now = host_now,
    .deadline = host_deadline,
    .cancelled = host_cancelled,
    .begin_source = host_begin_source,
    .emit_many = host_emit_many,
    .end_source = host_end_source,
    .watch = host_watch,
};

struct collect_host *collect_host_new(const struct collect_job *job,
                                      const struct collect_job_collector *collector,
                                      const struct atvm_collector *module,
                                      struct collect_output *output)
{
    struct collect_host *host = memory_zeroed(1, sizeof(*host));

    host->table = table;
    host->table.context = host;
    host->job = job;
    host->collector = collector;
    host->module = module;
    host->output = output;
    make_lists(host);
    return host;
}

void collect_host_free(struct collect_host *host)
{
    if (!host)
        return;
    for (size_t i = 0; i < host->list_count; i++)
        free(host->lists[i].items);
    free(host->lists);
    collect_unit_free(host->unit);
    free(host->failure);
    free(host);
}

const struct atvm_host *collect_host_table(struct collect_host *host)
{
    return &host->table;
}

void collect_host_enter(struct collect_host *host, bool may_emit, int64_t deadline_ns)
{
    free(TAKE_POINTER(host->failure));
    host->may_emit = may_emit;
    host->deadline_ns = deadline_ns;
}

void collect_host_leave(struct collect_host *host)
{
    host->may_emit = false;
    if (!host->unit)
        return;
    complain(host, "collect returned without end_source, what it said of this file is dropped",
             collect_unit_path(host->unit));
    add_gap(host, collect_unit_path(host->unit), "the collector did not finish reading it");
    collect_unit_free(TAKE_POINTER(host->unit));
}

const char *collect_host_failure(const struct collect_host *host)
{
    return host->failure;
}
