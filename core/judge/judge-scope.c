#include "judge-scope.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

bool judge_scope_has_end_proof(const struct judge_scope *scope)
{
    /* An interrupt in the log stands before a bookkeeping XML, not before the log's own end. */
    return scope->log_ended || (scope->xml_ended && !scope->interrupted);
}

const char *judge_host_family(const char *host, struct obstack *memory)
{
    const char *distribution = strchr(host, '-');
    size_t letters = 0;

    if (!distribution)
        return "";
    distribution++;
    if (strncmp(distribution, "w2k", 3) == 0)
        return "windows";
    while (isalpha((unsigned char)distribution[letters]))
        letters++;
    return memory_bytes_in(memory, distribution, letters);
}

/* ---------------------------------------------------------------- order of hosts */

struct host_place {
    const char *name;
    int group; /* 0: the log shows when it was taken, 1: its artifacts do, 2: not taken */
    int64_t key;
    size_t listed;
};

static struct host_place place_of(const struct judge_case *judged, const char *host, size_t listed)
{
    struct host_place place = {.name = host, .group = 2, .key = 0, .listed = listed};
    size_t count;
    const struct judge_item *const *items = judge_case_items_of(judged, host, &count);

    for (size_t i = 0; i < count; i++) {
        const struct atvm_evidence *record = items[i]->record;
        int64_t began =
            record->started_ns >= 0 ? record->started_ns : items[i]->from->source->file.mtime_ns;

        if (record->claim != ATVM_CLAIM_HOST_STARTED && record->claim != ATVM_CLAIM_HOST_RESULT)
            continue;
        if (judge_item_is_log(items[i], 0)) {
            if (place.group > 0 || (int64_t)items[i]->order < place.key)
                place.key = (int64_t)items[i]->order;
            place.group = 0;
        } else if (place.group == 2 || (place.group == 1 && began < place.key)) {
            place.group = 1;
            place.key = began;
        }
    }
    return place;
}

static int compare_places(const void *one, const void *other)
{
    const struct host_place *a = one, *b = other;

    if (a->group != b->group)
        return a->group - b->group;
    if (a->key != b->key)
        return a->key < b->key ? -1 : 1;
    return (a->listed > b->listed) - (a->listed < b->listed);
}

static void order_hosts(const struct judge_case *judged, const char **hosts, size_t count)
{
    struct host_place *places = memory_zeroed(count, sizeof(*places));

    for (size_t i = 0; i < count; i++)
        places[i] = place_of(judged, hosts[i], i);
    qsort(places, count, sizeof(*places), compare_places);
    for (size_t i = 0; i < count; i++)
        hosts[i] = places[i].name;
    free(places);
}

/* ---------------------------------------------------------------- what the log shows */

/* A cancelled run is one no more when a later part of the log is to run hosts; the bookkeeping spec
 * may be run after it all the same. */
static void begin_anew(struct judge_scope *scope, const struct atvm_evidence *record)
{
    if (scope->cancelled && record->batch != scope->cancelled_batch)
        scope->cancelled = NULL;
}

void judge_scope_read_line(const struct judge_case *judged, struct judge_scope *scope,
                           const struct atvm_evidence *record)
{
    switch (record->claim) {
    case ATVM_CLAIM_SCOPE_STARTED:
        /* A batch that announces the build's own name announces none of its own. */
        if (scope->is_subrun && record->scope && strcmp(record->scope, judged->policy->build) != 0)
            scope->name = record->scope;
        scope->log_ended = scope->interrupted = scope->has_totals = false;
        break;
    case ATVM_CLAIM_EXPECTED_HOST:
        scope->lists_hosts = true;
        begin_anew(scope, record);
        break;
    case ATVM_CLAIM_HOST_STARTED:
        begin_anew(scope, record);
        scope->log_ended = scope->interrupted = scope->has_totals = false;
        break;
    case ATVM_CLAIM_SCOPE_TOTALS:
        scope->has_totals = true;
        scope->interrupted = false;
        break;
    case ATVM_CLAIM_SCOPE_ENDED:
        scope->log_ended = true;
        scope->interrupted = false;
        break;
    case ATVM_CLAIM_INTERRUPTED:
        scope->interrupted = true;
        break;
    case ATVM_CLAIM_CANCELLED:
        scope->cancelled = record->text ? record->text : "";
        scope->cancelled_batch = record->batch;
        break;
    case ATVM_CLAIM_RUN_URL:
        scope->run_url = record->text;
        break;
    default:
        break;
    }
}

