#include "post-record.h"

#include <string.h>

#include "memory.h"
#include "message-tag.h"

/* The format a sink wants: its option "format", else what its module says; text where neither is
 * known. */
static int32_t format_of(const struct config_module *sink)
{
    struct json_object *value = NULL;
    const char *word;

    if (!json_object_object_get_ex(sink->options, "format", &value))
        json_object_object_get_ex(sink->description, "format", &value);
    word = json_object_is_type(value, json_type_string) ? json_object_get_string(value) : "text";
    if (strcmp(word, "markdown") == 0)
        return ATVM_FORMAT_MARKDOWN;
    return strcmp(word, "json") == 0 ? ATVM_FORMAT_JSON : ATVM_FORMAT_TEXT;
}

static size_t number_of(struct json_object *object, const char *name)
{
    struct json_object *value = NULL;
    int64_t number = 0;

    if (json_object_object_get_ex(object, name, &value) &&
        json_object_is_type(value, json_type_int))
        number = json_object_get_int64(value);
    return number > 0 ? (size_t)number : 0;
}

struct post_form post_record_form(const struct config_module *sink)
{
    struct post_form form = {
        .format = format_of(sink),
        .limit = {number_of(sink->description, "limit_bytes"),
                  number_of(sink->description, "limit_characters")},
    };
    size_t characters = number_of(sink->options, "max_characters");

    if (characters > 0 && (form.limit.characters == 0 || characters < form.limit.characters))
        form.limit.characters = characters;
    return form;
}

struct outbox_record *post_record_new(const char *build, const struct config_module *sink,
                                      const struct post_message *message, int32_t part,
                                      int32_t parts, char *body, int64_t sequence, int64_t now_ns)
{
    struct outbox_message stored = {
        .kind = ATVM_MESSAGE_REPORT,
        .format = format_of(sink),
        .part = part,
        .parts = parts,
        .key = message_part_key(message->key, part),
        .build = memory_string(build),
        .scope = memory_string(message->scope),
        .title = memory_string(message->title),
        .supersedes = memory_string(message->supersedes),
        .says = memory_string(message->says),
        .correction = message->correction,
        .body = body,
    };

    return outbox_record_new(sink->name, &stored, sequence, now_ns);
}

void post_summary_add(struct post_summary *summary, const struct outbox_record *record)
{
    if (record->state == OUTBOX_DELIVERED)
        summary->delivered++;
    else if (record->dropped)
        summary->dropped++;
    else if (record->state == OUTBOX_QUARANTINED)
        summary->quarantined++;
    else
        summary->uncertain++;
}

bool post_is_held(const struct post_summary *summary)
{
    return summary->uncertain > 0 || summary->quarantined > 0 || summary->behind > 0 ||
           summary->unconfigured > 0;
}
