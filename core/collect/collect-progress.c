#include "collect-progress.h"

#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "collect-limits.h"
#include "ledger.h"
#include "memory.h"

/* What the worker itself keeps to, and some room. */
#define UNIT_BYTES_MAX (COLLECT_UNIT_MAX + 2 * LEDGER_LINE_MAX)

static const char *text_of(struct json_object *object, const char *key)
{
    struct json_object *value = NULL;

    json_object_object_get_ex(object, key, &value);
    return json_object_is_type(value, json_type_string) ? json_object_get_string(value) : NULL;
}

static void close_unit(struct collect_progress *progress)
{
    json_object_put(progress->begin);
    progress->begin = NULL;
    progress->unit_bytes = 0;
}

static void take_at(struct collect_progress *progress, struct json_object *line)
{
    free(progress->collector);
    progress->collector = memory_string(text_of(line, "collector"));
}

static void take_begin(struct collect_progress *progress, struct json_object *line)
{
    close_unit(progress);
    progress->begin = json_object_get(line);
}

static void take_end(struct collect_progress *progress, struct json_object *line)
{
    (void)line;
    close_unit(progress);
}

static void take_pass(struct collect_progress *progress, struct json_object *line)
{
    const char *result = text_of(line, "result");

    if (result && strcmp(result, "again") == 0)
        progress->again = true;
    /* A unit that its collector forgot to end is over with the collector's pass. */
    close_unit(progress);
    free(TAKE_POINTER(progress->collector));
}

static void take_hello(struct collect_progress *progress, struct json_object *line)
{
    (void)line;
    free(TAKE_POINTER(progress->collector));
    progress->ready = true;
}

static void take_fatal(struct collect_progress *progress, struct json_object *line)
{
    const char *collector = text_of(line, "collector");
    const char *reason = text_of(line, "reason");

    if (progress->fatal)
        return;
    if (!reason)
        reason = "the collect worker does not say why it cannot start";
    progress->fatal =
        collector ? memory_format("collector %s: %s", collector, reason) : memory_string(reason);
}

static void take_done(struct collect_progress *progress, struct json_object *line)
{
    (void)line;
    if (!progress->in_pass) {
        collect_progress_break(progress, memory_string("ended a pass that was not asked for"));
        return;
    }
    progress->in_pass = false;
    progress->pass_over = true;
}

static const struct {
    const char *type;
    void (*take)(struct collect_progress *progress, struct json_object *line);
} line_types[] = {{"at", take_at},     {"begin", take_begin}, {"end", take_end},
                  {"pass", take_pass}, {"hello", take_hello}, {"fatal", take_fatal},
                  {"done", take_done}};

void collect_progress_take(struct collect_progress *progress, struct json_object *line)
{
    const char *type = text_of(line, "t");

    for (size_t i = 0; type && i < sizeof(line_types) / sizeof(line_types[0]); i++)
        if (strcmp(type, line_types[i].type) == 0)
            line_types[i].take(progress, line);
}

void collect_progress_add_record(struct collect_progress *progress, size_t length)
{
    progress->unit_bytes += length;
    if (progress->unit_bytes > UNIT_BYTES_MAX)
        collect_progress_break(progress,
                               memory_string("gave more evidence of one source than allowed"));
}

void collect_progress_break(struct collect_progress *progress, char *reason)
{
    if (progress->broken)
        free(reason);
    else
        progress->broken = reason;
}

const char *collect_progress_path(const struct collect_progress *progress)
{
    return progress->begin ? text_of(progress->begin, "path") : NULL;
}

char *collect_progress_text(const struct collect_progress *progress)
{
    const char *path = collect_progress_path(progress);

    if (!progress->collector)
        return memory_string("while no collector was at work");
    if (!path)
        return memory_format("while collector %s was at work", progress->collector);
    return memory_format("while collector %s read %s", progress->collector, path);
}

void collect_progress_reset(struct collect_progress *progress)
{
    free(progress->collector);
    json_object_put(progress->begin);
    free(progress->fatal);
    free(progress->broken);
    *progress = (struct collect_progress){0};
}
