/*
 * The outline of a generated spec: where statements end, which functions it has, where tests
 * register. Found before the spec is walked. Pure.
 */
#ifndef ATVM_PLUGINS_SPEC_SPEC_OUTLINE_H
#define ATVM_PLUGINS_SPEC_SPEC_OUTLINE_H

#include "script-token.h"

#define SPEC_FUNCTIONS_MAX 1000

/* Tokens from first to last (excluded). */
struct range {
    size_t first, last;
};

/* A function that has a name; body: between its braces. */
struct spec_function {
    struct text name;
    struct range body;
};

struct spec_outline {
    const struct script *script;
    struct spec_function functions[SPEC_FUNCTIONS_MAX];
    size_t function_count;
    uint32_t *tests_before; /* for each token: how many before it register a test; count + 1 */
};

/* The script must outlive the outline. false: it has too many functions. To be freed either way. */
bool spec_outline_read(const struct script *script, struct spec_outline *outline);
void spec_outline_free(struct spec_outline *outline);

/* Whether a test registers somewhere in there, under whatever condition: an it() stands there, its
 * name is handed on, or a function that holds one is called. */
bool spec_holds_tests(const struct spec_outline *outline, struct range range);
/* NULL: there is no function of this name. */
const struct spec_function *spec_find_function(const struct spec_outline *outline,
                                               struct text name);

/* Whether the token is one of these words; NULL ends the list. */
bool script_is_one_of(const struct script *script, size_t index, const char *const *words);
/* "it" and "specify", not as a member of something. */
bool script_is_test_word(const struct script *script, size_t index);
/* An opening bracket. */
bool script_opens(const struct script *script, size_t index);
/* The token after this one; after a bracket's partner, where it opens one. */
size_t script_next(const struct script *script, size_t index);
/* The end of the expression statement that begins at `first`: after its ';', or where a new line
 * begins something else. */
size_t script_statement_end(const struct script *script, size_t first, size_t last);
/* Where a value's expression ends: before ',' or ';' at its own level. */
size_t script_value_end(const struct script *script, size_t first, size_t last);

#endif
