/* The outbox on disk. */
#include "outbox.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "cleanup.h"
#include "durable-file.h"
#include "json-file.h"
#include "memory.h"
#include "reserve.h"
#include "outbox-name.h"
#include "state.h"

/* No message comes near it; a larger file is somebody else's. */
#define RECORD_FILE_MAX (64 * 1024 * 1024)
/* A worker writes a few lines; for those the disk must not be full when they come. */
#define RECEIPT_FILE_MAX  (1024 * 1024)
#define RECEIPT_FILE_ROOM (64 * 1024)

static int no_such_name(const char *folder, const char *sink, const char *scope, char **ret_error)
{
    *ret_error =
        memory_format("%s/outbox: no file can be named after sink '%s' and scope '%s': one "
                      "of them is empty or too long",
                      folder, sink, scope);
    return -ENAMETOOLONG;
}

/* ---- saving */

static int make_sink_folder(const char *folder, const char *sink, char **ret_error)
{
    CLEANUP_FREE char *component = durable_component(sink);
    CLEANUP_FREE char *path = memory_format("%s/outbox/%s", folder, component ? component : "");

    return durable_make_folders(path, STATE_FOLDER_MODE, ret_error);
}

static int save(const char *folder, const struct outbox_record *record, char **ret_error)
{
    CLEANUP_FREE char *path = outbox_path(folder, record);
    struct json_object *object;
    int error;

    if (!path)
        return no_such_name(folder, record->sink, record->message.scope, ret_error);
    error = make_sink_folder(folder, record->sink, ret_error);
    if (error)
        return error;
    object = outbox_record_to_json(record);
    error = json_file_write(path, object, ret_error);
    json_object_put(object);
    return error;
}

int outbox_remove(const char *folder, const struct outbox_record *record, char **ret_error)
{
    CLEANUP_FREE char *path = outbox_path(folder, record);

    return path ? durable_remove(path, ret_error)
                : no_such_name(folder, record->sink, record->message.scope, ret_error);
}

int outbox_save(const char *folder, const struct outbox_record *record, char **ret_error)
{
    int error = save(folder, record, ret_error);

    return reserve_gives_room(folder, error, ret_error) ? save(folder, record, ret_error) : error;
}

/* ---- loading */

/* Stands in for a record that cannot be read. */
static struct outbox_record *held_record(const struct outbox_name *name, const char *explanation,
                                         int64_t now_ns)
{
    struct outbox_message message = {
        .kind = ATVM_MESSAGE_REPORT,
        .format = ATVM_FORMAT_TEXT,
        .part = name->part,
        .parts = name->part,
        .correction = name->correction,
        .key = memory_string("unknown"),
        .build = memory_string("unknown"),
        .scope = memory_string(name->scope),
        .title = memory_string(name->scope),
    };
    struct outbox_record *record = outbox_record_new(name->sink, &message, 0, now_ns);

    record->state = OUTBOX_UNCERTAIN;
    record->settled_ns = now_ns;
    record->maybe_posted = true;
    record->explanation = memory_string(explanation);
    return record;
}

/* The damaged file keeps its name until the record that stands in for it replaces it: at no time is
 * there none, which would mean "never posted". */
static int replace_damaged(const char *folder, const char *path, const char *damage,
                           const struct outbox_name *name, int64_t now_ns,
                           struct outbox_record **ret, char **ret_warning, char **ret_error)
{
    CLEANUP_FREE char *aside = NULL;
    CLEANUP_FREE char *explanation = NULL;
    struct outbox_record *record;
    int error = durable_set_aside(path, DURABLE_KEEP, now_ns, &aside, ret_error);

    if (error)
        return error;
    explanation = memory_format("%s; it was kept as %s", damage, aside);
    record = held_record(name, explanation, now_ns);
    error = outbox_save(folder, record, ret_error);
    if (error) {
        outbox_record_free(record);
        return error;
    }
    *ret = record;
    *ret_warning = memory_format("%s; whether %s has the post of %s is not known: it is held",
                                 explanation, name->sink, name->scope);
    return 0;
}

static bool is_about(const struct outbox_record *record, const struct outbox_name *name)
{
    return strcmp(record->sink, name->sink) == 0 &&
           strcmp(record->message.scope, name->scope) == 0 &&
           record->message.correction == name->correction && record->message.part == name->part;
}

