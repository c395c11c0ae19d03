#include "render-layout-parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "render-command.h"
#include "render-escape.h"
#include "render-secret.h"
#include "render-time.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static bool goes_on(const struct scope_verdict *scope)
{
    return scope->state == STATE_RUNNING || scope->state == STATE_HUNG;
}

/* How sure a start is, and what that makes of the time since then. */
struct certainty {
    const char *before, *after_start, *after_total;
};

static const struct certainty certainties[] = {
    [START_UNKNOWN] = {"", "", ""},
    [START_RECORDED] = {"", "", ""},
    [START_ABOUT] = {"about ", "", ""},
    [START_EARLIEST] = {"", " at the earliest", " at most"},
    [START_LATEST] = {"", " at the latest", " at least"},
};

static void add_start(struct layout_parts *parts)
{
    const struct certainty *certainty = &certainties[parts->scope->start_basis];
    int64_t time_ns = parts->scope->started_ns;
    char buffer[RENDER_TIME_SIZE];

    if (time_ns < 0)
        layout_item(parts, "Start: not known");
    else
        layout_item(parts, "Start: %s%s%s", certainty->before,
                    render_local_time(time_ns, parts->facts->time_zone, buffer),
                    certainty->after_start);
}

static void add_end(struct layout_parts *parts)
{
    int64_t time_ns = parts->scope->ended_ns;
    char buffer[RENDER_TIME_SIZE];

    layout_item(parts, "End: %s",
                goes_on(parts->scope) ? "not yet"
                : time_ns < 0         ? "not known"
                              : render_local_time(time_ns, parts->facts->time_zone, buffer));
}

static void add_total(struct layout_parts *parts, const struct progress *progress)
{
    const struct certainty *certainty = &certainties[parts->scope->start_basis];
    const char *label = goes_on(parts->scope) ? "Elapsed" : "Total";
    char buffer[32];

    if (progress->elapsed_ns < 0)
        layout_item(parts, "%s: not known", label);
    else
        layout_item(parts, "%s: %s%s%s", label, certainty->before,
                    render_duration(progress->elapsed_ns, buffer), certainty->after_total);
}

static void add_durations(struct layout_parts *parts, const struct progress *progress)
{
    char buffer[32];

    if (progress->measured == 0) {
        layout_item(parts, "Quickest, longest, average host: not known");
        return;
    }
    if (progress->measured == 1) {
        layout_item(parts, "Quickest, longest, average host: %s, %s",
                    layout_clean(parts, progress->quickest),
                    render_duration(progress->quickest_ns, buffer));
        return;
    }
    layout_item(parts, "Quickest host: %s, %s", layout_clean(parts, progress->quickest),
                render_duration(progress->quickest_ns, buffer));
    layout_item(parts, "Longest host: %s, %s", layout_clean(parts, progress->longest),
                render_duration(progress->longest_ns, buffer));
    layout_item(parts, "Average host: %s", render_duration(progress->average_ns, buffer));
}

static void add_eta(struct layout_parts *parts, const struct progress *progress)
{
    const char *whole = parts->report->verdict->categorized ? "sub-run" : "run";
    char time[RENDER_TIME_SIZE], duration[32];

    if (parts->scope->state != STATE_RUNNING)
        return;
    if (progress->eta_ns < 0) {
        layout_item(parts, "ETA of the whole remaining %s: not known yet", whole);
        return;
    }
    layout_item(parts, "ETA of the whole remaining %s: %s, in %s", whole,
                render_local_time(progress->eta_ns, parts->facts->time_zone, time),
                render_duration(progress->eta_ns - parts->report->now_ns, duration));
}

/* Durations that no source recorded are marked "about" in HOSTS; here it is said why. */
static void add_inference(struct layout_parts *parts)
{
    size_t count = 0;

    for (size_t i = 0; i < parts->scope->host_count; i++) {
        bool inferred = false;

        report_host_duration(parts->scope, &parts->scope->hosts[i], &inferred);
        count += inferred;
    }
    if (count > 0)
        layout_item(parts, "Not recorded, inferred from the order of host starts: %zu duration%s",
                    count, count == 1 ? "" : "s");
}

