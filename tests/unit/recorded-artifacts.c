#include "recorded-artifacts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "cleanup.h"
#include "host-name.h"
#include "json-document.h"
#include "memory.h"

#define FIXTURES      "tests/fixtures/"
#define NS_PER_SECOND INT64_C(1000000000)

char *recorded_path(const char *name)
{
    const char *top = getenv("top_srcdir");

    return memory_format("%s/%s", top ? top : ".", name);
}

static char *read_all(const char *path, size_t *ret_length)
{
    CLEANUP_FILE FILE *file = fopen(path, "r");
    char *bytes = NULL;
    size_t capacity = 0;

    if (!file)
        fail_msg("%s cannot be opened", path);
    *ret_length = 0;
    do {
        capacity = capacity ? capacity * 2 : 64 * 1024;
        bytes = realloc(bytes, capacity);
        assert_non_null(bytes);
        *ret_length += fread(bytes + *ret_length, 1, capacity - *ret_length - 1, file);
    } while (*ret_length == capacity - 1);
    assert_false(ferror(file));
    bytes[*ret_length] = '\0';
    return bytes;
}

char *recorded_file(const char *name, size_t *ret_length)
{
    CLEANUP_FREE char *path = recorded_path(name);

    return read_all(path, ret_length);
}

char *with_double_quotes(const char *text)
{
    char *copy = memory_string(text);

    for (char *quote = strchr(copy, '\''); quote; quote = strchr(quote, '\''))
        *quote = '"';
    return copy;
}

static struct json_object *read_json(const char *scenario, const char *name)
{
    CLEANUP_FREE char *path = memory_format(FIXTURES "%s/%s", scenario, name);
    CLEANUP_FREE char *absolute = recorded_path(path);
    struct json_object *document = json_object_from_file(absolute);

    assert_non_null(document);
    return document;
}

static struct json_object *find_host(struct json_object *expected, const char *host)
{
    struct json_object *hosts = json_member(expected, "hosts", json_type_array);

    for (size_t i = 0; hosts && i < json_object_array_length(hosts); i++) {
        struct json_object *item = json_object_array_get_idx(hosts, i);

        if (strcmp(json_member_text(item, "host"), host) == 0)
            return item;
    }
    return NULL;
}

static bool is_in_list(struct json_object *list, const char *ending)
{
    for (size_t i = 0; list && i < json_object_array_length(list); i++) {
        const char *text = json_object_get_string(json_object_array_get_idx(list, i));
        size_t length = strlen(text), ending_length = strlen(ending);

        if (length >= ending_length && strcmp(text + length - ending_length, ending) == 0)
            return true;
    }
    return false;
}

static void visit_path(const char *path, void (*visit)(void *, const struct recorded_artifact *),
                       void *user)
{
    const char *name = strrchr(path, '/') + 1;
    const char *scenario = strstr(path, FIXTURES) + strlen(FIXTURES);
    CLEANUP_FREE char *scenario_name =
        strndup(scenario, (size_t)(strchr(scenario, '/') - scenario));
    struct json_object *expected = read_json(scenario_name, "expected.json");
    struct json_object *input = read_json(scenario_name, "input.json");
    struct recorded_artifact artifact = {.scenario = scenario_name, .path = path};
    CLEANUP_FREE char *bytes = read_all(path, &artifact.length);
    int64_t name_time_ns;

    assert_true(host_name_stem(name, "", artifact.host, &name_time_ns));
    artifact.bytes = bytes;
    artifact.truth = find_host(expected, artifact.host);
    artifact.flow = json_member(expected, "test_flow", json_type_array);
    artifact.is_stale = name_time_ns < json_member_number(input, "run_start", 0) * NS_PER_SECOND;
    artifact.is_damaged = is_in_list(json_member(expected, "damaged", json_type_array), name);
    visit(user, &artifact);
    json_object_put(expected);
    json_object_put(input);
}

unsigned recorded_artifacts_each(const char *pattern,
                                 void (*visit)(void *user, const struct recorded_artifact *),
                                 void *user)
{
    CLEANUP_FREE char *below = memory_format(FIXTURES "*/root/cypress/cmcReporter/%s", pattern);
    CLEANUP_FREE char *absolute = recorded_path(below);
    glob_t found;
    unsigned count;

    assert_int_equal(glob(absolute, 0, NULL, &found), 0);
    for (size_t i = 0; i < found.gl_pathc; i++)
        visit_path(found.gl_pathv[i], visit, user);
    count = (unsigned)found.gl_pathc;
    globfree(&found);
    return count;
}
