/* What is read of the builds; what it amounts to is in doctor-build-judge.c. */
#include "doctor-builds.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>

#include "cleanup.h"
#include "doctor-versions.h"
#include "durable-file.h"
#include "state-lock.h"
#include "watch-command.h"

/* ---- posts that ought to be there */

static bool has_record(const struct outbox_list *posts, const char *scope, const char *sink)
{
    for (size_t i = 0; i < posts->count; i++)
        if (strcmp(posts->records[i]->message.scope, scope) == 0 &&
            strcmp(posts->records[i]->sink, sink) == 0)
            return true;
    return false;
}

struct missing_list {
    struct missing_post *posts;
    size_t count, capacity;
};

/* What the posts of a scope are held against. */
struct expectation {
    const struct config *config;
    const struct watcher_identity *identity; /* of the last watcher; NULL: not known */
    const struct outbox_list *posts;
};

/* A sink that was configured later owes nothing for what had ended before. */
static bool was_configured(const struct expectation *expected, const char *sink)
{
    for (size_t i = 0; expected->identity && i < expected->identity->module_count; i++)
        if (strcmp(expected->identity->modules[i].name, sink) == 0)
            return true;
    return !expected->identity && expected->posts->count == 0;
}

static void add_missing(const struct scope_state *scope, const struct expectation *expected,
                        struct missing_list *list)
{
    if (!scope_state_is_closed(scope) || scope->completed_ns < 0)
        return;
    for (size_t i = 0; i < expected->config->sink_count; i++) {
        const char *sink = expected->config->sinks[i].name;

        if (!was_configured(expected, sink) || has_record(expected->posts, scope->name, sink) ||
            state_posted(scope, sink) != 0)
            continue;
        memory_grow(&list->posts, list->count, &list->capacity, sizeof(*list->posts));
        list->posts[list->count++] =
            (struct missing_post){scope->name, sink, scope->folder, durable_component(sink)};
    }
}

/* A plain run has one post, a categorized one one for each sub-run (R2.2, R2.3). */
static void find_missing(const struct state *state, const struct expectation *expected,
                         struct missing_list *list)
{
    if (!state->categorized && state->subrun_count == 0)
        add_missing(&state->run, expected, list);
    for (size_t i = 0; i < state->subrun_count; i++)
        add_missing(state->subruns[i], expected, list);
}

/* ---- files set aside */

/* A tree of ours is flat: BUILD/subruns/NAME/posted, BUILD/outbox/SINK. */
#define DEPTH_MAX 4

static void find_damaged(const char *folder, unsigned depth, struct name_list *list)
{
    CLEANUP_DIR DIR *entries = opendir(folder);
    const struct dirent *entry;

    while (entries && (entry = readdir(entries))) {
        CLEANUP_FREE char *path = NULL;
        struct stat status;

        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        path = memory_format("%s/%s", folder, entry->d_name);
        if (strstr(entry->d_name, ".corrupt-"))
            name_list_add(list, path);
        else if (depth < DEPTH_MAX && lstat(path, &status) == 0 && S_ISDIR(status.st_mode))
            find_damaged(path, depth + 1, list);
    }
}

/* ---- who holds the lock */

/* The process that wrote the lock file last; 0: not known. */
static pid_t noted_holder(const char *path)
{
    CLEANUP_CLOSE int file = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    char text[32];
    ssize_t length = file < 0 ? -1 : read(file, text, sizeof(text) - 1);

    text[length > 0 ? length : 0] = '\0';
    return (pid_t)strtol(text, NULL, 10);
}

/* A process table that is mounted with hidepid shows others' processes to nobody, but kill(2) still
 * tells whether there is one of that number. */
static bool is_hidden(pid_t pid)
{
    CLEANUP_FREE char *path = memory_format("/proc/%d", (int)pid);

    return pid > 0 && (kill(pid, 0) == 0 || errno == EPERM) && access(path, X_OK) < 0;
}

static void look_for_watcher(const char *folder, struct build_seen *seen)
{
    CLEANUP_FREE char *lock = memory_format("%s/lock", folder);

    seen->watcher = state_lock_holder(lock);
    if (seen->watcher > 0) {
        seen->presence = WATCHER_LIVES;
        return;
    }
    seen->watcher = noted_holder(lock);
    seen->presence = is_hidden(seen->watcher) ? WATCHER_HIDDEN : WATCHER_NONE;
}

/* ---- one build */

/* All that is read of it; freed together. */
struct build_files {
    struct state *state;
    struct watcher_identity *identity; /* NULL: not known */
    struct outbox_list posts;
    struct missing_list missing;
    struct name_list damaged;
    char *error, *posts_error;
};

static void read_posts(const struct doctor_asked *asked, const struct config *config,
                       struct build_files *files, struct build_seen *seen)
{
    const struct expectation expected = {config, files->identity, &files->posts};

