#include "script-value.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "allocate.h"

#define DEPTH_MAX 64 /* of nested expressions */

/* ---------------------------------------------------------------- values */

void script_value_free(struct script_value *value)
{
    free(value->string);
    *value = (struct script_value){.kind = SCRIPT_VALUE_UNKNOWN};
}

static struct script_value unknown(void)
{
    return (struct script_value){.kind = SCRIPT_VALUE_UNKNOWN};
}

static struct script_value boolean(bool truth)
{
    return (struct script_value){.kind = SCRIPT_VALUE_BOOLEAN, .boolean = truth};
}

/* From a truth that may be unknown (-1). */
static struct script_value from_truth(int truth)
{
    return truth < 0 ? unknown() : boolean(truth == 1);
}

static struct script_value string_of(struct text text)
{
    return (struct script_value){.kind = SCRIPT_VALUE_STRING,
                                 .string = copy_text(text.bytes, text.length)};
}

static struct script_value copy_of(const struct script_value *value)
{
    struct script_value copy = *value;

    if (value->string)
        copy.string = copy_string(value->string);
    return copy;
}

int script_value_truth(const struct script_value *value)
{
    switch (value->kind) {
    case SCRIPT_VALUE_UNDEFINED:
        return 0;
    case SCRIPT_VALUE_BOOLEAN:
        return value->boolean;
    case SCRIPT_VALUE_NUMBER:
        return value->number != 0;
    case SCRIPT_VALUE_STRING:
        return value->string[0] != '\0';
    case SCRIPT_VALUE_ARRAY:
        return 1;
    default:
        return -1;
    }
}

static bool number_of(struct text text, double *ret_number)
{
    char digits[32], *end;

    if (text.length == 0 || text.length >= sizeof(digits))
        return false;
    memcpy(digits, text.bytes, text.length);
    digits[text.length] = '\0';
    *ret_number = strtod(digits, &end);
    return *end == '\0';
}

struct script_value script_value_from_command_line(const char *text)
{
    struct text whole = {text, strlen(text)};
    double number;

    if (strcmp(text, "true") == 0 || strcmp(text, "false") == 0)
        return boolean(text[0] == 't');
    if (number_of(whole, &number))
        return (struct script_value){.kind = SCRIPT_VALUE_NUMBER, .number = number};
    return string_of(whole);
}

struct script_value script_value_of_literal(const struct script_token *token)
{
    struct script_value value = {.kind = SCRIPT_VALUE_UNKNOWN};
    struct byte_string string = {0};

    if (token->kind == SCRIPT_STRING) {
        script_string(token, &string);
        value = string_of((struct text){string.bytes, string.length});
        byte_string_free(&string);
    } else if (token->kind == SCRIPT_NUMBER) {
        if (number_of(token->text, &value.number))
            value.kind = SCRIPT_VALUE_NUMBER;
    } else if (text_equals(token->text, TEXT("true")) || text_equals(token->text, TEXT("false"))) {
        value = boolean(token->text.bytes[0] == 't');
    } else if (text_equals(token->text, TEXT("undefined")) ||
               text_equals(token->text, TEXT("null"))) {
        value.kind = SCRIPT_VALUE_UNDEFINED;
    }
    return value;
}

/* ---------------------------------------------------------------- names */

void script_names_free(struct script_names *names)
{
    for (size_t i = 0; i < names->count; i++) {
        free(names->names[i].name);
        script_value_free(&names->names[i].value);
    }
    free(names->names);
    memset(names, 0, sizeof(*names));
}

static struct script_name *find_name(const struct script_names *names, struct text name)
{
    for (size_t i = 0; i < names->count; i++)
        if (strlen(names->names[i].name) == name.length &&
            memcmp(names->names[i].name, name.bytes, name.length) == 0)
            return &names->names[i];
    return NULL;
}

void script_names_set(struct script_names *names, struct text name, struct script_value value)
{
    struct script_name *known = find_name(names, name);

    if (known) {
        script_value_free(&known->value);
        known->value = value;
        return;
    }
    names->names = grow_array(names->names, names->count, &names->capacity, sizeof(*names->names));
    names->names[names->count++] = (struct script_name){copy_text(name.bytes, name.length), value};
}

const struct script_value *script_names_find(const struct script_names *names, struct text name)
{
    const struct script_name *known = find_name(names, name);

    return known ? &known->value : NULL;
}

