#include "fake-host.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#include "clock.h"
#include "evidence-line.h"
#include "memory.h"

#define NONE INT64_MIN

struct value {
    char *text; /* NULL: not given and no default */
    char *items_text;
    const char **items;
    size_t item_count;
};

struct fake_host {
    struct atvm_host table;
    struct atvm_run run;
    const struct atvm_option *options;
    size_t option_count;
    struct value *values; /* one for each option */
    int64_t now_ns, deadline_ns;
    struct json_object *units, *open_unit; /* open_unit: NULL outside of a unit */
    struct json_object *watched;           /* path -> how often */
    struct json_object *set_aside;         /* path -> true */
    char *failure;
    unsigned warnings;
};

/* ---------------------------------------------------------------- options */

static void set_value(struct value *value, const char *text)
{
    char *rest;

    free(value->text);
    free(value->items_text);
    free(value->items);
    *value = (struct value){.text = memory_string(text), .items_text = memory_string(text)};
    if (!text)
        return;
    value->items = memory_zeroed(strlen(text) + 1, sizeof(*value->items));
    for (char *item = strtok_r(value->items_text, ",", &rest); item;
         item = strtok_r(NULL, ",", &rest))
        value->items[value->item_count++] = item + strspn(item, " ");
}

static const struct value *find_value(struct fake_host *fake, const char *name, int32_t type)
{
    for (size_t i = 0; i < fake->option_count; i++) {
        const struct atvm_option *option = &fake->options[i];

        if (strcmp(option->name, name) != 0)
            continue;
        if (type && option->type != type)
            fail_msg("option %s is read as another type than it has", name);
        return &fake->values[i];
    }
    fail_msg("the module has no option named %s", name);
    return NULL;
}

void fake_host_option(struct fake_host *fake, const char *name, const char *value)
{
    set_value((struct value *)find_value(fake, name, 0), value);
}

static const char *option_string(void *context, const char *name)
{
    return find_value(context, name, ATVM_OPTION_STRING)->text;
}

static int64_t unit_of(int32_t type, const char *unit)
{
    static const struct {
        int32_t type;
        const char *name;
        int64_t value;
    } units[] = {
        {ATVM_OPTION_DURATION, "ms", NS_PER_SECOND / 1000},
        {ATVM_OPTION_DURATION, "s", NS_PER_SECOND},
        {ATVM_OPTION_DURATION, "m", 60 * NS_PER_SECOND},
        {ATVM_OPTION_DURATION, "h", 3600 * NS_PER_SECOND},
        {ATVM_OPTION_DURATION, "d", 86400 * NS_PER_SECOND},
        {ATVM_OPTION_SIZE, "K", INT64_C(1) << 10},
        {ATVM_OPTION_SIZE, "M", INT64_C(1) << 20},
        {ATVM_OPTION_SIZE, "G", INT64_C(1) << 30},
        {ATVM_OPTION_SIZE, "", 1},
        {ATVM_OPTION_INTEGER, "", 1},
    };

    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
        if (units[i].type == type && strcmp(units[i].name, unit) == 0)
            return units[i].value;
    fail_msg("a value with the unit \"%s\" does not fit its option's type", unit);
    return 0;
}

static int64_t option_number(void *context, const char *name)
{
    struct fake_host *fake = context;
    const struct value *value = find_value(fake, name, 0);
    int32_t type = fake->options[value - fake->values].type;
    char *end;
    int64_t number;

    if (!value->text)
        return 0;
    if (type == ATVM_OPTION_BOOLEAN)
        return strcmp(value->text, "true") == 0;
    number = strtoll(value->text, &end, 10);
    return number * unit_of(type, end);
}

static size_t option_list(void *context, const char *name, const char *const **ret_items)
{
    const struct value *value = find_value(context, name, ATVM_OPTION_STRING_LIST);

    *ret_items = value->items;
    return value->item_count;
}

/* ---------------------------------------------------------------- what a module says */

