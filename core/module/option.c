#include "option.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "cleanup.h"
#include "config-value.h"
#include "config.h"
#include "memory.h"
#include "nearest-name.h"

#define CHOICES_MAX 64

static const char *const type_names[] = {
    [ATVM_OPTION_STRING] = "string",   [ATVM_OPTION_INTEGER] = "integer",
    [ATVM_OPTION_BOOLEAN] = "boolean", [ATVM_OPTION_DURATION] = "duration",
    [ATVM_OPTION_SIZE] = "size",       [ATVM_OPTION_STRING_LIST] = "list",
    [ATVM_OPTION_SECRET] = "secret",
};
#define TYPE_COUNT (sizeof(type_names) / sizeof(*type_names))

const char *option_type_name(int32_t type)
{
    return type > 0 && (size_t)type < TYPE_COUNT ? type_names[type] : NULL;
}

static int32_t type_from_name(const char *name)
{
    for (size_t type = 1; type < TYPE_COUNT; type++) {
        if (name && strcmp(name, type_names[type]) == 0)
            return (int32_t)type;
    }
    return 0;
}

/* ---- ranges and choices ---- */

static char *number_text(const struct atvm_option *option, int64_t number)
{
    switch (option->type) {
    case ATVM_OPTION_DURATION:
        return config_duration_text(number);
    case ATVM_OPTION_SIZE:
        return config_size_text(number);
    default:
        return memory_format("%" PRId64, number);
    }
}

static bool has_range(const struct atvm_option *option)
{
    return option->minimum != 0 || option->maximum != 0;
}

char *option_range_text(const struct atvm_option *option)
{
    CLEANUP_FREE char *minimum = number_text(option, option->minimum);
    CLEANUP_FREE char *maximum = number_text(option, option->maximum);

    return has_range(option) ? memory_format("%s to %s", minimum, maximum) : NULL;
}

static struct json_object *number_in_range(const struct atvm_option *option, int64_t number,
                                           char **ret_error)
{
    CLEANUP_FREE char *text = NULL, *range = NULL;

    if (!has_range(option) || (number >= option->minimum && number <= option->maximum))
        return json_object_new_int64(number);
    text = number_text(option, number);
    range = option_range_text(option);
    *ret_error = memory_format("%s is out of range; allowed is %s", text, range);
    return NULL;
}

static struct json_object *string_of_choices(const struct atvm_option *option, const char *string,
                                             char **ret_error)
{
    CLEANUP_FREE char *copy = memory_string(option->choices), *advice = NULL;
    const char *words[CHOICES_MAX];
    size_t count = 0;
    char *rest = copy, *word;

    if (!option->choices)
        return json_object_new_string(string);
    while (count < CHOICES_MAX && (word = strsep(&rest, "|"))) {
        if (strcmp(word, string) == 0)
            return json_object_new_string(string);
        words[count++] = word;
    }
    advice = nearest_name_advice(string, words, count, "allowed");
    *ret_error = memory_format("\"%s\" is not allowed; %s", string, advice);
    return NULL;
}

/* ---- what stands in the configuration ---- */

static const char *written_type(struct json_object *written)
{
    switch (json_object_get_type(written)) {
    case json_type_boolean:
        return "true or false";
    case json_type_int:
        return "a number";
    case json_type_array:
        return "a list";
    default:
        return "a string";
    }
}

/* What a value of each type looks like, for messages. */
static const char *const type_forms[] = {
    [ATVM_OPTION_STRING] = "a string in quotes",
    [ATVM_OPTION_INTEGER] = "a whole number without quotes",
    [ATVM_OPTION_BOOLEAN] = "true or false without quotes",
    [ATVM_OPTION_DURATION] = "a duration such as \"250ms\", \"5s\", \"10m\", \"2h\" or \"1d\"",
    [ATVM_OPTION_SIZE] = "a size such as \"64K\", \"16M\" or \"1G\"",
    [ATVM_OPTION_STRING_LIST] = "a list of strings such as [ \"a\", \"b\" ]",
};

static struct json_object *wrong_type(const struct atvm_option *option, struct json_object *written,
                                      char **ret_error)
{
    *ret_error =
        memory_format("expected %s, got %s", type_forms[option->type], written_type(written));
    return NULL;
}

static struct json_object *number_from_text(const struct atvm_option *option,
                                            struct json_object *written, char **ret_error)
{
    const char *text = json_object_get_string(written);
    int64_t number;

    if (option->type == ATVM_OPTION_DURATION ? config_parse_duration(text, &number)
                                             : config_parse_size(text, &number))
        return number_in_range(option, number, ret_error);
    *ret_error = memory_format("expected %s, got \"%s\"", type_forms[option->type], text);
    return NULL;
}

struct json_object *option_typed(const struct atvm_option *option, struct json_object *written,
                                 char **ret_error)
{
    bool is_string = json_object_is_type(written, json_type_string);

    switch (option->type) {
    case ATVM_OPTION_STRING:
        if (is_string)
            return string_of_choices(option, json_object_get_string(written), ret_error);
        break;
    case ATVM_OPTION_INTEGER:
        if (json_object_is_type(written, json_type_int))
            return number_in_range(option, json_object_get_int64(written), ret_error);
        break;
    case ATVM_OPTION_BOOLEAN:
        if (json_object_is_type(written, json_type_boolean))
            return json_object_get(written);
        break;
    case ATVM_OPTION_DURATION:
        if (is_string)
            return number_from_text(option, written, ret_error);
        break;
    case ATVM_OPTION_SIZE:
        if (is_string)
            return number_from_text(option, written, ret_error);
        if (json_object_is_type(written, json_type_int) && json_object_get_int64(written) >= 0)
            return number_in_range(option, json_object_get_int64(written), ret_error);
        break;
    case ATVM_OPTION_STRING_LIST:
        if (json_object_is_type(written, json_type_array))
            return json_object_get(written);
        break;
    default:
        *ret_error = memory_format(
            "is a secret and must not stand in the configuration file; remove it here and give it "
            "as the systemd credential or environment variable %s",
            option->fallback ? option->fallback : "its module names");
        return NULL;
    }
    return wrong_type(option, written, ret_error);
}

