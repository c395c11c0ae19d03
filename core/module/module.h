/*
 * Loading of modules: finding the file, checking its head before anything in it is called, copying
 * its struct. Used by worker processes only; the watcher itself never loads one.
 */
#ifndef ATVM_CORE_MODULE_H
#define ATVM_CORE_MODULE_H

#include <atvm/plugin.h>

struct module {
    enum atvm_kind kind;
    char *path; /* the file it was loaded from */
    union {
        struct atvm_collector collector; /* zeroed where the module was built with an older header */
        struct atvm_sink sink;
    };
};

/*
 * Loads a module of the wanted kind (0: of either). `name`: a file name without ".so" in the module folder, or a
 * path when it has a slash. The module folder: $ATVM_WATCHER_MODULE_PATH (colon-separated) where
 * set, the build tree's folders for a binary run from its build tree, else the installed one.
 * Refused: wrong magic, kind, major, a minor that is too new in need_minor, a struct smaller than
 * that of 1.0 or absurdly large, a required callback that is NULL, an unresolved symbol, a bad
 * option table; when running as root also a file or folder that others may write. NULL and
 * *ret_error (free it): file, expected, got, cure. A loaded module stays loaded; only the struct
 * is freed by module_free.
 */
struct module *module_load(const char *name, enum atvm_kind kind, char **ret_error);
void module_free(struct module *module);

/*
 * What a module is, as a JSON object for `plugins`, `check-config` and the describe worker; the
 * caller owns it:
 *   kind ("collector", "sink"), name, version, summary, abi ("1.0": the header it was built with),
 *   path, build_id (hex digits or null), needs (of "files", "processes", "network", "unix-socket",
 *   "write"), options (array of option_to_json objects: name, type, required, default, minimum,
 *   maximum, choices, help); a sink also has format ("text", "markdown", "json"), limit_bytes and
 *   limit_characters (0: any).
 */
struct json_object *module_describe(const struct module *module);

#endif
