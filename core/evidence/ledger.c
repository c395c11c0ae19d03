#include "ledger.h"

#include <errno.h>
#include <json-c/json.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "evidence-line.h"

struct ledger_reader {
    struct ledger *ledger;
    struct json_tokener *tokener;
    struct ledger_source *open; /* the unit that has begun; NULL: none */
};

/* ---------------------------------------------------------------- sources */

static struct ledger_source *source_new(void)
{
    struct ledger_source *source = memory_zeroed(1, sizeof(*source));

    obstack_init(&source->strings);
    return source;
}

static void source_free(struct ledger_source *source)
{
    if (!source)
        return;
    free(source->records);
    obstack_free(&source->strings, NULL);
    free(source);
}

static void source_add_record(struct ledger_source *source, const struct atvm_evidence *record)
{
    memory_grow(&source->records, source->record_count, &source->record_capacity,
                sizeof(*source->records));
    source->records[source->record_count++] = *record;
}

static bool source_says_the_same(const struct ledger_source *one, const struct ledger_source *other)
{
    if (one->quality != other->quality || one->record_count != other->record_count ||
        one->file.size != other->file.size || one->file.mtime_ns != other->file.mtime_ns)
        return false;
    for (size_t i = 0; i < one->record_count; i++)
        if (!evidence_equal(&one->records[i], &other->records[i]))
            return false;
    return true;
}

/* A log that shrank or became another file has lost lines that were true when they were read. */
static bool source_has_lost_content(const struct ledger_source *before,
                                    const struct ledger_source *now)
{
    return before->file.kind && strcmp(before->file.kind, "log") == 0 &&
           (before->file.inode != now->file.inode || before->file.device != now->file.device ||
            now->file.size < before->file.size);
}

static void source_append(struct ledger_source *source, const struct ledger_source *more)
{
    for (size_t i = 0; i < more->record_count; i++) {
        struct atvm_evidence copy;

        evidence_copy(&more->records[i], &source->strings, &copy);
        source_add_record(source, &copy);
    }
    source->quality = more->quality;
    source->reason = memory_string_in(&source->strings, more->reason);
    source->read_ns = more->read_ns;
    source->file.size = more->file.size;
    source->file.mtime_ns = more->file.mtime_ns;
}

/* ---------------------------------------------------------------- the ledger */

struct ledger *ledger_new(void)
{
    return memory_zeroed(1, sizeof(struct ledger));
}

void ledger_forget_passes(struct ledger *ledger)
{
    for (size_t i = 0; i < ledger->pass_count; i++) {
        free(ledger->passes[i].collector);
        free(ledger->passes[i].reason);
    }
    ledger->pass_count = 0;
}

/* The tree's nodes refer to the sources. */
static void leave(void *source)
{
    (void)source;
}

void ledger_free(struct ledger *ledger)
{
    if (!ledger)
        return;
    tdestroy(ledger->by_path, leave);
    for (size_t i = 0; i < ledger->source_count; i++)
        source_free(ledger->sources[i]);
    for (size_t i = 0; i < ledger->gap_count; i++) {
        free(ledger->gaps[i].collector);
        free(ledger->gaps[i].path);
        free(ledger->gaps[i].reason);
    }
    ledger_forget_passes(ledger);
    free(ledger->sources);
    free(ledger->gaps);
    free(ledger->passes);
    free(ledger);
}

static int compare_by_path(const void *one, const void *other)
{
    const struct ledger_source *a = one, *b = other;
    int order = strcmp(a->file.path, b->file.path);

    return order ? order : strcmp(a->collector, b->collector);
}

/* Where the tree holds the source of the unit's collector and path; NULL: there is none. */
static struct ledger_source **find_source(const struct ledger *ledger,
                                          const struct ledger_source *unit)
{
    return tfind(unit, &ledger->by_path, compare_by_path);
}

static void add_source(struct ledger *ledger, struct ledger_source *source)
{
    memory_grow(&ledger->sources, ledger->source_count, &ledger->source_capacity,
                sizeof(struct ledger_source *));
    source->place = ledger->source_count;
    ledger->sources[ledger->source_count++] = source;
    ledger->changes++;
}

static void add_first_source(struct ledger *ledger, struct ledger_source *source)
{
    add_source(ledger, source);
    if (!source->retired && !tsearch(source, &ledger->by_path, compare_by_path))
        abort();
}

/* `known` is where the tree holds what the unit takes the place of. */
static void replace_source(struct ledger *ledger, struct ledger_source **known,
                           struct ledger_source *unit)
{
    struct ledger_source *before = *known;

    if (!source_says_the_same(before, unit))
        ledger->changes++;
    unit->place = before->place;
    ledger->sources[unit->place] = unit;
    *known = unit;
    source_free(before);
}

/* Takes over a completed unit. */
static void commit(struct ledger *ledger, struct ledger_source *unit)
{
    struct ledger_source **known = find_source(ledger, unit);

    if (!known || unit->retired) {
        add_first_source(ledger, unit);
    } else if (unit->file.mode == ATVM_SOURCE_APPEND) {
        source_append(*known, unit);
        source_free(unit);
        ledger->changes++;
    } else if (source_has_lost_content(*known, unit)) {
        (*known)->retired = true;
        add_source(ledger, unit);
        *known = unit;
    } else {
        replace_source(ledger, known, unit);
    }
}

