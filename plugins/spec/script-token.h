/*
 * The tokens of a TypeScript or JavaScript file, as far as configuration files and generated specs
 * need them: comments are gone, strings and templates are whole, brackets know their partner.
 * Pure.
 */
#ifndef ATVM_PLUGINS_SPEC_SCRIPT_TOKEN_H
#define ATVM_PLUGINS_SPEC_SCRIPT_TOKEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "line-text.h"

enum script_token_kind {
    SCRIPT_IDENTIFIER, /* names and keywords */
    SCRIPT_STRING,     /* '…', "…", or `…` without substitutions; see script_string */
    SCRIPT_TEMPLATE,   /* `…${…}…` */
    SCRIPT_NUMBER,
    SCRIPT_REGEX,
    SCRIPT_PUNCTUATION /* one operator, or one of ( ) [ ] { } */
};

struct script_token {
    enum script_token_kind kind;
    struct text text; /* as it stands in the file, quotes included */
    uint32_t line;    /* from 1 */
    uint32_t partner; /* brackets: index of the other one */
};

/* The tokens of one file; they point into its text. */
struct script {
    struct script_token *tokens;
    size_t count;
    size_t capacity;
};

/* Files with more tokens than this are no generated specs. */
#define SCRIPT_TOKENS_MAX 2000000
/* Brackets may be nested this deep. */
#define SCRIPT_DEPTH_MAX 500

/*
 * Takes `source` apart. false where it does not balance: a string, template, comment, regular
 * expression or bracket that is not closed, or closed by another one; *ret_line is then the line
 * and *ret_reason (static) says what. The script is to be freed either way.
 */
bool script_read(struct text source, struct script *script, uint32_t *ret_line,
                 const char **ret_reason);
void script_free(struct script *script);

/* The value of a STRING token, escapes resolved; replaces *value. */
void script_string(const struct script_token *token, struct byte_string *value);

/* Whether the token at index is this punctuation or name; false beyond the end. */
bool script_is(const struct script *script, size_t index, const char *text);

#endif
