#include "log-line.h"

#include <string.h>
#include <strings.h>

#define PREFIX_LONGEST 120 /* bytes of time and logger names in front of a message */

static bool is_letter(char character)
{
    return (character >= 'a' && character <= 'z') || (character >= 'A' && character <= 'Z');
}

static bool is_digit(char character)
{
    return character >= '0' && character <= '9';
}

/* ---------------------------------------------------------------- what may stand in front */

static bool is_level(struct text word)
{
    static const char *const levels[] = {"TRACE", "DEBUG",   "INFO",  "NOTICE",
                                         "WARN",  "WARNING", "ERROR", "CRITICAL"};

    for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++)
        if (word.length == strlen(levels[i]) &&
            strncasecmp(word.bytes, levels[i], word.length) == 0)
            return true;
    return false;
}

/* "2026-04-21", "18:20:00,123", "2026-04-21T18:20:00.123Z", "21" */
static bool is_time(struct text word)
{
    if (word.length == 0 || !is_digit(word.bytes[0]))
        return false;
    for (size_t i = 0; i < word.length; i++)
        if (!is_digit(word.bytes[i]) && !memchr("-:.,/TZ+|", word.bytes[i], 9))
            return false;
    return true;
}

/* "-", "|", ">", an emoji; but none of the marks that reporters put before a title. */
static bool is_decoration(struct text word)
{
    static const struct text marks[] = {{"✓", 3}, {"✔", 3}, {"✖", 3}, {"√", 3}, {"×", 2}};

    for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
        if (text_starts_with(word, marks[i]))
            return false;
    for (size_t i = 0; i < word.length; i++)
        if ((unsigned char)word.bytes[i] < 0x80 && !memchr("-|>*:", word.bytes[i], 5))
            return false;
    return word.length > 0;
}

/* A logger's or program's name: "root", "run-sorry-cypress.py", "app[12]". */
static bool is_name(struct text word)
{
    if (word.length == 0 || !is_letter(word.bytes[0]))
        return false;
    for (size_t i = 0; i < word.length; i++)
        if (!is_letter(word.bytes[i]) && !is_digit(word.bytes[i]) &&
            !memchr("-_.:/[]", word.bytes[i], 7))
            return false;
    return true;
}

/* "[2026-04-21 18:20:00]" or "(run-sorry-cypress)" taken off the front; false: none stands there.
 */
static bool take_bracketed(struct text *rest)
{
    char close;
    const char *end;

    if (rest->length == 0 || (rest->bytes[0] != '[' && rest->bytes[0] != '('))
        return false;
    close = rest->bytes[0] == '[' ? ']' : ')';
    end = memchr(rest->bytes, close, rest->length);
    if (!end)
        return false;
    *rest = text_from(*rest, (size_t)(end - rest->bytes) + 1);
    text_take(rest, TEXT(":"));
    *rest = text_trim(*rest);
    return true;
}

/* State of walking over what stands in front of a message. */
struct prefix {
    struct text rest;
    bool timed;     /* a time was among it: bare words may follow */
    unsigned words; /* bare words so far */
};

/* One more part of the prefix is taken off; false: what follows is none. */
static bool prefix_step(struct prefix *prefix)
{
    struct text rest = prefix->rest, word;

    if (take_bracketed(&rest)) {
        prefix->timed = true;
        prefix->rest = rest;
        return true;
    }
    word = text_take_word(&rest);
    if (is_time(word))
        prefix->timed = true;
    else if (is_name(word) && !is_level(word) && word.bytes[word.length - 1] != ':') {
        if (!prefix->timed || ++prefix->words > 2)
            return false;
    } else if (!is_level(word) && !is_decoration(word) && !is_name(word))
        return false;
    prefix->rest = rest;
    return true;
}

/* ---------------------------------------------------------------- messages by their beginning */

/* A URL at the front of the text, up to the next blank; empty: there is none. */
static struct text first_url(struct text text)
{
    struct text url;

    text = text_trim(text);
    url = text_take_word(&text);
    if (!text_starts_with(url, TEXT("http://")) && !text_starts_with(url, TEXT("https://")))
        url.length = 0;
    return url;
}

static bool take_url(struct text message, struct text label, struct text *ret_url)
{
    if (!text_take(&message, label))
        return false;
    *ret_url = first_url(message);
    return ret_url->length > 0;
}

static struct text without_quotes(struct text word)
{
    if (word.length >= 2 && (word.bytes[0] == '"' || word.bytes[0] == '\'') &&
        word.bytes[word.length - 1] == word.bytes[0])
        return (struct text){word.bytes + 1, word.length - 2};
    return word;
}

