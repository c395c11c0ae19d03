/* The records of the outbox, read back. */
#include "outbox.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "durable-file.h"
#include "json-file.h"
#include "memory.h"
#include "outbox-name.h"
#include "outbox-parts.h"

/* No message comes near it; a larger file is somebody else's. */
#define RECORD_FILE_MAX (64 * 1024 * 1024)

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

/* As read_record; *ret_path, where a name can be made of it: free it. Other errors than damage go
 * to *ret_error. */
static int find_record(const char *folder, const struct outbox_name *name,
                       struct outbox_record **ret, char **ret_path, char **ret_damage,
                       char **ret_error)
{
    int error;

    *ret_path = outbox_name_path(folder, name, OUTBOX_RECORD_ENDING);
    if (!*ret_path)
        return outbox_name_refused(folder, name->sink, name->scope, ret_error);
    error = read_record(*ret_path, name, ret, ret_damage);
    if (error && error != -EBADMSG)
        *ret_error = TAKE_POINTER(*ret_damage);
    return error;
}

static int load_record(const char *folder, const struct outbox_name *name, int64_t now_ns,
                       struct outbox_record **ret, char **ret_warning, char **ret_error)
{
    CLEANUP_FREE char *path = NULL, *damage = NULL;
    int error = find_record(folder, name, ret, &path, &damage, ret_error);

    return error == -EBADMSG
               ? replace_damaged(folder, path, damage, name, now_ns, ret, ret_warning, ret_error)
               : error;
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
    CLEANUP_FREE char *path = NULL, *damage = NULL;
    int error = find_record(folder, name, ret, &path, &damage, ret_error);

    if (error != -EBADMSG)
        return error;
    *ret = held_record(name, damage, now_ns);
    return 0;
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

static void append(struct outbox_list *list, struct outbox_record *record)
{
    memory_grow(&list->records, list->count, &list->capacity, sizeof(*list->records));
    list->records[list->count++] = record;
}

static int visit_file(void *user, const char *file)
{
    struct listing *listing = user;
    struct outbox_record *record = NULL;
    struct outbox_name name = {.sink = listing->sink, .part = 1};
    CLEANUP_FREE char *scope = outbox_name_of_file(file, &name);
    int error = 0;

    name.scope = scope;
    if (scope)
        error = load_listed(listing, &name, &record);
    if (record)
        append(listing->list, record);
    return error;
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

/* A record in the place of one that is missing: whether that part is posted is not known. */
static int fill_gap(struct listing *listing, const struct outbox_gap *gap)
{
    const struct outbox_record *of = gap->of;
    const struct outbox_name name = {of->sink, of->message.scope, of->message.correction,
                                     gap->part};
    CLEANUP_FREE char *path = outbox_name_path(listing->folder, &name, OUTBOX_RECORD_ENDING);
    CLEANUP_FREE char *explanation =
        memory_format("%s: is missing, though part %d of its message is there", path ? path : "",
                      of->message.part);
    struct outbox_record *record = held_record(&name, explanation, listing->now_ns);
    int error = 0;

    if (listing->warnings) {
        error = outbox_save(listing->folder, record, listing->error);
        add_line(listing->warnings, memory_format("%s; whether %s has it is not known: it is held",
                                                  explanation, name.sink));
    }
    append(listing->list, record);
    return error;
}

static int fill_gaps(struct listing *listing)
{
    struct outbox_gap gap;
    int error = 0;

    while (!error && outbox_find_gap(listing->list, &gap))
        error = fill_gap(listing, &gap);
    return error;
}

static int list_all(struct listing *listing)
{
    struct outbox_list *ret = listing->list;
    CLEANUP_FREE char *path = memory_format("%s/outbox", listing->folder);
    int error;

    *ret = (struct outbox_list){0};
    error = for_each_name(path, visit_sink, listing, listing->error);
    if (!error)
        error = fill_gaps(listing);
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
