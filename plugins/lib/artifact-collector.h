/*
 * The life of a collector that reads one folder of per-host artifacts: options `folder` and
 * `max_size`, one artifact_folder, one visit for each file.
 */
#ifndef ATVM_PLUGINS_ARTIFACT_COLLECTOR_H
#define ATVM_PLUGINS_ARTIFACT_COLLECTOR_H

#include <atvm/plugin.h>

#include "artifact-folder.h"

/* The options every such collector has; `folder_` and `size_` are their defaults as text,
 * `largest_` is the largest size that can be asked for, in bytes. */
/* clang-format off */
#define ARTIFACT_COLLECTOR_OPTIONS(folder_, size_, largest_)                                       \
    { "folder", ATVM_OPTION_STRING, 0, folder_, 0, 0, NULL,                                        \
      "folder of the artifacts, relative to automation_root unless it begins with '/'" },          \
    { "max_size", ATVM_OPTION_SIZE, 0, size_, 1024, largest_, NULL,                                \
      "bytes; a larger file is not read and counts as damaged" }
/* clang-format on */

/* What sets one collector apart from the others. */
struct artifact_collector_kind {
    const char *kind;           /* atvm_source.kind */
    const char *prefix;         /* of file names; "" for all */
    const char *const *endings; /* of file names, NULL-terminated */
    int depth;                  /* as in artifact_folder_settings */
    artifact_visit visit;       /* its user is the struct artifact_collector */
};

/* The instance, `self` of the module's functions. */
struct artifact_collector {
    const struct atvm_host *host;
    const struct artifact_collector_kind *kind;
    struct artifact_folder *folder; /* from configure on */
};

/* What struct atvm_collector asks for; `create` takes the kind (static) besides. */
void *artifact_collector_create(const struct atvm_host *host,
                                const struct artifact_collector_kind *kind);
int32_t artifact_collector_configure(void *self);
int32_t artifact_collector_collect(void *self);
void artifact_collector_destroy(void *self);

#endif
