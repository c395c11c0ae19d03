#include "judge-case.h"

#include <stdlib.h>
#include <string.h>

#include "judge-batch.h"
#include "judge-table.h"

#define SECOND INT64_C(1000000000)

/* Embedded times are cut to whole seconds (JUnit, file names); file times may run ahead of the
 * clock that `now` was read from by the kernel's tick. */
#define TIME_SLACK_BEFORE SECOND
#define TIME_SLACK_AFTER  (2 * SECOND)

static const char *const artifact_kinds[ARTIFACT_KIND_COUNT] = {"junit", "mochawesome",
                                                                "reporter-json", "reporter-txt"};

bool judge_text_is(const char *text, const char *wanted)
{
    return text && strcmp(text, wanted) == 0;
}

const char *judge_artifact_name(enum artifact_kind kind)
{
    return kind < ARTIFACT_NONE ? artifact_kinds[kind] : NULL;
}

static enum artifact_kind artifact_kind_of(const char *kind)
{
    for (int i = 0; i < ARTIFACT_KIND_COUNT; i++)
        if (judge_text_is(kind, artifact_kinds[i]))
            return (enum artifact_kind)i;
    return ARTIFACT_NONE;
}

/* ---------------------------------------------------------------- the window (R4.9) */

static bool is_outside(int64_t time_ns, int64_t since_ns, int64_t until_ns, int64_t slack_before)
{
    return time_ns >= 0 &&
           (time_ns <= since_ns - slack_before || time_ns > until_ns + TIME_SLACK_AFTER);
}

static bool is_outside_of_case(const struct judge_case *judged, int64_t time_ns,
                               int64_t slack_before)
{
    const struct policy *policy = judged->policy;
    int64_t until_ns = policy->until_ns > judged->now_ns ? policy->until_ns : judged->now_ns;

    return is_outside(time_ns, policy->since_ns, until_ns, slack_before);
}

static void set_stale(struct judge_source *ret, const char *rule, int64_t outside_ns)
{
    ret->stale = true;
    ret->stale_rule = rule;
    ret->outside_ns = outside_ns;
}

static void look_at_times(const struct judge_case *judged, struct judge_source *ret)
{
    const struct ledger_source *source = ret->source;

    if (ret->artifact == ARTIFACT_NONE && !judge_text_is(source->file.kind, "log"))
        return;
    if (is_outside_of_case(judged, source->file.mtime_ns, 1))
        set_stale(ret, "file-time-outside-window", source->file.mtime_ns);
    else if (is_outside_of_case(judged, source->file.name_time_ns, TIME_SLACK_BEFORE))
        set_stale(ret, "name-time-outside-window", source->file.name_time_ns);
    for (size_t i = 0; i < source->record_count && !ret->stale; i++)
        if (is_outside_of_case(judged, source->records[i].started_ns, TIME_SLACK_BEFORE))
            set_stale(ret, "embedded-time-outside-window", source->records[i].started_ns);
}

/* ---------------------------------------------------------------- canonical order */

static int compare_sources(const void *one, const void *other)
{
    const struct judge_source *a = one, *b = other;
    int order = strcmp(a->source->collector, b->source->collector);

    if (order == 0)
        order = strcmp(a->source->file.path, b->source->file.path);
    return order ? order : (a->listed > b->listed) - (a->listed < b->listed);
}

/* Every batch has a record of its own; a higher number than there can be records is none. */
static int32_t batch_of(const struct atvm_evidence *record)
{
    return record->batch > 0 && record->batch <= LEDGER_RECORDS_MAX ? record->batch : 0;
}

static int32_t last_batch_of(const struct judge_source *source)
{
    int32_t last = 0;

    for (size_t i = 0; source->is_log && !source->stale && i < source->source->record_count; i++)
        if (batch_of(&source->source->records[i]) > last)
            last = batch_of(&source->source->records[i]);
    return last;
}

/* Each part of a log that was rotated numbers its batches from 1. */
static void count_batches(struct judge_case *judged)
{
    for (size_t i = 0; i < judged->source_count; i++) {
        struct judge_source *source = &judged->sources[i], *before = source - 1;

        source->last_batch = last_batch_of(source);
        if (i > 0 && source->is_log &&
            strcmp(before->source->collector, source->source->collector) == 0 &&
            strcmp(before->source->file.path, source->source->file.path) == 0)
            source->batches_before = before->batches_before + before->last_batch;
    }
}

