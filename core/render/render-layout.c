#include "render-layout.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "render-escape.h"
#include "render-excerpt.h"
#include "render-host.h"
#include "render-layout-parts.h"
#include "render-secret.h"

const struct layout_limits layout_usual_limits = {.excerpt_characters = 2000,
                                                  .flow = true,
                                                  .error_characters = 200,
                                                  .command = true,
                                                  .passed_hosts = true};
/* An error that is too long for its line in HOSTS stands whole in FAILURE NOTES. */
const struct layout_limits layout_whole_limits = {.excerpt_characters = SIZE_MAX,
                                                  .flow = true,
                                                  .error_characters = 200,
                                                  .command = true,
                                                  .passed_hosts = true};

char *layout_clean(struct layout_parts *parts, const char *text)
{
    return secret_mask(&parts->layout->memory, escape_line(&parts->layout->memory, text));
}

void layout_section(struct layout_parts *parts, const char *heading)
{
    struct layout *layout = parts->layout;

    layout->sections[layout->section_count++] = (struct layout_section){.heading = heading};
}

void layout_line(struct layout_parts *parts, struct layout_line line)
{
    struct layout_section *section = &parts->layout->sections[parts->layout->section_count - 1];

    line.strong = line.strong ? line.strong : "";
    line.text = line.text ? line.text : "";
    line.url = line.url ? line.url : "";
    memory_grow(&section->lines, section->line_count, &section->line_capacity,
                sizeof(*section->lines));
    section->lines[section->line_count++] = line;
}

void layout_item(struct layout_parts *parts, const char *format, ...)
{
    va_list arguments;
    char *text;

    va_start(arguments, format);
    text = memory_vformat(format, arguments);
    va_end(arguments);
    layout_line(parts,
                (struct layout_line){.kind = LAYOUT_ITEM,
                                     .text = memory_string_in(&parts->layout->memory, text)});
    free(text);
}

static size_t count_status(const struct scope_verdict *scope, enum host_status status)
{
    size_t count = 0;

    for (size_t i = 0; i < scope->host_count; i++)
        count += scope->hosts[i].status == status;
    return count;
}

/* "2 of 3 hosts passed, 1 failed". */
static char *count_hosts(struct layout_parts *parts)
{
    static const struct {
        enum host_status status;
        const char *name;
    } others[] = {
        {HOST_FAIL, "failed"},     {HOST_UNKNOWN, "unknown"},         {HOST_MISSING, "missing"},
        {HOST_RUNNING, "running"}, {HOST_NOT_STARTED, "not started"}, {HOST_SKIPPED, "skipped"}};
    const struct scope_verdict *scope = parts->scope;
    struct obstack *memory = &parts->layout->memory;

    obstack_printf(memory, "%zu of %zu host%s passed", count_status(scope, HOST_PASS),
                   scope->host_count, scope->host_count == 1 ? "" : "s");
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        size_t count = count_status(scope, others[i].status);

        if (count > 0)
            obstack_printf(memory, ", %zu %s", count, others[i].name);
    }
    obstack_1grow(memory, '\0');
    return obstack_finish(memory);
}

static void add_summary(struct layout_parts *parts)
{
    const struct verdict *verdict = parts->report->verdict;
    const char *state = run_state_name(parts->scope->state);
    char *reason = layout_clean(parts, parts->scope->reason);
    char *description = layout_clean(parts, parts->facts->scope_description);

    layout_section(parts, "SUMMARY:");
    layout_line(parts,
                (struct layout_line){.kind = LAYOUT_ITEM,
                                     .strong = state,
                                     .text = memory_format_in(&parts->layout->memory, "%s%s",
                                                              *reason ? " - " : "", reason)});
    layout_item(parts, "%s", count_hosts(parts));
    if (verdict->categorized)
        layout_item(parts, "Sub-run of %s", layout_clean(parts, verdict->build));
    if (*description)
        layout_item(parts, "Scope: %s", description);
}

static const char *kernel_of(const struct layout_parts *parts, const char *host)
{
    const struct run_facts *facts = parts->facts;
    const char *kernel = host_fact_text(facts->kernels, facts->kernel_count, host);

    return facts->kernels && !kernel ? "n/a" : kernel;
}

/* " - <step> - <error>" of a host that failed, " - <why>" of one that has no result. */
static const char *failure_text(struct layout_parts *parts, const struct host_verdict *host)
{
    struct obstack *memory = &parts->layout->memory;
    const char *failure = host_doubt(host);

    if (host->status == HOST_FAIL)
        failure = host_failure(memory, host, parts->limits->error_characters);
    return failure && *failure ? memory_format_in(memory, " - %s", failure) : "";
}

