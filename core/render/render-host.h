/* What is said of one host on one line, in messages and in progress events. Pure. */
#ifndef ATVM_CORE_RENDER_HOST_H
#define ATVM_CORE_RENDER_HOST_H

#include "report.h"

/* The text that `facts` (count elements) have for the host; NULL: none. */
const char *host_fact_text(const struct host_fact *facts, size_t count, const char *host);

/*
 * What stands in brackets after a host: "22 tests, 1 failed, 13 pending, 41m 7s, kernel 5.14.0".
 * duration_ns: -1 leaves it out, an inferred one is "about 41m 7s". kernel NULL leaves it out. In
 * `memory`; "" where there is nothing to say.
 */
char *host_details(struct obstack *memory, const struct host_verdict *host, int64_t duration_ns,
                   bool inferred, const char *kernel);

/* "<step> - <short error>", or one of them, on one line, cleaned, secrets masked, the error no
 * longer than `error_characters` code points; "" where both are unknown. In `memory`. */
char *host_failure(struct obstack *memory, const struct host_verdict *host,
                   size_t error_characters);

/* Why a host whose run is over has no result: the sentence of the rule that says so; NULL: the host
 * is not UNKNOWN or MISSING, or nobody says why. Static. */
const char *host_doubt(const struct host_verdict *host);

#endif
