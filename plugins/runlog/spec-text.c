#include "spec-text.h"

#include <stdio.h>
#include <string.h>

#define PATH_INDENT        7   /* of the first title below a heading; nested ones have 2 more */
#define LINE_REST_MAX      200 /* bytes of one that are given up for a whole line */
#define MESSAGE_LINES_MORE 2   /* "> COMMAND" and the first line of its output */
#define STACK_INDENT_LEAST 4   /* V8 writes 4 spaces, mocha adds 2 */

void spec_text_begin(struct spec_text *spec)
{
    spec->place = SPEC_TEXT_TESTS;
    spec->numbered = 0;
    spec->failing = 0;
    spec->entry = 0;
    spec->part = SPEC_TEXT_NO_ENTRY;
    spec->hook = false;
    spec->after_blank = false;
    spec->cut = 0;
    byte_string_clear(&spec->step);
    byte_string_clear(&spec->steps);
    byte_string_clear(&spec->heading);
    byte_string_clear(&spec->head);
    byte_string_clear(&spec->tail);
}

void spec_text_free(struct spec_text *spec)
{
    byte_string_free(&spec->step);
    byte_string_free(&spec->steps);
    byte_string_free(&spec->heading);
    byte_string_free(&spec->head);
    byte_string_free(&spec->tail);
}

/* ---------------------------------------------------------------- titles */

static void add_step(struct spec_text *spec, struct text title)
{
    if (spec->steps.length + title.length + 1 > SPEC_TEXT_STEPS_MAX)
        return;
    if (spec->steps.length > 0)
        byte_string_append_character(&spec->steps, '\n', SPEC_TEXT_STEPS_MAX);
    byte_string_append(&spec->steps, title.bytes, title.length, SPEC_TEXT_STEPS_MAX);
}

/* "TITLE (1234ms)": mocha adds the time of slow tests. */
static struct text without_time(struct text title)
{
    struct text rest = title;
    size_t open = title.length;

    if (!text_ends_with(title, TEXT("ms)")))
        return title;
    while (open > 0 && title.bytes[open - 1] != '(')
        open--;
    if (open < 2)
        return title;
    rest = text_from(title, open);
    if (text_take_number(&rest) < 0 || !text_equals(rest, TEXT("ms)")))
        return title;
    return text_trim((struct text){title.bytes, open - 1});
}

static bool is_hook(struct text title)
{
    static const struct text hooks[] = {{"\"before each\" hook", 18},
                                        {"\"after each\" hook", 17},
                                        {"\"before all\" hook", 17},
                                        {"\"after all\" hook", 16}};

    for (size_t i = 0; i < sizeof(hooks) / sizeof(hooks[0]); i++)
        if (text_starts_with(title, hooks[i]))
            return true;
    return false;
}

static void set_step(struct spec_text *spec, struct text title)
{
    byte_string_clear(&spec->step);
    byte_string_append(&spec->step, title.bytes, title.length, SPEC_TEXT_STEP_MAX);
    byte_string_cut(&spec->step, SPEC_TEXT_STEP_MAX - 4);
    spec->hook = is_hook(title);
}

/* "1) TITLE" with the number that is due. */
static bool take_failure_number(struct text *rest, int64_t due)
{
    return text_take_number(rest) == due && text_take(rest, TEXT(") ")) && rest->length > 0;
}

/* A title line; false: it is none. */
static bool read_title(struct spec_text *spec, struct text trimmed)
{
    static const struct text passed[] = {{"✓ ", 4}, {"✔ ", 4}, {"√ ", 4}, {"- ", 2}};
    struct text rest = trimmed;

    for (size_t i = 0; i < sizeof(passed) / sizeof(passed[0]); i++)
        if (text_take(&rest, passed[i])) {
            add_step(spec, without_time(text_trim(rest)));
            return true;
        }
    if (!take_failure_number(&rest, spec->numbered + 1))
        return false;
    spec->numbered++;
    rest = text_trim(rest);
    if (spec->numbered == 1)
        set_step(spec, rest);
    if (!is_hook(rest))
        add_step(spec, rest);
    return true;
}

/* ---------------------------------------------------------------- the summary */

/* "  22 passing (25m)" */
static bool is_passing(struct text trimmed)
{
    return text_take_number(&trimmed) >= 0 && text_take(&trimmed, TEXT(" passing (")) &&
           text_ends_with(trimmed, TEXT(")"));
}