/* What the command line says after --ci-build-id; empty: nothing. */
static struct text announced_name(struct text command)
{
    const struct text option = TEXT("--ci-build-id");

    while (command.length > 0) {
        struct text word = text_take_word(&command);

        if (text_equals(word, option))
            return without_quotes(text_take_word(&command));
        if (text_take(&word, TEXT("--ci-build-id=")))
            return without_quotes(word);
    }
    return (struct text){command.bytes, 0};
}

/* "Category batch 1 of 3: redhat" */
static bool match_category(struct text message, struct text *ret_group)
{
    if (!text_take(&message, TEXT("Category batch ")) || text_take_number(&message) < 0 ||
        !text_take(&message, TEXT(" of ")) || text_take_number(&message) < 0 ||
        !text_take(&message, TEXT(":")))
        return false;
    *ret_group = text_trim(message);
    return ret_group->length > 0;
}

static bool match_discovered(struct text message)
{
    return text_take(&message, TEXT("Discovered ")) && text_take_number(&message) >= 0 &&
           (text_equals(message, TEXT(" spec files")) || text_equals(message, TEXT(" spec file")));
}

/* Takes "(1/3)" or "(1 of 3)" off the end of *text. */
static bool take_position(struct text *text, struct text between)
{
    struct text position;
    size_t open = text->length;

    if (text->length == 0 || text->bytes[text->length - 1] != ')')
        return false;
    while (open > 0 && text->bytes[open - 1] != '(')
        open--;
    if (open == 0)
        return false;
    position = (struct text){text->bytes + open, text->length - open - 1};
    if (text_take_number(&position) < 0 || !text_take(&position, between) ||
        text_take_number(&position) < 0 || position.length > 0)
        return false;
    *text = text_trim((struct text){text->bytes, open - 1});
    return text->length > 0;
}

/* "Running:", which Cypress cuts to "Runni…" on a narrow terminal. */
static bool take_running(struct text *message)
{
    return text_take(message, TEXT("Running:")) || text_take(message, TEXT("Runnin…")) ||
           text_take(message, TEXT("Runni…")) || text_take(message, TEXT("Runn…"));
}

static enum log_line_kind match_running(struct text message, struct text *ret_specs)
{
    if (!take_running(&message) || message.length == 0 || message.bytes[0] != ' ')
        return LOG_LINE_OTHER;
    *ret_specs = text_trim(message);
    if (take_position(ret_specs, TEXT("/")))
        return LOG_LINE_CLAIMED;
    return take_position(ret_specs, TEXT(" of ")) ? LOG_LINE_RUNNING : LOG_LINE_OTHER;
}

/* "Run cancelled: REASON. Waiting for uploads to complete and stopping execution..." */
static bool match_cancelled(struct text message, struct text *ret_reason)
{
    const char *tail;

    if (!text_take(&message, TEXT("Run cancelled:")))
        return false;
    *ret_reason = text_trim(message);
    tail = memmem(ret_reason->bytes, ret_reason->length, ". Waiting for uploads", 21);
    if (tail)
        ret_reason->length = (size_t)(tail - ret_reason->bytes);
    return true;
}

/* "Cypress runner crashed: …" and "Cypress runner failed with message: …" */
static bool match_crashed(struct text message)
{
    if (text_starts_with(message, TEXT("Cypress runner crashed")) ||
        text_starts_with(message, TEXT("Cypress runner failed with message")))
        return true;
    return text_take(&message, TEXT("Cypress")) && message.length > 0 &&
           memmem(message.bytes, message.length, "runner failed with message:", 27);
}

/* The message as it stands, without anything in front. */
static enum log_line_kind match_message(struct text message, struct text *ret_argument)
{
    const struct text confirmed =
        TEXT("Detected 'Recorded Run' after 'Cloud Run Finished' - results uploaded successfully");

    *ret_argument = message;
    switch (message.length > 0 ? message.bytes[0] : '\0') {
    case 'C':
        if (match_category(message, ret_argument))
            return LOG_LINE_CATEGORY;
        return match_crashed(message) ? LOG_LINE_CRASHED : LOG_LINE_OTHER;
    case 'D':
        if (match_discovered(message))
            return LOG_LINE_DISCOVERED;
        if (text_take(&message, confirmed) &&
            (message.length == 0 || text_equals(message, TEXT("."))))
            return LOG_LINE_UPLOAD_CONFIRMED;
        return LOG_LINE_OTHER;
    case 'E':
        if (!text_take(&message, TEXT("Extracted specPattern:")))
            return LOG_LINE_OTHER;
        *ret_argument = text_trim(message);
        return LOG_LINE_SPEC_PATTERN;
    case 'R':
        if (text_take(&message, TEXT("Running command:"))) {
            *ret_argument = announced_name(text_trim(message));
            return LOG_LINE_COMMAND;
        }
        if (take_url(message, TEXT("Run URL:"), ret_argument))
            return LOG_LINE_RUN_URL;
        if (take_url(message, TEXT("Recorded Run:"), ret_argument))
            return LOG_LINE_RECORDED_RUN;
        if (match_cancelled(message, ret_argument))
            return LOG_LINE_CANCELLED;
        return match_running(message, ret_argument);
    default:
        return LOG_LINE_OTHER;
    }
}

