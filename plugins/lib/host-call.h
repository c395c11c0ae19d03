/* Calls of the core with printf formatting, for collectors. Linked statically into each module. */
#ifndef ATVM_PLUGINS_HOST_CALL_H
#define ATVM_PLUGINS_HOST_CALL_H

#include <atvm/plugin.h>

#include <stdbool.h>

/* host->log without fields. Longer than 2000 bytes is cut. */
void host_log(const struct atvm_host *host, int32_t level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* host->fail; returns `result`, so that a caller can return it in the same statement. */
int32_t host_fail(const struct atvm_host *host, int32_t result, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* host->end_source with a formatted reason. */
void host_end_source(const struct atvm_host *host, int32_t quality, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* host->emit_many for one record. */
void host_emit(const struct atvm_host *host, const struct atvm_evidence *evidence);
/* Whether a pass should come to its end: it was cancelled, or fewer than reserve_ns are left until
 * the deadline. */
bool host_is_out_of_time(const struct atvm_host *host, int64_t reserve_ns);

#endif
