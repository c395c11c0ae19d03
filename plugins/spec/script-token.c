#include "script-token.h"

#include <stdlib.h>
#include <string.h>

#include "allocate.h"

/* Where the reading stands. */
struct reader {
    struct text source;
    size_t at;
    uint32_t line;
    const char *reason; /* why it ended too early; NULL: it did not */
};

static char peek(const struct reader *reader, size_t ahead)
{
    size_t at = reader->at + ahead;

    return at < reader->source.length ? reader->source.bytes[at] : '\0';
}

static bool at_end(const struct reader *reader)
{
    return reader->at >= reader->source.length;
}

static void step(struct reader *reader)
{
    if (reader->source.bytes[reader->at] == '\n')
        reader->line++;
    reader->at++;
}

static bool fail(struct reader *reader, const char *reason)
{
    reader->reason = reason;
    return false;
}

static bool is_digit(char character)
{
    return character >= '0' && character <= '9';
}

/* Bytes above ASCII may be part of a name, too. */
static bool is_name_start(char character)
{
    return (character >= 'a' && character <= 'z') || (character >= 'A' && character <= 'Z') ||
           character == '_' || character == '$' || character == '@' || character == '#' ||
           (unsigned char)character >= 0x80;
}

/* ---------------------------------------------------------------- what is passed over */

/* false: a block comment is not closed. */
static bool skip_comment(struct reader *reader)
{
    if (peek(reader, 1) == '/') {
        while (!at_end(reader) && peek(reader, 0) != '\n')
            step(reader);
        return true;
    }
    reader->at += 2;
    while (!at_end(reader) && !(peek(reader, 0) == '*' && peek(reader, 1) == '/'))
        step(reader);
    if (at_end(reader))
        return fail(reader, "a comment is not closed");
    reader->at += 2;
    return true;
}

static bool is_space(char character)
{
    return character == ' ' || character == '\t' || character == '\n' || character == '\r' ||
           character == '\f' || character == '\v';
}

/* Blanks, comments, a byte order mark. */
static bool skip_blanks(struct reader *reader)
{
    while (!at_end(reader)) {
        if (is_space(peek(reader, 0)))
            step(reader);
        else if (peek(reader, 0) == '/' && (peek(reader, 1) == '/' || peek(reader, 1) == '*')) {
            if (!skip_comment(reader))
                return false;
        } else if (reader->source.length - reader->at >= 3 &&
                   memcmp(reader->source.bytes + reader->at, "\xef\xbb\xbf", 3) == 0)
            reader->at += 3;
        else
            break;
    }
    return true;
}

/* ---------------------------------------------------------------- single tokens */

static bool read_string(struct reader *reader)
{
    char quote = peek(reader, 0);

    step(reader);
    while (!at_end(reader) && peek(reader, 0) != quote) {
        if (peek(reader, 0) == '\n')
            return fail(reader, "a string is not closed");
        if (peek(reader, 0) == '\\')
            step(reader);
        if (!at_end(reader))
            step(reader);
    }
    if (at_end(reader))
        return fail(reader, "a string is not closed");
    step(reader);
    return true;
}

static bool read_template(struct reader *reader, unsigned depth, bool *ret_dynamic);

/* "${…}" inside a template, the part after "${". */
static bool read_substitution(struct reader *reader, unsigned depth)
{
    unsigned open = 1;
    bool dynamic;

    while (!at_end(reader)) {
        char character = peek(reader, 0);

        if (character == '\'' || character == '"') {
            if (!read_string(reader))
                return false;
            continue;
        }
        if (character == '`') {
            if (!read_template(reader, depth + 1, &dynamic))
                return false;
            continue;
        }
        step(reader);
        open += character == '{';
        open -= character == '}';
        if (open == 0)
            return true;
    }
    return fail(reader, "a template is not closed");
}

static bool read_template(struct reader *reader, unsigned depth, bool *ret_dynamic)
{
    *ret_dynamic = false;
    if (depth > 32)
        return fail(reader, "templates are nested too deep");
    step(reader);
    while (!at_end(reader) && peek(reader, 0) != '`') {
        if (peek(reader, 0) == '$' && peek(reader, 1) == '{') {
            *ret_dynamic = true;
            reader->at += 2;
            if (!read_substitution(reader, depth))
                return false;
            continue;
        }
        if (peek(reader, 0) == '\\')
            step(reader);
        if (!at_end(reader))
            step(reader);
    }
    if (at_end(reader))
        return fail(reader, "a template is not closed");
    step(reader);
    return true;
}

