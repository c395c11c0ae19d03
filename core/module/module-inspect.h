/*
 * Learning what a module is without loading it: a describe worker does, and may crash or hang over
 * it. The only way in which the watcher, `plugins` and `check-config` look into modules.
 */
#ifndef ATVM_CORE_MODULE_INSPECT_H
#define ATVM_CORE_MODULE_INSPECT_H

#include <atvm/plugin.h>
#include <json-c/json.h>

/* How workers are started; NULL instead of it: this program, ten seconds. */
struct module_inspector {
    const char *program; /* path of an atvm-watcher */
    int timeout_ms;      /* a worker that takes longer is killed */
};

/*
 * Describes the module `name` (a path when it has a slash) of a kind (0: either) as module_describe
 * does; the caller owns the object. NULL and *ret_error (free it): the file, what is wrong with it,
 * what to do. The worker gets none of the environment's secrets.
 */
struct json_object *module_inspect(const struct module_inspector *inspector, const char *name,
                                   enum atvm_kind kind, char **ret_error);

#endif