static void log_message(void *context, int32_t level, const char *message,
                        const struct atvm_field *fields, size_t field_count, size_t field_stride)
{
    struct fake_host *fake = context;

    (void)fields;
    (void)field_count;
    (void)field_stride;
    assert_in_range(level, ATVM_LOG_ERROR, ATVM_LOG_DEBUG);
    assert_non_null(message);
    fake->warnings += level == ATVM_LOG_WARNING;
}

static void keep_failure(void *context, const char *message)
{
    struct fake_host *fake = context;

    assert_non_null(message);
    free(fake->failure);
    fake->failure = memory_string(message);
}

static int32_t begin_source(void *context, const struct atvm_source *source)
{
    struct fake_host *fake = context;

    if (fake->open_unit)
        fail_msg("begin_source inside a unit");
    assert_int_equal(source->struct_size, sizeof(*source));
    assert_non_null(source->kind);
    assert_true(source->mode == ATVM_SOURCE_REPLACE || source->mode == ATVM_SOURCE_APPEND);
    if (!source->path || source->path[0] != '/')
        fail_msg("the path of a source is absolute");
    if (json_object_object_get_ex(fake->set_aside, source->path, NULL))
        return ATVM_FAILED;
    fake->open_unit = json_object_new_object();
    json_object_object_add(fake->open_unit, "begin", evidence_source_to_json(source));
    json_object_object_add(fake->open_unit, "evidence", json_object_new_array());
    return ATVM_OK;
}

static void emit_many(void *context, const struct atvm_evidence *evidence, size_t count,
                      size_t stride)
{
    struct fake_host *fake = context;

    if (!fake->open_unit)
        fail_msg("evidence outside of a unit");
    for (size_t i = 0; i < count; i++) {
        const struct atvm_evidence *one =
            (const void *)((const char *)(const void *)evidence + i * stride);

        assert_int_equal(one->struct_size, sizeof(*one));
        if (!evidence_claim_name(one->claim))
            fail_msg("there is no claim %d", one->claim);
        json_object_array_add(json_object_object_get(fake->open_unit, "evidence"),
                              evidence_to_json(one));
    }
}

static void end_source(void *context, int32_t quality, const char *reason)
{
    struct fake_host *fake = context;

    if (!fake->open_unit)
        fail_msg("end_source without begin_source");
    if (!evidence_quality_name(quality))
        fail_msg("there is no quality %d", quality);
    if ((quality == ATVM_QUALITY_WHOLE) != !reason || (reason && !*reason))
        fail_msg("a reason belongs to every quality but WHOLE");
    json_object_object_add(fake->open_unit, "quality",
                           json_object_new_string(evidence_quality_name(quality)));
    if (reason)
        json_object_object_add(fake->open_unit, "reason", json_object_new_string(reason));
    json_object_array_add(fake->units, fake->open_unit);
    fake->open_unit = NULL;
}

static void watch(void *context, const char *path)
{
    struct fake_host *fake = context;

    if (path[0] != '/')
        fail_msg("watched paths are absolute");
    json_object_object_add(fake->watched, path,
                           json_object_new_int((int)fake_host_watches(fake, path) + 1));
}

/* ---------------------------------------------------------------- the run and its clock */

static const struct atvm_run *run(void *context)
{
    return &((struct fake_host *)context)->run;
}

static int64_t now(void *context)
{
    const struct fake_host *fake = context;

    return fake->now_ns != NONE ? fake->now_ns : clock_ns(CLOCK_REALTIME);
}

static int64_t deadline(void *context)
{
    const struct fake_host *fake = context;

    return fake->deadline_ns != NONE ? fake->deadline_ns
                                     : clock_ns(CLOCK_MONOTONIC) + 60 * NS_PER_SECOND;
}

static int32_t cancelled(void *context)
{
    (void)context;
    return 0;
}

/* ---------------------------------------------------------------- for the test */

struct fake_host *fake_host_new(const struct atvm_option *options, size_t count)
{
    static const char *const no_strings[] = {NULL};
    struct fake_host *fake = memory_zeroed(1, sizeof(*fake));