/* The N of "  N failing"; -1: it is something else. */
static int64_t failing_count(struct text trimmed)
{
    int64_t count = text_take_number(&trimmed);

    return text_equals(trimmed, TEXT(" failing")) ? count : -1;
}

static void read_summary(struct spec_text *spec, struct text trimmed)
{
    int64_t failing = failing_count(trimmed);

    if (failing > 0) {
        spec->place = SPEC_TEXT_FAILURES;
        spec->failing = failing;
    } else if (read_title(spec, trimmed)) {
        spec->place = SPEC_TEXT_TESTS; /* the summary was a test's own output */
    }
}

/* ---------------------------------------------------------------- the list of failures */

static bool is_stack(struct text line, struct text trimmed)
{
    return (text_indent(line) >= STACK_INDENT_LEAST && text_starts_with(trimmed, TEXT("at "))) ||
           text_equals(trimmed, TEXT("From Your Spec Code:")) ||
           text_equals(trimmed, TEXT("From Node.js Internals:"));
}

/* The error text begins; the path that led to it has told the title. It is believed before a
 * numbered line among the titles, which may have been a test's own output. */
static void begin_error(struct spec_text *spec)
{
    spec->part = SPEC_TEXT_ERROR;
    if (spec->entry == 1 && spec->heading.length > 0 && spec->heading_is_title)
        set_step(spec, (struct text){spec->heading.bytes, spec->heading.length});
}

/* One more line of the path "SUITE / SUITE / TITLE:"; false: the path ended before this line. */
static bool read_path(struct spec_text *spec, struct text line, struct text trimmed)
{
    bool is_last = text_ends_with(trimmed, TEXT(":"));
    struct text title = {trimmed.bytes, trimmed.length - (is_last ? 1 : 0)};
    struct text step = {spec->step.bytes, spec->step.length};

    if (trimmed.length == 0 || text_indent(line) != spec->path_indent)
        return false;
    spec->path_indent += 2;
    byte_string_clear(&spec->heading);
    byte_string_append(&spec->heading, title.bytes, title.length, SPEC_TEXT_STEP_MAX);
    spec->heading_is_title = is_last;
    if (is_last && spec->entry == 1 && step.length > 0 && text_equals(title, step))
        begin_error(spec);
    return true;
}

/* Keeps the beginning and the end of a text of any size. */
static void keep_error_line(struct spec_text *spec, struct text line)
{
    const size_t no_limit = (size_t)-1;
    struct text kept = {line.bytes, line.length};

    if (spec->head.length == 0) {
        kept = text_trim(line); /* mocha indents the first line only */
        if (kept.length == 0)
            return;
    }
    if (spec->tail.length == 0 && spec->cut == 0 &&
        spec->head.length + kept.length < SPEC_TEXT_HEAD_MAX) {
        byte_string_append(&spec->head, kept.bytes, kept.length, no_limit);
        byte_string_append_character(&spec->head, '\n', no_limit);
        return;
    }
    if (kept.length > SPEC_TEXT_TAIL_MAX) {
        if (spec->head.length == 0) {
            byte_string_append(&spec->head, kept.bytes, kept.length, SPEC_TEXT_HEAD_MAX);
            byte_string_cut(&spec->head, SPEC_TEXT_HEAD_MAX - 4);
            kept = text_from(kept, spec->head.length);
        }
        if (kept.length > SPEC_TEXT_TAIL_MAX) {
            spec->cut += kept.length - SPEC_TEXT_TAIL_MAX;
            kept = text_from(kept, kept.length - SPEC_TEXT_TAIL_MAX);
        }
    }
    byte_string_append(&spec->tail, kept.bytes, kept.length, no_limit);
    byte_string_append_character(&spec->tail, '\n', no_limit);
    if (spec->tail.length > 4 * SPEC_TEXT_TAIL_MAX) {
        size_t surplus = spec->tail.length - SPEC_TEXT_TAIL_MAX;

        memmove(spec->tail.bytes, spec->tail.bytes + surplus, SPEC_TEXT_TAIL_MAX + 1);
        spec->tail.length = SPEC_TEXT_TAIL_MAX;
        spec->cut += surplus;
    }
}

static bool begins_entry(const struct spec_text *spec, struct text line, struct text trimmed)
{
    return spec->after_blank && text_indent(line) == 2 && spec->entry < spec->failing &&
           take_failure_number(&trimmed, spec->entry + 1);
}