void ledger_add_gap(struct ledger *ledger, const char *collector, const char *path,
                    const char *reason, int64_t time_ns)
{
    memory_grow(&ledger->gaps, ledger->gap_count, &ledger->gap_capacity, sizeof(*ledger->gaps));
    ledger->gaps[ledger->gap_count++] = (struct ledger_gap){
        .collector = memory_string(collector ? collector : ""),
        .path = memory_string(path),
        .reason = memory_string(reason ? reason : ""),
        .time_ns = time_ns,
    };
    ledger->changes++;
}

const struct ledger_pass *ledger_pass_of(const struct ledger *ledger, const char *collector)
{
    for (size_t i = 0; i < ledger->pass_count; i++)
        if (strcmp(ledger->passes[i].collector, collector) == 0)
            return &ledger->passes[i];
    return NULL;
}

static void set_pass(struct ledger *ledger, const char *collector, int32_t result,
                     const char *reason, int64_t time_ns)
{
    struct ledger_pass *pass = (struct ledger_pass *)ledger_pass_of(ledger, collector);

    if (!pass) {
        memory_grow(&ledger->passes, ledger->pass_count, &ledger->pass_capacity,
                    sizeof(*ledger->passes));
        pass = &ledger->passes[ledger->pass_count++];
        *pass = (struct ledger_pass){.collector = memory_string(collector), .result = -1};
    }
    if (pass->result != result)
        ledger->changes++;
    free(pass->reason);
    pass->result = result;
    pass->reason = memory_string(reason);
    pass->time_ns = time_ns;
}

/* ---------------------------------------------------------------- reading lines */

struct ledger_reader *ledger_reader_new(struct ledger *ledger)
{
    struct ledger_reader *reader = memory_zeroed(1, sizeof(*reader));

    reader->ledger = ledger;
    reader->tokener = json_tokener_new();
    if (!reader->tokener)
        abort();
    json_tokener_set_flags(reader->tokener, JSON_TOKENER_STRICT);
    return reader;
}

void ledger_reader_free(struct ledger_reader *reader)
{
    if (!reader)
        return;
    source_free(reader->open);
    json_tokener_free(reader->tokener);
    free(reader);
}

static const char *text_of(struct json_object *object, const char *key)
{
    struct json_object *value = NULL;

    if (!json_object_object_get_ex(object, key, &value) ||
        !json_object_is_type(value, json_type_string))
        return NULL;
    return json_object_get_string(value);
}

static int64_t number_of(struct json_object *object, const char *key)
{
    struct json_object *value = NULL;

    if (!json_object_object_get_ex(object, key, &value) ||
        !json_object_is_type(value, json_type_int))
        return -1;
    return json_object_get_int64(value);
}

static const char *take_begin(struct ledger_reader *reader, struct json_object *object)
{
    struct ledger_source *unit = source_new();
    const char *collector = text_of(object, "collector");
    const char *version = text_of(object, "version");

    source_free(TAKE_POINTER(reader->open));
    if (!collector || evidence_source_from_json(object, &unit->strings, &unit->file) < 0) {
        source_free(unit);
        return "\"begin\" lacks collector or path, or a value has the wrong type";
    }
    unit->collector = memory_string_in(&unit->strings, collector);
    unit->version = memory_string_in(&unit->strings, version ? version : "");
    reader->open = unit;
    return NULL;
}

static const char *take_evidence(struct ledger_reader *reader, struct json_object *object)
{
    struct atvm_evidence record;

    if (!reader->open)
        return "\"evidence\" outside of a unit";
    if (reader->open->record_count >= LEDGER_RECORDS_MAX)
        return "more records in one unit than allowed";
    if (evidence_from_json(object, &reader->open->strings, &record) < 0)
        return "\"evidence\" has a value of the wrong type";
    if (record.batch < 0 || record.batch > LEDGER_BATCH_MAX)
        return "\"evidence\" names a batch that no log can have";
    source_add_record(reader->open, &record);
    return NULL;
}

static const char *take_end(struct ledger_reader *reader, struct json_object *object)
{
    struct ledger_source *unit = reader->open;
    int32_t quality = evidence_quality_from_name(text_of(object, "quality"));

    if (!unit)
        return "\"end\" without \"begin\"";
    if (quality < 0)
        return "\"end\" without a known quality";
    reader->open = NULL;
    unit->quality = quality;
    unit->reason = memory_string_in(&unit->strings, text_of(object, "reason"));
    unit->read_ns = number_of(object, "time");
    commit(reader->ledger, unit);
    return NULL;
}

static const char *take_retired(struct ledger_reader *reader, struct json_object *object)
{
    (void)object;
    if (!reader->open)
        return "\"retired\" outside of a unit";
    reader->open->retired = true;
    return NULL;
}

static const char *take_gap(struct ledger_reader *reader, struct json_object *object)
{
    ledger_add_gap(reader->ledger, text_of(object, "collector"), text_of(object, "path"),
                   text_of(object, "reason"), number_of(object, "time"));
    return NULL;
}

