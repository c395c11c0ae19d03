#include "spec-outline.h"

#include <stdlib.h>
#include <string.h>

#include "allocate.h"

#define CALLS_DEEPEST 16 /* functions that call functions that hold tests */

/* ---------------------------------------------------------------- words */

bool script_is_one_of(const struct script *script, size_t index, const char *const *words)
{
    for (; *words; words++)
        if (script_is(script, index, *words))
            return true;
    return false;
}

bool script_is_test_word(const struct script *script, size_t index)
{
    static const char *const words[] = {"it", "specify", NULL};

    return script_is_one_of(script, index, words) &&
           (index == 0 || !script_is(script, index - 1, "."));
}

bool script_opens(const struct script *script, size_t index)
{
    static const char *const brackets[] = {"(", "[", "{", NULL};

    return script_is_one_of(script, index, brackets);
}

size_t script_next(const struct script *script, size_t index)
{
    return script_opens(script, index) ? script->tokens[index].partner + 1 : index + 1;
}

/* ---------------------------------------------------------------- ends of things */

/* Whether an expression goes on with this token though a new line begins. */
static bool continues(const struct script *script, size_t index)
{
    static const char *const operators[] = {
        ".",  "?.", "(",  "[",  "?",   ":",   "=", "+", "-",  "*",  "/",  "&&", "||",
        "??", ",",  "==", "!=", "===", "!==", "<", ">", "<=", ">=", "=>", "as", NULL};

    return script_is_one_of(script, index, operators);
}

/* Whether an expression is not over after this token. */
static bool wants_more(const struct script *script, size_t index)
{
    return script->tokens[index].kind == SCRIPT_PUNCTUATION && continues(script, index);
}

size_t script_statement_end(const struct script *script, size_t first, size_t last)
{
    size_t at = first;

    while (at < last) {
        size_t begun = at;
        bool in_bracket;

        if (script_is(script, at, ";"))
            return at + 1;
        at = script_next(script, at);
        in_bracket = at > begun + 1; /* what ended here is a whole bracket, and no operator */
        if (at < last && script->tokens[at].line > script->tokens[at - 1].line &&
            (in_bracket || !wants_more(script, at - 1)) && !continues(script, at))
            return at;
    }
    return last;
}

size_t script_value_end(const struct script *script, size_t first, size_t last)
{
    size_t end = script_statement_end(script, first, last), at = first;

    while (at < end && !script_is(script, at, ",") && !script_is(script, at, ";"))
        at = script_next(script, at);
    return at;
}

/* ---------------------------------------------------------------- functions */

const struct spec_function *spec_find_function(const struct spec_outline *outline, struct text name)
{
    for (size_t i = outline->function_count; i-- > 0;)
        if (text_equals(outline->functions[i].name, name))
            return &outline->functions[i];
    return NULL;
}

/* The name in "NAME =" that ends before the token at `at`; 0: none stands there. */
static size_t assigned_name(const struct script *script, size_t at)
{
    if (at > 0 && script_is(script, at - 1, "async"))
        at--;
    return at >= 2 && script_is(script, at - 1, "=") &&
                   script->tokens[at - 2].kind == SCRIPT_IDENTIFIER
               ? at - 2
               : 0;
}

/* The name of the function with a body in braces whose "=>" or "function" stands at `at`, and that
 * body's opening brace; 0: it has none. */
static size_t function_name(const struct script *script, size_t at, size_t *ret_open)
{
    size_t open = at + 1, parameters = at - (at > 0);

    *ret_open = open;
    if (script_is(script, at, "=>")) {
        if (!script_is(script, open, "{"))
            return 0;
        if (script_is(script, parameters, ")"))
            parameters = script->tokens[parameters].partner;
        return assigned_name(script, parameters);
    }
    if (!script_is(script, at, "function"))
        return 0;
    while (open < script->count && !script_is(script, open, "{"))
        open = script_is(script, open, "(") ? script->tokens[open].partner + 1 : open + 1;
    *ret_open = open;
    if (open >= script->count)
        return 0;
    return script->tokens[at + 1].kind == SCRIPT_IDENTIFIER ? at + 1 : assigned_name(script, at);
}

/* They may be called above the place where they are written. */
static bool find_functions(struct spec_outline *outline)
{
    const struct script *script = outline->script;

    for (size_t at = 0; at + 1 < script->count; at++) {
        size_t open, name = function_name(script, at, &open);

        if (name == 0)
            continue;
        if (outline->function_count == SPEC_FUNCTIONS_MAX)
            return false;
        outline->functions[outline->function_count++] = (struct spec_function){
            script->tokens[name].text, {open + 1, script->tokens[open].partner}};
    }
    return true;
}

/* ---------------------------------------------------------------- where tests register */

/* The word itself, wherever it stands: called, or handed on under another name. */
static bool registers_test(const struct script *script, size_t at)
{
    bool is_key = at > 0 && script_is(script, at + 1, ":") &&
                  (script_is(script, at - 1, "{") || script_is(script, at - 1, ","));

    return script_is_test_word(script, at) && !is_key;
}

static bool calls_function_with_tests(const struct spec_outline *outline, size_t at)
{
    const struct script *script = outline->script;
    const struct spec_function *function;

    if (script->tokens[at].kind != SCRIPT_IDENTIFIER || !script_is(script, at + 1, "("))
        return false;
    function = spec_find_function(outline, script->tokens[at].text);
    return function && spec_holds_tests(outline, function->body);
}

static void sum_up(struct spec_outline *outline, const bool *registers)
{
    uint32_t total = 0;

    for (size_t at = 0; at < outline->script->count; at++) {
        outline->tests_before[at] = total;
        total += registers[at];
    }
    outline->tests_before[outline->script->count] = total;
}

/* First the tests, then calls of functions that hold some, then calls of functions that hold such
 * calls. */
static void count_tests(struct spec_outline *outline)
{
    size_t count = outline->script->count;
    bool *registers = allocate(count, sizeof(*registers));
    bool changed = outline->function_count > 0;

    outline->tests_before = allocate(count + 1, sizeof(*outline->tests_before));
    for (size_t at = 0; at < count; at++)
        registers[at] = registers_test(outline->script, at);
    sum_up(outline, registers);
    for (unsigned round = 0; changed && round < CALLS_DEEPEST; round++) {
        changed = false;
        for (size_t at = 0; at < count; at++)
            if (!registers[at] && calls_function_with_tests(outline, at))
                registers[at] = changed = true;
        sum_up(outline, registers);
    }
    free(registers);
}

bool spec_holds_tests(const struct spec_outline *outline, struct range range)
{
    return outline->tests_before[range.last] > outline->tests_before[range.first];
}

bool spec_outline_read(const struct script *script, struct spec_outline *outline)
{
    memset(outline, 0, sizeof(*outline));
    outline->script = script;
    if (!find_functions(outline))
        return false;
    count_tests(outline);
    return true;
}

void spec_outline_free(struct spec_outline *outline)
{
    free(outline->tests_before);
    outline->tests_before = NULL;
}
