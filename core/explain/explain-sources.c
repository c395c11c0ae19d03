/* The explanation for people: sources, what could not be looked at, and the rules that were named.
 */
#include <stdio.h>
#include <string.h>

#include "evidence-line.h"
#include "explain-writer.h"
#include "rules.h"

static const char *hosts_of(struct writer *writer, const struct source_verdict *source)
{
    const char *introduction = source->standing == SOURCE_DAMAGED ? "may be of " : "";

    if (source->host_count == 0)
        return "";
    if (source->host_count > 2)
        return memory_format_in(&writer->memory, "%s%zu hosts: %s …", introduction,
                                source->host_count, writer_clean(writer, source->hosts[0]));
    return memory_format_in(&writer->memory, "%s%s%s%s", introduction,
                            writer_clean(writer, source->hosts[0]),
                            source->host_count > 1 ? ", " : "",
                            source->host_count > 1 ? writer_clean(writer, source->hosts[1]) : "");
}

/* What the file's own row adds to the rule: the time that lies outside, what is damaged, whom it
 * speaks of. */
static const char *details_of(struct writer *writer, const struct source_verdict *source)
{
    const char *reason = source->source->reason ? writer_clean(writer, source->source->reason) : "";
    const char *hosts = hosts_of(writer, source);

    if (source->standing == SOURCE_STALE)
        return memory_format_in(&writer->memory, "of %s",
                                writer_full_time(writer, source->outside_ns));
    if (source->standing == SOURCE_COUNTS)
        reason = source->source->retired ? "the log was replaced; what it said still counts" : "";
    return memory_format_in(&writer->memory, "%s%s%s", reason, *reason && *hosts ? "; " : "",
                            hosts);
}

static void add_source(struct writer *writer, const struct source_verdict *source)
{
    const char *const cells[COLUMNS_MAX] = {
        explain_standing_name(source->standing),
        writer_clean(writer, source->source->collector),
        writer_cite(writer, source->rule),
        writer_short_time(writer, source->source->file.mtime_ns),
        writer_short_path(writer, source->source->file.path),
        details_of(writer, source),
    };

    columns_add_row(&writer->columns, cells);
}

/* What does not count first: that is what one looks for. */
void writer_write_sources(struct writer *writer)
{
    static const enum source_standing order[] = {SOURCE_STALE, SOURCE_DAMAGED, SOURCE_STRANGE,
                                                 SOURCE_COUNTS};
    const struct verdict *verdict = writer->explain->verdict;

    obstack_printf(&writer->out, "\nSOURCES\n");
    for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++)
        for (size_t j = 0; j < verdict->source_count; j++)
            if (verdict->sources[j].standing == order[i] &&
                explain_shows_source(writer->explain, &verdict->sources[j]))
                add_source(writer, &verdict->sources[j]);
    if (writer->columns.count == 0)
        obstack_printf(&writer->out, "  none\n");
    columns_write(&writer->columns, &writer->out, 0);
}

static void add_gap(struct writer *writer, const char *what, const char *collector,
                    const char *path, int64_t time_ns, const char *reason)
{
    const char *const cells[COLUMNS_MAX] = {
        what,
        writer_clean(writer, collector),
        path ? writer_short_path(writer, path) : "",
        writer_short_time(writer, time_ns),
        writer_clean(writer, reason ? reason : "no reason was given"),
        NULL,
    };

    columns_add_row(&writer->columns, cells);
}

void writer_write_gaps(struct writer *writer)
{
    const struct ledger *ledger = writer->explain->ledger;

    obstack_printf(&writer->out, "\nCOULD NOT LOOK\n");
    for (size_t i = 0; i < ledger->pass_count; i++)
        if (ledger->passes[i].result != ATVM_COLLECT_COMPLETE)
            add_gap(writer, evidence_collect_result_name(ledger->passes[i].result),
                    ledger->passes[i].collector, NULL, ledger->passes[i].time_ns,
                    ledger->passes[i].reason);
    for (size_t i = 0; i < ledger->gap_count; i++)
        add_gap(writer, "gap", ledger->gaps[i].collector, ledger->gaps[i].path,
                ledger->gaps[i].time_ns, ledger->gaps[i].reason);
    if (writer->columns.count == 0)
        obstack_printf(&writer->out, "  nothing: every collector's last look was complete\n");
    columns_write(&writer->columns, &writer->out, 0);
}

void writer_write_rules(struct writer *writer)
{
    size_t count;
    const struct rule *rules = rules_all(&count);

    for (size_t i = 0; i < count; i++) {
        const char *const cells[COLUMNS_MAX] = {rules[i].id, rules[i].sentence};

        if (writer->cited[i])
            columns_add_row(&writer->columns, cells);
    }
    if (writer->columns.count > 0)
        obstack_printf(&writer->out, "\nRULES\n");
    columns_write(&writer->columns, &writer->out, 0);
}
