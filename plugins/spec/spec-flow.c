#include "spec-flow.h"

#include <stdlib.h>
#include <string.h>

#include "allocate.h"
#include "spec-outline.h"

#define CALLS_MAX  16 /* functions that call each other, this deep */
#define STEPS_MAX  10000
#define CALLED_MAX 200000 /* tokens in the bodies of all calls together: a hundred specs' */

/* How the part that is walked is executed. */
enum passage { PASSAGE_CLOSED, PASSAGE_OPEN, PASSAGE_UNKNOWN };

struct flow_walk {
    const struct script *script;
    struct script_scope scope;
    struct spec_flow *flow;
    struct spec_outline outline;
    unsigned calls; /* of functions inside of functions */
    size_t called;  /* tokens in the bodies of all calls so far */
    unsigned depth; /* of branches inside of branches */
};

/* ---------------------------------------------------------------- words */

static const struct script_token *token_at(const struct flow_walk *walk, size_t index)
{
    return &walk->script->tokens[index];
}

static bool is(const struct flow_walk *walk, size_t index, const char *text)
{
    return script_is(walk->script, index, text);
}

static bool is_retired_word(const struct flow_walk *walk, size_t index)
{
    static const char *const words[] = {"xit", "xspecify", "xdescribe", "xcontext", NULL};

    return script_is_one_of(walk->script, index, words);
}

static bool is_suite_word(const struct flow_walk *walk, size_t index)
{
    static const char *const words[] = {"describe", "context", NULL};

    return script_is_one_of(walk->script, index, words) && !is(walk, index - 1, ".");
}

static bool is_hook_word(const struct flow_walk *walk, size_t index)
{
    static const char *const words[] = {"before", "after", "beforeEach", "afterEach", NULL};

    return script_is_one_of(walk->script, index, words);
}

static bool holds_tests(const struct flow_walk *walk, size_t first, size_t last)
{
    return spec_holds_tests(&walk->outline, (struct range){first, last});
}

/* There is no flow: the first reason counts. */
static void no_flow(struct flow_walk *walk, size_t index, const char *reason)
{
    if (walk->flow->reason)
        return;
    walk->flow->reason = reason;
    walk->flow->bad_line = index < walk->script->count ? token_at(walk, index)->line : 0;
}

/* ---------------------------------------------------------------- tests */

/* "12. TITLE" */
static bool is_numbered(const char *title)
{
    struct text rest = {title, strlen(title)};

    return text_take_number(&rest) >= 0 && text_starts_with(rest, TEXT("."));
}

static void add_step(struct flow_walk *walk, size_t index, const char *title)
{
    struct spec_flow *flow = walk->flow;

    if (flow->count == STEPS_MAX) {
        no_flow(walk, index, "it has too many tests");
        return;
    }
    flow->steps = grow_array(flow->steps, flow->count, &flow->capacity, sizeof(*flow->steps));
    flow->steps[flow->count++] =
        (struct flow_step){copy_string(title), token_at(walk, index)->line};
}

/* Appends what a template's `${NAME}` is worth; false: it is not known. */
static bool append_name(const struct flow_walk *walk, struct text name, struct byte_string *title)
{
    const struct script_value *value = script_names_find(&walk->scope.constants, text_trim(name));

    if (!value || value->kind != SCRIPT_VALUE_STRING)
        return false;
    byte_string_append(title, value->string, strlen(value->string), (size_t)-1);
    return true;
}

/* A template whose substitutions are names of known strings. */
static bool template_title(const struct flow_walk *walk, const struct script_token *token,
                           struct byte_string *title)
{
    struct text rest = {token->text.bytes + 1, token->text.length - 2};

    byte_string_clear(title);
    while (rest.length > 0) {
        const char *end;

        if (!text_take(&rest, TEXT("${"))) {
            byte_string_append_character(title, rest.bytes[0], (size_t)-1);
            rest = text_from(rest, 1);
            continue;
        }
        end = memchr(rest.bytes, '}', rest.length);
        if (!end ||
            !append_name(walk, (struct text){rest.bytes, (size_t)(end - rest.bytes)}, title))
            return false;
        rest = text_from(rest, (size_t)(end - rest.bytes) + 1);
    }
    return true;
}