/* ---- defaults ---- */

static struct json_object *list_from_commas(const char *text)
{
    CLEANUP_FREE char *copy = memory_string(text);
    struct json_object *list = json_object_new_array();
    char *rest = *copy ? copy : NULL, *item;

    while ((item = strsep(&rest, ",")))
        json_object_array_add(list, json_object_new_string(item));
    return list;
}

/* The default as it would be read from the configuration; NULL: cannot be read as this type. */
static struct json_object *fallback_as_written(const struct atvm_option *option)
{
    const char *text = option->fallback;
    long long number;
    char *end;

    switch (option->type) {
    case ATVM_OPTION_INTEGER:
        errno = 0;
        number = strtoll(text, &end, 10);
        return errno || end == text || *end ? NULL : json_object_new_int64(number);
    case ATVM_OPTION_BOOLEAN:
        if (strcmp(text, "true") != 0 && strcmp(text, "false") != 0)
            return NULL;
        return json_object_new_boolean(strcmp(text, "true") == 0);
    case ATVM_OPTION_STRING_LIST:
        return list_from_commas(text);
    default:
        return json_object_new_string(text);
    }
}

static struct json_object *typed_fallback(const struct atvm_option *option, char **ret_error)
{
    struct json_object *written = fallback_as_written(option), *typed;

    if (!written) {
        *ret_error =
            memory_format("expected %s, got \"%s\"", type_forms[option->type], option->fallback);
        return NULL;
    }
    typed = option_typed(option, written, ret_error);
    json_object_put(written);
    return typed;
}

struct json_object *option_default(const struct atvm_option *option)
{
    CLEANUP_FREE char *error = NULL;

    if (!option->fallback || option->type == ATVM_OPTION_SECRET)
        return NULL;
    return typed_fallback(option, &error);
}

/* ---- table entries ---- */

/* Keys of the configuration that are not the module's: an option could never be given. */
static const char *const reserved_names[] = {"module", "name", "critical"};

static bool is_option_name(const char *name)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz";

    return name && *name && strchr(letters, *name) &&
           name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_")] == '\0';
}

static bool is_reserved(const char *name)
{
    for (size_t i = 0; i < sizeof(reserved_names) / sizeof(*reserved_names); i++) {
        if (strcmp(name, reserved_names[i]) == 0)
            return true;
    }
    return false;
}

static char *fallback_fault(const struct atvm_option *option)
{
    CLEANUP_FREE char *error = NULL;
    struct json_object *typed;

    if (!option->fallback || option->type == ATVM_OPTION_SECRET)
        return NULL;
    typed = typed_fallback(option, &error);
    json_object_put(typed);
    return error ? memory_format("has an impossible default: %s", error) : NULL;
}

char *option_fault(const struct atvm_option *option)
{
    if (!is_option_name(option->name))
        return memory_string("has a name that is not of the form [a-z][a-z0-9_]*");
    if (is_reserved(option->name))
        return memory_string("has a name that the configuration uses itself");
    if (!option_type_name(option->type))
        return memory_format("has the unknown type %" PRId32, option->type);
    if (!option->help || !*option->help)
        return memory_string("has no help text");
    if (option->minimum > option->maximum)
        return memory_string("has a minimum above its maximum");
    if (option->choices && option->type != ATVM_OPTION_STRING)
        return memory_string("has choices though it is no string");
    if (option->required && option->fallback && option->type != ATVM_OPTION_SECRET)
        return memory_string("is required and has a default");
    return fallback_fault(option);
}

static void add_string(struct json_object *object, const char *key, const char *value)
{
    if (value)
        json_object_object_add(object, key, json_object_new_string(value));
}

struct json_object *option_to_json(const struct atvm_option *option)
{
    struct json_object *object = json_object_new_object();

    add_string(object, "name", option->name);
    add_string(object, "type", option_type_name(option->type));
    json_object_object_add(object, "required", json_object_new_boolean(option->required != 0));
    add_string(object, "default", option->fallback);
    if (has_range(option)) {
        json_object_object_add(object, "minimum", json_object_new_int64(option->minimum));
        json_object_object_add(object, "maximum", json_object_new_int64(option->maximum));
    }
    add_string(object, "choices", option->choices);
    add_string(object, "help", option->help);
    return object;
}

static const char *string_member(struct json_object *object, const char *key)
{
    return json_object_get_string(json_object_object_get(object, key));
}

bool option_from_json(struct json_object *object, struct atvm_option *ret)
{
    if (!json_object_is_type(object, json_type_object))
        return false;
    *ret = (struct atvm_option){
        .name = string_member(object, "name"),
        .type = type_from_name(string_member(object, "type")),
        .required = json_object_get_boolean(json_object_object_get(object, "required")),
        .fallback = string_member(object, "default"),
        .minimum = json_object_get_int64(json_object_object_get(object, "minimum")),
        .maximum = json_object_get_int64(json_object_object_get(object, "maximum")),
        .choices = string_member(object, "choices"),
        .help = string_member(object, "help"),
    };
    return ret->name && ret->type;
}