static bool read_regex(struct reader *reader)
{
    bool in_class = false;

    step(reader);
    while (!at_end(reader) && peek(reader, 0) != '\n' && (in_class || peek(reader, 0) != '/')) {
        if (peek(reader, 0) == '\\')
            step(reader);
        else if (peek(reader, 0) == '[')
            in_class = true;
        else if (peek(reader, 0) == ']')
            in_class = false;
        if (!at_end(reader) && peek(reader, 0) != '\n')
            step(reader);
    }
    if (at_end(reader) || peek(reader, 0) == '\n')
        return fail(reader, "a regular expression is not closed");
    step(reader);
    while (is_name_start(peek(reader, 0)))
        step(reader);
    return true;
}

static void read_operator(struct reader *reader)
{
    /* longer ones first; "</" and the like do not matter here */
    static const char *const operators[] = {
        "===", "!==", "...", "**=", "&&=", "||=", "\?\?=", "==", "!=", "=>", "&&",
        "||",  "??",  "?.",  "<=",  ">=",  "++",  "--",    "+=", "-=", "*=", "/="};

    for (size_t i = 0; i < sizeof(operators) / sizeof(operators[0]); i++) {
        size_t length = strlen(operators[i]);

        if (reader->source.length - reader->at >= length &&
            memcmp(reader->source.bytes + reader->at, operators[i], length) == 0) {
            reader->at += length;
            return;
        }
    }
    reader->at++;
}

/* A '/' begins a regular expression where no value stands before it. */
static bool regex_may_follow(const struct script *script)
{
    static const char *const words[] = {"return", "typeof", "case", "in", "of", "else", "do"};
    const struct script_token *last;

    if (script->count == 0)
        return true;
    last = &script->tokens[script->count - 1];
    if (last->kind == SCRIPT_PUNCTUATION)
        return last->text.bytes[0] != ')' && last->text.bytes[0] != ']';
    if (last->kind != SCRIPT_IDENTIFIER)
        return false;
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (text_equals(last->text, (struct text){words[i], strlen(words[i])}))
            return true;
    return false;
}

/* Reads the token that stands at the reader's place. */
static bool read_token(struct reader *reader, const struct script *script,
                       struct script_token *token)
{
    size_t start = reader->at;
    char first = peek(reader, 0);
    bool dynamic = false, good = true;

    token->line = reader->line;
    if (first == '\'' || first == '"') {
        token->kind = SCRIPT_STRING;
        good = read_string(reader);
    } else if (first == '`') {
        good = read_template(reader, 0, &dynamic);
        token->kind = dynamic ? SCRIPT_TEMPLATE : SCRIPT_STRING;
    } else if (is_name_start(first)) {
        token->kind = SCRIPT_IDENTIFIER;
        while (is_name_start(peek(reader, 0)) || is_digit(peek(reader, 0)))
            step(reader);
    } else if (is_digit(first)) {
        token->kind = SCRIPT_NUMBER;
        while (is_digit(peek(reader, 0)) || is_name_start(peek(reader, 0)) ||
               (peek(reader, 0) == '.' && is_digit(peek(reader, 1))))
            step(reader);
    } else if (first == '/' && regex_may_follow(script)) {
        token->kind = SCRIPT_REGEX;
        good = read_regex(reader);
    } else {
        token->kind = SCRIPT_PUNCTUATION;
        read_operator(reader);
    }
    token->text = (struct text){reader->source.bytes + start, reader->at - start};
    return good;
}

/* ---------------------------------------------------------------- the whole file */

static void add_token(struct script *script, const struct script_token *token)
{
    script->tokens =
        grow_array(script->tokens, script->count, &script->capacity, sizeof(*script->tokens));
    script->tokens[script->count++] = *token;
}

static char bracket_of(const struct script_token *token)
{
    return token->kind == SCRIPT_PUNCTUATION && token->text.length == 1 ? token->text.bytes[0]
                                                                        : '\0';
}

/* Open brackets by their token, innermost last. */
struct nesting {
    uint32_t open[SCRIPT_DEPTH_MAX];
    size_t depth;
};