static bool contains_word(struct text name, const char *word)
{
    size_t length = strlen(word);

    for (size_t i = 0; i + length <= name.length; i++)
        if (strncasecmp(name.bytes + i, word, length) == 0)
            return true;
    return false;
}

/* What a plugin gate's name says; UNKNOWN: it is none. */
static struct script_value plugin_gate(const struct script_scope *scope, struct text name)
{
    bool iscsi = contains_word(name, "iscsi"), fc = !iscsi && contains_word(name, "fc");

    if (!scope->plugin || !contains_word(name, "plugin") || (!iscsi && !fc))
        return unknown();
    return boolean(strcmp(scope->plugin, "both") == 0 ||
                   strcmp(scope->plugin, iscsi ? "iscsi" : "fc") == 0);
}

static struct script_value value_of_name(const struct script_scope *scope, struct text name)
{
    const struct script_value *known = script_names_find(&scope->constants, name);

    if (known && known->kind != SCRIPT_VALUE_UNKNOWN)
        return copy_of(known);
    return plugin_gate(scope, name);
}

/* ---------------------------------------------------------------- expressions */

/* A walk over the tokens of one expression. */
struct walk {
    const struct script_scope *scope;
    size_t at, last;
    unsigned depth;
};

static bool next_is(const struct walk *walk, const char *text)
{
    return walk->at < walk->last && script_is(walk->scope->script, walk->at, text);
}

static bool take(struct walk *walk, const char *text)
{
    if (!next_is(walk, text))
        return false;
    walk->at++;
    return true;
}

static const struct script_token *next_token(const struct walk *walk)
{
    return walk->at < walk->last ? &walk->scope->script->tokens[walk->at] : NULL;
}

/* Everything up to the end is something this does not know. */
static struct script_value give_up(struct walk *walk)
{
    walk->at = walk->last;
    return unknown();
}

static struct script_value read_choice(struct walk *walk);

/* The expression between the bracket at the walk's place and its partner, which are taken off. */
static struct script_value read_bracketed(struct walk *walk)
{
    size_t open = walk->at, close = walk->scope->script->tokens[open].partner;
    struct walk inner = {walk->scope, open + 1, close, walk->depth + 1};
    struct script_value value;

    if (inner.depth > DEPTH_MAX)
        return give_up(walk);
    value = read_choice(&inner);
    if (inner.at != close) {
        script_value_free(&value);
        value = unknown();
    }
    walk->at = close + 1;
    return value;
}

/* 1, 0, or -1: unknown. */
static int are_equal(const struct script_value *one, const struct script_value *other, bool strict)
{
    if (one->kind == SCRIPT_VALUE_UNKNOWN || other->kind == SCRIPT_VALUE_UNKNOWN ||
        one->kind == SCRIPT_VALUE_ARRAY || other->kind == SCRIPT_VALUE_ARRAY)
        return -1;
    if (one->kind == other->kind) {
        switch (one->kind) {
        case SCRIPT_VALUE_BOOLEAN:
            return one->boolean == other->boolean;
        case SCRIPT_VALUE_NUMBER:
            return one->number == other->number;
        case SCRIPT_VALUE_STRING:
            return strcmp(one->string, other->string) == 0;
        default:
            return 1;
        }
    }
    /* `==` between kinds turns booleans into numbers; a string with letters equals none */
    if (strict || one->kind == SCRIPT_VALUE_UNDEFINED || other->kind == SCRIPT_VALUE_UNDEFINED)
        return 0;
    if (one->kind == SCRIPT_VALUE_STRING || other->kind == SCRIPT_VALUE_STRING) {
        const char *string = one->string ? one->string : other->string;
        double number;

        return number_of((struct text){string, strlen(string)}, &number) || !*string ? -1 : 0;
    }
    return (one->kind == SCRIPT_VALUE_BOOLEAN ? one->boolean : one->number) ==
           (other->kind == SCRIPT_VALUE_BOOLEAN ? other->boolean : other->number);
}

/* ARRAY.includes(ITEM), of literals. */
static int array_includes(const struct script_scope *scope, const struct script_value *array,
                          const struct script_value *item)
{
    int found = 0;

    for (size_t i = array->first; i < array->last; i++) {
        struct script_value literal;
        int same;

        if (script_is(scope->script, i, ","))
            continue;
        literal = script_value_of_literal(&scope->script->tokens[i]);
        same = are_equal(&literal, item, true);
        script_value_free(&literal);
        if (same == 1)
            return 1;
        if (same < 0)
            found = -1;
    }
    return found;
}

