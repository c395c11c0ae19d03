#include "artifact-folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "allocate.h"
#include "cleanup.h"
#include "clock.h"
#include "folder-listing.h"
#include "host-call.h"
#include "host-name.h"

/* A damaged file younger than this may be in the middle of being written (artifact-folder.h). */
#define SETTLING_NS  (2 * NS_PER_SECOND)
#define REASON_BYTES 512

/* Which bytes a name stood for when it was looked at. */
struct identity {
    dev_t device;
    ino_t inode;
    int64_t size, mtime_ns;
};

/* What is remembered of one name between passes. */
struct seen {
    char *path; /* absolute; owned */
    struct identity identity;
    int64_t first_look_ns; /* CLOCK_MONOTONIC of the first look at this identity */
    int open_error;        /* errno of the open that was reported; it is tried again every pass */
    bool settled;          /* has said all it will say as long as its identity stays */
};

struct seen_list {
    struct seen *items;
    size_t count, capacity;
};

struct artifact_folder {
    const struct atvm_host *host;
    char *path, *kind, *prefix;
    char **endings;
    int depth;
    int64_t size_limit;
    struct seen_list seen; /* sorted by path */
};

struct pass {
    struct artifact_folder *folder;
    artifact_visit visit;
    void *user;
    struct seen_list seen; /* what the next pass will remember */
    int64_t stop_ns;       /* CLOCK_MONOTONIC after which no further file is read */
    bool visited_any, stopped, again, unavailable;
};

/* An open folder of the pass. */
struct place {
    int descriptor;
    const char *path;
    const char *name; /* last component of path */
    int depth;        /* levels of sub-folders below that are still to be looked at */
};

/* ---------------------------------------------------------------- memory */

static struct seen *add_seen(struct seen_list *list, const struct seen *item)
{
    list->items = grow_array(list->items, list->count, &list->capacity, sizeof(*list->items));
    list->items[list->count] = *item;
    return &list->items[list->count++];
}

static void free_seen(struct seen_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        free(list->items[i].path);
    free(list->items);
    *list = (struct seen_list){0};
}

static int compare_seen(const void *left, const void *right)
{
    return strcmp(((const struct seen *)left)->path, ((const struct seen *)right)->path);
}