/* The title of the test whose argument list opens at `open`; false: it is computed. */
static bool read_title(const struct flow_walk *walk, size_t open, struct byte_string *title)
{
    size_t close = token_at(walk, open)->partner;
    size_t end = script_value_end(walk->script, open + 1, close);
    struct script_value value;
    bool known;

    if (end == open + 2 && token_at(walk, open + 1)->kind == SCRIPT_TEMPLATE)
        return template_title(walk, token_at(walk, open + 1), title);
    value = script_evaluate(&walk->scope, open + 1, end);
    known = value.kind == SCRIPT_VALUE_STRING;
    byte_string_clear(title);
    if (known)
        byte_string_append(title, value.string, strlen(value.string), (size_t)-1);
    script_value_free(&value);
    return known;
}

/* it("N. …", …): `open` is its bracket. */
static void take_test(struct flow_walk *walk, size_t index, size_t open, enum passage passage)
{
    struct byte_string title = {0};

    if (passage == PASSAGE_UNKNOWN)
        no_flow(walk, index, "whether this test runs depends on something that is not known");
    else if (!read_title(walk, open, &title))
        no_flow(walk, index, "the title of this test is computed");
    else if (is_numbered(title.bytes ? title.bytes : ""))
        add_step(walk, index, title.bytes);
    byte_string_free(&title);
}

/* ---------------------------------------------------------------- the walk */

static enum passage walk_range(struct flow_walk *walk, size_t first, size_t last,
                               enum passage passage);

/* What a part is executed like if it stands under a condition that is true, false or unknown. */
static enum passage under(enum passage passage, int truth)
{
    if (passage == PASSAGE_CLOSED || truth == 0)
        return PASSAGE_CLOSED;
    return truth == 1 ? passage : PASSAGE_UNKNOWN;
}

/* The body of the function that is the last argument of the call whose bracket is `open`. */
static bool callback_body(const struct flow_walk *walk, size_t open, struct range *ret_body)
{
    size_t close = token_at(walk, open)->partner;

    if (close < open + 2 || !is(walk, close - 1, "}"))
        return false;
    *ret_body = (struct range){token_at(walk, close - 1)->partner + 1, close - 1};
    return true;
}

/* describe("…", () => { … }) */
static void walk_suite(struct flow_walk *walk, size_t open, enum passage passage)
{
    struct range body;

    if (callback_body(walk, open, &body))
        walk_range(walk, body.first, body.last, passage);
    else if (passage != PASSAGE_CLOSED)
        no_flow(walk, open, "this suite has no body that could be read");
}

static void call_function(struct flow_walk *walk, size_t index,
                          const struct spec_function *function, enum passage passage)
{
    if (passage == PASSAGE_CLOSED || !spec_holds_tests(&walk->outline, function->body))
        return;
    if (walk->calls == CALLS_MAX) {
        no_flow(walk, index, "functions call each other too deep");
        return;
    }
    walk->called += function->body.last - function->body.first;
    if (walk->called > CALLED_MAX) {
        no_flow(walk, index, "functions are called too often");
        return;
    }
    walk->calls++;
    walk_range(walk, function->body.first, function->body.last, passage);
    walk->calls--;
}

/* "function NAME(…) { … }" was found before the walk; returns where it ends. */
static size_t pass_over_function(const struct flow_walk *walk, size_t index, size_t last)
{
    size_t at = index + 1;

    while (at < last && !is(walk, at, "{"))
        at = script_next(walk->script, at);
    return at < last ? token_at(walk, at)->partner + 1 : last;
}

/* Whether the value is a function with a body in braces, "(…) => { … }" or "function (…) { … }". */
static bool is_function_value(const struct flow_walk *walk, size_t first, size_t end)
{
    size_t open;

    if (end < first + 3 || !is(walk, end - 1, "}"))
        return false;
    open = token_at(walk, end - 1)->partner;
    return open > first && (is(walk, open - 1, "=>") || is(walk, first, "function"));
}

/* NAME = VALUE, from the value on. */
static void assign(struct flow_walk *walk, size_t name, size_t first, size_t end,
                   enum passage passage)
{
    struct script_value value = {.kind = SCRIPT_VALUE_UNKNOWN};

    if (passage == PASSAGE_CLOSED || is_function_value(walk, first, end))
        return;
    if (holds_tests(walk, first, end))
        no_flow(walk, name, "a test registers inside of an expression");
    if (passage == PASSAGE_OPEN)
        value = script_evaluate(&walk->scope, first, end);
    script_names_set(&walk->scope.constants, token_at(walk, name)->text, value);
}

/* "const NAME: TYPE = VALUE, …;": returns where it ends. */
static size_t take_declaration(struct flow_walk *walk, size_t index, size_t last,
                               enum passage passage)
{
    size_t end = script_statement_end(walk->script, index, last), at = index + 1;