static struct script_value call_includes(struct walk *walk, const struct script_value *subject)
{
    struct script_value item = read_bracketed(walk), result = unknown();

    if (subject->kind == SCRIPT_VALUE_ARRAY)
        result = from_truth(array_includes(walk->scope, subject, &item));
    else if (subject->kind == SCRIPT_VALUE_STRING && item.kind == SCRIPT_VALUE_STRING)
        result = boolean(strstr(subject->string, item.string) != NULL);
    script_value_free(&item);
    return result;
}

static void change_case(char *string, bool upper)
{
    for (; *string; string++)
        if (upper ? (*string >= 'a' && *string <= 'z') : (*string >= 'A' && *string <= 'Z'))
            *string ^= 0x20;
}

/* ".NAME(…)" or ".NAME" after a value; takes over `subject`. */
static struct script_value read_member(struct walk *walk, struct script_value subject)
{
    const struct script_token *name = next_token(walk);
    struct script_value result = unknown();

    if (!name) {
        script_value_free(&subject);
        return result;
    }
    walk->at++;
    if (!next_is(walk, "(")) {
        script_value_free(&subject);
        return result;
    }
    if (text_equals(name->text, TEXT("includes"))) {
        result = call_includes(walk, &subject);
    } else if (subject.kind == SCRIPT_VALUE_STRING &&
               (text_equals(name->text, TEXT("toLowerCase")) ||
                text_equals(name->text, TEXT("toUpperCase")))) {
        result = copy_of(&subject);
        change_case(result.string, text_equals(name->text, TEXT("toUpperCase")));
        walk->at = walk->scope->script->tokens[walk->at].partner + 1;
    } else if (subject.kind == SCRIPT_VALUE_STRING && text_equals(name->text, TEXT("trim"))) {
        result = string_of(text_trim((struct text){subject.string, strlen(subject.string)}));
        walk->at = walk->scope->script->tokens[walk->at].partner + 1;
    } else {
        walk->at = walk->scope->script->tokens[walk->at].partner + 1;
    }
    script_value_free(&subject);
    return result;
}

static struct script_value environment_value(const struct walk *walk, struct text key)
{
    const struct script_value *known = script_names_find(walk->scope->environment, key);

    if (known)
        return copy_of(known);
    return (struct script_value){.kind = walk->scope->environment_is_whole ? SCRIPT_VALUE_UNDEFINED
                                                                           : SCRIPT_VALUE_UNKNOWN};
}

/* Cypress.env("KEY"), Cypress.env().KEY, Cypress.env()["KEY"]; the walk stands after "Cypress". */
static struct script_value read_environment(struct walk *walk)
{
    struct script_value key, value = unknown();
    const struct script_token *member;

    if (!take(walk, ".") || !take(walk, "env") || !next_is(walk, "("))
        return unknown();
    if (walk->scope->script->tokens[walk->at].partner > walk->at + 1) {
        key = read_bracketed(walk);
        if (key.kind == SCRIPT_VALUE_STRING)
            value = environment_value(walk, (struct text){key.string, strlen(key.string)});
        script_value_free(&key);
        return value;
    }
    walk->at += 2;
    if (next_is(walk, "[")) {
        key = read_bracketed(walk);
        if (key.kind == SCRIPT_VALUE_STRING)
            value = environment_value(walk, (struct text){key.string, strlen(key.string)});
        script_value_free(&key);
    } else if (take(walk, ".") && (member = next_token(walk))) {
        walk->at++;
        value = environment_value(walk, member->text);
    }
    return value;
}

static struct script_value read_primary(struct walk *walk)
{
    const struct script_token *token = next_token(walk);
    struct script_value value;

    if (!token)
        return unknown();
    if (next_is(walk, "("))
        return read_bracketed(walk);
    if (next_is(walk, "[")) {
        value = (struct script_value){
            .kind = SCRIPT_VALUE_ARRAY, .first = walk->at + 1, .last = token->partner};
        walk->at = token->partner + 1;
        return value;
    }
    if (token->kind == SCRIPT_PUNCTUATION)
        return give_up(walk);
    walk->at++;
    if (token->kind != SCRIPT_IDENTIFIER)
        return script_value_of_literal(token);
    if (text_equals(token->text, TEXT("Cypress")))
        return read_environment(walk);
    if (text_equals(token->text, TEXT("Boolean")) && next_is(walk, "(")) {
        value = read_bracketed(walk);
        struct script_value truth = from_truth(script_value_truth(&value));

        script_value_free(&value);
        return truth;
    }
    if (text_equals(token->text, TEXT("String")) && next_is(walk, "(")) {
        value = read_bracketed(walk);
        if (value.kind != SCRIPT_VALUE_STRING)
            script_value_free(&value);
        return value;
    }
    value = script_value_of_literal(token);
    return value.kind == SCRIPT_VALUE_UNKNOWN ? value_of_name(walk->scope, token->text) : value;
}

