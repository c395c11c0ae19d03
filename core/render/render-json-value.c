#include "render-json-value.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "memory.h"
#include "render-escape.h"
#include "render-secret.h"
#include "render-time.h"

#define NS_PER_MS INT64_C(1000000)

struct json_object *json_value_name(const char *name)
{
    struct obstack memory;
    struct json_object *value;

    if (!name)
        return NULL;
    obstack_init(&memory);
    value = json_object_new_string(escape_line(&memory, name));
    obstack_free(&memory, NULL);
    return value;
}

/* Text of a log or about one: clean, without secrets; on one line unless `block`. */
static struct json_object *text_or_null(const char *text, bool block)
{
    struct obstack memory;
    struct json_object *value;

    if (!text)
        return NULL;
    obstack_init(&memory);
    text = block ? escape_block(&memory, text) : escape_line(&memory, text);
    value = json_object_new_string(secret_mask(&memory, text));
    obstack_free(&memory, NULL);
    return value;
}

struct json_object *json_value_line(const char *text)
{
    return text_or_null(text, false);
}

struct json_object *json_value_block(const char *text)
{
    return text_or_null(text, true);
}

struct json_object *json_value_count(int64_t count)
{
    return count < 0 ? NULL : json_object_new_int64(count);
}

struct json_object *json_value_time(int64_t time_ns)
{
    char buffer[RENDER_TIME_SIZE];

    return time_ns < 0 ? NULL : json_object_new_string(render_rfc3339(time_ns, buffer));
}

/* Written from whole numbers: printf of a double follows the locale, and prints what binary
 * fractions cannot hold. */
struct json_object *json_value_seconds(int64_t duration_ns)
{
    int64_t milliseconds = (duration_ns + NS_PER_MS / 2) / NS_PER_MS;
    char text[40];
    size_t length;

    if (duration_ns < 0)
        return NULL;
    snprintf(text, sizeof(text), "%" PRId64 ".%03d", milliseconds / 1000,
             (int)(milliseconds % 1000));
    length = strlen(text);
    while (text[length - 1] == '0')
        length--;
    length -= text[length - 1] == '.';
    text[length] = '\0';
    return json_object_new_double_s((double)milliseconds / 1000, text);
}

struct json_object *json_value_names(const char *const *list, size_t count)
{
    struct json_object *array = json_object_new_array();

    for (size_t i = 0; i < count; i++)
        json_object_array_add(array, json_value_name(list[i]));
    return array;
}
