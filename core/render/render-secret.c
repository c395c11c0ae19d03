#include "render-secret.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define MASK "***"

/* How far into an address what makes it a secret one is looked for: text of nothing but addresses
 * must not take quadratic time. */
#define ADDRESS_LOOKED_AT 200

/* Part of a text: the bytes from start to before end; empty: none. */
struct span {
    size_t start, end;
};

static const struct span no_span = {0, 0};

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Characters of option and variable names. */
static bool is_name(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '-';
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* strncasecmp depends on the locale. `word` is in lower case. */
static bool begins_with(const char *text, const char *word)
{
    for (; *word; text++, word++)
        if (lower(*text) != *word)
            return false;
    return true;
}

static size_t skip_blanks(const char *text, size_t at)
{
    while (text[at] == ' ' || text[at] == '\t')
        at++;
    return at;
}

/* Index of the quote that closes the one at `at`, on the same line; 0: none does. */
static size_t closing_quote(const char *text, size_t at)
{
    for (size_t i = at + 1; text[i] && text[i] != '\n'; i++) {
        if (text[i] == text[at])
            return i;
        if (text[i] == '\\' && text[at] == '"' && text[i + 1])
            i++;
    }
    return 0;
}

/* A quote that closes something around the value, rather than opening a part of it. */
static bool closes_what_is_around(const char *text, size_t at)
{
    return text[at + 1] == '\0' || is_space(text[at + 1]) || strchr(")}];,", text[at + 1]);
}

/* The value at `at` as a shell would read it: quoted parts belong to it, white space ends it. */
static struct span value_at(const char *text, size_t at)
{
    struct span value = {at, at};
    size_t i = at, close;

    for (; text[i] && !is_space(text[i]); i++) {
        if (text[i] == '\\' && text[i + 1] && !is_space(text[i + 1])) {
            i++;
        } else if (text[i] == '"' || text[i] == '\'') {
            if (i > at && closes_what_is_around(text, i))
                break;
            close = closing_quote(text, i);
            i = close ? close : i;
        }
    }
    while (i > at && strchr(",;)}]", text[i - 1]))
        i--;
    value.end = i;
    return value;
}

static bool is_masked_already(const char *text, struct span value)
{
    size_t stars = 0;

    for (size_t i = value.start; i < value.end; i++) {
        if (text[i] != '*' && text[i] != '\'' && text[i] != '"')
            return false;
        stars += text[i] == '*';
    }
    return stars > 0;
}

/* Does the name that ends before `end` end like one of a secret? */
static bool names_secret(const char *text, size_t start, size_t end)
{
    static const char *const endings[] = {"key",    "token",    "secret",
                                          "passwd", "password", "passphrase", "sshpass"};

    for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
        size_t length = strlen(endings[i]);

        if (end - start >= length && begins_with(text + end - length, endings[i]))
            return true;
    }
    return false;
}

/* "--key X", "--record-key=X". `at`: where a word begins. */
static struct span option_value(const char *text, size_t at)
{
    size_t end = at;

    if (text[at] != '-' || text[at + 1] != '-')
        return no_span;
    while (is_name(text[end]))
        end++;
    if (!names_secret(text, at + 2, end) || (text[end] != '=' && !is_space(text[end])))
        return no_span;
    end = text[end] == '=' ? end + 1 : skip_blanks(text, end);
    return text[end] == '-' && text[end + 1] == '-' ? no_span : value_at(text, end);
}

/* Is the word before `at` sshpass, by whatever path? */
static bool follows_sshpass(const char *text, size_t at)
{
    while (at > 0 && is_space(text[at - 1]))
        at--;
    return at >= 7 && strncmp(text + at - 7, "sshpass", 7) == 0;
}

/* A number is a port, and a path what "mkdir -p" makes: error messages are full of those. */
static bool is_port_or_path(const char *text, struct span value)
{
    size_t i = value.start;

    if (text[i] && strchr("/.~$", text[i]))
        return true;
    while (i < value.end && is_digit(text[i]))
        i++;
    return i == value.end;
}

/* "-p X", "sshpass -pX". */
static struct span short_option_value(const char *text, size_t at)
{
    bool sshpass;
    struct span value;