static void list_sources(struct judge_case *judged, const struct ledger *ledger)
{
    judged->source_count = ledger->source_count;
    judged->sources =
        memory_array_in(judged->memory, NULL, ledger->source_count, sizeof(*judged->sources));
    for (size_t i = 0; i < ledger->source_count; i++) {
        const struct ledger_source *source = ledger->sources[i];

        judged->sources[i] = (struct judge_source){
            .source = source,
            .listed = i,
            .artifact = artifact_kind_of(source->file.kind),
            .is_log = judge_text_is(source->file.kind, "log"),
            .damaged = source->quality != ATVM_QUALITY_WHOLE,
            .refused = source->quality == ATVM_QUALITY_DAMAGED && source->file.size < 0,
            .outside_ns = -1,
        };
        look_at_times(judged, &judged->sources[i]);
    }
    qsort(judged->sources, judged->source_count, sizeof(*judged->sources), compare_sources);
    count_batches(judged);
}

static int compare_by_host(const void *one, const void *other)
{
    const struct judge_item *a = *(const struct judge_item *const *)one;
    const struct judge_item *b = *(const struct judge_item *const *)other;
    int order = strcmp(a->record->host, b->record->host);

    return order ? order : (a->order > b->order) - (a->order < b->order);
}

static void list_items(struct judge_case *judged)
{
    size_t count = 0, index = 0;

    for (size_t i = 0; i < judged->source_count; i++)
        count += judged->sources[i].stale ? 0 : judged->sources[i].source->record_count;
    judged->items = memory_array_in(judged->memory, NULL, count, sizeof(*judged->items));
    judged->by_host = memory_array_in(judged->memory, NULL, count, sizeof(*judged->by_host));
    for (size_t i = 0; i < judged->source_count; i++) {
        const struct judge_source *from = &judged->sources[i];

        for (size_t j = 0; !from->stale && j < from->source->record_count; j++, index++) {
            const struct atvm_evidence *record = &from->source->records[j];
            int32_t batch = batch_of(record) ? batch_of(record) + from->batches_before : 0;

            judged->items[index] = (struct judge_item){from, record, index, batch, batch};
        }
    }
    judged->item_count = count;
    for (size_t i = 0; i < count; i++)
        if (judged->items[i].record->host)
            judged->by_host[judged->by_host_count++] = &judged->items[i];
    qsort(judged->by_host, judged->by_host_count, sizeof(*judged->by_host), compare_by_host);
}

