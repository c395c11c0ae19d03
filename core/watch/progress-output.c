#include "progress-output.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>

#include "cleanup.h"
#include "progress-line.h"

void progress_output_clear(struct progress_output *output)
{
    if (!output->drawn)
        return;
    fputs("\r\033[K", output->stream);
    fflush(output->stream);
    output->drawn = false;
}

static void print_event(void *user, const char *text)
{
    struct progress_output *output = user;
    time_t now = time(NULL);
    struct tm local;
    char stamp[16] = "";

    progress_output_clear(output);
    if (localtime_r(&now, &local))
        strftime(stamp, sizeof(stamp), "%H:%M:%S", &local);
    fprintf(output->stream, "%s  %s\n", stamp, text);
}

static const struct scope_verdict *scope_named(const struct verdict *verdict, const char *name)
{
    for (size_t i = 0; verdict && i < verdict->scope_count; i++)
        if (strcmp(verdict->scopes[i].name, name) == 0)
            return &verdict->scopes[i];
    return NULL;
}

/* The scope that is going on, or the last one. */
static const struct scope_verdict *current_scope(const struct verdict *verdict)
{
    const struct scope_verdict *current = NULL;

    for (size_t i = 0; i < verdict->scope_count; i++)
        if (!current || !run_state_is_final(verdict->scopes[i].state) ||
            run_state_is_final(current->state))
            current = &verdict->scopes[i];
    return current;
}

static int columns_of(FILE *stream)
{
    struct winsize size;

    return ioctl(fileno(stream), TIOCGWINSZ, &size) == 0 && size.ws_col > 1 ? size.ws_col : 80;
}

static void draw_line(struct progress_output *output, const struct verdict *verdict, int64_t now_ns)
{
    const struct scope_verdict *scope = current_scope(verdict);
    CLEANUP_FREE char *line =
        scope ? progress_line(verdict, scope, now_ns, output->time_zone) : NULL;

    progress_output_clear(output);
    if (!line)
        return;
    /* A line that wrapped could not be taken back. Its text is ASCII but for host names. */
    fprintf(output->stream, "%.*s", columns_of(output->stream) - 1, line);
    fflush(output->stream);
    output->drawn = true;
}

void progress_output_update(struct progress_output *output, const struct verdict *previous,
                            const struct verdict *current, int64_t now_ns)
{
    if (!output->stream)
        return;
    for (size_t i = 0; i < current->scope_count; i++)
        progress_events(scope_named(previous, current->scopes[i].name), &current->scopes[i],
                        print_event, output);
    if (output->terminal)
        draw_line(output, current, now_ns);
    fflush(output->stream);
}
