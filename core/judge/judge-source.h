/* Which sources may be believed, for people. Private to judge*.c. */
#ifndef ATVM_CORE_JUDGE_SOURCE_H
#define ATVM_CORE_JUDGE_SOURCE_H

#include "judge-case.h"

/* A judgement on each source of the case, in its order; *ret_count of them. */
struct source_verdict *judge_sources(const struct judge_case *judged, size_t *ret_count);

#endif
