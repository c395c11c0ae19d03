/* Requests and answers as files. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "cleanup.h"
#include "clock.h"
#include "durable-file.h"
#include "json-file.h"
#include "memory.h"
#include "request.h"
#include "state.h"

#define ASKED    ".json"
#define TAKEN    ".taken"
#define ANSWERED ".answer"

/* A request holds a few words. */
#define REQUEST_FILE_MAX (64 * 1024)
/* An answer names records, at most all of a build's. */
#define ANSWER_FILE_MAX (4 * 1024 * 1024)
#define FORGOTTEN_NS    (24 * 3600 * NS_PER_SECOND)

char *requests_path(const char *folder)
{
    return memory_format("%s/requests", folder);
}

int requests_make_folder(const char *folder, char **ret_error)
{
    CLEANUP_FREE char *path = requests_path(folder);

    return durable_make_folder(path, STATE_FOLDER_MODE, ret_error);
}

static char *path_of(const char *folder, const char *id, const char *ending)
{
    return memory_format("%s/requests/%s%s", folder, id, ending);
}

/* Makes what was done to the names in the folder last. */
static int sync_names(const char *folder, char **ret_error)
{
    CLEANUP_FREE char *path = requests_path(folder);
    CLEANUP_CLOSE int descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (descriptor >= 0 && fsync(descriptor) == 0)
        return 0;
    *ret_error = memory_format("%s: fsync folder: %s", path, strerror(errno));
    return -errno;
}

/* ---- the command's side */

int request_submit(const char *folder, const struct request *request, char **ret_error)
{
    CLEANUP_FREE char *path = path_of(folder, request->id, ASKED);
    CLEANUP_JSON struct json_object *object = request_to_json(request);
    int error = requests_make_folder(folder, ret_error);

    return error ? error : json_file_write(path, object, ret_error);
}

int request_withdraw(const char *folder, const char *id, char **ret_error)
{
    CLEANUP_FREE char *path = path_of(folder, id, ASKED);

    if (unlink(path) == 0)
        return sync_names(folder, ret_error);
    if (errno != ENOENT)
        *ret_error = memory_format("%s: remove: %s", path, strerror(errno));
    return -errno;
}

int request_read_answer(const char *folder, const char *id, struct request_answer *ret,
                        char **ret_error)
{
    CLEANUP_FREE char *path = path_of(folder, id, ANSWERED);
    struct json_object *object = NULL;
    int error = json_file_read(path, ANSWER_FILE_MAX, ANSWER_SCHEMA, ANSWER_SCHEMA_VERSION, &object,
                               ret_error);

    if (!error && !request_answer_from_json(object, ret)) {
        *ret_error = memory_format("%s: is damaged: a member is missing or wrong", path);
        error = -EBADMSG;
    }
    json_object_put(object);
    return error;
}

int request_forget_answer(const char *folder, const char *id, char **ret_error)
{
    CLEANUP_FREE char *path = path_of(folder, id, ANSWERED);

    return durable_remove(path, ret_error);
}

/* ---- the side of whoever holds the lock */

int request_take_up(const char *folder, const char *id, char **ret_error)
{
    CLEANUP_FREE char *asked = path_of(folder, id, ASKED);
    CLEANUP_FREE char *taken = path_of(folder, id, TAKEN);

    if (rename(asked, taken) == 0)
        return sync_names(folder, ret_error);
    if (errno == ENOENT && access(taken, F_OK) == 0)
        return 0;
    if (errno != ENOENT)
        *ret_error = memory_format("%s: rename: %s", asked, strerror(errno));
    return -errno;
}

int request_answer(const char *folder, const char *id, const struct request_answer *answer,
                   char **ret_error)
{
    CLEANUP_FREE char *path = path_of(folder, id, ANSWERED);
    CLEANUP_FREE char *taken = path_of(folder, id, TAKEN);
    CLEANUP_JSON struct json_object *object = request_answer_to_json(answer);
    int error = json_file_write(path, object, ret_error);

    return error ? error : durable_remove(taken, ret_error);
}

/* What stands before the ending; NULL: it has another one. Free it. */
static char *without_ending(const char *name, const char *ending)
{
    size_t length = strlen(name), tail = strlen(ending);

    if (length <= tail || strcmp(name + length - tail, ending) != 0)
        return NULL;
    return memory_format("%.*s", (int)(length - tail), name);
}

/* The id in the name of a request, whether valid or not; NULL: it is none. Free it. */
static char *id_of(const char *name)
{
    char *id = without_ending(name, ASKED);

    return id ? id : without_ending(name, TAKEN);
}

static void add_line(char **lines, const char *line)
{
    char *before = *lines;

    *lines = before ? memory_format("%s\n%s", before, line) : memory_string(line);
    free(before);
}

struct listing {
    const char *folder;
    int64_t now_ns;
    struct request_list *list;
    char **warnings;
    char **error;
};

