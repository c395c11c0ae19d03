/* What a JUnit file testifies: pure decisions on what was read from it. */
#ifndef ATVM_PLUGINS_JUNIT_EVIDENCE_H
#define ATVM_PLUGINS_JUNIT_EVIDENCE_H

#include <atvm/plugin.h>

#include <stdbool.h>
#include <stddef.h>

#include "junit-report.h"

/* The file beside its content. */
struct junit_file {
    const char *stem; /* as host_name_stem gives it; "" names nobody */
    int64_t mtime_ns;
};

/* A claim and the texts it owns. */
struct junit_evidence {
    struct atvm_evidence claim; /* claim 0: the file says nothing that may be believed */
    char *message, *excerpt;
};

/*
 * Returns enum atvm_source_quality (WHOLE or DAMAGED) and fills *ret, which is to be freed before
 * report and file are. For DAMAGED one line why is written to reason (reason_size bytes with NUL).
 * A damaged file still gives a claim where it shows a failure of a host that is certain (FAIL), or
 * where it was read to its end but does not fit itself (no outcome).
 */
int32_t junit_evidence_of(const struct junit_report *report, const struct junit_file *file,
                          struct junit_evidence *ret, char *reason, size_t reason_size);
void junit_evidence_free(struct junit_evidence *evidence);

#endif