/* What the last pass remembered of `path`; NULL: nothing. */
static const struct seen *find_seen(const struct seen_list *list, const char *path)
{
    size_t low = 0, high = list->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(path, list->items[middle].path);

        if (order == 0)
            return &list->items[middle];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

struct artifact_folder *artifact_folder_new(const struct atvm_host *host,
                                            const struct artifact_folder_settings *settings)
{
    struct artifact_folder *folder = allocate(1, sizeof(*folder));
    size_t endings = 0;

    while (settings->endings[endings])
        endings++;
    folder->host = host;
    folder->path = copy_string(settings->path);
    folder->kind = copy_string(settings->kind);
    folder->prefix = copy_string(settings->prefix);
    folder->endings = allocate(endings + 1, sizeof(*folder->endings));
    for (size_t i = 0; i < endings; i++)
        folder->endings[i] = copy_string(settings->endings[i]);
    folder->depth = settings->depth;
    folder->size_limit = settings->size_limit;
    return folder;
}

void artifact_folder_free(struct artifact_folder *folder)
{
    if (!folder)
        return;
    for (char **ending = folder->endings; *ending; ending++)
        free(*ending);
    free(folder->endings);
    free(folder->path);
    free(folder->kind);
    free(folder->prefix);
    free_seen(&folder->seen);
    free(folder);
}

/* ---------------------------------------------------------------- identity and time */

/* What is no file has no size. */
static struct identity identity_of(const struct stat *status)
{
    return (struct identity){
        .device = status->st_dev,
        .inode = status->st_ino,
        .size = S_ISREG(status->st_mode) ? status->st_size : -1,
        .mtime_ns = status->st_mtim.tv_sec * NS_PER_SECOND + status->st_mtim.tv_nsec,
    };
}

static bool same_identity(const struct identity *left, const struct identity *right)
{
    return left->device == right->device && left->inode == right->inode &&
           left->size == right->size && left->mtime_ns == right->mtime_ns;
}

/* Whether its writer may still be at work. The second condition ends the waiting where the run's
 * clock stands still (a replay) or the file comes from the future. */
static bool is_settling(const struct artifact_folder *folder, const struct seen *seen)
{
    return folder->host->now(folder->host->context) - seen->identity.mtime_ns < SETTLING_NS &&
           clock_ns(CLOCK_MONOTONIC) - seen->first_look_ns < SETTLING_NS;
}

/* Half of the time is for starting on files, the other half for finishing the last of them. */
static int64_t stop_time(const struct atvm_host *host)
{
    int64_t now = clock_ns(CLOCK_MONOTONIC);
    int64_t deadline = host->deadline(host->context);

    return deadline > now ? now + (deadline - now) / 2 : now;
}

/* At least one file is read in every pass, so that a short deadline cannot stop all progress. */
static bool time_is_up(const struct pass *pass)
{
    const struct atvm_host *host = pass->folder->host;

    return host->cancelled(host->context) ||
           (pass->visited_any && clock_ns(CLOCK_MONOTONIC) >= pass->stop_ns);
}

/* ---------------------------------------------------------------- one artifact */

/* Opens the unit of a source. false: this source is set aside. */
static bool begin(const struct pass *pass, const struct seen *seen, const char *name,
                  char stem[HOST_NAME_MAX_BYTES + 1])
{
    const struct artifact_folder *folder = pass->folder;
    struct atvm_source source = {
        .struct_size = sizeof(source),
        .mode = ATVM_SOURCE_REPLACE,
        .path = seen->path,
        .kind = folder->kind,
        .size = seen->identity.size,
        .mtime_ns = seen->identity.mtime_ns,
        .name_time_ns = -1,
        .device = seen->identity.device,
        .inode = seen->identity.inode,
    };

    stem[0] = '\0';
    if (host_name_stem(name, folder->prefix, stem, &source.name_time_ns) && stem[0] != '\0')
        source.stem = stem;
    return folder->host->begin_source(folder->host->context, &source) == ATVM_OK;
}

static void report_damaged(const struct pass *pass, const struct seen *seen, const char *name,
                           const char *reason)
{
    char stem[HOST_NAME_MAX_BYTES + 1];

    if (begin(pass, seen, name, stem))
        host_end_source(pass->folder->host, ATVM_QUALITY_DAMAGED, "%s", reason);
}

static const char *why_not_regular(mode_t mode)
{
    switch (mode & S_IFMT) {
    case S_IFLNK:
        return "is a symbolic link, which is not followed; put the file itself here";
    case S_IFIFO:
        return "is a FIFO, not a file; remove it";
    case S_IFSOCK:
        return "is a socket, not a file; remove it";
    case S_IFDIR:
        return "is a folder, not a file; remove or rename it";
    default:
        return "is a device, not a file; remove it";
    }
}

/* Visits the open file within its unit; returns the quality. */
static int32_t read_artifact(const struct pass *pass, const struct seen *seen,
                             const struct artifact *artifact, char *reason)
{
    const struct artifact_folder *folder = pass->folder;
    struct stat after;
    struct identity identity;
    int32_t quality;

    if (seen->identity.size > folder->size_limit) {
        snprintf(reason, REASON_BYTES,
                 "is %jd bytes long, more than the limit of %jd; raise max_size to have it read",
                 (intmax_t)seen->identity.size, (intmax_t)folder->size_limit);
        return ATVM_QUALITY_DAMAGED;
    }
    quality = pass->visit(pass->user, artifact, reason, REASON_BYTES);
    if (fstat(artifact->descriptor, &after) < 0) {
        snprintf(reason, REASON_BYTES, "cannot look at it after reading: %s", strerror(errno));
        return ATVM_QUALITY_DAMAGED;
    }
    identity = identity_of(&after);
    if (!same_identity(&identity, &seen->identity)) {
        snprintf(reason, REASON_BYTES, "it changed while it was read");
        return ATVM_QUALITY_GROWING;
    }
    if (quality == ATVM_QUALITY_DAMAGED && is_settling(folder, seen))
        return ATVM_QUALITY_GROWING;
    return quality;
}

static void visit_open(struct pass *pass, const struct place *place, const char *name,
                       int descriptor, struct seen *seen)
{
    char stem[HOST_NAME_MAX_BYTES + 1];
    char reason[REASON_BYTES] = "";
    struct artifact artifact = {
        .path = seen->path,
        .name = name,
        .folder = place->name,
        .stem = stem,
        .descriptor = descriptor,
        .size = seen->identity.size,
        .mtime_ns = seen->identity.mtime_ns,
    };
    int32_t quality;

    pass->visited_any = true;
    seen->settled = true;
    if (!begin(pass, seen, name, stem))
        return;
    quality = read_artifact(pass, seen, &artifact, reason);
    seen->settled = quality != ATVM_QUALITY_GROWING;
    host_end_source(pass->folder->host, quality, quality == ATVM_QUALITY_WHOLE ? NULL : "%s",
                    reason);
}

static void say_unavailable(struct pass *pass, const char *path, int error)
{
    pass->unavailable = true;
    if (error == EOVERFLOW)
        host_fail(pass->folder->host, 0,
                  "%s: more than %d names; move old artifacts out of this folder", path,
                  FOLDER_LISTING_LIMIT);
    else
        host_fail(pass->folder->host, 0,
                  "%s: cannot be read: %s; check that the watcher may read this folder", path,
                  strerror(error));
}

/* What is wrong with the watcher and not with the file. */
static bool is_shortage(int error)
{
    return error == EMFILE || error == ENFILE || error == ENOMEM || error == EINTR;
}

static void report_open_error(struct pass *pass, const char *name, struct seen *seen, int error)
{
    char reason[REASON_BYTES];

    if (is_shortage(error)) {
        say_unavailable(pass, seen->path, error);
        return;
    }
    if (seen->open_error == error)
        return;
    seen->open_error = error;
    snprintf(reason, sizeof(reason), "cannot be opened: %s; check its permissions",
             strerror(error));
    report_damaged(pass, seen, name, reason);
}

/* Sets the identity to look at; what was known of another one no longer counts. */
static void set_identity(struct seen *seen, const struct stat *status)
{
    struct identity identity = identity_of(status);

    if (seen->first_look_ns && same_identity(&identity, &seen->identity))
        return;
    seen->identity = identity;
    seen->first_look_ns = clock_ns(CLOCK_MONOTONIC);
    seen->open_error = 0;
    seen->settled = false;
}

/* Opens and reads a name that was a regular file a moment ago. false: it is gone. */
static bool open_and_visit(struct pass *pass, const struct place *place, const char *name,
                           struct seen *seen)
{
    CLEANUP_CLOSE int descriptor =
        openat(place->descriptor, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
    struct stat status;

    if (descriptor < 0 && errno == ENOENT)
        return false;
    if (descriptor < 0 || fstat(descriptor, &status) < 0) {
        report_open_error(pass, name, seen, errno);
        return true;
    }
    /* Between the look at the name and the open it may have become another file. */
    set_identity(seen, &status);
    seen->open_error = 0;
    if (S_ISREG(status.st_mode)) {
        visit_open(pass, place, name, descriptor, seen);
    } else {
        report_damaged(pass, seen, name, why_not_regular(status.st_mode));
        seen->settled = true;
    }
    return true;
}

static void look_at_artifact(struct pass *pass, const struct place *place, const char *name,
                             const struct stat *status)
{
    CLEANUP_FREE char *path = format_text("%s/%s", place->path, name);
    const struct seen *previous = find_seen(&pass->folder->seen, path);
    struct seen seen = previous ? *previous : (struct seen){0};
    bool is_there = true;

    seen.path = path;
    set_identity(&seen, status);
    if (!seen.settled) {
        if (time_is_up(pass)) {
            pass->stopped = true;
            return;
        }
        if (S_ISREG(status->st_mode)) {
            is_there = open_and_visit(pass, place, name, &seen);
        } else {
            report_damaged(pass, &seen, name, why_not_regular(status->st_mode));
            seen.settled = true;
        }
    }
    if (!is_there)
        return;
    pass->again |= !seen.settled && !seen.open_error;
    add_seen(&pass->seen, &seen);
    TAKE_POINTER(path);
}

/* ---------------------------------------------------------------- folders */

static void look_into(struct pass *pass, const struct place *place);

static void look_into_subfolder(struct pass *pass, const struct place *parent, const char *name)
{
    const struct atvm_host *host = pass->folder->host;
    CLEANUP_FREE char *path = format_text("%s/%s", parent->path, name);
    CLEANUP_CLOSE int descriptor = -1;

    host->watch(host->context, path);
    descriptor = openat(parent->descriptor, name,
                        O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (descriptor < 0) {
        if (errno != ENOENT)
            say_unavailable(pass, path, errno);
        return;
    }
    look_into(pass, &(struct place){descriptor, path, name, parent->depth - 1});
}

static bool is_host_name(const char *name)
{
    char found[HOST_NAME_MAX_BYTES + 1];

    return host_name_find(name, strlen(name), found) && strcmp(found, name) == 0;
}

static void look_at_name(struct pass *pass, const struct place *place, const char *name)
{
    const struct artifact_folder *folder = pass->folder;
    struct folder_filter filter = {folder->prefix, (const char *const *)folder->endings};
    struct stat status;

    if (fstatat(place->descriptor, name, &status, AT_SYMLINK_NOFOLLOW) < 0) {
        if (errno != ENOENT)
            say_unavailable(pass, place->path, errno);
        return;
    }
    if (S_ISDIR(status.st_mode) && place->depth > 0)
        look_into_subfolder(pass, place, name);
    else if (folder_filter_accepts(&filter, name))
        look_at_artifact(pass, place, name, &status);
    /* A link in the place of a host's folder hides what that host left: not passed over. */
    else if (S_ISLNK(status.st_mode) && place->depth > 0 && is_host_name(name))
        look_at_artifact(pass, place, name, &status);
}

static void look_into(struct pass *pass, const struct place *place)
{
    const struct artifact_folder *folder = pass->folder;
    struct folder_filter filter = {
        place->depth > 0 ? "" : folder->prefix,
        place->depth > 0 ? NULL : (const char *const *)folder->endings,
    };
    struct folder_listing listing;
    int error = folder_listing_read(place->descriptor, &filter, &listing);

    if (error)
        say_unavailable(pass, place->path, -error);
    else
        for (size_t i = 0; i < listing.count && !pass->stopped; i++)
            look_at_name(pass, place, listing.names[i]);
    folder_listing_free(&listing);
}

static bool contains_path(const struct seen *sorted, size_t count, char *path)
{
    struct seen key = {.path = path};

    return count && bsearch(&key, sorted, count, sizeof(key), compare_seen);
}

/* A pass that did not get to the end keeps what it did not look at. */
static void keep_unvisited(struct pass *pass)
{
    struct seen_list *old = &pass->folder->seen;
    size_t reached = pass->seen.count;

    for (size_t i = 0; i < old->count; i++) {
        if (contains_path(pass->seen.items, reached, old->items[i].path))
            continue;
        add_seen(&pass->seen, &old->items[i]);
        old->items[i].path = NULL;
    }
}

static void sort_seen(struct seen_list *list)
{
    if (list->count > 1)
        qsort(list->items, list->count, sizeof(*list->items), compare_seen);
}

static void remember(struct pass *pass)
{
    sort_seen(&pass->seen);
    if (pass->stopped) {
        keep_unvisited(pass);
        sort_seen(&pass->seen);
    }
    free_seen(&pass->folder->seen);
    pass->folder->seen = pass->seen;
}

static const char *last_component(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

int32_t artifact_folder_pass(struct artifact_folder *folder, artifact_visit visit, void *user)
{
    const struct atvm_host *host = folder->host;
    struct pass pass = {.folder = folder, .visit = visit, .user = user, .stop_ns = stop_time(host)};
    CLEANUP_CLOSE int descriptor = -1;

    /* Watched before it is read, so that nothing can come between the two unseen. */
    host->watch(host->context, folder->path);
    descriptor = open(folder->path, O_RDONLY | O_DIRECTORY | O_NONBLOCK | O_CLOEXEC);
    if (descriptor >= 0)
        look_into(&pass, &(struct place){descriptor, folder->path, last_component(folder->path),
                                         folder->depth});
    else if (errno != ENOENT)
        say_unavailable(&pass, folder->path, errno);
    remember(&pass);
    if (pass.unavailable)
        return ATVM_COLLECT_UNAVAILABLE;
    return pass.again || pass.stopped ? ATVM_COLLECT_AGAIN : ATVM_COLLECT_COMPLETE;
}

/* ---------------------------------------------------------------- reading */

char *artifact_read(const struct artifact *artifact, size_t *ret_length, char *reason,
                    size_t reason_size)
{
    size_t size = (size_t)artifact->size;
    CLEANUP_FREE char *text = malloc(size + 1);
    size_t length = 0;

    if (!text) {
        snprintf(reason, reason_size, "no memory for its %zu bytes", size);
        return NULL;
    }
    /* What was appended since it was opened is left for the next visit. */
    while (length < size) {
        ssize_t got = pread(artifact->descriptor, text + length, size - length, (off_t)length);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0) {
            snprintf(reason, reason_size, "cannot be read at byte %zu: %s", length,
                     strerror(errno));
            return NULL;
        }
        if (got == 0)
            break;
        length += (size_t)got;
    }
    text[length] = '\0';
    *ret_length = length;
    return TAKE_POINTER(text);
}
