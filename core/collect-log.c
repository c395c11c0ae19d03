#include "collect-log.h"

#include <atvm/plugin.h>

#include <stdbool.h>
#include <string.h>

#include "collect-text.h"
#include "log.h"
#include "memory.h"

#define MESSAGE_MAX 2048
#define FIELDS_MAX  20

/* Whether one more line may be passed on now. */
static bool admit(struct collect_log *log, int64_t now_ns)
{
    if (log->lines == 0 || now_ns - log->interval_begin_ns >= COLLECT_LOG_INTERVAL_NS) {
        if (log->suppressed > 0)
            log_warning("%u further lines of the collect worker were not logged", log->suppressed);
        *log = (struct collect_log){.interval_begin_ns = now_ns};
    }
    if (log->lines >= COLLECT_LOG_LINES_MAX) {
        log->suppressed++;
        return false;
    }
    log->lines++;
    return true;
}

static const char *text_of(struct json_object *object, const char *key)
{
    struct json_object *value = NULL;

    json_object_object_get_ex(object, key, &value);
    return json_object_is_type(value, json_type_string) ? json_object_get_string(value) : NULL;
}

/* Names that are the watcher's own to fill. */
static bool is_free_name(const char *name)
{
    return name[strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")] == '\0' && name[0] != '_' &&
           name[0] != '\0' && strcmp(name, "MESSAGE") != 0 && strcmp(name, "PRIORITY") != 0 &&
           strcmp(name, "MESSAGE_ID") != 0 && strncmp(name, "SYSLOG_", 7) != 0;
}

static void make_fields(struct obstack *strings, const char *collector, struct json_object *given,
                        const char *fields[FIELDS_MAX + 1])
{
    size_t count = 0;

    if (collector)
        fields[count++] = memory_format_in(strings, "COLLECTOR=%s", collector);
    if (json_object_is_type(given, json_type_object)) {
        json_object_object_foreach(given, name, value)
        {
            const char *text = json_object_get_string(value);

            if (count < FIELDS_MAX && text && is_free_name(name))
                fields[count++] = memory_format_in(strings, "%s=%s", name, text);
        }
    }
    fields[count] = NULL;
}

static void pass_on(struct obstack *strings, int32_t level, const char *collector,
                    struct json_object *given_fields, const char *message)
{
    const char *fields[FIELDS_MAX + 1];

    make_fields(strings, collector, given_fields, fields);
    if (collector)
        log_line(level, fields, "collector %s: %s", collector, message);
    else
        log_line(level, fields, "collect worker: %s", message);
}

static int32_t level_of(struct json_object *line)
{
    struct json_object *level = NULL;

    if (!json_object_object_get_ex(line, "level", &level) ||
        json_object_get_int(level) < ATVM_LOG_ERROR || json_object_get_int(level) > ATVM_LOG_DEBUG)
        return ATVM_LOG_NOTICE;
    return json_object_get_int(level);
}

void collect_log_take(struct collect_log *log, struct json_object *line, int64_t now_ns)
{
    const char *message = text_of(line, "message");
    const char *collector = text_of(line, "collector");
    struct json_object *fields = NULL;
    struct obstack strings;

    if (!message || !admit(log, now_ns))
        return;
    obstack_init(&strings);
    json_object_object_get_ex(line, "fields", &fields);
    if (collector)
        collector = collect_text_clean(&strings, collector, strlen(collector), 200, NULL);
    message = collect_text_clean(&strings, message, strlen(message), MESSAGE_MAX, NULL);
    pass_on(&strings, level_of(line), collector, fields, message);
    obstack_free(&strings, NULL);
}

void collect_log_take_error(struct collect_log *log, const char *collector, const char *text,
                            size_t length, int64_t now_ns)
{
    struct obstack strings;

    if (length == 0 || !admit(log, now_ns))
        return;
    obstack_init(&strings);
    pass_on(&strings, ATVM_LOG_NOTICE, collector, NULL,
            collect_text_clean(&strings, text, length, MESSAGE_MAX, NULL));
    obstack_free(&strings, NULL);
}
