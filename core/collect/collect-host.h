/*
 * What a collector may call (struct atvm_host), inside the collect worker: options, clock and log,
 * and the way its evidence takes to the output. Everything a module passes in is checked here.
 */
#ifndef ATVM_CORE_COLLECT_HOST_H
#define ATVM_CORE_COLLECT_HOST_H

#include <atvm/plugin.h>

#include <stdbool.h>

#include "collect-job.h"
#include "collect-output.h"

struct collect_host;

/* The host of one collector instance. All pointers must outlive it. Never NULL; collect_host_free
 * accepts NULL. */
struct collect_host *collect_host_new(const struct collect_job *job,
                                      const struct collect_job_collector *collector,
                                      const struct atvm_collector *module,
                                      struct collect_output *output);
void collect_host_free(struct collect_host *host);

/* The table for `create`; lives as long as the host. */
const struct atvm_host *collect_host_table(struct collect_host *host);

/* To be called before each call into the module: forgets the last failure. may_emit: it is
 * `collect`. deadline_ns: of CLOCK_MONOTONIC. */
void collect_host_enter(struct collect_host *host, bool may_emit, int64_t deadline_ns);
/* To be called after it: a unit that was left open is dropped, with a line in the log. */
void collect_host_leave(struct collect_host *host);

/* What the module said with `fail` since collect_host_enter; NULL: nothing. */
const char *collect_host_failure(const struct collect_host *host);

/* The run's clock. */
int64_t collect_host_now(const struct collect_job *job);

/* Writes a log line in the worker's own name (collector NULL) or a collector's. */
void collect_host_log(struct collect_output *output, const char *collector, int32_t level,
                      const char *format, ...) __attribute__((format(printf, 4, 5)));

#endif
