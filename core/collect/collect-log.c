#include "collect-log.h"

#include <atvm/plugin.h>

#include <stdbool.h>
#include <string.h>

#include "collect-text.h"
#include "evidence-line.h"
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
        log->interval_begin_ns = now_ns;
        log->lines = log->suppressed = 0;
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

/* Whether a pass looked at what there is, or will. */
static bool could_look(const char *result)
{
    return strcmp(result, evidence_collect_result_name(ATVM_COLLECT_COMPLETE)) == 0 ||
           strcmp(result, evidence_collect_result_name(ATVM_COLLECT_AGAIN)) == 0;
}

static void say_blind(struct collect_log *log, const char *collector, const char *reason,
                      int64_t now_ns)
{
    const char *known = log->blind ? text_of(log->blind, collector) : NULL;
    struct obstack strings;

    if (!log->blind)
        log->blind = json_object_new_object();
    if ((known && strcmp(known, reason) == 0) || !admit(log, now_ns))
        return;
    json_object_object_add(log->blind, collector, json_object_new_string(reason));
    obstack_init(&strings);
    pass_on(
        &strings, ATVM_LOG_WARNING, collector, NULL,
        memory_format_in(&strings, "could not look: %s",
                         collect_text_clean(&strings, reason, strlen(reason), MESSAGE_MAX, NULL)));
    obstack_free(&strings, NULL);
}

static void say_seeing(struct collect_log *log, const char *collector, int64_t now_ns)
{
    struct obstack strings;

    if (!log->blind || !text_of(log->blind, collector) || !admit(log, now_ns))
        return;
    json_object_object_del(log->blind, collector);
    obstack_init(&strings);
    pass_on(&strings, ATVM_LOG_NOTICE, collector, NULL, "can look again");
    obstack_free(&strings, NULL);
}

void collect_log_take_pass(struct collect_log *log, struct json_object *line, int64_t now_ns)
{
    const char *collector = text_of(line, "collector"), *result = text_of(line, "result");
    const char *reason = text_of(line, "reason");

    if (!collector || !result)
        return;
    if (could_look(result))
        say_seeing(log, collector, now_ns);
    else
        say_blind(log, collector, reason ? reason : "the module gave no reason", now_ns);
}

void collect_log_free(struct collect_log *log)
{
    json_object_put(log->blind);
    log->blind = NULL;
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
