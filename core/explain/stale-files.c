#include "stale-files.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "ledger.h"
#include "render-escape.h"
#include "render-time.h"

#define NAMED_MAX 2

struct stale {
    const struct source_verdict **files; /* from before the window */
    size_t count, capacity, later;       /* later: than the time of judgement */
};

static bool is_of_interest(const struct verdict *verdict)
{
    return !run_state_is_posted(verdict->state) && verdict->state != STATE_CANCELLED &&
           !verdict->runner.alive;
}

static void gather(const struct verdict *verdict, int64_t since_ns, struct stale *ret)
{
    for (size_t i = 0; i < verdict->source_count; i++) {
        const struct source_verdict *source = &verdict->sources[i];

        if (source->standing != SOURCE_STALE)
            continue;
        if (source->outside_ns > since_ns) {
            ret->later++;
            continue;
        }
        memory_grow(&ret->files, ret->count, &ret->capacity, sizeof(*ret->files));
        ret->files[ret->count++] = source;
    }
}

static bool is_log(const struct source_verdict *source)
{
    const char *kind = source->source->file.kind;

    return kind && strcmp(kind, "log") == 0;
}

/* The run's own log first, then the newest. */
static int compare(const void *one, const void *other)
{
    const struct source_verdict *a = *(const struct source_verdict *const *)one;
    const struct source_verdict *b = *(const struct source_verdict *const *)other;

    if (is_log(a) != is_log(b))
        return is_log(a) ? -1 : 1;
    if (a->source->file.mtime_ns != b->source->file.mtime_ns)
        return a->source->file.mtime_ns > b->source->file.mtime_ns ? -1 : 1;
    return strcmp(a->source->file.path, b->source->file.path);
}

static int64_t earlier(int64_t time_ns, int64_t other_ns)
{
    return other_ns >= 0 && other_ns < time_ns ? other_ns : time_ns;
}

/* Every time of a file must lie in the window. */
static int64_t first_time(const struct ledger_source *source)
{
    int64_t first_ns = earlier(source->file.mtime_ns, source->file.name_time_ns);

    for (size_t i = 0; i < source->record_count; i++)
        first_ns = earlier(first_ns, source->records[i].started_ns);
    return first_ns;
}

static void add_older(struct obstack *line, struct obstack *memory, const struct stale *stale,
                      int64_t since_ns, const char *time_zone)
{
    int64_t at_latest_ns = first_time(stale->files[0]->source) - NS_PER_SECOND;
    char buffer[RENDER_TIME_SIZE];

    obstack_printf(
        line, "%zu file%s not count, from before the run's window, which begins %s: ", stale->count,
        stale->count == 1 ? " does" : "s do", render_local_time(since_ns, time_zone, buffer));
    for (size_t i = 0; i < stale->count && i < NAMED_MAX; i++)
        obstack_printf(line, "%s%s", i > 0 ? ", " : "",
                       escape_line(memory, stale->files[i]->source->file.path));
    if (stale->count > NAMED_MAX)
        obstack_printf(line, " and %zu more", stale->count - NAMED_MAX);
    obstack_printf(line,
                   ". If they are of this run, say when it began: --since %" PRId64
                   " (%s) or earlier admits the first of them",
                   at_latest_ns / NS_PER_SECOND,
                   render_local_time(at_latest_ns, time_zone, buffer));
}

char *stale_files_hint(const struct verdict *verdict, int64_t since_ns, const char *time_zone)
{
    struct stale stale = {0};
    struct obstack line, memory;
    char *hint = NULL;

    gather(verdict, since_ns, &stale);
    obstack_init(&line);
    obstack_init(&memory);
    if (stale.count > 0) {
        qsort(stale.files, stale.count, sizeof(*stale.files), compare);
        add_older(&line, &memory, &stale, since_ns, time_zone);
    }
    if (stale.later > 0)
        obstack_printf(&line, "%s%zu file%s not count, from after the time of judgement",
                       stale.count > 0 ? ". " : "", stale.later,
                       stale.later == 1 ? " does" : "s do");
    obstack_1grow(&line, '\0');
    if (is_of_interest(verdict) && stale.count + stale.later > 0)
        hint = memory_string(obstack_finish(&line));
    obstack_free(&memory, NULL);
    obstack_free(&line, NULL);
    free(stale.files);
    return hint;
}
