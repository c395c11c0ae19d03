#include "json-file.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "digest.h"
#include "durable-file.h"
#include "memory.h"

/* The last member says what all bytes before it amount to: a bit that flips in a number or a key
 * may leave JSON that is as good as any. */
#define DIGEST_BEGIN ",\n  \"digest\": \""
#define DIGEST_END   "\"\n}\n"
#define OBJECT_END   "\n}"
#define DIGITS       8

/* `text` as a file; free it. One that is not laid out as expected goes without a digest. */
static char *with_digest(const char *text)
{
    size_t length = strlen(text), end = strlen(OBJECT_END);

    if (length <= end || strcmp(text + length - end, OBJECT_END) != 0)
        return memory_format("%s\n", text);
    length -= end;
    return memory_format("%.*s" DIGEST_BEGIN "%08" PRIx32 DIGEST_END, (int)length, text,
                         digest_of(text, length));
}

/* Also where it has none: an earlier version, or a person, wrote it. */
static bool digest_agrees(const char *text, size_t length)
{
    const size_t begin = strlen(DIGEST_BEGIN), end = strlen(DIGEST_END);
    char expected[DIGITS + 1];
    const char *tail;

    if (length < begin + DIGITS + end)
        return true;
    length -= begin + DIGITS + end;
    tail = text + length;
    if (memcmp(tail, DIGEST_BEGIN, begin) != 0 ||
        memcmp(tail + begin + DIGITS, DIGEST_END, end) != 0)
        return true;
    snprintf(expected, sizeof(expected), "%08" PRIx32, digest_of(text, length));
    return memcmp(tail + begin, expected, DIGITS) == 0;
}

int json_file_write(const char *path, struct json_object *object, char **ret_error)
{
    const char *text = json_object_to_json_string_ext(
        object, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED | JSON_C_TO_STRING_NOSLASHESCAPE);
    CLEANUP_FREE char *file = with_digest(text);

    return durable_write(path, file, strlen(file), JSON_FILE_MODE, ret_error);
}

struct json_object *json_object_of(const char *text, size_t length)
{
    struct json_tokener *tokener;
    struct json_object *object = NULL;

    if (length > INT_MAX)
        return NULL;
    tokener = json_tokener_new();
    if (!tokener)
        return NULL;
    json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
    object = json_tokener_parse_ex(tokener, text, (int)length);
    if (json_tokener_get_error(tokener) != json_tokener_success ||
        !json_object_is_type(object, json_type_object)) {
        json_object_put(object);
        object = NULL;
    }
    json_tokener_free(tokener);
    return object;
}

/* The N of "<schema>/N"; -1 where `text` is not of that form. */
static int64_t schema_version(const char *text, const char *schema)
{
    size_t length = strlen(schema);
    long long version;
    char *end;

    if (strncmp(text, schema, length) != 0 || text[length] != '/' || text[length + 1] < '0' ||
        text[length + 1] > '9')
        return -1;
    errno = 0;
    version = strtoll(text + length + 1, &end, 10);
    return *end == '\0' && errno == 0 ? version : -1;
}

static int check_schema(const char *path, struct json_object *object, const char *schema,
                        int64_t version, char **ret_error)
{
    struct json_object *value = NULL;
    int64_t found = -1;

    if (json_object_object_get_ex(object, "schema", &value) &&
        json_object_is_type(value, json_type_string))
        found = schema_version(json_object_get_string(value), schema);
    if (found < 0) {
        *ret_error = memory_format("%s: is damaged: it does not say that it is \"%s/%lld\"", path,
                                   schema, (long long)version);
        return -EBADMSG;
    }
    if (found > version) {
        *ret_error = memory_format("%s: was written by a newer atvm-watcher (\"%s/%lld\"; this one "
                                   "knows %lld): install that version, or move the file away",
                                   path, schema, (long long)found, (long long)version);
        return -EPROTONOSUPPORT;
    }
    return 0;
}

int json_file_read(const char *path, size_t limit, const char *schema, int64_t version,
                   struct json_object **ret, char **ret_error)
{
    CLEANUP_FREE char *text = NULL;
    struct json_object *object;
    size_t length = 0;
    int error = durable_read(path, limit, &text, &length, ret_error);

    if (error)
        return error;
    if (!digest_agrees(text, length)) {
        *ret_error = memory_format("%s: is damaged: its digest is that of another content (who "
                                   "edits it removes the member \"digest\")",
                                   path);
        return -EBADMSG;
    }
    object = json_object_of(text, length);
    if (!object) {
        *ret_error = memory_format("%s: is damaged: not one whole JSON object", path);
        return -EBADMSG;
    }
    error = check_schema(path, object, schema, version, ret_error);
    if (error)
        json_object_put(object);
    else
        *ret = object;
    return error;
}

/* ---- members */

void json_members_write(const struct json_member *members, const void *base,
                        struct json_object *object)
{
    for (const struct json_member *member = members; member->key; member++) {
        const void *field = (const char *)base + member->offset;
        struct json_object *value = NULL;

        switch (member->type) {
        case JSON_MEMBER_STRING:
            if (*(char *const *)field)
                value = json_object_new_string(*(char *const *)field);
            break;
        case JSON_MEMBER_INT32:
            value = json_object_new_int(*(const int32_t *)field);
            break;
        case JSON_MEMBER_INT64:
            if (*(const int64_t *)field != -1)
                value = json_object_new_int64(*(const int64_t *)field);
            break;
        case JSON_MEMBER_BOOLEAN:
            value = json_object_new_boolean(*(const bool *)field);
            break;
        }
        if (value)
            json_object_object_add(object, member->key, value);
    }
}

static bool read_integer(struct json_object *value, int64_t minimum, int64_t maximum,
                         int64_t *ret_number)
{
    if (!json_object_is_type(value, json_type_int))
        return false;
    *ret_number = json_object_get_int64(value);
    return *ret_number >= minimum && *ret_number <= maximum;
}

static bool read_member(enum json_member_type type, struct json_object *value, void *field)
{
    int64_t number;

    switch (type) {
    case JSON_MEMBER_STRING:
        /* A NUL inside would be cut off silently. */
        if (!json_object_is_type(value, json_type_string) ||
            strlen(json_object_get_string(value)) != (size_t)json_object_get_string_len(value))
            return false;
        free(*(char **)field);
        *(char **)field = memory_string(json_object_get_string(value));
        return true;
    case JSON_MEMBER_INT32:
        if (!read_integer(value, INT32_MIN, INT32_MAX, &number))
            return false;
        *(int32_t *)field = (int32_t)number;
        return true;
    case JSON_MEMBER_INT64:
        return read_integer(value, INT64_MIN, INT64_MAX, field);
    case JSON_MEMBER_BOOLEAN:
        if (!json_object_is_type(value, json_type_boolean))
            return false;
        *(bool *)field = json_object_get_boolean(value);
        return true;
    }
    return false;
}

bool json_members_read(const struct json_member *members, struct json_object *object, void *base)
{
    for (const struct json_member *member = members; member->key; member++) {
        struct json_object *value = NULL;

        if (!json_object_object_get_ex(object, member->key, &value) || !value)
            continue;
        if (!read_member(member->type, value, (char *)base + member->offset))
            return false;
    }
    return true;
}

void json_members_free(const struct json_member *members, void *base)
{
    for (const struct json_member *member = members; member->key; member++) {
        char **field = (char **)((char *)base + member->offset);

        if (member->type != JSON_MEMBER_STRING)
            continue;
        free(*field);
        *field = NULL;
    }
}
