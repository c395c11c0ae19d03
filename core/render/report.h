/*
 * The report: a verdict and what is known about the run, ready to be rendered. Rendering is pure:
 * the same report gives the same bytes in every locale.
 */
#ifndef ATVM_CORE_REPORT_H
#define ATVM_CORE_REPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "message-split.h"
#include "verdict.h"

/* Something known of one host. */
struct host_fact {
    const char *host;
    const char *text;
};

/* Facts about the run that no collector gives; strings are the caller's; NULL: not known. */
struct run_facts {
    const char *template_name, *config_name, *config_family, *plugin, *integration;
    const char *migration_style, *scope_description;
    const char *template_command; /* verbatim */
    bool takes_no_plugin;         /* the template's coverage has neither plugin nor integration */
    const char *time_zone;        /* TZ name such as "America/New_York"; NULL: the system's */
    /* Kernels from the VM inventory. kernels NULL: there is no inventory; a host that it does not
       name prints as "n/a". */
    const struct host_fact *kernels;
    size_t kernel_count;
    /* Hosts of the blacklist that concern this run, with the reason: those it has not taken were
       left out on purpose. */
    const struct host_fact *skipped;
    size_t skipped_count;
};

struct report {
    const struct verdict *verdict;
    const struct run_facts *facts; /* may be NULL */
    int64_t now_ns;
    const char *full_report; /* path of the whole report, named where something was cut; NULL */
    const char *tag; /* the last line of a message begins with it, to tell doubles; NULL: none */
    bool correction; /* the message replaces an earlier one, and says so */
    bool whole;      /* nothing is shortened: what full_report names */
};

/* How one scope stands, for progress lines, STATUS= and the TIMING section. */
struct progress {
    size_t hosts, finished, failed;
    size_t remaining;               /* neither finished nor running, but still to come */
    const char *running;            /* name of a running host; NULL */
    int64_t elapsed_ns;             /* since the scope began, up to its end or now; -1 */
    size_t measured;                /* finished hosts whose duration is known or inferred */
    int64_t average_ns;             /* mean duration of those; -1 */
    const char *quickest, *longest; /* names; NULL */
    int64_t quickest_ns, longest_ns;
    int64_t
        eta_ns; /* when the whole remaining scope should be over (a point in time); -1: no basis */
};
void report_progress(const struct scope_verdict *scope, int64_t now_ns, struct progress *ret);

/*
 * How long the host took. Where no source has it, it is inferred: from its start to the start of
 * the host that followed, or to the scope's end. -1: neither. *ret_inferred (may be NULL) tells.
 */
int64_t report_host_duration(const struct scope_verdict *scope, const struct host_verdict *host,
                             bool *ret_inferred);

/* The whole report as the atvm.report/1 object (doc/report.md), pretty-printed, with a newline at
 * the end; free() it. */
char *render_json(const struct report *report);
/* The status message of one scope; free() it. */
char *render_text(const struct report *report, const struct scope_verdict *scope);
char *render_markdown(const struct report *report, const struct scope_verdict *scope);

/* The run's state and reason on one line; of a categorized run, whose messages are those of its
 * sub-runs, below it a line each with how many hosts passed. free() it. */
char *render_run(const struct verdict *verdict);

/*
 * The status message for a destination that takes no more than so much at once. What is too long loses its
 * least needed parts first, then it is cut into several messages (doc/report.md); what it lost is
 * said, with report->full_report. There is always one part or more, and none is longer than the
 * limit; the caller clears them.
 */
struct message_parts render_text_parts(const struct report *report,
                                       const struct scope_verdict *scope,
                                       struct message_limit limit);
struct message_parts render_markdown_parts(const struct report *report,
                                           const struct scope_verdict *scope,
                                           struct message_limit limit);

/* "1h 13m 14s", "25m 0s", "850ms"; "n/a" for -1. Into `buffer`, which is returned. */
const char *render_duration(int64_t duration_ns, char buffer[32]);

#endif