    fake->table = (struct atvm_host){
        .struct_size = sizeof(fake->table),
        .abi_major = ATVM_ABI_MAJOR,
        .abi_minor = ATVM_ABI_MINOR,
        .context = fake,
        .log = log_message,
        .fail = keep_failure,
        .option_string = option_string,
        .option_number = option_number,
        .option_list = option_list,
        .run = run,
        .now = now,
        .deadline = deadline,
        .cancelled = cancelled,
        .begin_source = begin_source,
        .emit_many = emit_many,
        .end_source = end_source,
        .watch = watch,
    };
    fake->run = (struct atvm_run){
        .struct_size = sizeof(fake->run), .build = "a-build", .cypress_env = no_strings};
    fake->options = options;
    fake->option_count = count;
    fake->values = memory_zeroed(count, sizeof(*fake->values));
    for (size_t i = 0; i < count; i++)
        set_value(&fake->values[i], options[i].fallback);
    fake->now_ns = NONE;
    fake->deadline_ns = NONE;
    fake->units = json_object_new_array();
    fake->watched = json_object_new_object();
    fake->set_aside = json_object_new_object();
    return fake;
}

void fake_host_free(struct fake_host *fake)
{
    if (!fake)
        return;
    for (size_t i = 0; i < fake->option_count; i++)
        set_value(&fake->values[i], NULL);
    free(fake->values);
    json_object_put(fake->units);
    json_object_put(fake->open_unit);
    json_object_put(fake->watched);
    json_object_put(fake->set_aside);
    free(fake->failure);
    free(fake);
}

const struct atvm_host *fake_host_table(struct fake_host *fake)
{
    return &fake->table;
}

struct atvm_run *fake_host_run(struct fake_host *fake)
{
    return &fake->run;
}

void fake_host_set_now(struct fake_host *fake, int64_t now_ns)
{
    fake->now_ns = now_ns;
}

void fake_host_set_deadline(struct fake_host *fake, int64_t deadline_ns)
{
    fake->deadline_ns = deadline_ns;
}

void fake_host_set_aside(struct fake_host *fake, const char *path)
{
    json_object_object_add(fake->set_aside, path, json_object_new_boolean(true));
}

struct json_object *fake_host_units(struct fake_host *fake)
{
    if (fake->open_unit)
        fail_msg("a unit was never ended");
    return fake->units;
}

void fake_host_clear(struct fake_host *fake)
{
    json_object_put(fake->units);
    fake->units = json_object_new_array();
}

static const char *text_in(struct json_object *object, const char *key)
{
    return json_object_get_string(json_object_object_get(object, key));
}

struct json_object *fake_host_unit(struct fake_host *fake, const char *path)
{
    struct json_object *units = fake_host_units(fake);

    for (size_t i = json_object_array_length(units); i > 0; i--) {
        struct json_object *unit = json_object_array_get_idx(units, i - 1);

        if (strcmp(text_in(json_object_object_get(unit, "begin"), "path"), path) == 0)
            return unit;
    }
    return NULL;
}

static bool matches(struct json_object *evidence, const char *claim, const char *host)
{
    const char *its_host = text_in(evidence, "host");

    return strcmp(text_in(evidence, "claim"), claim) == 0 &&
           (!host || (its_host && strcmp(its_host, host) == 0));
}

struct json_object *fake_host_find(struct fake_host *fake, const char *claim, const char *host)
{
    struct json_object *units = fake_host_units(fake);

    for (size_t i = 0; i < json_object_array_length(units); i++) {
        struct json_object *all =
            json_object_object_get(json_object_array_get_idx(units, i), "evidence");

        for (size_t j = 0; j < json_object_array_length(all); j++) {
            struct json_object *evidence = json_object_array_get_idx(all, j);

            if (matches(evidence, claim, host))
                return evidence;
        }
    }
    return NULL;
}

const char *fake_host_failure(struct fake_host *fake)
{
    return fake->failure;
}

unsigned fake_host_warnings(const struct fake_host *fake)
{
    return fake->warnings;
}

unsigned fake_host_watches(struct fake_host *fake, const char *path)
{
    struct json_object *count;

    return json_object_object_get_ex(fake->watched, path, &count)
               ? (unsigned)json_object_get_int(count)
               : 0;
}
