/* Reading what is on disk about one build. */
#include "status.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "durable-file.h"
#include "memory.h"
#include "state-lock.h"

/* No report of ours comes near it. */
#define REPORT_FILE_MAX (64 * 1024 * 1024)

bool build_status_is_closed(const struct build_status *status)
{
    return status->state && scope_state_is_closed(&status->state->run);
}

enum run_state build_status_state(const struct build_status *status)
{
    if (build_status_is_closed(status))
        return status->state->run.state;
    return status->report ? status->report->verdict->state : 0;
}

/* ---------------------------------------------------------------- stored reports */

/* NULL where there is none (then 0 is returned), or with -errno. */
static int read_report(const struct scope_state *scope, const char *ending, char **ret,
                       char **ret_error)
{
    CLEANUP_FREE char *path = memory_format("%s/report.%s", scope->folder, ending);
    size_t length;
    int error = durable_read(path, REPORT_FILE_MAX, ret, &length, ret_error);

    return error == -ENOENT ? 0 : error;
}

static int add_text(const struct scope_state *scope, char **text, char **ret_error)
{
    CLEANUP_FREE char *more = NULL;
    char *before = *text;
    int error = read_report(scope, "txt", &more, ret_error);

    if (!more)
        return error;
    *text = before ? memory_format("%s\n%s", before, more) : TAKE_POINTER(more);
    free(before);
    return 0;
}

static int read_stored(struct build_status *status, char **ret_error)
{
    const struct state *state = status->state;
    int error = add_text(&state->run, &status->stored_text, ret_error);

    for (size_t i = 0; i < state->subrun_count && !error; i++)
        error = add_text(state->subruns[i], &status->stored_text, ret_error);
    return error ? error : read_report(&state->run, "json", &status->stored_json, ret_error);
}

/* ---------------------------------------------------------------- all of it */

static int read_state(struct build_status *status, char **ret_error)
{
    int error = state_open(status->config->state_root, status->build, STATE_LOOK, status->now_ns,
                           &status->state, ret_error);

    if (error == -ENOENT) {
        free(TAKE_POINTER(*ret_error));
        return 0;
    }
    if (error == -EACCES) {
        CLEANUP_FREE char *cause = TAKE_POINTER(*ret_error);

        *ret_error = memory_format("%s; look as root, or as the user that watches", cause);
    }
    return error;
}

int build_status_load(const char *build, const struct config *config, int64_t now_ns,
                      struct build_status *ret, char **ret_error)
{
    CLEANUP_FREE char *folder = memory_format("%s/%s", config->state_root, build);
    CLEANUP_FREE char *lock = memory_format("%s/lock", folder);
    int error;

    *ret = (struct build_status){
        .build = build, .config = config, .now_ns = now_ns, .window.since_ns = -1};
    /* Before the state: a watcher that ends meanwhile has closed what is read then. */
    ret->watcher = state_lock_holder(lock);
    error = read_state(ret, ret_error);
    if (!error && ret->state)
        error = outbox_look_all(folder, now_ns, &ret->posts, ret_error);
    if (!error && build_status_is_closed(ret))
        error = read_stored(ret, ret_error);
    return error;
}

void build_status_clear(struct build_status *status)
{
    state_close(status->state);
    outbox_list_free(&status->posts);
    free(status->stored_text);
    free(status->stored_json);
    *status = (struct build_status){0};
}
