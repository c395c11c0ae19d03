#include "runlog-records.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "evidence-line.h"
#include "runlog-parser.h"

static void keep(void *user, const struct atvm_evidence *evidence)
{
    json_object_array_add(user, evidence_to_json(evidence));
}

struct json_object *runlog_records(const char *text, size_t length, bool categorized, bool settled)
{
    const struct runlog_settings settings = {.categorized = categorized};
    struct json_object *records = json_object_new_array();
    struct runlog_parser *parser = runlog_parser_new(&settings, keep, records);
    const char *at = text, *end = text + length, *newline;
    int64_t number = 0;

    while ((newline = memchr(at, '\n', (size_t)(end - at)))) {
        runlog_parser_line(parser, at, (size_t)(newline - at), ++number, at - text);
        at = newline + 1;
    }
    if (settled && at < end)
        runlog_parser_tail(parser, at, (size_t)(end - at), number + 1);
    runlog_parser_free(parser);
    return records;
}

const char *record_text(struct json_object *record, const char *key)
{
    const char *text = json_object_get_string(json_object_object_get(record, key));

    return text ? text : "";
}

int64_t record_number(struct json_object *record, const char *key)
{
    struct json_object *value = json_object_object_get(record, key);

    return value ? json_object_get_int64(value) : -1;
}

static bool matches(struct json_object *record, const char *key, const char *wanted)
{
    return !wanted || strcmp(record_text(record, key), wanted) == 0;
}

struct json_object *runlog_record(struct json_object *records, const char *claim, const char *host,
                                  const char *form, size_t n)
{
    for (size_t i = 0; i < json_object_array_length(records); i++) {
        struct json_object *record = json_object_array_get_idx(records, i);

        if (matches(record, "claim", claim) && matches(record, "host", host) &&
            matches(record, "form", form) && n-- == 0)
            return record;
    }
    return NULL;
}

size_t runlog_record_count(struct json_object *records, const char *claim, const char *host,
                           const char *form)
{
    size_t count = 0;

    while (runlog_record(records, claim, host, form, count))
        count++;
    return count;
}

char *read_tree_file(const char *path, size_t *ret_length)
{
    const char *top = getenv("top_srcdir");
    char *full = NULL, *content;
    FILE *file;
    long size;

    assert_non_null(top);
    assert_true(asprintf(&full, "%s/%s", top, path) > 0);
    file = fopen(full, "rb");
    free(full);
    if (!file)
        return NULL;
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    size = ftell(file);
    assert_true(size >= 0);
    rewind(file);
    content = malloc((size_t)size + 1);
    assert_non_null(content);
    assert_int_equal(fread(content, 1, (size_t)size, file), (size_t)size);
    content[size] = '\0';
    fclose(file);
    *ret_length = (size_t)size;
    return content;
}
