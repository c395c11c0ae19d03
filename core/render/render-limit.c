#include "report.h"

#include <stdlib.h>
#include <string.h>

#include "render-escape.h"
#include "render-layout.h"

typedef char *(*write_layout)(const struct layout *layout);

/* What a message loses to fit, step by step: excerpts shrink, then the flow goes (R6.8), then what
 * is left of the excerpts, the command and the errors; the names of hosts that passed go last. */
static const struct layout_limits steps[] = {
    {.excerpt_characters = 1000,
     .flow = true,
     .error_characters = 200,
     .command = true,
     .passed_hosts = true},
    {.excerpt_characters = 500,
     .flow = true,
     .error_characters = 200,
     .command = true,
     .passed_hosts = true},
    {.excerpt_characters = 250,
     .flow = true,
     .error_characters = 200,
     .command = true,
     .passed_hosts = true},
    {.excerpt_characters = 250,
     .flow = false,
     .error_characters = 200,
     .command = true,
     .passed_hosts = true},
    {.excerpt_characters = 100,
     .flow = false,
     .error_characters = 200,
     .command = true,
     .passed_hosts = true},
    {.excerpt_characters = 0,
     .flow = false,
     .error_characters = 200,
     .command = true,
     .passed_hosts = true},
    {.excerpt_characters = 0,
     .flow = false,
     .error_characters = 100,
     .command = false,
     .passed_hosts = true},
    {.excerpt_characters = 0,
     .flow = false,
     .error_characters = 100,
     .command = false,
     .passed_hosts = false},
    {.excerpt_characters = 0,
     .flow = false,
     .error_characters = 0,
     .command = false,
     .passed_hosts = false},
};
#define STEP_COUNT (sizeof(steps) / sizeof(steps[0]))

struct size_limit {
    size_t bytes, characters; /* 0: none */
};

static bool fits(const char *message, struct size_limit limit)
{
    return (limit.bytes == 0 || strlen(message) <= limit.bytes) &&
           (limit.characters == 0 || escape_count_characters(message) <= limit.characters);
}

static char *write_with(const struct report *report, const struct scope_verdict *scope,
                        const struct layout_limits *limits, write_layout write)
{
    struct layout *layout = layout_new(report, scope, limits);
    char *message = write(layout);

    layout_free(layout);
    return message;
}

/* How many whole characters from the beginning of the message fit. */
static size_t fitting_bytes(const char *message, struct size_limit limit)
{
    size_t length = strlen(message), bytes = length;

    if (limit.characters > 0)
        bytes = escape_bytes_of_characters(message, limit.characters);
    if (limit.bytes > 0 && bytes > limit.bytes)
        bytes = limit.bytes;
    while (bytes > 0 && bytes < length && ((unsigned char)message[bytes] & 0xC0) == 0x80)
        bytes--;
    return bytes;
}

static size_t minus(size_t limit, size_t taken)
{
    return limit == 0 ? 0 : limit > taken ? limit - taken : 1;
}

/* The last resort: whole lines from the beginning, and a line that says that more is missing. */
static char *cut_lines(const struct report *report, const char *message, struct size_limit limit)
{
    char *notice = report->full_report
                       ? memory_format("Cut here. The full report: %s\n", report->full_report)
                       : memory_string("Cut here.\n");
    struct size_limit room = {minus(limit.bytes, strlen(notice)),
                              minus(limit.characters, escape_count_characters(notice))};
    size_t bytes = fitting_bytes(message, room);
    char *cut;

    while (bytes > 0 && message[bytes - 1] != '\n')
        bytes--;
    cut = memory_format("%.*s%s", (int)bytes, message, notice);
    cut[fitting_bytes(cut, limit)] = '\0';
    free(notice);
    return cut;
}

static char *render_limited(const struct report *report, const struct scope_verdict *scope,
                            struct size_limit limit, write_layout write)
{
    const struct layout_limits *first = report->whole ? &layout_whole_limits : &layout_usual_limits;
    char *message = write_with(report, scope, first, write), *cut;

    for (size_t i = 0; i < STEP_COUNT && !fits(message, limit); i++) {
        free(message);
        message = write_with(report, scope, &steps[i], write);
    }
    if (fits(message, limit))
        return message;
    cut = cut_lines(report, message, limit);
    free(message);
    return cut;
}

char *render_text(const struct report *report, const struct scope_verdict *scope)
{
    return render_text_limited(report, scope, 0, 0);
}

char *render_markdown(const struct report *report, const struct scope_verdict *scope)
{
    return render_markdown_limited(report, scope, 0, 0);
}

char *render_text_limited(const struct report *report, const struct scope_verdict *scope,
                          size_t limit_bytes, size_t limit_characters)
{
    return render_limited(report, scope, (struct size_limit){limit_bytes, limit_characters},
                          layout_to_text);
}

char *render_markdown_limited(const struct report *report, const struct scope_verdict *scope,
                              size_t limit_bytes, size_t limit_characters)
{
    return render_limited(report, scope, (struct size_limit){limit_bytes, limit_characters},
                          layout_to_markdown);
}