/* " - blacklisted: <reason>" of a host that the run was to take and has no result of. */
static const char *blacklist_text(struct layout_parts *parts, const struct host_verdict *host)
{
    const struct run_facts *facts = parts->facts;
    const char *reason = host_fact_text(facts->skipped, facts->skipped_count, host->name);

    if (!reason || host_status_is_final(host->status) || host->status == HOST_RUNNING)
        return "";
    return memory_format_in(&parts->layout->memory, " - blacklisted: %s",
                            layout_clean(parts, reason));
}

static bool is_contested(const struct layout_parts *parts, const struct host_verdict *host)
{
    for (size_t i = 0; i < parts->scope->conflict_count; i++)
        if (parts->scope->conflicts[i].question == QUESTION_STATUS &&
            strcmp(parts->scope->conflicts[i].host, host->name) == 0)
            return true;
    return false;
}

/* What stands in brackets; a running host shows how long it has been at it. Who only looks at who
 * passed is told where some source says otherwise. */
static const char *details_text(struct layout_parts *parts, const struct host_verdict *host)
{
    struct obstack *memory = &parts->layout->memory;
    const char *contested = host->status == HOST_PASS && is_contested(parts, host)
                                ? "conflicting evidence, see NOTES"
                                : "";
    bool inferred = false;
    int64_t duration = report_host_duration(parts->scope, host, &inferred);
    char *details;

    if (host->status == HOST_RUNNING && host->started_ns >= 0)
        duration = parts->report->now_ns - host->started_ns;
    details = host_details(memory, host, duration, inferred, kernel_of(parts, host->name));
    return *details || *contested ? memory_format_in(memory, " (%s%s%s)", details,
                                                     *details && *contested ? ", " : "", contested)
                                  : "";
}

static void add_host(struct layout_parts *parts, const struct host_verdict *host)
{
    struct obstack *memory = &parts->layout->memory;
    char *name = memory_format_in(memory, "%s - %s", layout_clean(parts, host->name),
                                  host_status_name(host->status));
    char *rest = memory_format_in(memory, "%s%s%s", failure_text(parts, host),
                                  blacklist_text(parts, host), details_text(parts, host));
    bool emphasised = host->status != HOST_PASS && host->status != HOST_NOT_STARTED;

    layout_line(parts,
                (struct layout_line){
                    .kind = LAYOUT_ITEM,
                    .strong = emphasised ? name : "",
                    .text = emphasised ? rest : memory_format_in(memory, "%s%s", name, rest)});
}

/* While a scope runs: completed hosts first, then the running one, then those to come. */
static int rank(const struct scope_verdict *scope, const struct host_verdict *host)
{
    if (scope->state != STATE_RUNNING && scope->state != STATE_HUNG)
        return 0;
    return host->status == HOST_RUNNING ? 1 : host->status == HOST_NOT_STARTED ? 2 : 0;
}

static void add_hosts_of_rank(struct layout_parts *parts, int wanted)
{
    for (size_t i = 0; i < parts->scope->host_count; i++) {
        const struct host_verdict *host = &parts->scope->hosts[i];

        if (rank(parts->scope, host) != wanted || host->status == HOST_SKIPPED)
            continue;
        if (host->status == HOST_PASS && !parts->limits->passed_hosts)
            parts->cuts.passed_hosts++;
        else
            add_host(parts, host);
    }
}

static bool has_host(const struct scope_verdict *scope, const char *name)
{
    for (size_t i = 0; i < scope->host_count; i++)
        if (strcmp(scope->hosts[i].name, name) == 0)
            return true;
    return false;
}

/* Asked for, or taken by this or another sub-run: it was not left out. */
static bool is_of_run(const struct verdict *verdict, const char *name)
{
    for (size_t i = 0; i < verdict->expected_count; i++)
        if (strcmp(verdict->expected[i], name) == 0)
            return true;
    for (size_t i = 0; i < verdict->scope_count; i++)
        if (has_host(&verdict->scopes[i], name))
            return true;
    return false;
}