/* A value with what is hung on it: members, calls, casts. */
static struct script_value read_operand(struct walk *walk)
{
    struct script_value value = read_primary(walk);

    for (;;) {
        if (take(walk, ".") || take(walk, "?.")) {
            value = read_member(walk, value);
        } else if (take(walk, "as")) {
            walk->at += walk->at < walk->last; /* "as string": the type changes nothing */
        } else if (next_is(walk, "!") && walk->at + 1 == walk->last) {
            walk->at++; /* TypeScript's "it is not null" */
        } else if (next_is(walk, "(") || next_is(walk, "[")) {
            script_value_free(&value);
            walk->at = walk->scope->script->tokens[walk->at].partner + 1;
        } else {
            return value;
        }
    }
}

static struct script_value read_negation(struct walk *walk)
{
    struct script_value value, result;

    if (!take(walk, "!"))
        return read_operand(walk);
    if (++walk->depth > DEPTH_MAX)
        return give_up(walk);
    value = read_negation(walk);
    result = from_truth(script_value_truth(&value) < 0 ? -1 : !script_value_truth(&value));
    script_value_free(&value);
    return result;
}

static struct script_value read_comparison(struct walk *walk)
{
    struct script_value value = read_negation(walk);

    for (;;) {
        bool strict = next_is(walk, "===") || next_is(walk, "!==");
        bool negated = next_is(walk, "!=") || next_is(walk, "!==");
        struct script_value other;
        int equal;

        if (!strict && !negated && !next_is(walk, "=="))
            return value;
        walk->at++;
        other = read_negation(walk);
        equal = are_equal(&value, &other, strict);
        script_value_free(&value);
        script_value_free(&other);
        value = from_truth(equal < 0 ? -1 : equal != negated);
    }
}

static struct script_value read_and(struct walk *walk)
{
    struct script_value value = read_comparison(walk);

    while (take(walk, "&&")) {
        struct script_value other = read_comparison(walk);
        int one = script_value_truth(&value), two = script_value_truth(&other);

        /* one false side settles it, whatever the other is worth */
        if (one == 1 || two == 0) {
            script_value_free(&value);
            value = other;
        } else {
            script_value_free(&other);
        }
    }
    return value;
}

static struct script_value read_or(struct walk *walk)
{
    struct script_value value = read_and(walk);

    for (;;) {
        bool nullish = next_is(walk, "??");
        struct script_value other;
        int one, two;

        if (!take(walk, "||") && !take(walk, "??"))
            return value;
        other = read_and(walk);
        one = script_value_truth(&value);
        two = script_value_truth(&other);
        if (nullish ? value.kind == SCRIPT_VALUE_UNDEFINED : one == 0 || (one < 0 && two == 1)) {
            script_value_free(&value);
            value = other;
        } else {
            script_value_free(&other);
        }
    }
}

/* "CONDITION ? ONE : OTHER", or what binds closer. */
static struct script_value read_choice(struct walk *walk)
{
    struct script_value value = read_or(walk), yes, no;
    int truth;

    if (!take(walk, "?"))
        return value;
    truth = script_value_truth(&value);
    script_value_free(&value);
    if (++walk->depth > DEPTH_MAX)
        return give_up(walk);
    yes = read_choice(walk);
    no = take(walk, ":") ? read_choice(walk) : give_up(walk);
    if (truth < 0) {
        script_value_free(&yes);
        script_value_free(&no);
        return unknown();
    }
    script_value_free(truth ? &no : &yes);
    return truth ? yes : no;
}

struct script_value script_evaluate(const struct script_scope *scope, size_t first, size_t last)
{
    struct walk walk = {scope, first, last, 0};
    struct script_value value = read_choice(&walk);

    if (walk.at != last) {
        /* an operator this does not know: the whole is worth something else */
        script_value_free(&value);
        value = unknown();
    }
    return value;
}