/* -EBADMSG: it is damaged, and *ret_damage says how (free it). */
static int read_record(const char *path, const struct outbox_name *name, struct outbox_record **ret,
                       char **ret_damage)
{
    struct json_object *object = NULL;
    struct outbox_record *record;
    int error = json_file_read(path, RECORD_FILE_MAX, OUTBOX_SCHEMA, OUTBOX_SCHEMA_VERSION, &object,
                               ret_damage);

    record = error ? NULL : outbox_record_from_json(object);
    json_object_put(object);
    if (record && is_about(record, name)) {
        *ret = record;
        return 0;
    }
    outbox_record_free(record);
    if (error)
        return error;
    *ret_damage = memory_format("%s: is damaged: a member is missing, has the wrong type, or is "
                                "another scope's",
                                path);
    return -EBADMSG;
}

static int load_record(const char *folder, const struct outbox_name *name, int64_t now_ns,
                       struct outbox_record **ret, char **ret_warning, char **ret_error)
{
    CLEANUP_FREE char *path = outbox_name_path(folder, name, OUTBOX_RECORD_ENDING);
    CLEANUP_FREE char *damage = NULL;
    int error;

    if (!path)
        return no_such_name(folder, name->sink, name->scope, ret_error);
    error = read_record(path, name, ret, &damage);
    if (error == -EBADMSG)
        return replace_damaged(folder, path, damage, name, now_ns, ret, ret_warning, ret_error);
    if (error)
        *ret_error = TAKE_POINTER(damage);
    return error;
}

int outbox_load(const char *folder, const char *sink, const char *scope, int32_t part,
                int64_t now_ns, struct outbox_record **ret, char **ret_warning, char **ret_error)
{
    const struct outbox_name name = {sink, scope, 0, part};

    return load_record(folder, &name, now_ns, ret, ret_warning, ret_error);
}

/* The same without touching the file: what the next watcher will find. */
static int look_at_record(const char *folder, const struct outbox_name *name, int64_t now_ns,
                          struct outbox_record **ret, char **ret_error)
{
    CLEANUP_FREE char *path = outbox_name_path(folder, name, OUTBOX_RECORD_ENDING);
    CLEANUP_FREE char *damage = NULL;
    int error;

    if (!path)
        return no_such_name(folder, name->sink, name->scope, ret_error);
    error = read_record(path, name, ret, &damage);
    if (error == -EBADMSG) {
        *ret = held_record(name, damage, now_ns);
        return 0;
    }
    if (error)
        *ret_error = TAKE_POINTER(damage);
    return error;
}

static void add_line(char **text, char *line)
{
    char *before = *text;

    if (!line)
        return;
    *text = before ? memory_format("%s\n%s", before, line) : memory_string(line);
    free(before);
    free(line);
}

/* Calls `visit` for each name in the folder that does not begin with a dot, in byte order (records
 * are replaced meanwhile, which readdir may show twice). A missing folder has none. */
static int for_each_name(const char *path, int (*visit)(void *user, const char *name), void *user,
                         char **ret_error)
{
    struct dirent **entries = NULL;
    int count = scandir(path, &entries, NULL, alphasort);
    int error = count < 0 && errno != ENOENT ? -errno : 0;

    if (error)
        durable_failed(ret_error, error, path, "read folder");
    for (int i = 0; i < count; i++) {
        if (!error && entries[i]->d_name[0] != '.')
            error = visit(user, entries[i]->d_name);
        free(entries[i]);
    }
    free(entries);
    return error;
}

struct listing {
    const char *folder;
    const char *sink; /* decoded; while its folder is read */
    int64_t now_ns;
    struct outbox_list *list;
    char **warnings; /* NULL: a look, which changes nothing */
    char **error;
};

static int load_listed(struct listing *listing, const struct outbox_name *name,
                       struct outbox_record **ret)
{
    char *warning = NULL;
    int error;

    if (!listing->warnings) {
        error = look_at_record(listing->folder, name, listing->now_ns, ret, listing->error);
        return error == -ENOENT ? 0 : error; /* it was taken away meanwhile */
    }
    error = load_record(listing->folder, name, listing->now_ns, ret, &warning, listing->error);
    add_line(listing->warnings, warning);
    return error;
}

static int visit_file(void *user, const char *file)
{
    struct listing *listing = user;
    struct outbox_list *list = listing->list;
    struct outbox_record *record = NULL;
    struct outbox_name name = {.sink = listing->sink, .part = 1};
    CLEANUP_FREE char *scope = outbox_name_of_file(file, &name);
    int error = 0;

    name.scope = scope;
    if (scope)
        error = load_listed(listing, &name, &record);
    if (!record)
        return error;
    memory_grow(&list->records, list->count, &list->capacity, sizeof(*list->records));
    list->records[list->count++] = record;
    return 0;
}

static int visit_sink(void *user, const char *name)
{
    struct listing *listing = user;
    CLEANUP_FREE char *sink = durable_component_decode(name);
    CLEANUP_FREE char *path = memory_format("%s/outbox/%s", listing->folder, name);

    if (!sink)
        return 0;
    listing->sink = sink;
    return for_each_name(path, visit_file, listing, listing->error);
}

