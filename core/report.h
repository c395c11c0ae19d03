/*
 * The report: a verdict and what is known about the run, ready to be rendered. Rendering is pure:
 * the same report gives the same bytes in every locale.
 */
#ifndef ATVM_CORE_REPORT_H
#define ATVM_CORE_REPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "verdict.h"

/* Facts about the run that no collector gives; strings are the caller's; NULL: not known. */
struct run_facts {
    const char *template_name, *config_name, *config_family, *plugin, *integration;
    const char *migration_style, *scope_description;
    const char *template_command; /* verbatim */
    const char *time_zone;        /* TZ name such as "America/New_York"; NULL: the system's */
};

struct report {
    const struct verdict *verdict;
    const struct run_facts *facts; /* may be NULL */
    int64_t now_ns;
};

/* How one scope stands, for progress lines, STATUS= and the TIMING section. */
struct progress {
    size_t hosts, finished, failed;
    const char *running;     /* name of a running host; NULL */
    int64_t elapsed_ns;      /* since the scope began; -1 */
    int64_t average_ns;      /* mean duration of finished hosts; -1 */
    const char *quickest, *longest; /* names; NULL */
    int64_t quickest_ns, longest_ns;
    int64_t eta_ns; /* when the whole remaining run should be over (a point in time); -1: no basis */
};
void report_progress(const struct scope_verdict *scope, int64_t now_ns, struct progress *ret);

/* The whole report as the atvm.report/1 object (doc/report.md), pretty-printed, with a newline at
 * the end; free() it. */
char *render_json(const struct report *report);
/* The status message of one scope; free() it. */
char *render_text(const struct report *report, const struct scope_verdict *scope);
char *render_markdown(const struct report *report, const struct scope_verdict *scope);

/* "1h 13m 14s", "25m 0s", "850ms"; "n/a" for -1. Into `buffer`, which is returned. */
const char *render_duration(int64_t duration_ns, char buffer[32]);

#endif