    while (at < end && token_at(walk, at)->kind == SCRIPT_IDENTIFIER) {
        size_t name = at, value;

        while (at < end && !is(walk, at, "=") && !is(walk, at, ",") && !is(walk, at, ";"))
            at = script_next(walk->script, at);
        if (!is(walk, at, "="))
            break;
        value = at + 1;
        at = script_value_end(walk->script, value, end);
        assign(walk, name, value, at, passage);
        at += is(walk, at, ",");
    }
    return end;
}

static size_t walk_statement(struct flow_walk *walk, size_t at, size_t last, enum passage *passage);

/* The statement or block after a condition: returns where it ends. `*passage` becomes what follows
 * it in the same function: a `return` in it ends that, too. */
static size_t walk_branch(struct flow_walk *walk, size_t at, size_t last, enum passage *passage)
{
    size_t end = last;

    if (walk->depth == SCRIPT_DEPTH_MAX) {
        no_flow(walk, at, "branches are nested too deep");
        return last;
    }
    walk->depth++;
    if (at < last && is(walk, at, "{")) {
        end = token_at(walk, at)->partner + 1;
        *passage = walk_range(walk, at + 1, end - 1, *passage);
    } else {
        end = walk_statement(walk, at, last, passage);
    }
    walk->depth--;
    return end;
}

/* What follows an if is executed like: as the branch that was taken left it; where either may have
 * been, a return in one of them leaves it unknown. */
static enum passage after_branches(enum passage before, enum passage yes_in, enum passage yes_out,
                                   enum passage no_in, enum passage no_out)
{
    if (yes_in == PASSAGE_CLOSED)
        return no_out;
    if (no_in == PASSAGE_CLOSED)
        return yes_out;
    if (yes_out == PASSAGE_CLOSED && no_out == PASSAGE_CLOSED)
        return PASSAGE_CLOSED;
    return yes_out == yes_in && no_out == no_in ? before : PASSAGE_UNKNOWN;
}

/* "if (…) … else …": returns where it ends. */
static size_t walk_if(struct flow_walk *walk, size_t index, size_t last, enum passage *passage)
{
    size_t close = token_at(walk, index + 1)->partner, at;
    struct script_value condition = {.kind = SCRIPT_VALUE_UNKNOWN};
    enum passage yes, no, yes_out, no_out;
    int truth;

    if (*passage != PASSAGE_CLOSED)
        condition = script_evaluate(&walk->scope, index + 2, close);
    truth = script_value_truth(&condition);
    script_value_free(&condition);
    yes = yes_out = under(*passage, truth);
    no = no_out = under(*passage, truth < 0 ? -1 : !truth);
    at = walk_branch(walk, close + 1, last, &yes_out);
    if (at < last && is(walk, at, "else"))
        at = walk_branch(walk, at + 1, last, &no_out);
    *passage = after_branches(*passage, yes, yes_out, no, no_out);
    return at;
}

/* A loop or switch: what it does happens nobody knows how often. Returns where it ends. */
static size_t pass_over_control(struct flow_walk *walk, size_t index, size_t last,
                                enum passage *passage)
{
    size_t at = index + 1;
    enum passage inside = *passage == PASSAGE_CLOSED ? PASSAGE_CLOSED : PASSAGE_UNKNOWN;
    enum passage left = inside;

    if (at < last && is(walk, at, "("))
        at = token_at(walk, at)->partner + 1;
    at = walk_branch(walk, at, last, &left);
    if (left != inside)
        *passage = PASSAGE_UNKNOWN;
    return at;
}

/* it(…), it.skip(…), describe(…), describe.only(…), hooks and functions; what else there is in the
 * expression must hold no test. */
static void walk_call(struct flow_walk *walk, size_t first, size_t end, enum passage passage)
{
    bool is_test = script_is_test_word(walk->script, first), is_suite = is_suite_word(walk, first);
    size_t open = first + 1;
    const struct spec_function *function;

    if ((is_test || is_suite) && is(walk, open, ".")) {
        if (is(walk, open + 1, "skip"))
            return;
        open += 2;
    }
    if (is_retired_word(walk, first) || is_hook_word(walk, first))
        return;
    function = is(walk, open, "(") ? spec_find_function(&walk->outline, token_at(walk, first)->text)
                                   : NULL;
    if (is_test && is(walk, open, "("))
        take_test(walk, first, open, passage);
    else if (is_suite && is(walk, open, "("))
        walk_suite(walk, open, passage);
    else if (function)
        call_function(walk, first, function, passage);
    else if (holds_tests(walk, first, end))
        no_flow(walk, first, "a test registers inside of an expression");
}

