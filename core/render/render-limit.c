#include "report.h"

#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "render-escape.h"
#include "render-layout.h"

/* A format. */
struct writer {
    char *(*write)(const struct layout *layout);
    bool markdown;
};

static const struct writer text_writer = {layout_to_text, false};
static const struct writer markdown_writer = {layout_to_markdown, true};

/* What a message loses to fit, step by step. Up to `one_part_steps` it is to fit as one part:
 * excerpts shrink, then the flow goes (R6.8). What follows is for messages that are too long even
 * for PARTS_MAX parts: what is left of the excerpts, the command and the errors go, the names of
 * hosts that passed last. */
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
/* A message that still does not fit as one after so many steps is sent in parts. */
static const size_t one_part_steps = 4;
/* Nobody reads more of them. */
#define PARTS_MAX 10

/* One message to be made. */
struct job {
    const struct report *report;
    const struct scope_verdict *scope;
    const struct writer *writer;
    struct message_limit limit;
};

/* The message without its tag, after so many steps; free() it. */
static char *write_after(const struct job *job, size_t step_count)
{
    const struct layout_limits *limits = step_count > 0       ? &steps[step_count - 1]
                                         : job->report->whole ? &layout_whole_limits
                                                              : &layout_usual_limits;
    struct layout *layout = layout_new(job->report, job->scope, limits);
    char *message = job->writer->write(layout);

    layout_free(layout);
    return message;
}

/* Its title, and that it goes on; free() it. */
static char *heading_of(const char *message)
{
    return memory_format("%.*s, continued", (int)strcspn(message, "\n"), message);
}

/* false: it takes more than PARTS_MAX parts; these hold its beginning, the first *ret_held bytes. */
static bool split(const struct job *job, const char *message, struct message_parts *ret,
                  size_t *ret_held)
{
    char *heading = heading_of(message);
    const struct message_split_settings settings = {.markdown = job->writer->markdown,
                                                    .limit = job->limit,
                                                    .parts_max = PARTS_MAX,
                                                    .heading = heading,
                                                    .tag = job->report->tag};

    *ret_held = message_split(message, &settings, ret);
    free(heading);
    return *ret_held == strlen(message);
}

/* The message after so many steps, if it takes no more than parts_max parts. */
static bool fits_after(const struct job *job, size_t step_count, size_t parts_max,
                       struct message_parts *ret)
{
    char *message = write_after(job, step_count);
    size_t held;
    bool fits = split(job, message, ret, &held) && ret->count <= parts_max;

    if (!fits)
        message_parts_clear(ret);
    free(message);
    return fits;
}

/* The fullest message that takes no more than parts_max parts. */
static bool fullest_within(const struct job *job, size_t first_step, size_t last_step,
                           size_t parts_max, struct message_parts *ret)
{
    for (size_t i = first_step; i <= last_step; i++)
        if (fits_after(job, i, parts_max, ret))
            return true;
    return false;
}

/* How many bytes of whole characters from the beginning of the message fit. */
static size_t fitting_bytes(const char *message, struct message_limit limit)
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

/* Whole lines from the beginning, and a line that says that more is missing; free() it. */
static char *cut_lines(const struct job *job, const char *message, size_t bytes)
{
    while (bytes > 0 && message[bytes - 1] != '\n')
        bytes--;
    if (!job->report->full_report)
        return memory_format("%.*sCut here.\n", (int)bytes, message);
    return memory_format("%.*sCut here. The full report: %s\n", (int)bytes, message,
                         job->report->full_report);
}

/* Where there is no room for a tag and a cut. */
static struct message_parts one_bare_part(const struct job *job, const char *message)
{
    struct message_parts parts = {NULL, 0, 0};
    char *cut = cut_lines(job, message, 0);

    if (fitting_bytes(cut, job->limit) < strlen(cut)) {
        free(cut);
        cut = memory_string(message);
    }
    cut[fitting_bytes(cut, job->limit)] = '\0';
    message_parts_add(&parts, cut);
    return parts;
}

/* The last resort: as many lines as PARTS_MAX parts hold, and that more is missing. */
static struct message_parts cut_to_parts(const struct job *job)
{
    char *message = write_after(job, STEP_COUNT);
    struct message_parts parts;
    size_t held;
    bool fits = split(job, message, &parts, &held);

    while (!fits && held > 0) {
        char *cut = cut_lines(job, message, held);
        size_t held_of_cut;

        message_parts_clear(&parts);
        fits = split(job, cut, &parts, &held_of_cut);
        /* Room for the line that says so. */
        held -= held < strlen(cut) - held_of_cut ? held : strlen(cut) - held_of_cut;
        free(cut);
    }
    if (!fits) {
        message_parts_clear(&parts);
        parts = one_bare_part(job, message);
    }
    free(message);
    return parts;
}

static struct message_parts render_parts(const struct job *job)
{
    struct message_parts parts;
    size_t fewest;

    if (fullest_within(job, 0, one_part_steps, 1, &parts))
        return parts;
    if (fits_after(job, one_part_steps, PARTS_MAX, &parts)) {
        /* Since it takes so many parts, they may as well hold more. */
        fewest = parts.count;
        message_parts_clear(&parts);
        fullest_within(job, 0, one_part_steps, fewest, &parts);
        return parts;
    }
    if (fullest_within(job, one_part_steps + 1, STEP_COUNT, PARTS_MAX, &parts))
        return parts;
    return cut_to_parts(job);
}

/* Without limits there is one part. */
static char *render_whole(const struct report *report, const struct scope_verdict *scope,
                          const struct writer *writer)
{
    struct message_parts parts =
        render_parts(&(struct job){report, scope, writer, (struct message_limit){0, 0}});
    char *message = TAKE_POINTER(parts.bodies[0]);

    message_parts_clear(&parts);
    return message;
}

char *render_text(const struct report *report, const struct scope_verdict *scope)
{
    return render_whole(report, scope, &text_writer);
}

char *render_markdown(const struct report *report, const struct scope_verdict *scope)
{
    return render_whole(report, scope, &markdown_writer);
}

struct message_parts render_text_parts(const struct report *report,
                                       const struct scope_verdict *scope,
                                       struct message_limit limit)
{
    return render_parts(&(struct job){report, scope, &text_writer, limit});
}

struct message_parts render_markdown_parts(const struct report *report,
                                           const struct scope_verdict *scope,
                                           struct message_limit limit)
{
    return render_parts(&(struct job){report, scope, &markdown_writer, limit});
}