static void add_skipped_host(struct layout_parts *parts, const char *name, const char *reason)
{
    char *clean_reason = layout_clean(parts, reason);

    if (!parts->skipped_labelled)
        layout_line(parts,
                    (struct layout_line){.kind = LAYOUT_LABEL, .text = "Left out on purpose:"});
    parts->skipped_labelled = true;
    layout_item(parts, "%s - SKIPPED%s%s", layout_clean(parts, name), *clean_reason ? " - " : "",
                clean_reason);
}

static void add_skipped_hosts(struct layout_parts *parts)
{
    const struct run_facts *facts = parts->facts;

    for (size_t i = 0; i < parts->scope->host_count; i++) {
        const struct host_verdict *host = &parts->scope->hosts[i];
        const char *reason = host_fact_text(facts->skipped, facts->skipped_count, host->name);

        if (host->status == HOST_SKIPPED)
            add_skipped_host(parts, host->name, reason ? reason : host->error);
    }
    for (size_t i = 0; i < facts->skipped_count; i++)
        if (!is_of_run(parts->report->verdict, facts->skipped[i].host))
            add_skipped_host(parts, facts->skipped[i].host, facts->skipped[i].text);
}

static void add_hosts(struct layout_parts *parts)
{
    layout_section(parts, "HOSTS:");
    for (int i = 0; i <= 2; i++)
        add_hosts_of_rank(parts, i);
    if (parts->cuts.passed_hosts > 0)
        layout_item(parts, "%zu hosts - PASS (not listed)", parts->cuts.passed_hosts);
    if (parts->scope->host_count == 0)
        layout_item(parts, "No host is known yet.");
    add_skipped_hosts(parts);
}

static const char *excerpt_of(struct layout_parts *parts, const struct host_verdict *host)
{
    char *excerpt = excerpt_trim(&parts->layout->memory, host->excerpt);

    return *excerpt ? excerpt : excerpt_trim(&parts->layout->memory, host->error);
}

static void add_failure_note(struct layout_parts *parts, const struct host_verdict *host)
{
    struct obstack *memory = &parts->layout->memory;
    char *step = layout_clean(parts, host->step);
    const char *excerpt = excerpt_of(parts, host);
    bool cut = false;

    if (!*excerpt)
        excerpt = "No source has an error text.";
    excerpt = excerpt_shorten(memory, excerpt, parts->limits->excerpt_characters, &cut);
    parts->cuts.excerpts += cut;
    layout_line(parts,
                (struct layout_line){.kind = LAYOUT_LABEL,
                                     .strong = layout_clean(parts, host->name),
                                     .text = *step ? memory_format_in(memory, " - %s", step) : ""});
    layout_line(parts, (struct layout_line){.kind = LAYOUT_BLOCK, .text = excerpt});
}

static void add_failure_notes(struct layout_parts *parts)
{
    size_t failed = count_status(parts->scope, HOST_FAIL);

    if (failed == 0)
        return;
    layout_section(parts, "FAILURE NOTES:");
    if (parts->limits->excerpt_characters == 0) {
        parts->cuts.excerpts = failed;
        layout_item(parts, "Left out here, see NOTES.");
        return;
    }
    for (size_t i = 0; i < parts->scope->host_count; i++)
        if (parts->scope->hosts[i].status == HOST_FAIL)
            add_failure_note(parts, &parts->scope->hosts[i]);
}

static void add_title(struct layout_parts *parts)
{
    parts->layout->title = memory_format_in(
        &parts->layout->memory, "%s - %s%s", layout_clean(parts, parts->scope->name),
        run_state_name(parts->scope->state),
        parts->report->correction ? " (correction: replaces the earlier message)" : "");
}

struct layout *layout_new(const struct report *report, const struct scope_verdict *scope,
                          const struct layout_limits *limits)
{
    static const struct run_facts no_facts;
    struct layout *layout = memory_zeroed(1, sizeof(*layout));
    struct layout_parts parts = {.layout = layout,
                                 .report = report,
                                 .facts = report->facts ? report->facts : &no_facts,
                                 .scope = scope,
                                 .limits = limits};

    obstack_init(&layout->memory);
    add_title(&parts);
    add_summary(&parts);
    add_hosts(&parts);
    add_failure_notes(&parts);
    layout_add_timing(&parts);
    layout_add_coverage(&parts);
    layout_add_flow(&parts);
    layout_add_notes(&parts);
    return layout;
}

void layout_free(struct layout *layout)
{
    if (!layout)
        return;
    for (size_t i = 0; i < layout->section_count; i++)
        free(layout->sections[i].lines);
    obstack_free(&layout->memory, NULL);
    free(layout);
}