/* Records of a source stand in the order of its lines, so the last word counts. */
static void read_log(const struct judge_case *judged, struct judge_scope *scope)
{
    for (size_t i = 0; i < judged->item_count; i++)
        if (judge_item_is_log(&judged->items[i], scope->batch))
            judge_scope_read_line(judged, scope, judged->items[i].record);
}

/* The batch that the log was in last. */
static int32_t latest_batch(const struct judge_case *judged)
{
    int32_t latest = 0;

    for (size_t i = 0; i < judged->item_count; i++)
        if (judge_item_is_log(&judged->items[i], 0) && judged->items[i].batch > 0)
            latest = judged->items[i].batch;
    return latest;
}

/* ---------------------------------------------------------------- bookkeeping XML */

bool judge_is_bookkeeping_end(const struct judge_item *item)
{
    return item->record->claim == ATVM_CLAIM_SCOPE_ENDED &&
           item->record->basis == ATVM_BASIS_BOOKKEEPING;
}

static bool is_bookkeeping_end(const struct judge_item *item)
{
    return judge_is_bookkeeping_end(item) && !item->from->damaged;
}

static void read_xml_end(struct judge_scope *scope, const struct judge_item *item)
{
    int64_t time_ns = item->from->source->file.mtime_ns;

    scope->xml_ended = true;
    if (time_ns > scope->end_ns)
        scope->end_ns = time_ns;
}

/* In a plain run any bookkeeping XML that does not name another build and is not older than the
 * last host artifact; the age rule is not for sub-runs, which own theirs by name (R1.5). */
const char *judge_flaw_of_bookkeeping(const struct judge_case *judged,
                                      const struct judge_scope *scope,
                                      const struct judge_item *item)
{
    const char *named = item->record->scope;
    bool may_be_nameless = !scope->is_subrun;

    if (item->from->damaged)
        return "damaged-source";
    if (named ? strcmp(named, scope->name) != 0 : !may_be_nameless)
        return "names-another-scope";
    if (!scope->is_subrun && item->from->source->file.mtime_ns < judged->last_artifact_ns)
        return "older-than-the-last-artifact";
    return NULL;
}

static void read_bookkeeping(const struct judge_case *judged, struct judge_scope *scope)
{
    for (size_t i = 0; i < judged->item_count; i++) {
        const struct judge_item *item = &judged->items[i];

        if (judge_is_bookkeeping_end(item) && !judge_flaw_of_bookkeeping(judged, scope, item))
            read_xml_end(scope, item);
    }
}

static void note_log_end_time(const struct judge_case *judged, struct judge_scope *scope)
{
    /* The log has no times of its own; its last change dates the end of what it holds last. */
    if (scope->log_ended && scope->end_ns < 0 && judged->log &&
        (scope->batch == 0 || scope->batch == latest_batch(judged)))
        scope->end_ns = judged->log->source->file.mtime_ns;
}

/* ---------------------------------------------------------------- plain runs */

static struct judge_scope *plain_scope(const struct judge_case *judged)
{
    struct judge_scope *scope = memory_array_in(judged->memory, NULL, 1, sizeof(*scope));

    *scope = (struct judge_scope){
        .name = judged->policy->build, .end_ns = -1, .host_count = judged->host_count};
    scope->hosts =
        memory_array_in(judged->memory, judged->hosts, judged->host_count, sizeof(*scope->hosts));
    order_hosts(judged, scope->hosts, scope->host_count);
    read_log(judged, scope);
    read_bookkeeping(judged, scope);
    note_log_end_time(judged, scope);
    return scope;
}

/* ---------------------------------------------------------------- categorized runs */

struct scope_list {
    const struct judge_case *judged;
    struct judge_scope *scopes;
    size_t count;
    bool *taken; /* each of the case's hosts: by some scope */
};

/* `claims`: how many hosts the log may name that nobody else has. */
static struct judge_scope *add_scope(struct scope_list *list, const char *name, int32_t batch,
                                     size_t claims)
{
    struct judge_scope *scope = &list->scopes[list->count++];

    *scope = (struct judge_scope){.name = name, .batch = batch, .is_subrun = true, .end_ns = -1};
    scope->hosts = memory_array_in(list->judged->memory, NULL, list->judged->host_count + claims,
                                   sizeof(*scope->hosts));
    return scope;
}