static bool match_bracket(struct reader *reader, struct script *script, struct nesting *nesting)
{
    static const char opening[] = "([{", closing[] = ")]}";
    uint32_t index = (uint32_t)script->count - 1;
    char bracket = bracket_of(&script->tokens[index]);
    const char *kind;

    if (bracket == '\0')
        return true;
    if (strchr(opening, bracket)) {
        if (nesting->depth == SCRIPT_DEPTH_MAX)
            return fail(reader, "brackets are nested too deep");
        nesting->open[nesting->depth++] = index;
        return true;
    }
    kind = strchr(closing, bracket);
    if (!kind)
        return true;
    if (nesting->depth == 0)
        return fail(reader, "a bracket is closed that was not opened");
    script->tokens[index].partner = nesting->open[--nesting->depth];
    script->tokens[script->tokens[index].partner].partner = index;
    if (bracket_of(&script->tokens[script->tokens[index].partner]) != opening[kind - closing])
        return fail(reader, "a bracket is closed by another kind");
    return true;
}

static bool read_all(struct reader *reader, struct script *script, struct nesting *nesting)
{
    while (skip_blanks(reader) && !at_end(reader)) {
        struct script_token token = {0};

        if (!read_token(reader, script, &token))
            return false;
        if (script->count == SCRIPT_TOKENS_MAX)
            return fail(reader, "it is too long");
        add_token(script, &token);
        if (!match_bracket(reader, script, nesting))
            return false;
    }
    return reader->reason == NULL;
}

bool script_read(struct text source, struct script *script, uint32_t *ret_line,
                 const char **ret_reason)
{
    struct reader reader = {.source = source, .line = 1};
    struct nesting nesting = {.depth = 0};

    memset(script, 0, sizeof(*script));
    if (!read_all(&reader, script, &nesting)) {
        *ret_line = reader.line;
        *ret_reason = reader.reason;
        return false;
    }
    if (nesting.depth > 0) {
        *ret_line = script->tokens[nesting.open[nesting.depth - 1]].line;
        *ret_reason = "a bracket is not closed";
        return false;
    }
    return true;
}

void script_free(struct script *script)
{
    free(script->tokens);
    memset(script, 0, sizeof(*script));
}

/* ---------------------------------------------------------------- looking at tokens */

static char unescaped(char character)
{
    switch (character) {
    case 'n':
        return '\n';
    case 't':
        return '\t';
    case 'r':
        return '\r';
    default:
        return character;
    }
}

/* The code point of "XXXX" or "{X…}" after "\u", taken off the front of *rest; 0: none. */
static uint32_t take_code_point(struct text *rest)
{
    bool braces = rest->length > 0 && rest->bytes[0] == '{';
    size_t at = braces ? 1 : 0, digits = 0;
    uint32_t code = 0;

    while (at < rest->length && digits < (braces ? 6u : 4u)) {
        static const char hex[] = "0123456789abcdef";
        const char *digit = memchr(hex, rest->bytes[at] | 0x20, 16);

        if (!digit)
            break;
        code = code * 16 + (uint32_t)(digit - hex);
        at++;
        digits++;
    }
    if (digits == 0 || (braces && (at == rest->length || rest->bytes[at++] != '}')))
        return 0;
    *rest = text_from(*rest, at);
    return code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff) ? 0 : code;
}

static void append_code_point(struct byte_string *value, uint32_t code)
{
    char bytes[4];
    size_t length = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    static const unsigned char lead[] = {0, 0, 0xc0, 0xe0, 0xf0};

    for (size_t i = length - 1; i > 0; i--) {
        bytes[i] = (char)(0x80 | (code & 0x3f));
        code >>= 6;
    }
    bytes[0] = (char)(lead[length] | code);
    byte_string_append(value, bytes, length, (size_t)-1);
}

void script_string(const struct script_token *token, struct byte_string *value)
{
    struct text rest = {token->text.bytes + 1, token->text.length - 2};

    byte_string_clear(value);
    byte_string_append(value, "", 0, 0);
    while (rest.length > 0) {
        char character = rest.bytes[0];

        rest = text_from(rest, 1);
        if (character == '\\' && rest.length > 0) {
            character = unescaped(rest.bytes[0]);
            rest = text_from(rest, 1);
            if (character == 'u') {
                uint32_t code = take_code_point(&rest);

                if (code > 0)
                    append_code_point(value, code);
                continue;
            }
            if (character == '\n' && rest.bytes[-1] == '\n')
                continue; /* a line continuation */
        }
        byte_string_append_character(value, character, (size_t)-1);
    }
}

bool script_is(const struct script *script, size_t index, const char *text)
{
    return index < script->count && script->tokens[index].kind != SCRIPT_STRING &&
           text_equals(script->tokens[index].text, (struct text){text, strlen(text)});
}
