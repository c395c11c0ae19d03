#include "parse.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "allocate.h"
#include "error-text.h"
#include "event-log.h"
#include "host-name.h"
#include "line.h"
#include "utf8.h"

struct parser {
    enum text_layout layout;
    const char *rest; /* what has not been read yet */
    size_t rest_length;
    int64_t line; /* number of the line that was read last, from 1 */
    struct event_log log;
    struct host_result result;
    bool in_test;        /* a title was read, and no blank line since */
    bool in_message;     /* an event was read, and only its continuation since */
    bool in_bookkeeping; /* the tests of the bookkeeping spec are passed over */
    FILE *failure;       /* text of the failure marker that is being read; NULL: none */
    char *failure_text;
    size_t failure_length;
    int64_t failure_line;
};

/* ---------------------------------------------------------------- lines */

/* Takes the next line off the rest. *ret_complete: a newline ends it. false: nothing is left. */
static bool next_line(struct parser *parser, struct text_line *ret, bool *ret_complete)
{
    const char *start = parser->rest;
    const char *newline;
    size_t length;

    if (parser->rest_length == 0)
        return false;
    newline = memchr(start, '\n', parser->rest_length);
    length = newline ? (size_t)(newline - start) : parser->rest_length;
    *ret_complete = newline != NULL;
    parser->rest += length + (newline != NULL);
    parser->rest_length -= length + (newline != NULL);
    parser->line++;
    *ret = text_line_read(parser->layout, start, length);
    return true;
}

/* The kind of the line that comes next. */
static enum text_line_kind peek(const struct parser *parser)
{
    const char *newline = memchr(parser->rest, '\n', parser->rest_length);
    size_t length = newline ? (size_t)(newline - parser->rest) : parser->rest_length;

    return text_line_read(parser->layout, parser->rest, length).kind;
}

/* The built-in file begins with "SPEC:", or, cut at its beginning, inside of a test. */
static enum text_layout guess_layout(const char *text, size_t length)
{
    const char *newline = memchr(text, '\n', length);
    size_t first = newline ? (size_t)(newline - text) : length;

    if ((first > 0 && text[first - 1] == ':') || (first >= 4 && memcmp(text, "    ", 4) == 0))
        return TEXT_LAYOUT_BUILT_IN;
    return TEXT_LAYOUT_CUSTOM;
}

static void note_grammar(struct parser *parser, const char *what)
{
    host_result_damage(&parser->result, "line %" PRId64 " %s", parser->line, what);
}

/* ---------------------------------------------------------------- failure markers */

static struct event_log_entry *last_entry(struct parser *parser)
{
    struct event_log *log = &parser->log;

    return log->count > 0 ? &log->entries[log->count - 1] : event_log_add(log, "", 0);
}

static void begin_failure(struct parser *parser, const struct text_line *line)
{
    parser->failure = allocated(open_memstream(&parser->failure_text, &parser->failure_length));
    parser->failure_line = parser->line;
    fwrite(line->text, 1, line->text_length, parser->failure);
}

static void end_failure(struct parser *parser)
{
    if (!parser->failure)
        return;
    finish_text(parser->failure);
    parser->failure = NULL;
    event_log_fail(last_entry(parser), parser->failure_text, parser->failure_length,
                   parser->failure_line);
    free(parser->failure_text);
}

static bool has_type(const struct text_line *line, const char *type)
{
    return strlen(type) == line->type_length && memcmp(type, line->type, line->type_length) == 0;
}

/* Errors that passing tests write too: the browser's console, and requests of the page. */
static bool is_harmless_type(const struct text_line *line)
{
    return (line->type_length > 5 && memcmp(line->type, "cons:", 5) == 0) ||
           has_type(line, "cy:xhr") || has_type(line, "cy:fetch");
}

static void weigh_event(struct parser *parser, const struct text_line *line)
{
    struct event_log_entry *entry = last_entry(parser);
    int type_length = (int)line->type_length;

    if (is_harmless_type(line))
        return;
    if (line->severity == TEXT_SEVERITY_UNKNOWN)
        event_log_doubt(entry, "line %" PRId64 " has an unknown severity", parser->line);
    else if (line->severity != TEXT_SEVERITY_ERROR) {
        if (error_text_begins(line->text, line->text_length))
            event_log_doubt(entry, "line %" PRId64 " reads like an error that was thrown",
                            parser->line);
    } else if (has_type(line, "cy:command") || has_type(line, "cy:task")) {
        begin_failure(parser, line);
    } else {
        event_log_doubt(entry, "line %" PRId64 " is an error of the unknown type %.*s",
                        parser->line, type_length, line->type);
    }
}

/* A damaged line end joins the marker's line to the one before; a damaged indent makes a title of
 * it.
 */
static bool holds_marker(const struct text_line *line)
{
    static const char *const markers[] = {
        "cy:command error:", "cy:task error:", "cy:command (X):", "cy:task (X):"};

    for (size_t i = 0; i < sizeof(markers) / sizeof(markers[0]); i++)
        if (memmem(line->text, line->text_length, markers[i], strlen(markers[i])))
            return true;
    return false;
}

static void doubt_hidden_marker(struct parser *parser, const struct text_line *line)
{
    if (parser->log.count > 0 && holds_marker(line))
        event_log_doubt(last_entry(parser), "line %" PRId64 " holds a failure marker in its text",
                        parser->line);
}

/* ---------------------------------------------------------------- one line of each kind */

