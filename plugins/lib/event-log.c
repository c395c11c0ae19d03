#include "event-log.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "allocate.h"
#include "error-text.h"

#define SEPARATOR        " -> "
#define SEPARATOR_LENGTH 4
#define ATTEMPT_START    " (Attempt "

/* ---------------------------------------------------------------- taking a path apart */

/* Length of path without " (Attempt N)"; *ret_attempt: N, 0 where there is none. */
static size_t without_attempt(const char *path, size_t length, unsigned *ret_attempt)
{
    size_t digits = length;
    size_t start = strlen(ATTEMPT_START);
    unsigned attempt = 0;

    *ret_attempt = 0;
    if (length == 0 || path[length - 1] != ')')
        return length;
    digits--;
    while (digits > 0 && isdigit((unsigned char)path[digits - 1]))
        digits--;
    if (digits == length - 1 || length - 1 - digits > 4 || digits < start ||
        memcmp(path + digits - start, ATTEMPT_START, start) != 0)
        return length;
    for (size_t i = digits; i < length - 1; i++)
        attempt = attempt * 10 + (unsigned)(path[i] - '0');
    *ret_attempt = attempt;
    return digits - start;
}

/* "12. Verify data": the titles of the generated specs. */
static bool is_numbered(const char *title)
{
    const char *end = title;

    while (isdigit((unsigned char)*end))
        end++;
    return end > title && *end == '.';
}

/*
 * Where the title starts in a path: after the last separator in front of a numbered title, so that
 * a title may hold the separator itself; where none is numbered, after the last one.
 */
static const char *find_title(const char *path)
{
    const char *last = path, *numbered = is_numbered(path) ? path : NULL;

    for (const char *at = strstr(path, SEPARATOR); at; at = strstr(at + 1, SEPARATOR)) {
        last = at + SEPARATOR_LENGTH;
        if (is_numbered(last))
            numbered = last;
    }
    return numbered ? numbered : last;
}

/* "[[ before all #1 ]]" of cypress-terminal-report, "\"before each\" hook ..." of mocha. */
static bool is_hook_title(const char *title)
{
    size_t length = strlen(title);

    if (length >= 6 && strncmp(title, "[[ ", 3) == 0 && strcmp(title + length - 3, " ]]") == 0)
        return true;
    return (strncmp(title, "\"before ", 8) == 0 || strncmp(title, "\"after ", 7) == 0) &&
           strstr(title, "\" hook") != NULL;
}

/* ---------------------------------------------------------------- filling */

struct event_log_entry *event_log_add(struct event_log *log, const char *path, size_t length)
{
    struct event_log_entry entry = {.duration_ns = -1, .line = -1};

    entry.path = copy_text(path, without_attempt(path, length, &entry.attempt));
    entry.title = find_title(entry.path);
    if (entry.title > entry.path)
        entry.suite_length = (size_t)(entry.title - entry.path) - SEPARATOR_LENGTH;
    entry.is_hook = is_hook_title(entry.title);
    log->entries = grow_array(log->entries, log->count, &log->capacity, sizeof(*log->entries));
    log->entries[log->count] = entry;
    return &log->entries[log->count++];
}

void event_log_free(struct event_log *log)
{
    for (size_t i = 0; i < log->count; i++) {
        free(log->entries[i].path);
        free(log->entries[i].message);
        free(log->entries[i].excerpt);
        free(log->entries[i].doubt);
    }
    free(log->entries);
    *log = (struct event_log){0};
}

/* Appends text below what the excerpt holds, within its limit. */
static void add_to_excerpt(struct event_log_entry *entry, const char *text, size_t length)
{
    size_t used = entry->excerpt ? strlen(entry->excerpt) + 1 : 0;
    char *more, *both;

    if (used >= ERROR_EXCERPT_LIMIT)
        return;
    more = error_text_clean(text, length, ERROR_EXCERPT_LIMIT - used);
    if (!more)
        return;
    if (!entry->excerpt) {
        entry->excerpt = more;
        return;
    }
    both = format_text("%s\n%s", entry->excerpt, more);
    free(more);
    free(entry->excerpt);
    entry->excerpt = both;
}

void event_log_fail(struct event_log_entry *entry, const char *text, size_t length, int64_t line)
{
    if (!entry->has_marker)
        entry->line = line;
    entry->has_marker = true;
    if (!entry->message)
        entry->message = error_text_of_command(text, length);
    add_to_excerpt(entry, text, length);
}

void event_log_doubt(struct event_log_entry *entry, const char *format, ...)
{
    va_list arguments;

    if (entry->doubt)
        return;
    va_start(arguments, format);
    entry->doubt = vformat_text(format, arguments);
    va_end(arguments);
}

/* ---------------------------------------------------------------- concluding */

struct path_position {
    const char *path;
    size_t position;
};