/* "NAME += …", "NAME++": it is worth something else now. */
static bool changes_name(const struct flow_walk *walk, size_t at)
{
    static const char *const operators[] = {"+=", "-=", "&&=", "||=", "\?\?=", "++", "--", NULL};

    return token_at(walk, at)->kind == SCRIPT_IDENTIFIER &&
           script_is_one_of(walk->script, at + 1, operators);
}

/* One expression statement: returns where it ends. */
static size_t walk_expression(struct flow_walk *walk, size_t at, size_t last, enum passage passage)
{
    size_t end = script_statement_end(walk->script, at, last);

    if (token_at(walk, at)->kind == SCRIPT_IDENTIFIER && is(walk, at + 1, "=")) {
        assign(walk, at, at + 2, script_value_end(walk->script, at + 2, end), passage);
        return end;
    }
    if (changes_name(walk, at) && passage != PASSAGE_CLOSED)
        script_names_set(&walk->scope.constants, token_at(walk, at)->text,
                         (struct script_value){.kind = SCRIPT_VALUE_UNKNOWN});
    if (passage != PASSAGE_CLOSED)
        walk_call(walk, at, end, passage);
    return end;
}

static bool is_control(const struct flow_walk *walk, size_t at)
{
    static const char *const words[] = {"for", "while", "do", "switch", "try", NULL};

    return script_is_one_of(walk->script, at, words);
}

static bool is_declaration(const struct flow_walk *walk, size_t at)
{
    static const char *const words[] = {"const", "let", "var", NULL};

    return script_is_one_of(walk->script, at, words);
}

static bool is_function(const struct flow_walk *walk, size_t at)
{
    return is(walk, at, "function") || (is(walk, at, "async") && is(walk, at + 1, "function"));
}

/* One statement: returns where it ends, and changes *passage where it leaves the function. */
static size_t walk_statement(struct flow_walk *walk, size_t at, size_t last, enum passage *passage)
{
    if (at >= last)
        return last;
    if (is(walk, at, "export") || is(walk, at, "default"))
        return at + 1;
    if (is(walk, at, ";"))
        return at + 1;
    if (is(walk, at, "import"))
        return script_statement_end(walk->script, at, last);
    if (is(walk, at, "{"))
        return walk_branch(walk, at, last, passage);
    if (is(walk, at, "if") && is(walk, at + 1, "("))
        return walk_if(walk, at, last, passage);
    if (is_control(walk, at))
        return pass_over_control(walk, at, last, passage);
    if (is_declaration(walk, at))
        return take_declaration(walk, at, last, *passage);
    if (is_function(walk, at))
        return pass_over_function(walk, at + is(walk, at, "async"), last);
    if (is(walk, at, "return") || is(walk, at, "throw")) {
        if (*passage != PASSAGE_CLOSED &&
            holds_tests(walk, at, script_statement_end(walk->script, at, last)))
            no_flow(walk, at, "a test registers inside of an expression");
        *passage = PASSAGE_CLOSED;
        return script_statement_end(walk->script, at, last);
    }
    return walk_expression(walk, at, last, *passage);
}

/* The statements of one function or block; returns what what follows it is executed like. */
static enum passage walk_range(struct flow_walk *walk, size_t first, size_t last,
                               enum passage passage)
{
    size_t at = first;

    while (at < last && !walk->flow->reason)
        at = walk_statement(walk, at, last, &passage);
    return passage;
}

bool spec_flow_read(struct text source, const struct flow_settings *settings,
                    struct spec_flow *flow)
{
    struct flow_walk *walk = allocate(1, sizeof(*walk));
    struct script script;

    memset(flow, 0, sizeof(*flow));
    if (script_read(source, &script, &flow->bad_line, &flow->reason)) {
        walk->script = &script;
        walk->flow = flow;
        walk->scope = (struct script_scope){
            .script = &script,
            .environment = settings->environment,
            .environment_is_whole = settings->environment_is_whole,
            .plugin = settings->plugin,
        };
        if (spec_outline_read(&script, &walk->outline))
            walk_range(walk, 0, script.count, PASSAGE_OPEN);
        else
            no_flow(walk, 0, "it has too many functions");
        spec_outline_free(&walk->outline);
        script_names_free(&walk->scope.constants);
    }
    script_free(&script);
    free(walk);
    return flow->reason == NULL;
}

void spec_flow_free(struct spec_flow *flow)
{
    for (size_t i = 0; i < flow->count; i++)
        free(flow->steps[i].title);
    free(flow->steps);
    memset(flow, 0, sizeof(*flow));
}
