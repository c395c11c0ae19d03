/*
 * Which build of itself and of each module a watcher is: the file "watcher.json" in the build's
 * folder, which it writes when it starts (doc/doctor.md). Whatever is installed over it later, this
 * stays what runs.
 */
#ifndef ATVM_CORE_WATCHER_IDENTITY_H
#define ATVM_CORE_WATCHER_IDENTITY_H

#include <stddef.h>
#include <stdint.h>

#include "config.h"

/* One module as the watcher found it when it started. */
struct identity_module {
    char *name;     /* of the instance */
    char *path;     /* the file */
    char *version;  /* of the module */
    char *build_id; /* hex digits; NULL: it has none */
};

/* Strings are owned. */
struct watcher_identity {
    int64_t pid;
    int64_t started_ns; /* when it said so */
    char *version;      /* of the program */
    char *build_id;     /* hex digits; NULL: it has none */
    char *program;      /* the file it was started from */
    struct identity_module *modules;
    size_t module_count, module_capacity;
};

/* Writes who the calling process is and what `config` (checked) loads. 0, or -errno with
 * *ret_error (free it). */
int watcher_identity_write(const char *folder, const struct config *config, int64_t now_ns,
                           char **ret_error);

/* What the last watcher of that build wrote; *ret is to be freed. 0; -ENOENT: nothing (one that
 * knew no such file); else -errno with *ret_error (free it). */
int watcher_identity_read(const char *folder, struct watcher_identity **ret, char **ret_error);
/* Accepts NULL. */
void watcher_identity_free(struct watcher_identity *identity);

/* The file of the running program; free it. NULL: it cannot be known. One that was replaced since
 * it was started ends with " (deleted)". */
char *program_path(void);

#endif
