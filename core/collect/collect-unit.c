#include "collect-unit.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "collect-limits.h"
#include "collect-text.h"
#include "evidence-line.h"
#include "ledger.h"
#include "memory.h"
#include "render-secret.h"

/* Sizes of the structs in ABI 1.0: no module's may be smaller. One beyond the other bound is no
 * size. */
#define SOURCE_SIZE_1_0   (offsetof(struct atvm_source, inode) + sizeof(uint64_t))
#define EVIDENCE_SIZE_1_0 (offsetof(struct atvm_evidence, since_ns) + sizeof(int64_t))
#define STRUCT_SIZE_MAX   (64 * 1024)

struct collect_unit {
    struct atvm_source source;
    struct obstack strings; /* the source's */
    const char *collector, *version;
    size_t record_count;
    size_t byte_count;
    bool over_limit;
    const char *problem;
};

static bool is_struct_size(uint32_t size, size_t smallest)
{
    return size >= smallest && size <= STRUCT_SIZE_MAX;
}

static const char *clean(struct obstack *strings, const char *text, size_t limit)
{
    return text ? collect_text_clean(strings, text, strlen(text), limit, NULL) : NULL;
}

/* ---------------------------------------------------------------- the source */

static const char *source_problem(const struct atvm_source *source)
{
    if (!is_struct_size(source->struct_size, SOURCE_SIZE_1_0))
        return "struct_size of the source is not sizeof(struct atvm_source)";
    if (source->mode != ATVM_SOURCE_REPLACE && source->mode != ATVM_SOURCE_APPEND)
        return "mode of the source is neither REPLACE nor APPEND";
    if (!source->path || source->path[0] != '/')
        return "path of the source is not absolute";
    if (strlen(source->path) > COLLECT_PATH_MAX)
        return "path of the source is longer than 4096 bytes";
    if (!source->kind || !source->kind[0])
        return "the source has no kind";
    return NULL;
}

struct collect_unit *collect_unit_new(const struct atvm_source *given, const char **ret_problem)
{
    struct collect_unit *unit;

    *ret_problem = given ? source_problem(given) : "the source is NULL";
    if (*ret_problem)
        return NULL;
    unit = memory_zeroed(1, sizeof(*unit));
    memcpy(&unit->source, given,
           given->struct_size < sizeof(unit->source) ? given->struct_size : sizeof(unit->source));
    obstack_init(&unit->strings);
    unit->source.path = clean(&unit->strings, given->path, COLLECT_PATH_MAX);
    unit->source.kind = clean(&unit->strings, given->kind, COLLECT_TEXT_MAX);
    unit->source.stem = clean(&unit->strings, given->stem, COLLECT_TEXT_MAX);
    return unit;
}

void collect_unit_free(struct collect_unit *unit)
{
    if (!unit)
        return;
    obstack_free(&unit->strings, NULL);
    free(unit);
}

const char *collect_unit_path(const struct collect_unit *unit)
{
    return unit->source.path;
}

const char *collect_unit_problem(const struct collect_unit *unit)
{
    return unit->problem;
}

static void write_begin(const struct collect_unit *unit, struct collect_output *output)
{
    struct json_object *begin = evidence_source_to_json(&unit->source);

    collect_output_add_text(begin, "collector", unit->collector);
    collect_output_add_text(begin, "version", unit->version);
    collect_output_line(output, "begin", begin);
}

void collect_unit_begin(struct collect_unit *unit, struct collect_output *output,
                        const char *collector, const char *version)
{
    struct json_object *at = json_object_new_object();

    unit->collector = collector;
    unit->version = version;
    collect_output_add_text(at, "collector", collector);
    collect_output_add_text(at, "path", unit->source.path);
    collect_output_line(output, "at", at);
    write_begin(unit, output);
    collect_output_flush(output);
}

/* ---------------------------------------------------------------- records */

static void note_problem(struct collect_unit *unit, const char *problem)
{
    if (!unit->problem)
        unit->problem = problem;
}

/* Numbers below -1 mean nothing; they are unknown as well. */
static void clamp_numbers(struct atvm_evidence *record)
{
    int64_t *const numbers[] = {
        &record->tests,
        &record->passed,
        &record->failed,
        &record->pending,
        &record->skipped,
        &record->declared_tests,
        &record->declared_passed,
        &record->declared_failed,
        &record->declared_pending,
        &record->declared_skipped,
        &record->started_ns,
        &record->ended_ns,
        &record->duration_ns,
        &record->locator,
        &record->pid,
        &record->parent_pid,
        &record->since_ns,
    };

    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        if (*numbers[i] < -1)
            *numbers[i] = -1;
    /* JSON has no word for these. */
    if (!isfinite(record->value))
        record->value = 0.0;
}

