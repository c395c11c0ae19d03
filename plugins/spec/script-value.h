/*
 * What expressions of a generated spec are worth at run time, as far as the run's settings tell:
 * enough of JavaScript for the gates around tests. What it does not know stays unknown. Pure.
 */
#ifndef ATVM_PLUGINS_SPEC_SCRIPT_VALUE_H
#define ATVM_PLUGINS_SPEC_SCRIPT_VALUE_H

#include <stdbool.h>
#include <stddef.h>

#include "script-token.h"

enum script_value_kind {
    SCRIPT_VALUE_UNKNOWN,
    SCRIPT_VALUE_UNDEFINED, /* undefined and null */
    SCRIPT_VALUE_BOOLEAN,
    SCRIPT_VALUE_NUMBER,
    SCRIPT_VALUE_STRING,
    SCRIPT_VALUE_ARRAY /* of strings, numbers and booleans: a range of tokens */
};

struct script_value {
    enum script_value_kind kind;
    bool boolean;
    double number;
    char *string;       /* owned; SCRIPT_VALUE_STRING only */
    size_t first, last; /* SCRIPT_VALUE_ARRAY: tokens between the brackets, `last` excluded */
};

/* Frees what a value owns; it is unknown afterwards. */
void script_value_free(struct script_value *value);
/* true, false, or unknown (-1). */
int script_value_truth(const struct script_value *value);

struct script_name {
    char *name;
    struct script_value value;
};

/* Names and their values: constants of a spec, or keys of Cypress.env. */
struct script_names {
    struct script_name *names;
    size_t count, capacity;
};

void script_names_free(struct script_names *names);
/* Sets a name, new or not; takes over the value. */
void script_names_set(struct script_names *names, struct text name, struct script_value value);
/* NULL: there is no such name. */
const struct script_value *script_names_find(const struct script_names *names, struct text name);

/* "true" and "false" become booleans and numbers numbers, as Cypress reads its command line. */
struct script_value script_value_from_command_line(const char *text);
/* The value of the literal token; UNKNOWN for any other. */
struct script_value script_value_of_literal(const struct script_token *token);

/* What expressions are evaluated against. */
struct script_scope {
    const struct script *script;
    const struct script_names *environment; /* Cypress.env */
    bool environment_is_whole;     /* what is not in there is undefined; else it is unknown */
    struct script_names constants; /* of the spec, as far as it was walked */
    const char *plugin;            /* "fc", "iscsi", "both"; NULL: not known */
};

/*
 * The value of the tokens from first to last (excluded). A name that is not known but speaks of a
 * plugin ("useFCPlugin", "usePureIscsiPlugin") is worth whether that plugin was selected.
 */
struct script_value script_evaluate(const struct script_scope *scope, size_t first, size_t last);

#endif