static int compare_records(const void *left, const void *right)
{
    const struct outbox_record *a = *(struct outbox_record *const *)left;
    const struct outbox_record *b = *(struct outbox_record *const *)right;

    if (a->sequence != b->sequence)
        return a->sequence < b->sequence ? -1 : 1;
    return strcmp(a->sink, b->sink);
}

static int list_all(struct listing *listing)
{
    struct outbox_list *ret = listing->list;
    CLEANUP_FREE char *path = memory_format("%s/outbox", listing->folder);
    int error;

    *ret = (struct outbox_list){0};
    error = for_each_name(path, visit_sink, listing, listing->error);
    if (error) {
        outbox_list_free(ret);
        return error;
    }
    if (ret->count > 0)
        qsort(ret->records, ret->count, sizeof(*ret->records), compare_records);
    return 0;
}

int outbox_load_all(const char *folder, int64_t now_ns, struct outbox_list *ret,
                    char **ret_warnings, char **ret_error)
{
    struct listing listing = {folder, NULL, now_ns, ret, ret_warnings, ret_error};

    return list_all(&listing);
}

int outbox_look_all(const char *folder, int64_t now_ns, struct outbox_list *ret, char **ret_error)
{
    struct listing listing = {folder, NULL, now_ns, ret, NULL, ret_error};

    return list_all(&listing);
}

void outbox_list_free(struct outbox_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        outbox_record_free(list->records[i]);
    free(list->records);
    *list = (struct outbox_list){0};
}

/* ---- attempts */

/* Not every file system can promise room; then there is none promised. */
static int reserve_room(int descriptor)
{
    if (fallocate(descriptor, FALLOC_FL_KEEP_SIZE, 0, RECEIPT_FILE_ROOM) == 0)
        return 0;
    return errno == EOPNOTSUPP || errno == ENOSYS ? 0 : -errno;
}

static int prepare_receipt(int descriptor, const char *path, char **ret_error)
{
    const char *step = "reserve room";
    int error = reserve_room(descriptor);

    if (!error && flock(descriptor, LOCK_EX | LOCK_NB) < 0) {
        error = -errno;
        step = "lock";
    }
    return error ? durable_failed(ret_error, error, path, step) : 0;
}

static int try_receipt(const char *folder, const struct outbox_record *record, int *ret_descriptor,
                       char **ret_error)
{
    CLEANUP_FREE char *path = outbox_receipt_path(folder, record);
    CLEANUP_CLOSE int descriptor = -1;
    int error;

    if (!path)
        return no_such_name(folder, record->sink, record->message.scope, ret_error);
    error = make_sink_folder(folder, record->sink, ret_error);
    if (!error)
        error = durable_create(path, JSON_FILE_MODE, &descriptor, ret_error);
    if (!error)
        error = prepare_receipt(descriptor, path, ret_error);
    if (!error)
        *ret_descriptor = take_descriptor(&descriptor);
    return error;
}

static int make_receipt(const char *folder, const struct outbox_record *record, int *ret_descriptor,
                        char **ret_error)
{
    int error = try_receipt(folder, record, ret_descriptor, ret_error);

    return reserve_gives_room(folder, error, ret_error)
               ? try_receipt(folder, record, ret_descriptor, ret_error)
               : error;
}

/* On failure the attempt's number stays used: the record may already stand on disk as `sending`,
 * and its receipt file must then keep saying that nothing was committed. */
int outbox_begin(const char *folder, struct outbox_record *record, int64_t now_ns, int *ret_receipt,
                 char **ret_error)
{
    CLEANUP_CLOSE int receipt = -1;
    int error;

    record->attempt_count++;
    record->attempt_started_ns = now_ns;
    error = make_receipt(folder, record, &receipt, ret_error);
    if (error)
        return error;
    record->state = OUTBOX_SENDING;
    error = outbox_save(folder, record, ret_error);
    if (error)
        record->state = OUTBOX_PENDING;
    else
        *ret_receipt = take_descriptor(&receipt);
    return error;
}

int outbox_look_at_worker(const char *folder, const struct outbox_record *record,
                          enum outbox_worker *ret, char **ret_error)
{
    CLEANUP_FREE char *path = outbox_receipt_path(folder, record);
    CLEANUP_CLOSE int descriptor =
        path ? open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC) : -1;

    *ret = OUTBOX_WORKER_ENDED;
    if (descriptor < 0 && errno == ENOENT)
        return 0;
    if (descriptor >= 0 && flock(descriptor, LOCK_SH | LOCK_NB) == 0)
        return 0;
    if (descriptor >= 0 && errno == EWOULDBLOCK) {
        *ret = OUTBOX_WORKER_RUNNING;
        return 0;
    }
    return durable_failed(ret_error, -errno, path ? path : folder, "lock");
}

