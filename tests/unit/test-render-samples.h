/* Reports built by hand, one for each kind of message; shared by the tests of rendering. */
#ifndef ATVM_TESTS_RENDER_SAMPLES_H
#define ATVM_TESTS_RENDER_SAMPLES_H

#include "report.h"

/* 2026-04-16 17:00:00 UTC, when every sample run starts. */
#define SAMPLE_START_NS (INT64_C(1776358800) * 1000000000)
#define SECONDS(count)  ((int64_t)((count)*INT64_C(1000000000)))

struct sample {
    const char *name; /* of its golden files */
    struct report report;
    struct run_facts facts;
    struct verdict verdict;
    struct scope_verdict scopes[2];
};

#define SAMPLE_COUNT 6

/* One host, or three, all of which passed; also a kernel, a blacklisted host, a cured anomaly. */
void sample_passing(struct sample *ret);
/* Three hosts, one failed with a text that tries to break out; a conflict; a wrapped command. */
void sample_failing(struct sample *ret);
/* A categorized run: its first sub-run failed, its second runs. */
void sample_categorized(struct sample *ret);
/* Four hosts: one passed, one runs, two to come. */
void sample_running(struct sample *ret);
/* Two hosts, the second silent; no template command, no flow, no URL. */
void sample_hung(struct sample *ret);
/* Forty hosts, three of which failed; flow from the configuration. */
void sample_forty(struct sample *ret);

extern void (*const samples[SAMPLE_COUNT])(struct sample *ret);

/* A host nothing is known of but its name and status. */
struct host_verdict sample_host(const char *name, enum host_status status);

#endif
