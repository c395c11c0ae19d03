#include "explain-writer.h"

#include <inttypes.h>
#include <string.h>

#include "render-escape.h"
#include "render-secret.h"
#include "render-time.h"
#include "rules.h"

#define TIME_LENGTH 19 /* "2026-04-16 13:00:00" */

const char *writer_clean(struct writer *writer, const char *text)
{
    return secret_mask(&writer->memory, escape_line(&writer->memory, text ? text : ""));
}

const char *writer_cite(struct writer *writer, const char *id)
{
    size_t count;
    const struct rule *rules = rules_all(&count);

    for (size_t i = 0; id && i < count; i++)
        if (strcmp(rules[i].id, id) == 0)
            writer->cited[i] = true;
    return id ? id : "";
}

const char *writer_full_time(struct writer *writer, int64_t time_ns)
{
    char buffer[RENDER_TIME_SIZE];

    render_local_time(time_ns, writer->explain->time_zone, buffer);
    return memory_bytes_in(&writer->memory, buffer, TIME_LENGTH);
}

const char *writer_short_time(struct writer *writer, int64_t time_ns)
{
    const char *text;

    if (time_ns < 0)
        return "";
    text = writer_full_time(writer, time_ns);
    return strncmp(text, writer->day, WRITER_DAY_LENGTH) == 0 ? text + WRITER_DAY_LENGTH + 1 : text;
}

const char *writer_short_path(struct writer *writer, const char *path)
{
    const char *root = writer->explain->automation_root;
    size_t length = root ? strlen(root) : 0;

    if (length > 1 && strncmp(path, root, length) == 0 && path[length] == '/')
        path = memory_format_in(&writer->memory, "…%s", path + length);
    return writer_clean(writer, path);
}

const char *writer_place(struct writer *writer, const struct ledger_source *source,
                         const struct atvm_evidence *record)
{
    const char *path = writer_short_path(writer, source->file.path);

    if (record->locator < 0)
        return path;
    return memory_format_in(&writer->memory,
                            record->locator_unit == ATVM_LOCATOR_OFFSET ? "%s@%" PRId64
                                                                        : "%s:%" PRId64,
                            path, record->locator);
}
