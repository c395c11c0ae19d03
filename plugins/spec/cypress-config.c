#include "cypress-config.h"

#include <stdlib.h>
#include <string.h>

#include "allocate.h"
#include "spec-outline.h"

#define SPECS_MAX 100000

struct config_walk {
    const struct script *script;
    struct cypress_config *config;
};

static const struct script_token *token_at(const struct config_walk *walk, size_t index)
{
    return &walk->script->tokens[index];
}

static bool is(const struct config_walk *walk, size_t index, const char *text)
{
    return script_is(walk->script, index, text);
}

/* ---------------------------------------------------------------- the specPattern */

static void forget_pattern(struct cypress_config *config)
{
    for (size_t i = 0; i < config->spec_count; i++)
        free(config->specs[i].path);
    config->spec_count = 0;
    byte_string_clear(&config->pattern);
}

static void add_spec(struct config_walk *walk, size_t index)
{
    struct cypress_config *config = walk->config;
    struct byte_string path = {0};

    if (config->spec_count == SPECS_MAX)
        return;
    config->specs = grow_array(config->specs, config->spec_count, &config->spec_capacity,
                               sizeof(*config->specs));
    script_string(token_at(walk, index), &path);
    config->specs[config->spec_count++] =
        (struct config_spec){path.bytes, token_at(walk, index)->line};
}

/* Where "NAME = VALUE" gives the name's value; 0: nowhere. */
static size_t value_of_constant(const struct config_walk *walk, struct text name)
{
    for (size_t at = 0; at + 1 < walk->script->count; at++) {
        size_t sign = at + 1;

        if (token_at(walk, at)->kind != SCRIPT_IDENTIFIER ||
            !text_equals(token_at(walk, at)->text, name))
            continue;
        if (is(walk, sign, ":")) /* its type */
            while (sign < walk->script->count && !is(walk, sign, "=") && !is(walk, sign, ",") &&
                   !is(walk, sign, ";"))
                sign++;
        if (is(walk, sign, "=") && sign + 1 < walk->script->count)
            return sign + 1;
    }
    return 0;
}

/* The strings of the value that begins at `first`: one, a list, or the name of either. */
static void add_specs(struct config_walk *walk, size_t first, size_t last, bool follow_names)
{
    if (is(walk, first, "[")) {
        for (size_t at = first + 1; at < token_at(walk, first)->partner;
             at = script_next(walk->script, at))
            add_specs(walk, at, at + 1, follow_names);
        return;
    }
    if (token_at(walk, first)->kind == SCRIPT_STRING) {
        add_spec(walk, first);
    } else if (token_at(walk, first)->kind == SCRIPT_IDENTIFIER && follow_names &&
               last == first + 1) {
        size_t value = value_of_constant(walk, token_at(walk, first)->text);

        if (value > 0)
            add_specs(walk, value, value + 1, false);
    }
}

static void take_pattern(struct config_walk *walk, size_t first, size_t last)
{
    const struct script_token *begin = token_at(walk, first), *end = token_at(walk, last - 1);
    struct cypress_config *config = walk->config;

    forget_pattern(config);
    byte_string_append(&config->pattern, begin->text.bytes,
                       (size_t)(end->text.bytes + end->text.length - begin->text.bytes),
                       (size_t)-1);
    config->pattern_line = begin->line;
    add_specs(walk, first, last, true);
}

/* ---------------------------------------------------------------- objects */

/* Takes one property of an object, from its value on. */
typedef void (*take_property)(struct config_walk *walk, struct text key, size_t first, size_t last);

static void read_object(struct config_walk *walk, size_t open, take_property take)
{
    size_t close = token_at(walk, open)->partner, at = open + 1;

    while (at < close) {
        const struct script_token *name = token_at(walk, at);
        size_t end = at;

        while (end < close && !is(walk, end, ","))
            end = script_next(walk->script, end);
        if (is(walk, at + 1, ":") && end > at + 2) {
            struct byte_string key = {0};

            if (name->kind == SCRIPT_STRING)
                script_string(name, &key);
            else
                byte_string_append(&key, name->text.bytes, name->text.length, (size_t)-1);
            take(walk, (struct text){key.bytes, key.length}, at + 2, end);
            byte_string_free(&key);
        }
        at = end + 1;
    }
}

static void take_environment(struct config_walk *walk, struct text key, size_t first, size_t last)
{
    struct script_value value = {.kind = SCRIPT_VALUE_UNKNOWN};

    if (last == first + 1)
        value = script_value_of_literal(token_at(walk, first));
    script_names_set(&walk->config->environment, key, value);
}

static void take_setting(struct config_walk *walk, struct text key, size_t first, size_t last)
{
    if (text_equals(key, TEXT("specPattern")))
        take_pattern(walk, first, last);
    else if (text_equals(key, TEXT("env")) && is(walk, first, "{"))
        read_object(walk, first, take_environment);
}

static void take_e2e(struct config_walk *walk, struct text key, size_t first, size_t last)
{
    (void)last;
    if (text_equals(key, TEXT("e2e")) && is(walk, first, "{"))
        read_object(walk, first, take_setting);
}

/* ---------------------------------------------------------------- the file */

/* The '{' of the object that begins at `at`, which may be the name of a constant; 0: none. */
static bool find_object(const struct config_walk *walk, size_t at, size_t *ret_open)
{
    if (at < walk->script->count && token_at(walk, at)->kind == SCRIPT_IDENTIFIER)
        at = value_of_constant(walk, token_at(walk, at)->text);
    *ret_open = at;
    return at > 0 && is(walk, at, "{");
}

static bool find_configuration(const struct config_walk *walk, size_t *ret_open)
{
    for (size_t at = 0; at < walk->script->count; at++)
        if (is(walk, at, "defineConfig") && is(walk, at + 1, "(") &&
            find_object(walk, at + 2, ret_open))
            return true;
    for (size_t at = 0; at + 2 < walk->script->count; at++)
        if (((is(walk, at, "export") && is(walk, at + 1, "default")) ||
             (is(walk, at, "exports") && is(walk, at + 1, "="))) &&
            find_object(walk, at + 2, ret_open))
            return true;
    return false;
}

bool cypress_config_read(struct text source, struct cypress_config *config, uint32_t *ret_line,
                         const char **ret_reason)
{
    struct script script;
    struct config_walk walk = {&script, config};
    bool balanced = script_read(source, &script, ret_line, ret_reason);
    size_t open;

    memset(config, 0, sizeof(*config));
    if (balanced && find_configuration(&walk, &open)) {
        read_object(&walk, open, take_setting);
        read_object(&walk, open, take_e2e);
    }
    script_free(&script);
    return balanced;
}

void cypress_config_free(struct cypress_config *config)
{
    forget_pattern(config);
    byte_string_free(&config->pattern);
    free(config->specs);
    script_names_free(&config->environment);
    memset(config, 0, sizeof(*config));
}