/* Notes that the scope takes the host, which may be none that the run is known to have. */
static void take_host(struct scope_list *list, struct judge_scope *scope, const char *host)
{
    size_t place = name_index_find(&list->judged->host_index, list->judged->hosts, host);

    scope->hosts[scope->host_count++] = host;
    if (place != NAME_INDEX_NONE)
        list->taken[place] = true;
}

static struct judge_scope *find_scope(struct scope_list *list, const char *name)
{
    for (size_t i = 0; i < list->count; i++)
        if (judge_text_is(list->scopes[i].name, name))
            return &list->scopes[i];
    return NULL;
}

bool judge_batch_claims(const struct judge_item *item)
{
    return item->record->host && item->record->basis != ATVM_BASIS_BOOKKEEPING &&
           (item->record->claim == ATVM_CLAIM_EXPECTED_HOST ||
            item->record->claim == ATVM_CLAIM_HOST_STARTED ||
            item->record->claim == ATVM_CLAIM_HOST_RESULT);
}

static size_t count_claims(const struct judge_case *judged, int32_t batch)
{
    size_t count = 0;

    for (size_t i = 0; i < judged->item_count; i++)
        count +=
            judge_item_is_log(&judged->items[i], batch) && judge_batch_claims(&judged->items[i]);
    return count;
}

/* The hosts in the order in which the log names them. */
static void take_claimed(struct scope_list *list, struct judge_scope *scope, size_t claims)
{
    struct name_index named;

    name_index_init(&named, claims, list->judged->memory);
    for (size_t i = 0; i < list->judged->item_count; i++) {
        const struct judge_item *item = &list->judged->items[i];

        if (!judge_item_is_log(item, scope->batch) || !judge_batch_claims(item) ||
            name_index_find(&named, scope->hosts, item->record->host) != NAME_INDEX_NONE)
            continue;
        take_host(list, scope, item->record->host);
        name_index_add(&named, scope->hosts, scope->host_count - 1);
    }
}

/* A batch that names no host: its first line has just come, or it only runs the bookkeeping spec of
 * the sub-run before it. */
static bool is_no_sub_run(struct scope_list *list, const struct judge_scope *scope)
{
    return scope->host_count == 0 && !scope->cancelled &&
           (!scope->name || find_scope(list, scope->name) != scope);
}

static void add_batch(struct scope_list *list, int32_t batch)
{
    size_t claims = count_claims(list->judged, batch);
    struct judge_scope *scope = add_scope(list, NULL, batch, claims);

    take_claimed(list, scope, claims);
    read_log(list->judged, scope);
    if (is_no_sub_run(list, scope))
        list->count--;
}

/* Its records may have been given the number of an earlier batch, with which it goes on. */
static bool batch_is_shown(const struct judge_case *judged, int32_t batch)
{
    for (size_t i = 0; i < judged->item_count; i++)
        if (judge_item_is_log(&judged->items[i], batch))
            return true;
    return false;
}

/* A batch that announces the name of one that has ended is another sub-run: one name for both
 * would give the second no post. */
static void name_apart(struct scope_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        struct judge_scope *scope = &list->scopes[i];

        if (scope->name && find_scope(list, scope->name) != scope)
            scope->name =
                memory_format_in(list->judged->memory, "%s-batch%d", scope->name, scope->batch);
    }
}

/* "<build>-<group>" of a bookkeeping XML of this run; NULL: not one. */
static const char *grouped_name(const struct judge_case *judged, const struct judge_item *item)
{
    size_t length = strlen(judged->policy->build);
    const char *named = item->record->scope;

    if (!is_bookkeeping_end(item) || !named || strncmp(named, judged->policy->build, length) != 0 ||
        named[length] != '-' || !named[length + 1])
        return NULL;
    return named;
}

const char *judge_family_scope(const struct judge_case *judged, const char *family)
{
    return memory_format_in(judged->memory, "%s-%s", judged->policy->build, family);
}

/* A batch whose log part announces no name takes it from its family, which is what the grouped XML
 * is named after; where that name is taken, from a grouped XML that nobody has claimed. */
