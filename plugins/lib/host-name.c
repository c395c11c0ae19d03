#include "host-name.h"

#include <string.h>

#include "timestamp.h"

/* Ends of file names that are no part of a host's name; of several only the longest is taken off,
 * so ".cy.ts" stands beside ".ts". */
static const char *const spec_endings[] = {".ts", ".tsx", ".js", ".jsx", ".mjs", ".cjs", ".coffee"};
static const char *const spec_kinds[] = {".cy", ".spec", ".test"};
static const char *const artifact_endings[] = {".xml", ".json", ".txt", ".html", ".log"};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
/* "_001", appended by mochawesome-report-generator with overwrite: false. */
#define COUNTER_LENGTH 4
#define MD5_HEX_DIGITS 32

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_name_character(char c)
{
    return is_letter(c) || is_digit(c);
}

/* What may not stand directly before or after a name. */
static bool continues_a_word(char c)
{
    return is_name_character(c) || c == '-';
}

/* Length of text without one of the endings; unchanged where it has none or is nothing else. */
static size_t without_ending(const char *text, size_t length, const char *const *endings,
                             size_t count)
{
    for (size_t i = 0; i < count; i++) {
        size_t ending = strlen(endings[i]);

        if (length > ending && memcmp(text + length - ending, endings[i], ending) == 0)
            return length - ending;
    }
    return length;
}

static size_t without_spec_ending(const char *text, size_t length)
{
    size_t shorter = without_ending(text, length, spec_endings, COUNT(spec_endings));

    if (shorter == length)
        return length;
    return without_ending(text, shorter, spec_kinds, COUNT(spec_kinds));
}

static bool copy_name(const char *text, size_t length, char name[HOST_NAME_MAX_BYTES + 1])
{
    if (length == 0 || length > HOST_NAME_MAX_BYTES)
        return false;
    memcpy(name, text, length);
    name[length] = '\0';
    return true;
}

/* Length of "atvm", digits, '-' at the start of text; 0: something else stands there. */
static size_t machine_number_length(const char *text, size_t length)
{
    size_t at = 4;

    if (length < at || memcmp(text, "atvm", at) != 0)
        return 0;
    while (at < length && is_digit(text[at]))
        at++;
    return at > 4 && at < length && text[at] == '-' ? at + 1 : 0;
}

/* Length of letters, digits and inner dots at the start of text. */
static size_t system_length(const char *text, size_t length)
{
    size_t at = 0;

    while (at < length &&
           (is_name_character(text[at]) ||
            (text[at] == '.' && at > 0 && at + 1 < length && is_name_character(text[at + 1]))))
        at++;
    return at;
}

/* An ellipsis (U+2026) shows that the name was cut: what stands there is not all of it. */
static bool is_cut(const char *text, size_t length)
{
    return length >= 3 && memcmp(text, "\xe2\x80\xa6", 3) == 0;
}

/* Length of a machine name at the start of text, endings included; 0: none. */
static size_t machine_name_length(const char *text, size_t length)
{
    size_t number = machine_number_length(text, length);
    size_t system = number ? system_length(text + number, length - number) : 0;
    size_t end = number + system;

    if (system == 0)
        return 0;
    if (end < length && (continues_a_word(text[end]) || is_cut(text + end, length - end)))
        return 0;
    return end;
}

bool host_name_find(const char *text, size_t length, char name[HOST_NAME_MAX_BYTES + 1])
{
    for (size_t at = 0; at < length; at++) {
        const char *start = memchr(text + at, 'a', length - at);
        size_t found;

        if (!start)
            return false;
        at = (size_t)(start - text);
        if (at > 0 && continues_a_word(text[at - 1]))
            continue;
        found = machine_name_length(start, length - at);
        if (!found)
            continue;
        found = without_spec_ending(start, found);
        found = without_ending(start, found, artifact_endings, COUNT(artifact_endings));
        if (copy_name(start, found, name))
            return true;
    }
    return false;
}

bool host_name_of_spec(const char *path, size_t length, char name[HOST_NAME_MAX_BYTES + 1])
{
    size_t start = length;

    while (start > 0 && path[start - 1] != '/' && path[start - 1] != '\\')
        start--;
    return copy_name(path + start, without_spec_ending(path + start, length - start), name);
}

bool host_name_is_bookkeeping(const char *name)
{
    char spec[HOST_NAME_MAX_BYTES + 1];

    return name && host_name_of_spec(name, strlen(name), spec) &&
           strcmp(spec, "check-xml-files") == 0;
}

/* Length without the last ending. An ending is letters and digits after a dot, a letter first, so
 * that the "1" of "redhat9.1" is none. */
static size_t without_last_ending(const char *text, size_t length)
{
    size_t at = length;

    while (at > 0 && is_name_character(text[at - 1]))
        at--;
    return at > 0 && text[at - 1] == '.' && at < length && is_letter(text[at]) ? at - 1 : length;
}

static size_t without_counter(const char *text, size_t length)
{
    const char *counter = text + length - COUNTER_LENGTH;

    if (length <= COUNTER_LENGTH || counter[0] != '_' || !is_digit(counter[1]) ||
        !is_digit(counter[2]) || !is_digit(counter[3]))
        return length;
    return length - COUNTER_LENGTH;
}

/* Length without "_TIME" at its end; *ret_ns as timestamp_from_file_name gives it. */
static size_t without_time(const char *text, size_t length, int64_t *ret_ns)
{
    for (size_t at = 0; at < length; at++) {
        size_t taken;
        int64_t time_ns;

        if (!is_digit(text[at]) || (at > 0 && text[at - 1] != '_' && text[at - 1] != '-'))
            continue;
        time_ns = timestamp_from_file_name(text + at, &taken);
        if (time_ns < 0 || at + taken != length)
            continue;
        *ret_ns = time_ns;
        return at > 0 ? at - 1 : 0;
    }
    return length;
}

static bool is_md5(const char *text, size_t length)
{
    return length == MD5_HEX_DIGITS && strspn(text, "0123456789abcdefABCDEF") == length;
}

bool host_name_stem(const char *file_name, const char *prefix, char stem[HOST_NAME_MAX_BYTES + 1],
                    int64_t *ret_time_ns)
{
    size_t prefix_length = strlen(prefix);
    size_t length;

    *ret_time_ns = -1;
    if (strncmp(file_name, prefix, prefix_length) != 0 ||
        strlen(file_name + prefix_length) > HOST_NAME_MAX_BYTES)
        return false;
    strcpy(stem, file_name + prefix_length);
    length = without_last_ending(stem, strlen(stem));
    stem[length] = '\0';
    length = without_counter(stem, length);
    stem[length] = '\0';
    length = without_time(stem, length, ret_time_ns);
    stem[is_md5(stem, length) ? 0 : length] = '\0';
    return true;
}