/* Whoever asked is told, where it may be one of our commands. */
static void answer_refused(const struct listing *listing, const char *id, const char *damage)
{
    CLEANUP_FREE char *error = NULL;
    struct request_answer answer = {REQUEST_REFUSED, NULL, 0};

    if (!request_id_is_valid(id))
        return;
    answer.text = memory_format("the request could not be understood: %s", damage);
    if (request_answer(listing->folder, id, &answer, &error))
        add_line(listing->warnings, error);
    request_answer_clear(&answer);
}

/* A name that does not end as a request's. What stands there keeps its content. */
static int set_aside(const struct listing *listing, const char *name, const char *id,
                     const char *damage)
{
    CLEANUP_FREE char *path = path_of(listing->folder, name, "");
    CLEANUP_FREE char *stamp = request_new_id(listing->now_ns);
    CLEANUP_FREE char *aside = memory_format("%s.refused-%s", path, stamp);
    CLEANUP_FREE char *line = NULL;
    int error = 0;

    if (rename(path, aside) < 0) {
        error = -errno;
        *listing->error =
            memory_format("%s; it could not be set aside: %s", damage, strerror(-error));
        return error;
    }
    error = sync_names(listing->folder, listing->error);
    if (error)
        return error;
    line = memory_format("%s; no such request is carried out; it was kept as %s", damage, aside);
    add_line(listing->warnings, line);
    answer_refused(listing, id, damage);
    return 0;
}

/* It will not become better by waiting. */
static bool is_hopeless(int error)
{
    return error == -EBADMSG || error == -EPROTONOSUPPORT || error == -ELOOP || error == -EINVAL ||
           error == -EFBIG || error == -EACCES || error == -EPERM || error == -ENXIO;
}

static int read_request(const char *path, const char *id, struct request *ret, char **ret_damage)
{
    CLEANUP_JSON struct json_object *object = NULL;
    int error = json_file_read(path, REQUEST_FILE_MAX, REQUEST_SCHEMA, REQUEST_SCHEMA_VERSION,
                               &object, ret_damage);

    if (error)
        return error;
    if (request_from_json(object, ret) && strcmp(ret->id, id) == 0)
        return 0;
    request_clear(ret);
    *ret_damage = memory_format("%s: is damaged: a member is missing or wrong, or the id is not "
                                "that of the file",
                                path);
    return -EBADMSG;
}

static int visit(struct listing *listing, const char *name)
{
    struct request_list *list = listing->list;
    CLEANUP_FREE char *path = path_of(listing->folder, name, "");
    CLEANUP_FREE char *id = id_of(name);
    CLEANUP_FREE char *damage = NULL;
    struct request request;
    int error;

    if (!id)
        return 0;
    error = read_request(path, id, &request, &damage);
    if (error == -ENOENT)
        return 0;
    if (is_hopeless(error))
        return set_aside(listing, name, id, damage);
    if (error) {
        *listing->error = TAKE_POINTER(damage);
        return error;
    }
    memory_grow(&list->requests, list->count, &list->capacity, sizeof(*list->requests));
    list->requests[list->count++] = request;
    return 0;
}

int requests_list(const char *folder, int64_t now_ns, struct request_list *ret, char **ret_warnings,
                  char **ret_error)
{
    CLEANUP_FREE char *path = requests_path(folder);
    struct listing listing = {folder, now_ns, ret, ret_warnings, ret_error};
    struct dirent **entries = NULL;
    int count = scandir(path, &entries, NULL, alphasort);
    int error = count < 0 && errno != ENOENT ? -errno : 0;

    *ret = (struct request_list){0};
    if (error)
        *ret_error = memory_format("%s: read folder: %s", path, strerror(-error));
    for (int i = 0; i < count; i++) {
        if (!error && entries[i]->d_name[0] != '.')
            error = visit(&listing, entries[i]->d_name);
        free(entries[i]);
    }
    free(entries);
    if (error)
        request_list_clear(ret);
    return error;
}

void request_list_clear(struct request_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        request_clear(&list->requests[i]);
    free(list->requests);
    *list = (struct request_list){0};
}

/* Answers, and what a command that was killed had begun to write. */
static bool may_be_forgotten(const char *name)
{
    CLEANUP_FREE char *answer = without_ending(name, ANSWERED);
    CLEANUP_FREE char *beginning = without_ending(name, ".new");

    return answer || (*name == '.' && beginning);
}

void requests_sweep(const char *folder, int64_t now_ns)
{
    CLEANUP_FREE char *path = requests_path(folder);
    CLEANUP_DIR DIR *entries = opendir(path);
    struct dirent *entry;
    struct stat status;

    while (entries && (entry = readdir(entries)))
        if (may_be_forgotten(entry->d_name) &&
            fstatat(dirfd(entries), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
            now_ns - status.st_mtim.tv_sec * NS_PER_SECOND > FORGOTTEN_NS)
            unlinkat(dirfd(entries), entry->d_name, 0);
}
