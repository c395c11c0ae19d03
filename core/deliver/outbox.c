/* The outbox on disk. */
#include "outbox.h"

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
#include "outbox-name.h"
#include "reserve.h"
#include "state.h"

/* A worker writes a few lines; for those the disk must not be full when they come. */
#define RECEIPT_FILE_MAX  (1024 * 1024)
#define RECEIPT_FILE_ROOM (64 * 1024)

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
        return outbox_name_refused(folder, record->sink, record->message.scope, ret_error);
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
                : outbox_name_refused(folder, record->sink, record->message.scope, ret_error);
}

int outbox_save(const char *folder, const struct outbox_record *record, char **ret_error)
{
    int error = save(folder, record, ret_error);

    return reserve_gives_room(folder, error, ret_error) ? save(folder, record, ret_error) : error;
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
        return outbox_name_refused(folder, record->sink, record->message.scope, ret_error);
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
        return outbox_name_refused(folder, record->sink, record->message.scope, ret_error);
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
