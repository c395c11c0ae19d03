#include "artifact-collector.h"

#include <string.h>

#include "allocate.h"
#include "cleanup.h"
#include "host-call.h"

void *artifact_collector_create(const struct atvm_host *host,
                                const struct artifact_collector_kind *kind)
{
    struct artifact_collector *self = allocate(1, sizeof(*self));

    self->host = host;
    self->kind = kind;
    return self;
}

/* The absolute path of the folder; NULL: there is no automation root to begin at. free() it. */
static char *folder_path(const struct atvm_host *host)
{
    const char *folder = host->option_string(host->context, "folder");
    const char *root = host->run(host->context)->automation_root;

    if (folder[0] == '/')
        return copy_string(folder);
    return root ? format_text("%s/%s", root, folder) : NULL;
}

int32_t artifact_collector_configure(void *self)
{
    struct artifact_collector *collector = self;
    const struct atvm_host *host = collector->host;
    CLEANUP_FREE char *path = folder_path(host);
    struct artifact_folder_settings settings = {
        .path = path,
        .kind = collector->kind->kind,
        .prefix = collector->kind->prefix,
        .endings = collector->kind->endings,
        .depth = collector->kind->depth,
        .size_limit = host->option_number(host->context, "max_size"),
    };

    if (!path)
        return host_fail(host, ATVM_FAILED,
                         "no automation_root is configured, so the folder of the %s artifacts is "
                         "not known; set automation_root, or give \"folder\" as an absolute path",
                         collector->kind->kind);
    artifact_folder_free(collector->folder);
    collector->folder = artifact_folder_new(host, &settings);
    return ATVM_OK;
}

int32_t artifact_collector_collect(void *self)
{
    struct artifact_collector *collector = self;

    return artifact_folder_pass(collector->folder, collector->kind->visit, collector);
}

void artifact_collector_destroy(void *self)
{
    struct artifact_collector *collector = self;

    if (!collector)
        return;
    artifact_folder_free(collector->folder);
    free(collector);
}
