/* Modules built with the frozen header of 1.0, and with one of the future, load and work. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <json-c/json.h>

#include "cleanup.h"
#include "memory.h"
#include "module.h"

static struct module *load(const char *name, enum atvm_kind kind, char **ret_error)
{
    CLEANUP_FREE char *path =
        memory_format("%s/tests/abi/.libs/%s.so", getenv("top_builddir"), name);

    return module_load(path, kind, ret_error);
}

static struct module *load_or_fail(const char *name, enum atvm_kind kind)
{
    CLEANUP_FREE char *error = NULL;
    struct module *module = load(name, kind, &error);

    if (!module)
        fail_msg("%s", error);
    return module;
}

/* ---- a host that only remembers ---- */

struct memory_of_host {
    unsigned units_open, units_closed, commits;
    struct atvm_evidence evidence;
    struct atvm_receipt receipt;
};

static int64_t option_number(void *context, const char *name)
{
    (void)context;
    return strcmp(name, "count") == 0 ? 7 : -1;
}

static int32_t begin_source(void *context, const struct atvm_source *source)
{
    struct memory_of_host *memory = context;

    assert_string_equal(source->path, "/run/result");
    memory->units_open++;
    return ATVM_OK;
}

static void emit_many(void *context, const struct atvm_evidence *evidence, size_t count,
                      size_t stride)
{
    struct memory_of_host *memory = context;

    assert_int_equal(count, 1);
    assert_true(stride >= evidence->struct_size);
    memory->evidence = *evidence;
}

static void end_source(void *context, int32_t quality, const char *reason)
{
    struct memory_of_host *memory = context;

    assert_int_equal(quality, ATVM_QUALITY_WHOLE);
    assert_null(reason);
    memory->units_closed++;
}

static int32_t committing(void *context)
{
    ((struct memory_of_host *)context)->commits++;
    return ATVM_OK;
}

static void receipt(void *context, const struct atvm_receipt *given)
{
    ((struct memory_of_host *)context)->receipt = *given;
}

static struct atvm_host host_with(struct memory_of_host *memory)
{
    return (struct atvm_host){
        .struct_size = sizeof(struct atvm_host),
        .abi_major = ATVM_ABI_MAJOR,
        .abi_minor = ATVM_ABI_MINOR,
        .context = memory,
        .option_number = option_number,
        .begin_source = begin_source,
        .emit_many = emit_many,
        .end_source = end_source,
        .committing = committing,
        .receipt = receipt,
    };
}

/* ---- tests ---- */

static void a_collector_of_1_0_loads_and_testifies(void **state)
{
    struct module *module = load_or_fail("collector-1.0", ATVM_KIND_COLLECTOR);
    struct memory_of_host memory = {0};
    struct atvm_host host = host_with(&memory);
    void *instance = module->collector.create(&host);

    (void)state;
    assert_non_null(instance);
    assert_null(module->collector.configure);
    assert_int_equal(module->collector.collect(instance), ATVM_COLLECT_COMPLETE);
    module->collector.destroy(instance);
    assert_int_equal(memory.units_open, 1);
    assert_int_equal(memory.units_closed, 1);
    assert_int_equal(memory.evidence.outcome, ATVM_OUTCOME_PASS);
    assert_int_equal(memory.evidence.tests, 7);
    assert_int_equal(memory.evidence.failed, -1);
    module_free(module);
}

static void a_sink_of_1_0_loads_and_delivers(void **state)
{
    struct module *module = load_or_fail("sink-1.0", ATVM_KIND_SINK);
    struct memory_of_host memory = {0};
    struct atvm_host host = host_with(&memory);
    struct atvm_message message = {.struct_size = sizeof(message), .part = 2, .parts = 2};
    void *instance = module->sink.create(&host);

    (void)state;
    assert_int_equal(module->sink.deliver(instance, &message), ATVM_OK);
    module->sink.destroy(instance);
    assert_int_equal(memory.commits, 1);
    assert_int_equal(memory.receipt.outcome, ATVM_DELIVERED);
    assert_int_equal(memory.receipt.code, 2);
    assert_int_equal(module->sink.limit_characters, 16383);
    module_free(module);
}

static void modules_of_a_later_minor_load(void **state)
{
    struct module *collector = load_or_fail("collector-1.9", ATVM_KIND_COLLECTOR);
    struct module *sink = load_or_fail("sink-1.9", ATVM_KIND_SINK);

    (void)state;
    assert_int_equal(collector->collector.head.abi_minor, 9);
    assert_true(collector->collector.head.struct_size > sizeof(struct atvm_collector));
    assert_int_equal(collector->collector.collect(NULL), ATVM_COLLECT_COMPLETE);
    assert_true(sink->sink.head.struct_size > sizeof(struct atvm_sink));
    assert_string_equal(sink->sink.name, "sink-future");
    module_free(collector);
    module_free(sink);
}

static void longer_options_of_a_later_minor_are_read_by_their_stride(void **state)
{
    struct module *module = load_or_fail("collector-1.9", ATVM_KIND_COLLECTOR);
    struct json_object *description = module_describe(module);
    struct json_object *options = json_object_object_get(description, "options");
    struct json_object *second = json_object_array_get_idx(options, 1);

    (void)state;
    assert_true(module->collector.option_stride > sizeof(struct atvm_option));
    assert_int_equal(json_object_array_length(options), 2);
    assert_string_equal(json_object_get_string(json_object_object_get(second, "name")), "second");
    assert_string_equal(json_object_get_string(json_object_object_get(second, "type")), "integer");
    json_object_put(description);
    module_free(module);
}

static void a_module_that_needs_a_later_minor_is_refused(void **state)
{
    CLEANUP_FREE char *error = NULL;

    (void)state;
    assert_null(load("needs-1.9", ATVM_KIND_COLLECTOR, &error));
    assert_non_null(strstr(error, "/tests/abi/.libs/needs-1.9.so: ABI: expected a module that "
                                  "needs at most 1.0, got one that needs 1.9; install a newer "
                                  "atvm-watcher or an older version of the module"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_collector_of_1_0_loads_and_testifies),
        cmocka_unit_test(a_sink_of_1_0_loads_and_delivers),
        cmocka_unit_test(modules_of_a_later_minor_load),
        cmocka_unit_test(longer_options_of_a_later_minor_are_read_by_their_stride),
        cmocka_unit_test(a_module_that_needs_a_later_minor_is_refused),
    };

    return cmocka_run_group_tests_name("abi", tests, NULL, NULL);
}
