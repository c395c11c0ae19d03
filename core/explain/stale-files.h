/*
 * For whoever judges a run that is long over: which files do not count because of their time, and
 * the option that would admit them. Pure.
 */
#ifndef ATVM_CORE_STALE_FILES_H
#define ATVM_CORE_STALE_FILES_H

#include "verdict.h"

/*
 * Where a run has no result although no runner of it is there: one line, without a full stop, that
 * names the newest files from before the window (the run's own log first) and the latest --since
 * that admits the newest of them, and how many files are later than the time of judgement. free()
 * it; NULL: there is nothing of that kind to say (old files are the usual thing, and of no interest
 * where the run has a result or goes on).
 *
 * since_ns: the start of the window by which it was judged. time_zone: as in struct run_facts.
 */
char *stale_files_hint(const struct verdict *verdict, int64_t since_ns, const char *time_zone);

#endif
