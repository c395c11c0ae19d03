/*
 * What every module may call (struct atvm_host), whatever its kind: options, log and fail. The host
 * of a kind (collect-host, deliver-host) begins with a struct module_host and adds the rest.
 * Everything a module passes in is checked here.
 */
#ifndef ATVM_CORE_MODULE_HOST_H
#define ATVM_CORE_MODULE_HOST_H

#include <atvm/plugin.h>

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>

#include "module-options.h"

struct module_host;

/* How a kind of module treats what its modules say. */
struct module_host_kind {
    /* A module's text as it may leave the worker: valid UTF-8 without control characters, cut
     * where it is too long. text is never NULL; free() the result. */
    char *(*fit_text)(const struct module_host *host, const char *text);
    /* Writes one line of a module's log. level is one of enum atvm_log_level; text and the `count`
     * fields are fit. */
    void (*log)(const struct module_host *host, int32_t level, const char *text,
                const struct atvm_field *fields, size_t count);
};

/* What the module and its configuration are. The pointers must outlive the host. */
struct module_host_settings {
    const char *instance;          /* name in the configuration */
    const char *module;            /* name in the module */
    struct module_options options; /* what it declared */
    struct json_object
        *values; /* of the options, typed and complete, see struct config_module; may be NULL */
};

/* A list option, made ready for the module. */
struct module_host_list {
    const char *name;
    const char **items;
    size_t count;
};

/* To be the first member of the host of a kind, so that the table's context points to both. */
struct module_host {
    struct atvm_host table;
    const struct module_host_kind *kind;
    struct module_host_settings settings;
    struct module_host_list *lists;
    size_t list_count;
    char *failure; /* what the module said last with `fail`; NULL: nothing */
};

/* Fills a zeroed host. offered: what its kind offers besides log, fail and the options, and whose
 * other members are not looked at. */
void module_host_init(struct module_host *host, const struct module_host_kind *kind,
                      const struct module_host_settings *settings, const struct atvm_host *offered);
/* Frees what the host holds, not the host. */
void module_host_release(struct module_host *host);

/* Whether the module declared option `name` (NULL: no) with one of `types` (1 << enum
 * atvm_option_type, ORed); *ret is then that option. If not, its author is told. */
bool module_host_declares(const struct module_host *host, const char *name, unsigned types,
                          struct atvm_option *ret);

/* Tells the module's author by way of the log that it breaks a rule of the interface: what, and in
 * detail (NULL: nothing to add). */
void module_host_complain(const struct module_host *host, const char *what, const char *detail);

#endif