static int compare_positions(const void *left, const void *right)
{
    const struct path_position *a = left, *b = right;
    int order = strcmp(a->path, b->path);

    if (order != 0)
        return order;
    return a->position < b->position ? -1 : a->position > b->position;
}

/* Whether `later`, which stands after `entry` and has its path, is another attempt at it. */
static bool is_later_attempt(const struct event_log_entry *entry,
                             const struct event_log_entry *later)
{
    return entry->attempt > 0 && (later->attempt == 0 || later->attempt > entry->attempt);
}

/* `positions`: those of one path, in order. The last one of each series of attempts counts. */
static void settle_path(struct event_log *log, const struct path_position *positions, size_t count)
{
    for (size_t i = 0; i + 1 < count; i++) {
        struct event_log_entry *entry = &log->entries[positions[i].position];

        entry->was_retried = is_later_attempt(entry, &log->entries[positions[i + 1].position]);
    }
}

void event_log_settle(struct event_log *log)
{
    struct path_position *positions = allocate(log->count + 1, sizeof(*positions));
    size_t start = 0;

    for (size_t i = 0; i < log->count; i++)
        positions[i] = (struct path_position){log->entries[i].path, i};
    qsort(positions, log->count, sizeof(*positions), compare_positions);
    for (size_t i = 1; i <= log->count; i++) {
        if (i < log->count && strcmp(positions[i].path, positions[start].path) == 0)
            continue;
        settle_path(log, positions + start, i - start);
        start = i;
    }
    free(positions);
}

bool event_log_counts(const struct event_log_entry *entry)
{
    return !entry->was_retried && !entry->is_hook;
}

bool event_log_failed(const struct event_log_entry *entry)
{
    return entry->has_marker || entry->state == TEST_STATE_FAILED;
}

/* A line break inside a title would make two of it. */
static void write_title(FILE *stream, const char *title)
{
    for (; *title; title++)
        putc(*title == '\n' ? ' ' : *title, stream);
}

char *event_log_steps(const struct event_log *log)
{
    char *steps = NULL;
    size_t length = 0;
    FILE *stream = allocated(open_memstream(&steps, &length));
    bool is_first = true;

    for (size_t i = 0; i < log->count; i++) {
        if (!event_log_counts(&log->entries[i]))
            continue;
        if (!is_first)
            putc('\n', stream);
        is_first = false;
        write_title(stream, log->entries[i].title);
    }
    finish_text(stream);
    return steps;
}

void event_log_name_hosts(const struct event_log *log, struct host_result *result)
{
    for (size_t i = 0; i < log->count; i++)
        host_result_name_by_title(result, log->entries[i].path, log->entries[i].suite_length,
                                  "a suite's title");
}

static char *copy_or_null(const char *text)
{
    return text ? copy_string(text) : NULL;
}

bool event_log_first_failure(const struct event_log *log, struct host_result *result)
{
    struct atvm_evidence *evidence = &result->evidence;

    for (size_t i = 0; i < log->count; i++) {
        const struct event_log_entry *entry = &log->entries[i];

        if (entry->was_retried || !event_log_failed(entry))
            continue;
        evidence->step = entry->title[0] != '\0' ? copy_or_null(entry->title) : NULL;
        evidence->message = copy_or_null(entry->message);
        evidence->excerpt = copy_or_null(entry->excerpt);
        if (entry->is_hook)
            evidence->flags |= ATVM_EVIDENCE_HOOK;
        if (entry->line >= 0) {
            evidence->locator = entry->line;
            evidence->locator_unit = ATVM_LOCATOR_LINE;
        }
        return true;
    }
    return false;
}

void event_log_pass_on_doubts(const struct event_log *log, struct host_result *result)
{
    for (size_t i = 0; i < log->count; i++)
        if (!log->entries[i].was_retried && log->entries[i].doubt)
            host_result_doubt(result, "%s", log->entries[i].doubt);
}

static void count_entries(const struct event_log *log, struct atvm_evidence *evidence)
{
    evidence->tests = evidence->failed = 0;
    for (size_t i = 0; i < log->count; i++) {
        if (!event_log_counts(&log->entries[i]))
            continue;
        evidence->tests++;
        evidence->failed += event_log_failed(&log->entries[i]);
    }
    evidence->passed = evidence->tests - evidence->failed;
    evidence->pending = evidence->skipped = 0;
}

void event_log_conclude(const struct event_log *log, struct host_result *result)
{
    struct atvm_evidence *evidence = &result->evidence;

    count_entries(log, evidence);
    evidence->steps = event_log_steps(log);
    event_log_pass_on_doubts(log, result);
    evidence->outcome =
        event_log_first_failure(log, result) ? ATVM_OUTCOME_FAIL : ATVM_OUTCOME_PASS;
    if (evidence->tests > 0)
        return;
    host_result_damage(result, "holds no test");
    if (evidence->outcome == ATVM_OUTCOME_PASS)
        evidence->outcome = ATVM_OUTCOME_NONE;
}
