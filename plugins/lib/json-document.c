#include "json-document.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "allocate.h"

#define BUFFER_BYTES    (64 * 1024)
#define PROBLEM_BYTES   200
#define WHITE_SPACE     " \t\r\n"
#define CHARACTER_BYTES 4 /* the longest in UTF-8 */

struct json_reader {
    struct json_tokener *tokener;
    struct json_object *document; /* once it is complete */
    bool is_complete;
    char problem[PROBLEM_BYTES]; /* "" while there is none */
    uint64_t offset;             /* bytes handed to the tokener */
    /* Members that the text names: its colons outside of strings. */
    uint64_t members;
    bool in_string, is_escaped;
    size_t fill;
    char buffer[BUFFER_BYTES];
};

struct json_reader *json_reader_new(void)
{
    struct json_reader *reader = allocate(1, sizeof(*reader));

    reader->tokener = allocated(json_tokener_new_ex(JSON_DOCUMENT_DEPTH));
    /* What trails is judged here, whatever piece it comes in. */
    json_tokener_set_flags(reader->tokener, JSON_TOKENER_STRICT |
                                                JSON_TOKENER_ALLOW_TRAILING_CHARS |
                                                JSON_TOKENER_VALIDATE_UTF8);
    return reader;
}

void json_reader_free(struct json_reader *reader)
{
    if (!reader)
        return;
    json_object_put(reader->document);
    json_tokener_free(reader->tokener);
    free(reader);
}

static void count_members(struct json_reader *reader, const char *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (reader->is_escaped)
            reader->is_escaped = false;
        else if (reader->in_string && bytes[i] == '\\')
            reader->is_escaped = true;
        else if (bytes[i] == '"')
            reader->in_string = !reader->in_string;
        else if (bytes[i] == ':' && !reader->in_string)
            reader->members++;
    }
}

/* After the document only white space may come. */
static void expect_white_space(struct json_reader *reader, const char *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (bytes[i] != '\0' && strchr(WHITE_SPACE, bytes[i]))
            continue;
        snprintf(reader->problem, sizeof(reader->problem),
                 "something stands after the end of its JSON, at byte %ju",
                 (uintmax_t)(reader->offset + i));
        return;
    }
}

static void parse(struct json_reader *reader, const char *bytes, size_t length)
{
    enum json_tokener_error error;

    reader->document = json_tokener_parse_ex(reader->tokener, bytes, (int)length);
    error = json_tokener_get_error(reader->tokener);
    if (error == json_tokener_success) {
        size_t end = json_tokener_get_parse_end(reader->tokener);

        reader->is_complete = true;
        reader->offset += end;
        expect_white_space(reader, bytes + end, length - end);
    } else if (error == json_tokener_continue) {
        reader->offset += length;
    } else {
        snprintf(reader->problem, sizeof(reader->problem), "is no valid JSON: %s at byte %ju",
                 json_tokener_error_desc(error),
                 (uintmax_t)(reader->offset + json_tokener_get_parse_end(reader->tokener)));
    }
}

/* Bytes of the buffer without a character at its end that is not all there yet. */
static size_t whole_characters(const char *bytes, size_t length)
{
    size_t at = length;
    size_t back = 0;

    while (at > 0 && back < CHARACTER_BYTES && ((unsigned char)bytes[at - 1] & 0xc0) == 0x80) {
        at--;
        back++;
    }
    /* 110xxxxx, 1110xxxx, 11110xxx: this byte and as many as it has leading ones, less one. */
    if (at > 0 && (unsigned char)bytes[at - 1] >= 0xc0) {
        unsigned char lead = (unsigned char)bytes[at - 1];
        size_t wanted = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : 1;

        if (back < wanted)
            return at - 1;
    }
    return length;
}

static void flush(struct json_reader *reader, size_t length)
{
    if (reader->problem[0] == '\0' && length > 0) {
        count_members(reader, reader->buffer, length);
        if (reader->is_complete)
            expect_white_space(reader, reader->buffer, length);
        else
            parse(reader, reader->buffer, length);
    }
    memmove(reader->buffer, reader->buffer + length, reader->fill - length);
    reader->fill -= length;
}

void json_reader_feed(struct json_reader *reader, const char *bytes, size_t length)
{
    while (length > 0) {
        size_t room = sizeof(reader->buffer) - reader->fill;
        size_t piece = length < room ? length : room;

        memcpy(reader->buffer + reader->fill, bytes, piece);
        reader->fill += piece;
        bytes += piece;
        length -= piece;
        if (reader->fill == sizeof(reader->buffer))
            flush(reader, whole_characters(reader->buffer, reader->fill));
    }
}

/* Members of all objects in the tree. The depth is bounded by the tokener's. */
static uint64_t members_in(struct json_object *value)
{
    uint64_t members = 0;

    if (json_object_is_type(value, json_type_object)) {
        json_object_object_foreach(value, name, member)
        {
            (void)name;
            members += 1 + members_in(member);
        }
    } else if (json_object_is_type(value, json_type_array)) {
        for (size_t i = 0; i < json_object_array_length(value); i++)
            members += members_in(json_object_array_get_idx(value, i));
    }
    return members;
}

struct json_object *json_reader_finish(struct json_reader *reader, bool *ret_members_lost,
                                       char *reason, size_t reason_size)
{
    *ret_members_lost = false;
    flush(reader, reader->fill);
    if (reader->problem[0] != '\0') {
        snprintf(reason, reason_size, "%s", reader->problem);
    } else if (reader->offset == 0) {
        snprintf(reason, reason_size, "is empty");
    } else if (!reader->is_complete) {
        snprintf(reason, reason_size, "is cut off: its JSON is not complete after %ju bytes",
                 (uintmax_t)reader->offset);
    } else if (!reader->document) {
        snprintf(reason, reason_size, "holds nothing but null");
    } else {
        *ret_members_lost = members_in(reader->document) != reader->members;
        return json_object_get(reader->document);
    }
    return NULL;
}

/* ---------------------------------------------------------------- members */

struct json_object *json_member(struct json_object *object, const char *name, enum json_type type)
{
    struct json_object *member = NULL;

    if (!json_object_is_type(object, json_type_object) ||
        !json_object_object_get_ex(object, name, &member) || !json_object_is_type(member, type))
        return NULL;
    return member;
}

const char *json_member_text(struct json_object *object, const char *name)
{
    struct json_object *member = json_member(object, name, json_type_string);

    return member ? json_object_get_string(member) : NULL;
}

int64_t json_member_number(struct json_object *object, const char *name, int64_t otherwise)
{
    struct json_object *whole = json_member(object, name, json_type_int);
    struct json_object *fraction = json_member(object, name, json_type_double);

    if (whole)
        return json_object_get_int64(whole);
    if (fraction && fabs(json_object_get_double(fraction)) < 1e15)
        return (int64_t)llround(json_object_get_double(fraction));
    return otherwise;
}

bool json_member_is_true(struct json_object *object, const char *name)
{
    return json_object_get_boolean(json_member(object, name, json_type_boolean));
}
