#include "log-event.h"

#include <stdarg.h>
#include <stdlib.h>

#include "cleanup.h"
#include "memory.h"

#define FIELD_COUNT 9

void log_event(int32_t level, const struct log_event *event, const char *format, ...)
{
    const struct {
        const char *name, *value;
    } known[FIELD_COUNT] = {
        {"MESSAGE_ID", event->id},     {"BUILD", event->build},     {"SCOPE", event->scope},
        {"HOST", event->host},         {"STATE_FROM", event->from}, {"STATE_TO", event->to},
        {"DECISION", event->decision}, {"RULE", event->rule},       {"SINK", event->sink},
    };
    CLEANUP_FREE char *text = NULL;
    char *fields[FIELD_COUNT + 1] = {NULL};
    size_t count = 0;
    va_list arguments;

    va_start(arguments, format);
    text = memory_vformat(format, arguments);
    va_end(arguments);
    for (size_t i = 0; i < FIELD_COUNT; i++)
        if (known[i].value)
            fields[count++] = memory_format("%s=%s", known[i].name, known[i].value);
    log_line(level, (const char *const *)fields, "%s", text);
    for (size_t i = 0; i < count; i++)
        free(fields[i]);
}