    if (text[at] != '-' || text[at + 1] != 'p')
        return no_span;
    sshpass = follows_sshpass(text, at);
    if (!is_space(text[at + 2]))
        return sshpass ? value_at(text, at + 2) : no_span;
    value = value_at(text, skip_blanks(text, at + 2));
    return sshpass || !is_port_or_path(text, value) ? value : no_span;
}

/* "NAME=X", "\"name\": \"X\"". A colon counts only between quotes: "Invalid token: x" is prose; a
 * mere "key" is any key. */
static struct span assigned_value(const char *text, size_t at)
{
    size_t end = at;
    bool quoted;

    while (is_name(text[end]))
        end++;
    if (end - at <= strlen("key") || !names_secret(text, at, end))
        return no_span;
    quoted = at > 0 && text[end] && text[at - 1] == text[end] && strchr("\"'", text[end]);
    end = skip_blanks(text, end + quoted);
    if (text[end] != '=' && !(quoted && text[end] == ':'))
        return no_span;
    end = skip_blanks(text, end + 1);
    return text[end] == '=' ? no_span : value_at(text, end);
}

static struct span bearer_value(const char *text, size_t at)
{
    return begins_with(text + at, "bearer ") ? value_at(text, skip_blanks(text, at + 7)) : no_span;
}

/* The end of an address, or where `limit` bytes of it end. */
static size_t end_of_address(const char *text, size_t at, size_t limit)
{
    size_t end = at;

    while (end - at < limit && text[end] && !is_space(text[end]) && !strchr("'\"<>|`", text[end]))
        end++;
    return end;
}

/* "user:X@host/...": X. `end` is where the address ends. */
static struct span password_in_address(const char *text, size_t host, size_t end)
{
    size_t colon = 0;

    for (size_t i = host; i < end && text[i] != '/'; i++) {
        if (text[i] == ':' && colon == 0)
            colon = i;
        else if (text[i] == '@' && colon > 0 && i > colon + 1)
            return (struct span){colon + 1, i};
    }
    return no_span;
}

/* The length of what announces a secret at `text`; 0: nothing does. */
static size_t address_mark(const char *text)
{
    static const char *const marks[] = {"/hooks/", "hooks.slack.com/services/"};

    for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
        if (begins_with(text, marks[i]))
            return strlen(marks[i]);
    return begins_with(text, "/bot") && is_digit(text[4]) ? 4 : 0;
}

/* The secret part of a web address that begins at `at`. */
static struct span address_secret(const char *text, size_t at)
{
    struct span password;
    size_t end, host;

    if (!begins_with(text + at, "http://") && !begins_with(text + at, "https://"))
        return no_span;
    end = end_of_address(text, at, ADDRESS_LOOKED_AT);
    host = at + strcspn(text + at, "/") + 2;
    password = password_in_address(text, host, end);
    if (password.end > 0)
        return password;
    for (size_t i = host; i < end; i++) {
        size_t mark = address_mark(text + i);

        if (mark > 0)
            return (struct span){i + mark, end_of_address(text, i + mark, SIZE_MAX)};
    }
    return no_span;
}

/* The secret that the word at `at` announces. */
static struct span secret_at(const char *text, size_t at)
{
    static struct span (*const rules[])(const char *, size_t) = {
        option_value, short_option_value, assigned_value, bearer_value, address_secret};

    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
        struct span value = rules[i](text, at);

        if (value.end > value.start)
            return is_masked_already(text, value) ? no_span : value;
    }
    return no_span;
}

char *secret_mask(struct obstack *memory, const char *text)
{
    size_t at = 0;

    text = text ? text : "";
    while (text[at]) {
        bool word_begins = at == 0 || !is_name(text[at - 1]);
        struct span value = word_begins ? secret_at(text, at) : no_span;

        if (value.end > value.start) {
            obstack_grow(memory, text + at, (int)(value.start - at));
            obstack_grow(memory, MASK, sizeof(MASK) - 1);
            at = value.end;
        } else {
            obstack_1grow(memory, text[at++]);
        }
    }
    obstack_1grow(memory, '\0');
    return obstack_finish(memory);
}