void layout_add_timing(struct layout_parts *parts)
{
    struct progress progress;

    report_progress(parts->scope, parts->report->now_ns, &progress);
    layout_section(parts, "TIMING:");
    add_start(parts);
    add_end(parts);
    add_total(parts, &progress);
    add_durations(parts, &progress);
    add_eta(parts, &progress);
    add_inference(parts);
}

static const char *option_value(const struct command_option *options, size_t count,
                                const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(options[i].name, name) == 0)
            return options[i].value;
    return NULL;
}

static void add_value(struct layout_parts *parts, const char *label, const char *value)
{
    char *clean = layout_clean(parts, value);

    if (*clean)
        layout_item(parts, "%s: %s", label, clean);
}

static void add_config(struct layout_parts *parts)
{
    char *name = layout_clean(parts, parts->facts->config_name);
    char *family = layout_clean(parts, parts->facts->config_family);

    if (*name && *family)
        layout_item(parts, "Config: %s (family %s)", name, family);
    else
        add_value(parts, *name ? "Config" : "Config family", *name ? name : family);
}

/* Options that have a line of their own, and those that only say which machines (R6.5: no list of
 * machines). */
static bool is_shown_elsewhere(const char *name)
{
    static const char *const elsewhere[] = {
        "--template",    "--use_specified_plugin", "--integration_type",     "--config",
        "--config_file", "--categorize",           "--containsVm",           "--contains_vm",
        "--specify_vms", "--exclude_vms",          "--exclude_partial_match"};

    for (size_t i = 0; i < COUNT_OF(elsewhere); i++)
        if (strcmp(name, elsewhere[i]) == 0)
            return true;
    return false;
}

/* " value", in quotes again where they keep it together: a secret is masked as one word. */
static const char *shown_value(struct obstack *memory, const char *value)
{
    const char *quote = "";

    if (!value)
        return "";
    if (value[strcspn(value, " \t\n'\"")] != '\0')
        quote = strchr(value, '"') ? "'" : "\"";
    return memory_format_in(memory, " %s%s%s", quote, value, quote);
}

static void add_options(struct layout_parts *parts, const struct command_option *options,
                        size_t count)
{
    struct obstack *memory = &parts->layout->memory;
    const char *list = "";

    for (size_t i = 0; i < count; i++)
        if (!is_shown_elsewhere(options[i].name))
            list = memory_format_in(memory, "%s%s%s%s", list, *list ? ", " : "", options[i].name,
                                    shown_value(memory, options[i].value));
    add_value(parts, "Options", list);
}

/* `first`, or where it is not known `second`. */
static const char *either(const char *first, const char *second)
{
    return first && *first ? first : second;
}

void layout_add_coverage(struct layout_parts *parts)
{
    const struct run_facts *facts = parts->facts;
    struct obstack *memory = &parts->layout->memory;
    const struct layout_section *section;
    struct command_option *options = NULL;
    size_t count = 0;

    layout_section(parts, "COVERAGE:");
    section = &parts->layout->sections[parts->layout->section_count - 1];
    if (facts->template_command)
        count = command_options(memory, command_unwrap(memory, facts->template_command), &options);
    add_value(parts, "Template",
              either(facts->template_name, option_value(options, count, "--template")));
    add_config(parts);
    if (!facts->takes_no_plugin) {
        add_value(parts, "Plugin",
                  either(facts->plugin, option_value(options, count, "--use_specified_plugin")));
        add_value(parts, "Integration",
                  either(facts->integration, option_value(options, count, "--integration_type")));
    }
    add_value(parts, "Migration style", facts->migration_style);
    if (parts->report->verdict->categorized)
        layout_item(parts, "Categorize: yes");
    add_options(parts, options, count);
    if (section->line_count == 0)
        layout_item(parts, "Not known: no template command was given.");
}

/* The steps as the spec has them, one a line. */
static char *flow_text(struct layout_parts *parts)
{
    struct obstack *memory = &parts->layout->memory;
    char **steps = obstack_alloc(memory, (int)((parts->scope->flow_count + 1) * sizeof(*steps)));

    for (size_t i = 0; i < parts->scope->flow_count; i++)
        steps[i] = layout_clean(parts, parts->scope->flow[i]);
    for (size_t i = 0; i < parts->scope->flow_count; i++)
        obstack_printf(memory, "%s%s", i > 0 ? "\n" : "", steps[i]);
    obstack_1grow(memory, '\0');
    return obstack_finish(memory);
}

