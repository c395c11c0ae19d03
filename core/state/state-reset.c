/* Reopening a closed scope; what was there is kept. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "durable-file.h"
#include "memory.h"
#include "state.h"

static const char *const kept_files[] = {"state.json", "closed.json", "report.txt", "report.md",
                                         "report.json"};

/* A second name for the file: writers replace the first one and leave the content alone. */
static int keep_file(const struct scope_state *scope, const char *name, const char *folder,
                     char **ret_error)
{
    CLEANUP_FREE char *path = memory_format("%s/%s", scope->folder, name);
    CLEANUP_FREE char *kept = memory_format("%s/%s", folder, name);
    int error;

    if (link(path, kept) == 0 || errno == ENOENT || errno == EEXIST)
        return 0;
    error = -errno;
    *ret_error = memory_format("%s: keep as %s: %s", path, kept, strerror(-error));
    return error;
}

int state_keep_history(const struct state *state, const struct scope_state *scope,
                       const char *occasion, char **ret_folder, char **ret_error)
{
    CLEANUP_FREE char *component = durable_component(scope->name);
    CLEANUP_FREE char *folder =
        memory_format("%s/history/%s/%s", state->folder, occasion, component ? component : "run");
    int error = durable_make_folders(folder, STATE_FOLDER_MODE, ret_error);

    for (size_t i = 0; i < sizeof(kept_files) / sizeof(*kept_files) && !error; i++)
        error = keep_file(scope, kept_files[i], folder, ret_error);
    if (!error)
        error = durable_sync_folder(folder, ret_error);
    if (!error)
        *ret_folder = TAKE_POINTER(folder);
    return error;
}

int state_move_into(const char *path, const char *folder, const char *name, char **ret_error)
{
    CLEANUP_FREE char *target = memory_format("%s/%s", folder, name);
    CLEANUP_FREE char *parent = memory_string(path);
    char *slash = strrchr(parent, '/');
    int error;

    if (rename(path, target) < 0) {
        error = -errno;
        if (error == -ENOENT)
            return 0;
        *ret_error = memory_format("%s: move to %s: %s", path, target, strerror(-error));
        return error;
    }
    if (slash)
        *slash = '\0';
    error = durable_sync_folder(folder, ret_error);
    return error ? error : durable_sync_folder(parent, ret_error);
}

int state_reopen(struct state *state, struct scope_state *scope, const char *request,
                 int64_t now_ns, char **ret_error)
{
    free(scope->reason);
    scope->reason = NULL;
    free(scope->reset_request);
    scope->reset_request = memory_string(request);
    scope->reset_ns = scope->last_seen_ns = now_ns;
    scope->state = STATE_RUNNING;
    scope_state_open(scope);
    return state_save(state, scope, ret_error);
}
