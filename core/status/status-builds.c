/* Reading the builds of a state root. */
#include "status-builds.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cleanup.h"
#include "memory.h"
#include "outbox-parts.h"
#include "state-lock.h"
#include "state.h"

/* ---------------------------------------------------------------- posts */

static bool is_configured(const struct config *config, const char *sink)
{
    for (size_t i = 0; i < config->sink_count; i++)
        if (strcmp(config->sinks[i].name, sink) == 0)
            return true;
    return false;
}

enum post_standing post_standing_of(const struct outbox_list *posts,
                                    const struct outbox_record *record, const struct config *config)
{
    if (record->state == OUTBOX_DELIVERED)
        return POST_DELIVERED;
    if (record->dropped)
        return POST_DROPPED;
    if (outbox_state_is_settled(record->state) || !is_configured(config, record->sink) ||
        outbox_turn_of(posts, record) == OUTBOX_TURN_HELD)
        return POST_HELD;
    return POST_WAITING;
}

struct post_counts count_posts(const struct outbox_list *posts, const struct config *config)
{
    struct post_counts counts = {0};

    for (size_t i = 0; i < posts->count; i++) {
        enum post_standing standing = post_standing_of(posts, posts->records[i], config);

        counts.delivered += standing == POST_DELIVERED;
        counts.waiting += standing == POST_WAITING;
        counts.held += standing == POST_HELD;
    }
    return counts;
}

/* ---------------------------------------------------------------- one build */

static void count_hosts(struct build_row *row, const struct scope_state *scope)
{
    for (size_t i = 0; i < scope->host_count; i++) {
        const char *status = scope->hosts[i].status;

        if (strcmp(status, host_status_name(HOST_PASS)) == 0)
            row->passed++;
        else if (strcmp(status, host_status_name(HOST_FAIL)) == 0)
            row->failed++;
        else if (strcmp(status, host_status_name(HOST_SKIPPED)) != 0)
            row->open++;
    }
}

static bool has_host(const struct scope_state *scope, const char *host)
{
    for (size_t i = 0; i < scope->host_count; i++)
        if (strcmp(scope->hosts[i].name, host) == 0)
            return true;
    return false;
}

/* Hosts that no sub-run has taken yet. */
static size_t count_untaken(const struct state *state)
{
    size_t count = 0;

    for (size_t i = 0; i < state->expected_host_count; i++) {
        bool taken = has_host(&state->run, state->expected_hosts[i]);

        for (size_t j = 0; j < state->subrun_count && !taken; j++)
            taken = has_host(state->subruns[j], state->expected_hosts[i]);
        count += !taken;
    }
    return count;
}

static void take_state(struct build_row *row, const struct state *state)
{
    row->state = state->run.state;
    row->categorized = state->categorized || state->subrun_count > 0;
    row->started_ns = state->asked.since_ns >= 0 ? state->asked.since_ns : state->run.first_seen_ns;
    row->closed_ns = state->run.closed_ns;
    count_hosts(row, &state->run);
    for (size_t i = 0; i < state->subrun_count; i++)
        count_hosts(row, state->subruns[i]);
    row->open += count_untaken(state);
}

static void add_problem(struct build_row *row, const char *text)
{
    char *before = row->problem;

    row->problem = before ? memory_format("%s\n%s", before, text) : memory_string(text);
    free(before);
}

static void load_posts(struct build_row *row, const struct config *config, const char *folder,
                       int64_t now_ns)
{
    CLEANUP_FREE char *error = NULL;
    struct outbox_list posts;

    if (outbox_look_all(folder, now_ns, &posts, &error) < 0) {
        add_problem(row, error);
        return;
    }
    row->posts = count_posts(&posts, config);
    outbox_list_free(&posts);
}

/* false: it is no build's folder. */
static bool load_row(const struct config *config, const char *name, int64_t now_ns,
                     struct build_row *ret)
{
    CLEANUP_FREE char *folder = memory_format("%s/%s", config->state_root, name);
    CLEANUP_FREE char *lock = memory_format("%s/lock", folder);
    CLEANUP_FREE char *error = NULL;
    struct state *state = NULL;
    bool found;

    *ret = (struct build_row){.started_ns = -1, .closed_ns = -1};
    if (state_open(config->state_root, name, STATE_LOOK, now_ns, &state, &error) < 0)
        add_problem(ret, error);
    else if (state->warnings)
        add_problem(ret, state->warnings);
    else if (state->found)
        take_state(ret, state);
    found = ret->problem || ret->state;
    state_close(state);
    ret->watcher = state_lock_holder(lock);
    if (!found && ret->watcher == 0)
        return false;
    ret->name = memory_string(name);
    load_posts(ret, config, folder, now_ns);
    return true;
}

/* ---------------------------------------------------------------- all builds */

static bool is_build_folder(int root, const char *name)
{
    struct stat status;

    return config_build_name_is_valid(name) &&
           fstatat(root, name, &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(status.st_mode);
}

int build_rows_compare(const void *left, const void *right)
{
    const struct build_row *a = left, *b = right;

    if (a->started_ns != b->started_ns)
        return a->started_ns > b->started_ns ? -1 : 1;
    return strcmp(a->name, b->name);
}

static char *root_error(const char *root, int error)
{
    if (error == -ENOENT)
        return memory_format("%s: there is no such state root: no run was watched on this machine, "
                             "or the configuration's state_root is not the watcher's",
                             root);
    if (error == -EACCES)
        return memory_format("%s: the state root cannot be read: %s; look as root, or as the user "
                             "that watches",
                             root, strerror(-error));
    return memory_format("%s: the state root cannot be read: %s", root, strerror(-error));
}

int build_rows_load(const struct config *config, int64_t now_ns, struct build_rows *ret,
                    char **ret_error)
{
    CLEANUP_DIR DIR *folder = opendir(config->state_root);
    struct dirent *entry;
    int error = folder ? 0 : -errno;

    *ret = (struct build_rows){0};
    errno = 0;
    while (folder && (entry = readdir(folder))) {
        if (is_build_folder(dirfd(folder), entry->d_name)) {
            memory_grow(&ret->rows, ret->count, &ret->capacity, sizeof(*ret->rows));
            ret->count += load_row(config, entry->d_name, now_ns, &ret->rows[ret->count]);
        }
        errno = 0;
    }
    if (folder)
        error = -errno;
    if (error) {
        *ret_error = root_error(config->state_root, error);
        build_rows_free(ret);
        return error;
    }
    if (ret->count > 0)
        qsort(ret->rows, ret->count, sizeof(*ret->rows), build_rows_compare);
    return 0;
}

void build_rows_free(struct build_rows *rows)
{
    for (size_t i = 0; i < rows->count; i++) {
        free(rows->rows[i].name);
        free(rows->rows[i].problem);
    }
    free(rows->rows);
    *rows = (struct build_rows){0};
}