void layout_add_flow(struct layout_parts *parts)
{
    const struct scope_verdict *scope = parts->scope;

    layout_section(parts, "TEST FLOW:");
    if (scope->flow_source == FLOW_NONE || scope->flow_count == 0) {
        layout_item(parts, "Not known: no spec of this run could be read, and the configuration "
                           "has no list for its template.");
        return;
    }
    if (scope->flow_source == FLOW_CONFIG)
        layout_line(parts, (struct layout_line){.kind = LAYOUT_LABEL,
                                                .text = "Fallback: the configured list of the "
                                                        "template; no spec of this run could be "
                                                        "read."});
    if (parts->limits->flow) {
        layout_line(parts, (struct layout_line){.kind = LAYOUT_BLOCK, .text = flow_text(parts)});
        return;
    }
    parts->cuts.flow = true;
    layout_item(parts, "%zu steps, left out here, see NOTES.", scope->flow_count);
}

static void add_conflict(struct layout_parts *parts, const struct conflict *conflict)
{
    const char *question =
        conflict->question == QUESTION_STATUS ? "the status" : question_name(conflict->question);
    const char *host = layout_clean(parts, conflict->host);
    const char *dropped = layout_clean(parts, conflict->dropped);

    if (strcmp(conflict->kept, "neither") == 0)
        layout_item(parts, "Conflicting evidence on %s of %s: \"%s\"; neither is believed",
                    question, host, dropped);
    else
        layout_item(parts, "Conflicting evidence on %s of %s: kept \"%s\", not \"%s\"", question,
                    host, layout_clean(parts, conflict->kept), dropped);
}

static void add_command(struct layout_parts *parts)
{
    struct obstack *memory = &parts->layout->memory;
    const char *command = parts->facts->template_command;

    if (!command || !*command)
        return;
    if (!parts->limits->command) {
        parts->cuts.command = true;
        return;
    }
    command = secret_mask(memory, escape_block(memory, command_unwrap(memory, command)));
    layout_line(parts, (struct layout_line){.kind = LAYOUT_LABEL, .text = "Template command:"});
    layout_line(parts, (struct layout_line){.kind = LAYOUT_BLOCK, .text = command});
}

static void add_cuts(struct layout_parts *parts)
{
    struct obstack *memory = &parts->layout->memory;
    const char *what = "";

    if (parts->cuts.excerpts > 0)
        what = memory_format_in(memory, "failure text of %zu host%s", parts->cuts.excerpts,
                                parts->cuts.excerpts == 1 ? "" : "s");
    if (parts->cuts.flow)
        what = memory_format_in(memory, "%s%stest flow", what, *what ? ", " : "");
    if (parts->cuts.command)
        what = memory_format_in(memory, "%s%stemplate command", what, *what ? ", " : "");
    if (parts->cuts.passed_hosts > 0)
        what = memory_format_in(memory, "%s%snames of %zu hosts that passed", what,
                                *what ? ", " : "", parts->cuts.passed_hosts);
    if (!*what)
        return;
    if (parts->report->full_report)
        layout_item(parts, "Shortened: %s. The full report: %s", what,
                    layout_clean(parts, parts->report->full_report));
    else
        layout_item(parts, "Shortened: %s.", what);
}

void layout_add_notes(struct layout_parts *parts)
{
    const struct scope_verdict *scope = parts->scope;
    const char *url = scope->run_url ? scope->run_url : parts->report->verdict->run_url;

    layout_section(parts, "NOTES:");
    layout_line(parts, (struct layout_line){.kind = LAYOUT_ITEM,
                                            .text = url ? "Run: " : "Run: no URL was seen",
                                            .url = layout_clean(parts, url)});
    for (size_t i = 0; i < scope->note_count; i++)
        layout_item(parts, "%s", layout_clean(parts, scope->notes[i]));
    for (size_t i = 0; i < scope->conflict_count; i++)
        add_conflict(parts, &scope->conflicts[i]);
    add_command(parts);
    add_cuts(parts);
}
