/*
 * Inside of the configuration: what was written, free of libconfig, and the problems found in it.
 * Only config*.c include this.
 */
#ifndef ATVM_CORE_CONFIG_READING_H
#define ATVM_CORE_CONFIG_READING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config.h"
#include "memory.h"

enum written_type {
    WRITTEN_GROUP,
    WRITTEN_LIST, /* libconfig's lists ( ) and arrays [ ] */
    WRITTEN_STRING,
    WRITTEN_INTEGER,
    WRITTEN_BOOLEAN,
    WRITTEN_REAL
};

/* One value as somebody wrote it, and where. Lives in the obstack of its reading. */
struct written {
    enum written_type type;
    const char *name; /* key in its group; NULL in a list */
    const char *file; /* or what else it comes from: "environment variable NAME" */
    int line;         /* 0: not from a file */
    const char *string;
    int64_t integer;       /* also BOOLEAN: 0 or 1 */
    struct written *items; /* GROUP, LIST */
    size_t count;
};

/* One load under way. */
struct config_reading {
    struct config *config;
    bool is_read; /* the file was, so that the configuration is more than nothing */
    char *problems; /* one a line; NULL: none */
    struct obstack memory;
};

/* "FILE:LINE", or only the file where there is no line; free it. */
char *config_place(const char *file, int line);

/* Adds "PLACE: message" to *problems. */
void config_add_problem(char **problems, const char *file, int line, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* The same for a value. Does nothing but note it: reading goes on to find the other problems. */
#define config_problem(reading, where, ...)                                                        \
    config_add_problem(&(reading)->problems, (where)->file, (where)->line, __VA_ARGS__)

/* Reads a file into a tree; the root is a group without a name. NULL: a problem was added. */
const struct written *written_read_file(struct config_reading *reading, const char *path);

/* Adds a problem for every number in a file's text that libconfig would cut to 32 bits. */
void config_check_integers(struct config_reading *reading, const char *path, const char *text);

/* The value with this name in a group; NULL: it is not there. */
const struct written *written_item(const struct written *group, const char *name);
/* "a number", "a list" …, for messages. */
const char *written_type_name(const struct written *written);

/* Each of these returns false after it added a problem; `what` names the value in it. */
bool written_is_group(struct config_reading *reading, const struct written *written,
                      const char *what);
/* A list with at least one element. */
bool written_is_list(struct config_reading *reading, const struct written *written,
                     const char *what);
bool written_is_string(struct config_reading *reading, const struct written *written,
                       const char *what);
/* A list, not empty, of strings that are not empty. */
bool written_is_string_list(struct config_reading *reading, const struct written *written,
                            const char *what);
/* Adds a problem for every item of the group whose name is not among `names`. what: the group;
 * NULL: the first level. */
void written_check_names(struct config_reading *reading, const struct written *group,
                         const char *const *names, size_t count, const char *what);
/* A list of strings, which may be empty, becomes *texts; what was there before is freed. A value
 * that is none (a problem is added) changes nothing. */
void written_take_texts(struct config_reading *reading, const struct written *list,
                        const char *what, struct config_texts *texts);
/* Copies; what was there before is freed. */
void config_texts_set(struct config_texts *texts, const char *const *values, size_t count);
/* Frees what is in there. */
void config_texts_clear(struct config_texts *texts);
/* A string list as a JSON array; the caller owns it. */
struct json_object *written_strings_to_json(const struct written *list);

/* ---- the parts of the configuration ---- */

/* Settings with a single value: the built-in ones, those of a group, the environment's. */
void config_apply_defaults(struct config_reading *reading);
void config_apply_setting(struct config_reading *reading, const struct written *written);
void config_apply_environment(struct config_reading *reading);
bool config_is_setting(const char *name);
/* Their names in the order of the table; NULL past the last one. */
const char *config_known_setting(size_t index);

void config_apply_retry(struct config_reading *reading, const struct written *written);
void config_apply_templates(struct config_reading *reading, const struct written *written);
void config_apply_blacklist(struct config_reading *reading, const struct written *written);
void config_free_templates(struct config *config);
void config_apply_launch(struct config_reading *reading, const struct written *written);
void config_free_launch(struct config_launch *launch);
/* NULL: the built-in lists. Precedence after the collectors. */
void config_apply_collectors(struct config_reading *reading, const struct written *written);
void config_apply_sinks(struct config_reading *reading, const struct written *written);
/* A module as the built-in lists have it: critical, without options. */
struct config_module config_built_in_module(const char *name);
void config_apply_precedence(struct config_reading *reading, const struct written *written);

/* %b in `text` -> build; free it. build NULL: a copy. */
char *config_with_build(const char *text, const char *build);
/* The same for every string in an object or array, in place. */
void config_json_with_build(struct json_object *object, const char *build);

#endif
