/* Where modules lie. Looks at names and file types only; nothing is loaded. */
#ifndef ATVM_CORE_MODULE_FOLDER_H
#define ATVM_CORE_MODULE_FOLDER_H

#include <stddef.h>

/* Strings that belong together; both levels are owned. */
struct name_list {
    char **names;
    size_t count, capacity;
};

void name_list_add(struct name_list *list, const char *name); /* copies */
void name_list_free(struct name_list *list);

#define CLEANUP_NAMES __attribute__((cleanup(name_list_free)))

/*
 * The folders in which a module name is looked up, first to last: those of
 * $ATVM_WATCHER_MODULE_PATH (colon-separated), then the build tree's for a binary that lies in its
 * build tree (beside config.status), else the installed one.
 */
void module_folders(struct name_list *ret_folders);

/* The module files (paths) in these folders, by folder and name; a name that an earlier folder has
 * too is left out, as it can never be loaded. A folder that does not exist has none. */
void module_files(struct name_list *ret_files);

/* The name of a module file: "/usr/lib/atvm-watcher/junit.so" -> "junit"; free it. */
char *module_name_of_file(const char *path);

/*
 * The file of the module `name` (a path when it has a slash), symbolic links resolved; free it.
 * NULL and *ret_error (free it) where there is no such regular file: what was looked for, where,
 * and the nearest name there is.
 */
char *module_find(const char *name, char **ret_error);

#endif