/* ---------------------------------------------------------------- lines that stand alone */

/* "script.sh: line 12:  4242 Killed                  npx …", as bash reports a killed child. */
static bool is_shell_report(struct text line)
{
    const char *at = memmem(line.bytes, line.length, ": line ", 7);
    struct text rest;

    if (!at)
        return false;
    rest = text_from(line, (size_t)(at - line.bytes) + 7);
    if (text_take_number(&rest) < 0 || !text_take(&rest, TEXT(":")))
        return false;
    rest = text_trim(rest);
    if (text_take_number(&rest) < 0)
        return false;
    rest = text_trim(rest);
    rest = text_take_word(&rest);
    return text_equals(rest, TEXT("Killed")) || text_equals(rest, TEXT("Terminated"));
}

/* How shells, Python, npm and Node report that a signal ended something. */
static bool is_interrupt(struct text line)
{
    static const struct text whole[] = {
        {"KeyboardInterrupt", 17}, {"^C", 2},        {"Terminated", 10}, {"Killed", 6},
        {"Terminated: 15", 14},    {"Killed: 9", 9}, {"Hangup", 6},      {"Interrupted", 11}};
    static const struct text starts[] = {{"^CTraceback (most recent call last)", 35},
                                         {"Received SIGTERM", 16},
                                         {"Received SIGINT", 15},
                                         {"Received SIGHUP", 15},
                                         {"npm ERR! signal SIG", 19},
                                         {"npm error signal SIG", 20},
                                         {"Exiting due to SIG", 18}};

    for (size_t i = 0; i < sizeof(whole) / sizeof(whole[0]); i++)
        if (text_equals(line, whole[i]))
            return true;
    for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++)
        if (text_starts_with(line, starts[i]))
            return true;
    return memmem(line.bytes, line.length, "died with <Signals.SIG", 22) || is_shell_report(line);
}

/* A box-drawing character, U+2500 to U+257F. */
static bool is_drawn(struct text text)
{
    return text.length >= 3 && (unsigned char)text.bytes[0] == 0xe2 &&
           ((unsigned char)text.bytes[1] == 0x94 || (unsigned char)text.bytes[1] == 0x95);
}

static enum log_line_kind match_whole_line(struct text line, struct text trimmed)
{
    if (trimmed.length == 0)
        return LOG_LINE_BLANK;
    if (trimmed.bytes[0] == '=' || is_drawn(trimmed)) {
        if (text_is_rule(trimmed))
            return LOG_LINE_RULE;
        return trimmed.bytes[0] == '=' ? LOG_LINE_OTHER : LOG_LINE_DRAWN;
    }
    if (text_equals(trimmed, TEXT("Cloud Run Finished")))
        return LOG_LINE_CLOUD_TITLE;
    if (text_equals(trimmed, TEXT("(Results)")))
        return LOG_LINE_RESULTS_TITLE;
    if (text_equals(trimmed, TEXT("(Run Finished)")))
        return LOG_LINE_RUN_FINISHED_TITLE;
    return text_indent(line) == 0 && is_interrupt(trimmed) ? LOG_LINE_INTERRUPT : LOG_LINE_OTHER;
}

struct log_line log_line_classify(struct text line)
{
    struct text trimmed = text_trim(line);
    struct log_line result = {LOG_LINE_OTHER, trimmed, text_indent(line), false};
    struct prefix prefix = {trimmed, false, 0};

    result.kind = match_whole_line(line, trimmed);
    if (result.kind != LOG_LINE_OTHER)
        return result;
    for (;;) {
        result.kind = match_message(prefix.rest, &result.argument);
        if (result.kind != LOG_LINE_OTHER || !prefix_step(&prefix) || prefix.rest.length == 0 ||
            prefix.rest.bytes - trimmed.bytes > PREFIX_LONGEST)
            break;
        result.labelled = true;
    }
    if (result.kind == LOG_LINE_OTHER)
        result.argument = trimmed;
    return result;
}