static void clean_texts(struct obstack *strings, struct atvm_evidence *record)
{
    const char **const texts[] = {&record->scope, &record->host,   &record->form, &record->step,
                                  &record->text,  &record->entity, &record->unit, &record->message};

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        *texts[i] = clean(strings, *texts[i], COLLECT_TEXT_MAX);
    record->steps = clean(strings, record->steps, COLLECT_STEPS_MAX);
    record->excerpt = collect_text_clean(strings, record->excerpt, record->excerpt_length,
                                         COLLECT_EXCERPT_MAX, &record->excerpt_length);
}

/* Of what quotes a file, and is shown to people: what is compared (names, titles, paths, facts)
 * stays as it is. */
static void mask_secrets(struct obstack *strings, struct atvm_evidence *record)
{
    if (record->message)
        record->message = secret_mask(strings, record->message);
    if (record->text && record->claim != ATVM_CLAIM_EXPECTED_HOST &&
        record->claim != ATVM_CLAIM_FACT)
        record->text = secret_mask(strings, record->text);
    if (record->excerpt) {
        record->excerpt = secret_mask(strings, record->excerpt);
        record->excerpt_length = strlen(record->excerpt);
    }
}

static const char *record_problem(const struct atvm_evidence *record)
{
    if (!evidence_claim_name(record->claim))
        return "a record makes a claim that does not exist";
    if (record->outcome != ATVM_OUTCOME_NONE && !evidence_outcome_name(record->outcome))
        return "a record has an outcome that does not exist";
    if (record->basis != ATVM_BASIS_NONE && !evidence_basis_name(record->basis))
        return "a record has a basis that does not exist";
    return NULL;
}

static void write_record(struct collect_unit *unit, struct collect_output *output,
                         const struct atvm_evidence *given)
{
    struct atvm_evidence record = ATVM_EVIDENCE_INIT(0);
    const char *problem;
    struct obstack strings;

    memcpy(&record, given,
           given->struct_size < sizeof(record) ? given->struct_size : sizeof(record));
    problem = record_problem(&record);
    if (problem) {
        note_problem(unit, problem);
        return;
    }
    obstack_init(&strings);
    clamp_numbers(&record);
    clean_texts(&strings, &record);
    mask_secrets(&strings, &record);
    unit->byte_count += collect_output_line(output, "evidence", evidence_to_json(&record));
    unit->record_count++;
    obstack_free(&strings, NULL);
}

static bool is_full(struct collect_unit *unit)
{
    if (unit->record_count >= LEDGER_RECORDS_MAX)
        note_problem(unit, "it holds more records than a source may give (200000)");
    else if (unit->byte_count >= COLLECT_UNIT_MAX)
        note_problem(unit, "it holds more evidence than a source may give (64 MiB)");
    else
        return false;
    unit->over_limit = true;
    return true;
}

void collect_unit_emit(struct collect_unit *unit, struct collect_output *output,
                       const struct atvm_evidence *evidence, size_t count, size_t stride)
{
    for (size_t i = 0; i < count; i++) {
        const struct atvm_evidence *record = (const void *)((const char *)evidence + i * stride);

        if (!is_struct_size(record->struct_size, EVIDENCE_SIZE_1_0) ||
            (count > 1 && stride < record->struct_size)) {
            note_problem(unit, "struct_size or stride of a record is not that of struct "
                               "atvm_evidence");
            return;
        }
        if (is_full(unit))
            return;
        write_record(unit, output, record);
    }
}

/* ---------------------------------------------------------------- the end */

void collect_unit_end(struct collect_unit *unit, struct collect_output *output, int32_t quality,
                      const char *reason, int64_t now_ns)
{
    struct json_object *end = json_object_new_object();
    struct obstack strings;

    obstack_init(&strings);
    if (!evidence_quality_name(quality))
        note_problem(unit, "end_source with a quality that does not exist");
    if (unit->problem) {
        quality = ATVM_QUALITY_DAMAGED;
        reason = unit->problem;
    }
    /* Beginning anew drops what was written of this unit so far. */
    if (unit->over_limit)
        write_begin(unit, output);
    collect_output_add_text(end, "quality", evidence_quality_name(quality));
    collect_output_add_text(end, "reason", clean(&strings, reason, COLLECT_TEXT_MAX));
    collect_output_add_number(end, "time", now_ns);
    collect_output_line(output, "end", end);
    collect_output_flush(output);
    obstack_free(&strings, NULL);
}