static void read_spec(struct parser *parser, const char *text, size_t length)
{
    char *spec = copy_text(text, length);

    parser->in_bookkeeping = host_name_is_bookkeeping(spec);
    if (parser->in_bookkeeping)
        parser->result.bookkeeping = true;
    else
        host_result_name_by_spec(&parser->result, spec, "a spec");
    free(spec);
}

/* A line at column 0 in front of all tests of the custom layout that has no events: the spec. */
static bool is_custom_spec(const struct parser *parser, const struct text_line *line)
{
    return parser->layout == TEXT_LAYOUT_CUSTOM && parser->log.count == 0 &&
           peek(parser) == TEXT_LINE_BLANK && !memmem(line->text, line->text_length, " -> ", 4) &&
           memchr(line->text, '.', line->text_length);
}

static void read_title(struct parser *parser, const struct text_line *line)
{
    if (is_custom_spec(parser, line)) {
        read_spec(parser, line->text, line->text_length);
        return;
    }
    if (parser->in_test && parser->layout == TEXT_LAYOUT_BUILT_IN)
        note_grammar(parser, "begins a test inside of another one");
    parser->in_test = true;
    if (!parser->in_bookkeeping)
        event_log_add(&parser->log, line->text, line->text_length);
}

static void read_event(struct parser *parser, const struct text_line *line)
{
    if (!parser->in_test)
        note_grammar(parser, "is an event outside of any test");
    parser->in_message = true;
    if (parser->in_bookkeeping)
        return;
    last_entry(parser)->event_count++;
    weigh_event(parser, line);
}

static void read_continuation(struct parser *parser, const struct text_line *line)
{
    if (!parser->in_message) {
        note_grammar(parser, "continues a message where there is none");
        return;
    }
    if (!parser->failure)
        return;
    putc('\n', parser->failure);
    fwrite(line->text, 1, line->text_length, parser->failure);
}

static void read_error(struct parser *parser, const struct text_line *line)
{
    parser->in_message = true;
    if (parser->in_bookkeeping)
        return;
    last_entry(parser)->event_count++;
    begin_failure(parser, line);
}

static void read_line(struct parser *parser, const struct text_line *line)
{
    if (line->kind != TEXT_LINE_CONTINUATION) {
        end_failure(parser);
        parser->in_message = false;
    }
    switch (line->kind) {
    case TEXT_LINE_BLANK:
        parser->in_test = false;
        break;
    case TEXT_LINE_SPEC:
        read_spec(parser, line->text, line->text_length);
        break;
    case TEXT_LINE_TITLE:
        read_title(parser, line);
        break;
    case TEXT_LINE_EVENT:
        read_event(parser, line);
        break;
    case TEXT_LINE_CONTINUATION:
        read_continuation(parser, line);
        break;
    case TEXT_LINE_ERROR:
        read_error(parser, line);
        break;
    case TEXT_LINE_UNKNOWN:
        note_grammar(parser, "is of no known form");
        break;
    }
    doubt_hidden_marker(parser, line);
}

/* ---------------------------------------------------------------- the whole */

/* A title or a spec that was cut off names somebody else; what an event's line says stays true. */
static bool is_sound_if_cut(enum text_line_kind kind)
{
    return kind == TEXT_LINE_EVENT || kind == TEXT_LINE_CONTINUATION || kind == TEXT_LINE_ERROR;
}

static void read_lines(struct parser *parser)
{
    struct text_line line;
    bool is_complete;

    while (next_line(parser, &line, &is_complete)) {
        if (!is_complete)
            note_grammar(parser, "is cut off: it is the last one and has no end");
        if (is_complete || is_sound_if_cut(line.kind))
            read_line(parser, &line);
    }
    end_failure(parser);
    if (parser->in_test && parser->layout == TEXT_LAYOUT_BUILT_IN)
        note_grammar(parser, "is the last one, inside of a test: it is cut off");
}

static void doubt_empty_tests(struct event_log *log)
{
    for (size_t i = 0; i < log->count; i++)
        if (log->entries[i].event_count == 0)
            event_log_doubt(&log->entries[i], "\"%s\" has no event", log->entries[i].title);
}

/* Length of the text that can be read. */
static size_t readable_length(const char *bytes, size_t length, struct host_result *result)
{
    const char *nul = memchr(bytes, '\0', length);
    size_t text = utf8_valid_length(bytes, nul ? (size_t)(nul - bytes) : length);

    if (length == 0)
        host_result_refuse(result, "is empty");
    else if (text < length)
        host_result_damage(result, "is not UTF-8 text at byte %zu", text);
    return text;
}

struct host_result reporter_txt_parse(const char *bytes, size_t length)
{
    struct parser parser = {.result = host_result_new("text-built-in", ATVM_BASIS_HINT)};

    parser.rest = bytes;
    parser.rest_length = readable_length(bytes, length, &parser.result);
    parser.layout = guess_layout(bytes, parser.rest_length);
    if (parser.layout == TEXT_LAYOUT_CUSTOM)
        parser.result.evidence.form = "text-custom";
    read_lines(&parser);
    parser.result.bookkeeping = parser.result.bookkeeping && parser.log.count == 0;
    if (!parser.result.bookkeeping && !parser.result.withheld) {
        doubt_empty_tests(&parser.log);
        event_log_settle(&parser.log);
        event_log_name_hosts(&parser.log, &parser.result);
        event_log_conclude(&parser.log, &parser.result);
    }
    event_log_free(&parser.log);
    return parser.result;
}