int outbox_read_receipt(const char *folder, const struct outbox_record *record, const char *ending,
                        struct outbox_receipt *ret, char **ret_error)
{
    CLEANUP_FREE char *path = outbox_receipt_path(folder, record);
    CLEANUP_FREE char *content = NULL;
    size_t length = 0;
    int error = durable_read(path, RECEIPT_FILE_MAX, &content, &length, ret_error);

    if (error && error != -ENOENT)
        return error;
    *ret = outbox_reading_receipt(content, length, ending);
    return 0;
}

/* ---- settling */

static int write_object(const char *folder, const char *name, struct json_object *object,
                        char **ret_error)
{
    CLEANUP_FREE char *path = memory_format("%s/%s", folder, name);
    int error = json_file_write(path, object, ret_error);

    json_object_put(object);
    return error;
}

static struct json_object *reason_to_json(const struct outbox_record *record)
{
    struct json_object *object = json_object_new_object();

    json_object_object_add(object, "schema", json_object_new_string("atvm.quarantine/1"));
    json_object_object_add(object, "sink", json_object_new_string(record->sink));
    json_object_object_add(object, "scope", json_object_new_string(record->message.scope));
    json_object_object_add(object, "explanation",
                           json_object_new_string(record->explanation ? record->explanation : ""));
    json_object_object_add(object, "attempts", json_object_new_int(record->attempt_count));
    json_object_object_add(object, "time", json_object_new_int64(record->settled_ns));
    if (record->attempts_kept > 0)
        outbox_receipt_to_json(&record->attempts[record->attempts_kept - 1].receipt, object);
    return object;
}

static int write_quarantine(const char *folder, const struct outbox_record *record,
                            char **ret_error)
{
    CLEANUP_FREE char *path = outbox_quarantine_path(folder, record);
    int error;

    if (!path)
        return no_such_name(folder, record->sink, record->message.scope, ret_error);
    error = durable_make_folders(path, STATE_FOLDER_MODE, ret_error);
    if (!error)
        error =
            write_object(path, "message.json", outbox_message_to_json(&record->message), ret_error);
    return error ? error : write_object(path, "reason.json", reason_to_json(record), ret_error);
}

int outbox_save_settled(const char *folder, const struct outbox_record *record, char **ret_error)
{
    CLEANUP_FREE char *receipt = outbox_receipt_path(folder, record);
    int error = 0;

    /* Before the record: found unfinished at the next start, it is simply written again. */
    if (record->state == OUTBOX_QUARANTINED && !record->dropped)
        error = write_quarantine(folder, record, ret_error);
    if (reserve_gives_room(folder, error, ret_error))
        error = write_quarantine(folder, record, ret_error);
    if (!error)
        error = outbox_save(folder, record, ret_error);
    return error || !receipt ? error : durable_remove(receipt, ret_error);
}

/* ---- what operators decide */

static struct outbox_record *copy_of(const struct outbox_record *record)
{
    CLEANUP_JSON struct json_object *object = outbox_record_to_json(record);

    return outbox_record_from_json(object);
}

/* It is quarantined no longer; what was said of it then is kept. */
static int end_quarantine(const char *folder, const struct outbox_record *record,
                          const char *request, char **ret_error)
{
    CLEANUP_FREE char *path = outbox_quarantine_path(folder, record);
    CLEANUP_FREE char *history = memory_format("%s/history/%s", folder, request);
    int error;

    if (!path || access(path, F_OK) != 0)
        return 0;
    error = durable_make_folders(history, STATE_FOLDER_MODE, ret_error);
    return error ? error : state_move_into(path, history, strrchr(path, '/') + 1, ret_error);
}

int outbox_apply(const char *folder, struct outbox_record **record, enum outbox_verb verb,
                 const struct outbox_decision *decision, char **ret_error)
{
    struct outbox_record *changed = copy_of(*record);
    int error = 0;

    if (!changed) {
        *ret_error = memory_format("%s/outbox: the record of sink %s and %s cannot be copied",
                                   folder, (*record)->sink, (*record)->message.scope);
        return -EBADMSG;
    }
    outbox_decide(changed, verb, decision);
    if (decision->request && (verb == OUTBOX_RETRY || verb == OUTBOX_DROP))
        error = end_quarantine(folder, changed, decision->request, ret_error);
    if (!error)
        error = outbox_save(folder, changed, ret_error);
    if (error) {
        outbox_record_free(changed);
        return error;
    }
    outbox_record_free(*record);
    *record = changed;
    return 0;
}