    seen->posts_error =
        outbox_look_all(seen->folder, asked->now_ns, &files->posts, &files->posts_error);
    seen->posts_error_text = files->posts_error;
    if (seen->posts_error)
        return;
    seen->posts = &files->posts;
    find_missing(files->state, &expected, &files->missing);
    seen->missing = files->missing.posts;
    seen->missing_count = files->missing.count;
}

static void read_files(const struct doctor_asked *asked, const struct config *config,
                       struct build_files *files, struct build_seen *seen)
{
    CLEANUP_FREE char *error = NULL;

    seen->error = state_open(config->state_root, seen->name, STATE_LOOK, asked->now_ns,
                             &files->state, &files->error);
    seen->error_text = files->error;
    seen->state = files->state;
    if (!files->state)
        return;
    watcher_identity_read(seen->folder, &files->identity, &error);
    read_posts(asked, config, files, seen);
    find_damaged(seen->folder, 0, &files->damaged);
    seen->damaged = &files->damaged;
}

static void free_files(struct build_files *files)
{
    outbox_list_free(&files->posts);
    watcher_identity_free(files->identity);
    state_close(files->state);
    name_list_free(&files->damaged);
    for (size_t i = 0; i < files->missing.count; i++)
        free(files->missing.posts[i].marker);
    free(files->missing.posts);
    free(files->error);
    free(files->posts_error);
}

/* Whether nothing is to be said about it. */
static bool look_at_build(const struct doctor_asked *asked, const struct config *config,
                          const char *name, struct doctor_report *report)
{
    CLEANUP_FREE char *folder = memory_format("%s/%s", config->state_root, name);
    CLEANUP_FREE char *go_on = watch_command(config, name);
    struct build_files files = {0};
    struct build_seen seen = {
        .name = name, .folder = folder, .go_on = go_on, .now_ns = asked->now_ns};
    bool is_well;

    read_files(asked, config, &files, &seen);
    look_for_watcher(folder, &seen);
    is_well = doctor_judge_build(report, config, &seen);
    if (seen.presence == WATCHER_LIVES)
        doctor_look_running(name, folder, seen.watcher, report);
    free_files(&files);
    return is_well;
}

/* ---- all builds */

/* What cannot be looked into may well be one. */
static bool has_file(DIR *root, const char *folder, const char *name)
{
    CLEANUP_FREE char *path = memory_format("%s/%s", folder, name);

    return faccessat(dirfd(root), path, F_OK, 0) == 0 || errno != ENOENT;
}

/* A folder that a watcher made which did not begin to watch is none. */
static bool is_build(DIR *root, const struct dirent *entry)
{
    static const char *const files[] = {"state.json", "closed.json", "outbox"};
    struct stat status;

    if (!config_build_name_is_valid(entry->d_name) ||
        fstatat(dirfd(root), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) < 0 ||
        !S_ISDIR(status.st_mode))
        return false;
    for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++)
        if (has_file(root, entry->d_name, files[i]))
            return true;
    return false;
}

static void look_at_all(const struct doctor_asked *asked, const struct config *config, DIR *root,
                        struct doctor_report *report)
{
    size_t count = 0, well = 0;
    const struct dirent *entry;

    while ((entry = readdir(root))) {
        if (!is_build(root, entry))
            continue;
        count++;
        well += look_at_build(asked, config, entry->d_name, report);
    }
    if (count == 0)
        doctor_ok(report, "builds.known", NULL, "no run has been watched yet");
    else
        doctor_ok(report, "builds.known", NULL, "nothing is wrong with %zu of %zu builds", well,
                  count);
}

void doctor_look_builds(const struct doctor_asked *asked, const struct config *config,
                        struct doctor_report *report)
{
    CLEANUP_DIR DIR *root = NULL;

    if (asked->build) {
        if (look_at_build(asked, config, asked->build, report))
            doctor_ok(report, "builds.known", asked->build, "nothing is wrong with this build");
        return;
    }
    root = opendir(config->state_root);
    if (root)
        look_at_all(asked, config, root, report);
    else if (errno == ENOENT)
        doctor_ok(report, "builds.known", NULL, "no run has been watched yet: there is no %s",
                  config->state_root);
    else if (errno == EACCES || errno == EPERM)
        doctor_unseen(report, "builds.known", NULL, doctor_again_as_root(report),
                      "%s: %s: nothing is known of any build or post", config->state_root,
                      strerror(errno));
    else
        doctor_unseen(report, "builds.known", NULL,
                      doctor_edit(report, config->file ? config->file : CONFIG_DEFAULT_PATH, 0),
                      "%s: %s: nothing is known of any build or post", config->state_root,
                      strerror(errno));
}
