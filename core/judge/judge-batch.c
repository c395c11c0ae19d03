#include "judge-batch.h"

#include <string.h>

#include "judge-scope.h"

/* What the log tells of one batch. */
struct batch {
    const char *name;  /* announced; NULL */
    const char *host;  /* the first one; NULL */
    const char *label; /* what its sub-run is called; NULL: it names neither itself nor a host */
    bool ended;
    int32_t sub_run; /* number of the batch that it goes on with; its own: none */
};

static void read_item(const struct judge_case *judged, const struct judge_item *item,
                      struct batch *batch)
{
    const struct atvm_evidence *record = item->record;

    if (record->claim == ATVM_CLAIM_SCOPE_STARTED && record->scope &&
        strcmp(record->scope, judged->policy->build) != 0)
        batch->name = record->scope;
    if (!batch->host && judge_batch_claims(item))
        batch->host = record->host;
    if (record->claim == ATVM_CLAIM_SCOPE_ENDED)
        batch->ended = true;
    else if (record->claim == ATVM_CLAIM_SCOPE_STARTED || record->claim == ATVM_CLAIM_HOST_STARTED)
        batch->ended = false;
}

static void set_label(const struct judge_case *judged, struct batch *batch)
{
    if (batch->name)
        batch->label = batch->name;
    else if (batch->host)
        batch->label = judge_family_scope(judged, judge_host_family(batch->host, judged->memory));
}

/* The number of the batch that number `at` goes on with; its own: none. */
static int32_t predecessor(const struct batch *batches, int32_t at)
{
    const struct batch *batch = &batches[at];

    for (int32_t earlier = at - 1; earlier > 0; earlier--) {
        const struct batch *other = &batches[earlier];
        bool same = !batch->label || judge_text_is(other->label, batch->label);

        if (same)
            return other->ended ? at : other->sub_run;
    }
    return at;
}

void judge_join_batches(struct judge_case *judged)
{
    int32_t last = judge_last_batch(judged);
    struct batch *batches =
        memory_array_in(judged->memory, NULL, (size_t)last + 1, sizeof(*batches));

    for (size_t i = 0; i < judged->item_count; i++)
        if (judge_item_is_log(&judged->items[i], 0) && judged->items[i].batch > 0)
            read_item(judged, &judged->items[i], &batches[judged->items[i].batch]);
    for (int32_t number = 1; number <= last; number++) {
        set_label(judged, &batches[number]);
        batches[number].sub_run = predecessor(batches, number);
        if (!batches[number].label)
            batches[number].label = batches[batches[number].sub_run].label;
    }
    for (size_t i = 0; i < judged->item_count; i++)
        if (judge_item_is_log(&judged->items[i], 0) && judged->items[i].batch > 0)
            judged->items[i].batch = batches[judged->items[i].batch].sub_run;
}