static void name_batch(struct scope_list *list, struct judge_scope *scope)
{
    const struct judge_case *judged = list->judged;
    const char *name =
        scope->host_count
            ? judge_family_scope(judged, judge_host_family(scope->hosts[0], judged->memory))
            : NULL;

    for (size_t i = 0; i < judged->item_count && (!name || find_scope(list, name)); i++) {
        const char *grouped = grouped_name(judged, &judged->items[i]);

        if (grouped && !find_scope(list, grouped))
            name = grouped;
    }
    if (!name || find_scope(list, name))
        name = memory_format_in(judged->memory, "%s-batch%d", judged->policy->build, scope->batch);
    scope->name = name;
}

/* Without a log a sub-run shows by its grouped XML, or by artifacts of hosts of its family. */
static struct judge_scope *subrun_without_log(struct scope_list *list, const char *name)
{
    struct judge_scope *scope = find_scope(list, name);

    return scope ? scope : add_scope(list, name, 0, 0);
}

static bool host_has_begun(const struct judge_case *judged, const char *host)
{
    return place_of(judged, host, 0).group < 2;
}

static void add_subruns_without_log(struct scope_list *list)
{
    const struct judge_case *judged = list->judged;

    for (size_t i = 0; i < judged->item_count; i++) {
        const char *name = grouped_name(judged, &judged->items[i]);

        if (name)
            subrun_without_log(list, name);
    }
    for (size_t i = 0; i < judged->host_count; i++) {
        const char *host = judged->hosts[i];
        const char *name = judge_family_scope(judged, judge_host_family(host, judged->memory));
        struct judge_scope *scope = find_scope(list, name);

        if (list->taken[i] || (!scope && !host_has_begun(judged, host)))
            continue;
        /* A batch of the log without a specPattern of its own is to run the expected hosts of its
         * family, also those it has not got to yet. */
        if (scope && scope->batch > 0 && (scope->lists_hosts || i >= judged->expected_count))
            continue;
        take_host(list, subrun_without_log(list, name), host);
    }
}

static int64_t first_sign(const struct judge_case *judged, const struct judge_scope *scope)
{
    int64_t first = INT64_MAX;

    for (size_t i = 0; i < scope->host_count; i++) {
        struct host_place place = place_of(judged, scope->hosts[i], 0);

        if (place.group == 1 && place.key < first)
            first = place.key;
    }
    return first != INT64_MAX ? first : scope->end_ns;
}

/* The log's batches in its order, then what only artifacts show, by time. */
static void order_subruns(struct scope_list *list)
{
    for (size_t i = 1; i < list->count; i++)
        for (size_t j = i; j > 0; j--) {
            struct judge_scope *before = &list->scopes[j - 1], *after = &list->scopes[j], swap;

            if (before->batch > 0 || after->batch > 0 ||
                first_sign(list->judged, before) <= first_sign(list->judged, after))
                break;
            swap = *before;
            *before = *after;
            *after = swap;
        }
}

static struct judge_scope *subruns(const struct judge_case *judged, size_t *ret_count)
{
    int32_t batches = judge_last_batch(judged);
    size_t most = (size_t)batches + judged->host_count + judged->item_count + 1;
    struct scope_list list = {
        .judged = judged,
        .scopes = memory_array_in(judged->memory, NULL, most, sizeof(struct judge_scope)),
        .taken = memory_array_in(judged->memory, NULL, judged->host_count, sizeof(bool)),
    };

    for (int32_t batch = 1; batch <= batches; batch++)
        if (batch_is_shown(judged, batch))
            add_batch(&list, batch);
    name_apart(&list);
    for (size_t i = 0; i < list.count; i++)
        if (!list.scopes[i].name)
            name_batch(&list, &list.scopes[i]);
    add_subruns_without_log(&list);
    for (size_t i = 0; i < list.count; i++) {
        order_hosts(judged, list.scopes[i].hosts, list.scopes[i].host_count);
        read_bookkeeping(judged, &list.scopes[i]);
        note_log_end_time(judged, &list.scopes[i]);
    }
    order_subruns(&list);
    *ret_count = list.count;
    return list.scopes;
}

struct judge_scope *judge_scopes(const struct judge_case *judged, size_t *ret_count)
{
    if (judged->policy->categorized)
        return subruns(judged, ret_count);
    *ret_count = 1;
    return plain_scope(judged);
}