const struct judge_item *const *judge_case_items_of(const struct judge_case *judged,
                                                    const char *host, size_t *ret_count)
{
    size_t low = 0, high = judged->by_host_count, end;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (strcmp(judged->by_host[middle]->record->host, host) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    for (end = low; end < judged->by_host_count; end++)
        if (strcmp(judged->by_host[end]->record->host, host) != 0)
            break;
    *ret_count = end - low;
    return &judged->by_host[low];
}

/* ---------------------------------------------------------------- log and processes */

bool judge_item_is_log(const struct judge_item *item, int32_t batch)
{
    return item->from->is_log && (batch == 0 || item->batch == batch);
}

int32_t judge_last_batch(const struct judge_case *judged)
{
    int32_t last = 0;

    for (size_t i = 0; i < judged->item_count; i++)
        if (judge_item_is_log(&judged->items[i], 0) && judged->items[i].batch > last)
            last = judged->items[i].batch;
    return last;
}

/* A long log is read in several passes: its end, and any failure, may be in the rest. */
static bool is_being_read(const struct judge_case *judged, const struct judge_source *source)
{
    const struct ledger_pass *pass = ledger_pass_of(judged->ledger, source->source->collector);

    return source->source->quality == ATVM_QUALITY_GROWING && pass &&
           pass->result == ATVM_COLLECT_AGAIN;
}

static void look_at_log(struct judge_case *judged)
{
    bool has_pattern = false, has_fault = false;

    for (size_t i = 0; i < judged->item_count; i++) {
        const struct judge_item *item = &judged->items[i];

        if (!judge_item_is_log(item, 0))
            continue;
        if (item->record->claim == ATVM_CLAIM_EXPECTED_HOST)
            has_pattern = true;
        if (item->record->claim == ATVM_CLAIM_FACT &&
            judge_text_is(item->record->entity, "encoding"))
            has_fault = true;
    }
    for (size_t i = 0; i < judged->source_count; i++) {
        const struct judge_source *source = &judged->sources[i];

        if (!source->stale && source->is_log) {
            if (!judged->log || source->source->file.mtime_ns >= judged->log->source->file.mtime_ns)
                judged->log = source;
            judged->trace_seen |= !source->refused;
            has_fault |= source->damaged;
            judged->log_unread |= is_being_read(judged, source);
        }
    }
    judged->log_readable = judged->log && has_pattern && !has_fault;
}

/* The table was looked at when the last pass of a collector that reads it was complete. */
static bool table_was_looked_at(const struct judge_case *judged, const struct ledger *ledger)
{
    for (size_t i = 0; i < judged->source_count; i++) {
        const struct ledger_source *source = judged->sources[i].source;
        const struct ledger_pass *pass;

        if (!judge_text_is(source->file.kind, "process"))
            continue;
        pass = ledger_pass_of(ledger, source->collector);
        if (pass && pass->result == ATVM_COLLECT_COMPLETE)
            return true;
    }
    return false;
}

static void look_at_processes(struct judge_case *judged, const struct ledger *ledger)
{
    struct runner_verdict view = {.pid = -1, .defunct_child = -1};
    size_t others = 0;

    view.looked = table_was_looked_at(judged, ledger);
    for (size_t i = 0; i < judged->item_count; i++) {
        const struct atvm_evidence *record = judged->items[i].record;

        if (record->claim != ATVM_CLAIM_PROCESS)
            continue;
        if (judge_text_is(record->form, "runner")) {
            view.alive = true;
            view.pid = view.pid < 0 ? record->pid : view.pid;
        } else if (judge_text_is(record->form, "defunct")) {
            view.defunct_child = record->pid;
        } else {
            others++;
        }
    }
    view.orphans = view.alive ? 0 : others;
    judged->runner = view;
}

/* ---------------------------------------------------------------- hosts of the run */

bool judge_case_has_host(const struct judge_case *judged, const char *host)
{
    return name_index_find(&judged->host_index, judged->hosts, host) != NAME_INDEX_NONE;
}

static void add_host(struct judge_case *judged, const char *host)
{
    if (judge_case_has_host(judged, host))
        return;
    judged->hosts[judged->host_count] = host;
    name_index_add(&judged->host_index, judged->hosts, judged->host_count++);
}

static size_t count_names(const struct judge_case *judged)
{
    size_t count = 0;

    for (size_t i = 0; i < judged->by_host_count; i++)
        count += i == 0 || strcmp(judged->by_host[i - 1]->record->host,
                                  judged->by_host[i]->record->host) != 0;
    return count;
}

static void add_expected(struct judge_case *judged, const char *kind)
{
    for (size_t i = 0; i < judged->item_count; i++) {
        const struct judge_item *item = &judged->items[i];

        if (item->record->claim == ATVM_CLAIM_EXPECTED_HOST && item->record->host &&
            judge_text_is(item->from->source->file.kind, kind))
            add_host(judged, item->record->host);
    }
}

static bool is_seen_host(const struct judge_item *item)
{
    return item->record->host && item->record->basis != ATVM_BASIS_BOOKKEEPING &&
           (item->record->claim == ATVM_CLAIM_HOST_STARTED ||
            item->record->claim == ATVM_CLAIM_HOST_RESULT);
}

/*
 * The operator's list, else the specPattern: log first, config next (R1.5). What this build's own
 * log shows to have run belongs to the run whatever was expected; artifacts of other hosts do not,
 * unless nothing says who was meant.
 */
static void list_hosts(struct judge_case *judged)
{
    const struct policy *policy = judged->policy;
    size_t most = policy->host_count + count_names(judged);

    judged->hosts = memory_array_in(judged->memory, NULL, most, sizeof(*judged->hosts));
    name_index_init(&judged->host_index, most, judged->memory);
    for (size_t i = 0; i < policy->host_count; i++)
        add_host(judged, policy->hosts[i]);
    if (judged->host_count == 0)
        add_expected(judged, "log");
    if (judged->host_count == 0)
        add_expected(judged, "config");
    judged->expected_count = judged->host_count;
    for (size_t i = 0; i < judged->item_count; i++)
        if (is_seen_host(&judged->items[i]) && judge_item_is_log(&judged->items[i], 0))
            add_host(judged, judged->items[i].record->host);
    for (size_t i = 0; judged->expected_count == 0 && i < judged->item_count; i++)
        if (is_seen_host(&judged->items[i]))
            add_host(judged, judged->items[i].record->host);
}

/* ---------------------------------------------------------------- damage (R5.8) */

/* A name of mochawesome's may have been cut at its first dot. */
static bool stem_may_be_whole(const struct judge_source *source)
{
    return source->artifact != ARTIFACT_MOCHAWESOME && source->source->file.stem;
}

static bool is_certain_about(const struct judge_source *source, const char *host)
{
    for (size_t i = 0; i < source->source->record_count; i++)
        if (judge_text_is(source->source->records[i].host, host))
            return true;
    return stem_may_be_whole(source) && strcmp(source->source->file.stem, host) == 0;
}

static bool is_certain_about_a_host(const struct judge_case *judged,
                                    const struct judge_source *source)
{
    for (size_t i = 0; i < source->source->record_count; i++) {
        const char *host = source->source->records[i].host;

        if (host && judge_case_has_host(judged, host))
            return true;
    }
    return stem_may_be_whole(source) && judge_case_has_host(judged, source->source->file.stem);
}

static bool stem_begins(const struct judge_source *source, const char *host)
{
    const char *stem = source->source->file.stem;

    return stem && *stem && strncmp(host, stem, strlen(stem)) == 0;
}

static bool stem_begins_a_host(const struct judge_case *judged, const struct judge_source *source)
{
    for (size_t i = 0; i < judged->host_count; i++)
        if (stem_begins(source, judged->hosts[i]))
            return true;
    return false;
}

static bool content_names_anybody(const struct judge_source *source)
{
    for (size_t i = 0; i < source->source->record_count; i++)
        if (source->source->records[i].host)
            return true;
    return false;
}

static enum damage_reach reach_of(const struct judge_case *judged,
                                  const struct judge_source *source)
{
    if (source->stale || !source->damaged || source->artifact == ARTIFACT_NONE)
        return DAMAGE_OF_NOBODY;
    if (is_certain_about_a_host(judged, source))
        return DAMAGE_OF_ITS_HOST;
    if (stem_begins_a_host(judged, source))
        return DAMAGE_OF_ITS_STEM;
    /* Content that only names machines of some other run is that run's damage, not ours. */
    return content_names_anybody(source) ? DAMAGE_OF_NOBODY : DAMAGE_OF_EVERY_HOST;
}

bool judge_case_damage_concerns(const struct judge_source *source, const char *host)
{
    switch (source->reach) {
    case DAMAGE_OF_ITS_HOST:
        return is_certain_about(source, host);
    case DAMAGE_OF_ITS_STEM:
        return stem_begins(source, host);
    case DAMAGE_OF_EVERY_HOST:
        return true;
    case DAMAGE_OF_NOBODY:
        break;
    }
    return false;
}

static void list_damaged(struct judge_case *judged)
{
    judged->damaged =
        memory_array_in(judged->memory, NULL, judged->source_count, sizeof(*judged->damaged));
    for (size_t i = 0; i < judged->source_count; i++) {
        struct judge_source *source = &judged->sources[i];

        source->reach = reach_of(judged, source);
        if (source->reach != DAMAGE_OF_NOBODY)
            judged->damaged[judged->damaged_count++] = source;
    }
}

static bool left_by_this_run(const struct judge_case *judged, const struct judge_source *source)
{
    return !source->stale && source->artifact != ARTIFACT_NONE &&
           is_certain_about_a_host(judged, source);
}

static void look_at_artifacts(struct judge_case *judged)
{
    judged->last_artifact_ns = -1;
    for (size_t i = 0; i < judged->source_count; i++) {
        const struct judge_source *source = &judged->sources[i];

        if (!left_by_this_run(judged, source))
            continue;
        judged->trace_seen |= !source->refused;
        judged->kind_left[source->artifact] = true;
        if (source->source->file.mtime_ns > judged->last_artifact_ns)
            judged->last_artifact_ns = source->source->file.mtime_ns;
    }
    judged->last_progress_ns = judged->last_artifact_ns;
    if (judged->log && judged->log->source->file.mtime_ns > judged->last_progress_ns)
        judged->last_progress_ns = judged->log->source->file.mtime_ns;
}

void judge_case_init(struct judge_case *judged, const struct ledger *ledger,
                     const struct policy *policy, int64_t now_ns, struct obstack *memory)
{
    *judged =
        (struct judge_case){.ledger = ledger, .policy = policy, .now_ns = now_ns, .memory = memory};
    list_sources(judged, ledger);
    list_items(judged);
    look_at_log(judged);
    look_at_processes(judged, ledger);
    list_hosts(judged);
    list_damaged(judged);
    look_at_artifacts(judged);
    judge_read_tables(judged);
    if (policy->categorized)
        judge_join_batches(judged);
}