static const char *take_pass(struct ledger_reader *reader, struct json_object *object)
{
    const char *collector = text_of(object, "collector");
    int32_t result = evidence_collect_result_from_name(text_of(object, "result"));

    if (!collector || result < 0)
        return "\"pass\" lacks collector or a known result";
    set_pass(reader->ledger, collector, result, text_of(object, "reason"),
             number_of(object, "time"));
    return NULL;
}

static const struct {
    const char *type;
    const char *(*take)(struct ledger_reader *reader, struct json_object *object);
} line_types[] = {
    {"begin", take_begin},     {"evidence", take_evidence}, {"end", take_end},
    {"retired", take_retired}, {"gap", take_gap},           {"pass", take_pass},
};

enum ledger_line ledger_reader_line(struct ledger_reader *reader, const char *line, size_t length,
                                    char **ret_error)
{
    CLEANUP_JSON struct json_object *object = NULL;
    const char *type, *problem;

    if (length > LEDGER_LINE_MAX) {
        *ret_error = memory_format("evidence line of %zu bytes, at most %d are allowed", length,
                                   LEDGER_LINE_MAX);
        return LEDGER_LINE_BAD;
    }
    json_tokener_reset(reader->tokener);
    object = json_tokener_parse_ex(reader->tokener, line, (int)length);
    if (!object) {
        *ret_error =
            memory_format("not a JSON object: %s",
                          json_tokener_error_desc(json_tokener_get_error(reader->tokener)));
        return LEDGER_LINE_BAD;
    }
    type = json_object_is_type(object, json_type_object) ? text_of(object, "t") : NULL;
    if (!type) {
        *ret_error = memory_string("evidence line without a type (\"t\")");
        return LEDGER_LINE_BAD;
    }
    for (size_t i = 0; i < sizeof(line_types) / sizeof(line_types[0]); i++) {
        if (strcmp(type, line_types[i].type) != 0)
            continue;
        problem = line_types[i].take(reader, object);
        if (!problem)
            return LEDGER_LINE_EVIDENCE;
        *ret_error = memory_string(problem);
        return LEDGER_LINE_BAD;
    }
    return LEDGER_LINE_OTHER;
}

/* ---------------------------------------------------------------- writing */

static void add_text(struct json_object *object, const char *key, const char *text)
{
    if (text)
        json_object_object_add(object, key, json_object_new_string(text));
}

static void write_object(FILE *stream, const char *type, struct json_object *object)
{
    CLEANUP_JSON struct json_object *line = json_object_new_object();

    json_object_object_add(line, "t", json_object_new_string(type));
    if (object) {
        json_object_object_foreach(object, key, value)
            json_object_object_add(line, key, json_object_get(value));
        json_object_put(object);
    }
    fputs(json_object_to_json_string_ext(line,
                                         JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE),
          stream);
    fputc('\n', stream);
}

static void write_source(FILE *stream, const struct ledger_source *source)
{
    struct atvm_source file = source->file;
    struct json_object *begin, *end = json_object_new_object();

    /* A snapshot holds all that was said, however many units it came in. */
    file.mode = ATVM_SOURCE_REPLACE;
    begin = evidence_source_to_json(&file);
    add_text(begin, "collector", source->collector);
    add_text(begin, "version", source->version);
    write_object(stream, "begin", begin);
    for (size_t i = 0; i < source->record_count; i++)
        write_object(stream, "evidence", evidence_to_json(&source->records[i]));
    if (source->retired)
        write_object(stream, "retired", NULL);
    add_text(end, "quality", evidence_quality_name(source->quality));
    add_text(end, "reason", source->reason);
    json_object_object_add(end, "time", json_object_new_int64(source->read_ns));
    write_object(stream, "end", end);
}

static void write_gap(FILE *stream, const struct ledger_gap *gap)
{
    struct json_object *object = json_object_new_object();

    add_text(object, "collector", gap->collector);
    add_text(object, "path", gap->path);
    add_text(object, "reason", gap->reason);
    json_object_object_add(object, "time", json_object_new_int64(gap->time_ns));
    write_object(stream, "gap", object);
}

static void write_pass(FILE *stream, const struct ledger_pass *pass)
{
    struct json_object *object = json_object_new_object();

    add_text(object, "collector", pass->collector);
    add_text(object, "result", evidence_collect_result_name(pass->result));
    add_text(object, "reason", pass->reason);
    json_object_object_add(object, "time", json_object_new_int64(pass->time_ns));
    write_object(stream, "pass", object);
}

int ledger_write(const struct ledger *ledger, FILE *stream)
{
    errno = 0;
    for (size_t i = 0; i < ledger->source_count; i++)
        write_source(stream, ledger->sources[i]);
    for (size_t i = 0; i < ledger->gap_count; i++)
        write_gap(stream, &ledger->gaps[i]);
    for (size_t i = 0; i < ledger->pass_count; i++)
        write_pass(stream, &ledger->passes[i]);
    if (fflush(stream) == 0 && !ferror(stream))
        return 0;
    return errno ? -errno : -EIO;
}