static void read_failure(struct spec_text *spec, struct text line, struct text trimmed)
{
    if (begins_entry(spec, line, trimmed)) {
        spec->entry++;
        spec->part = SPEC_TEXT_PATH;
        spec->path_indent = PATH_INDENT;
        byte_string_clear(&spec->heading);
        spec->heading_is_title = false;
        return;
    }
    if (spec->part == SPEC_TEXT_PATH) {
        if (read_path(spec, line, trimmed))
            return;
        begin_error(spec);
    }
    if (spec->part != SPEC_TEXT_ERROR)
        return;
    if (is_stack(line, trimmed))
        spec->part = SPEC_TEXT_STACK;
    else if (spec->entry == 1)
        keep_error_line(spec, line);
}

void spec_text_line(struct spec_text *spec, struct text line)
{
    struct text trimmed = text_trim(line);

    switch (spec->place) {
    case SPEC_TEXT_TESTS:
        if (!read_title(spec, trimmed) && text_indent(line) == 2 && is_passing(trimmed))
            spec->place = SPEC_TEXT_SUMMARY;
        break;
    case SPEC_TEXT_SUMMARY:
        read_summary(spec, trimmed);
        break;
    case SPEC_TEXT_FAILURES:
        read_failure(spec, line, trimmed);
        break;
    }
    spec->after_blank = trimmed.length == 0;
}

/* ---------------------------------------------------------------- what is made of it */

/* Takes the next line that is not blank off the front of *rest; empty: there is none. */
static struct text next_line(struct text *rest)
{
    struct text line = {rest->bytes, 0};

    while (rest->length > 0 && line.length == 0) {
        const char *end = memchr(rest->bytes, '\n', rest->length);
        size_t length = end ? (size_t)(end - rest->bytes) : rest->length;

        line = text_trim((struct text){rest->bytes, length});
        *rest = text_from(*rest, end ? length + 1 : length);
    }
    return line;
}

static void append_line(struct byte_string *message, struct text line)
{
    if (line.length == 0)
        return;
    byte_string_append_character(message, '\n', SPEC_TEXT_MESSAGE_MAX + 4);
    byte_string_append(message, line.bytes, line.length, SPEC_TEXT_MESSAGE_MAX + 4);
}

void spec_text_message(const struct spec_text *spec, struct byte_string *message)
{
    struct text rest = {spec->head.bytes, spec->head.length}, line = next_line(&rest);

    byte_string_clear(message);
    byte_string_append(message, line.bytes, line.length, SPEC_TEXT_MESSAGE_MAX + 4);
    if (text_ends_with(line, TEXT(":")))
        for (int i = 0; i < MESSAGE_LINES_MORE; i++)
            append_line(message, next_line(&rest));
    byte_string_cut(message, SPEC_TEXT_MESSAGE_MAX);
}

static void drop_trailing_blanks(struct byte_string *string)
{
    while (string->length > 0 && memchr(" \t\n", string->bytes[string->length - 1], 3))
        byte_string_cut(string, string->length - 1);
}

/* Where the rest of a line begins with a cut, the next line is the first that can be read. */
static struct text whole_lines(struct text tail)
{
    size_t near = tail.length < LINE_REST_MAX ? tail.length : LINE_REST_MAX;
    const char *newline = memchr(tail.bytes, '\n', near);
    size_t rest = newline ? (size_t)(newline - tail.bytes) + 1 : 0;

    return rest < tail.length ? text_from(tail, rest) : tail;
}

void spec_text_excerpt(const struct spec_text *spec, struct byte_string *excerpt)
{
    const size_t limit = SPEC_TEXT_HEAD_MAX + SPEC_TEXT_TAIL_MAX + 128;
    struct text tail = {spec->tail.bytes, spec->tail.length};
    size_t cut = spec->cut + tail.length;
    char note[64];

    if (tail.length > SPEC_TEXT_TAIL_MAX)
        tail = text_from(tail, tail.length - SPEC_TEXT_TAIL_MAX);
    if (cut > tail.length)
        tail = whole_lines(tail);
    cut -= tail.length;
    while (cut > 0 && tail.length > 0 && ((unsigned char)tail.bytes[0] & 0xc0) == 0x80)
        tail = text_from(tail, 1);
    byte_string_clear(excerpt);
    byte_string_append(excerpt, spec->head.bytes, spec->head.length, limit);
    if (cut > 0) {
        int length = snprintf(note, sizeof(note), "[... %zu bytes left out ...]\n", cut);

        byte_string_append(excerpt, note, (size_t)length, limit);
    }
    byte_string_append(excerpt, tail.bytes, tail.length, limit);
    drop_trailing_blanks(excerpt);
}
