#include "judge-table.h"

#include <string.h>

/* What is compared: tests, passed, failed. */
struct sums {
    int64_t counts[3];
    bool pass; /* every mark was a tick */
};

struct judge_table {
    struct sums rows, totals;
    bool has_totals, unreadable;
};

static void add(struct sums *sums, const struct atvm_evidence *record)
{
    const int64_t counts[] = {record->tests, record->passed, record->failed};

    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
        sums->counts[i] += counts[i];
    if (record->outcome != ATVM_OUTCOME_PASS)
        sums->pass = false;
}

static void read_row(struct judge_table *table, const struct atvm_evidence *record)
{
    bool is_totals = judge_text_is(record->form, "cloud-totals");

    if (!is_totals && !judge_text_is(record->form, "cloud-row"))
        return;
    table->has_totals |= is_totals;
    if (record->tests < 0 || record->passed < 0 || record->failed < 0)
        table->unreadable = true;
    else
        add(is_totals ? &table->totals : &table->rows, record);
}

/* The table of a record's batch; NULL: its number is none. */
static struct judge_table *table_of(const struct judge_source *source,
                                    const struct atvm_evidence *record)
{
    return record->batch >= 0 && record->batch <= source->last_batch
               ? &source->tables[record->batch]
               : NULL;
}

static void read_tables(const struct judge_case *judged, struct judge_source *source)
{
    size_t count = (size_t)source->last_batch + 1;

    source->tables = memory_array_in(judged->memory, NULL, count, sizeof(*source->tables));
    for (size_t i = 0; i < count; i++)
        source->tables[i].rows.pass = source->tables[i].totals.pass = true;
    for (size_t i = 0; i < source->source->record_count; i++) {
        struct judge_table *table = table_of(source, &source->source->records[i]);

        if (table)
            read_row(table, &source->source->records[i]);
    }
}

void judge_read_tables(struct judge_case *judged)
{
    for (size_t i = 0; i < judged->source_count; i++)
        if (judged->sources[i].is_log && !judged->sources[i].stale)
            read_tables(judged, &judged->sources[i]);
}

bool judge_table_agrees(const struct judge_item *row)
{
    const struct judge_table *table = row->from->tables ? table_of(row->from, row->record) : NULL;

    if (!table || table->unreadable)
        return false;
    return !table->has_totals ||
           (table->totals.pass == table->rows.pass &&
            memcmp(table->totals.counts, table->rows.counts, sizeof(table->rows.counts)) == 0);
}
