/*
 * Options of modules: what a table entry means, whether it makes sense, and turning what an
 * operator wrote into a typed value. Pure; knows neither libconfig nor modules.
 */
#ifndef ATVM_CORE_OPTION_H
#define ATVM_CORE_OPTION_H

#include <atvm/plugin.h>
#include <json-c/json.h>
#include <stdbool.h>

/* "string", "integer", "boolean", "duration", "size", "list", "secret"; NULL: no such type. */
const char *option_type_name(int32_t type);

/* What is wrong with a table entry, as the end of a sentence ("has a help text that is NULL"); free
 * it. NULL: nothing. Reads no pointer of the entry before it was checked. */
char *option_fault(const struct atvm_option *option);

/* The entry as an object: name, type, required, default, minimum, maximum, choices, help; what is
 * not set is left out. The caller owns it. */
struct json_object *option_to_json(const struct atvm_option *option);
/* Reads it back; strings live as long as `object`. false: it is none. */
bool option_from_json(struct json_object *object, struct atvm_option *ret);

/*
 * The typed value of `written`, as it stands in the configuration: string, number, boolean or array
 * of strings -> string, integer (durations in ns, sizes in bytes), boolean or array of strings. The
 * caller owns it. NULL and *ret_error (free it): what is wrong and what to write instead.
 */
struct json_object *option_typed(const struct atvm_option *option, struct json_object *written,
                                 char **ret_error);

/* The typed default; NULL: it has none. The entry has no fault. */
struct json_object *option_default(const struct atvm_option *option);

/* "5s to 10m", or NULL where everything is allowed; free it. */
char *option_range_text(const struct atvm_option *option);

#endif
