/*
 * The rules of judgement by name: what the judge leaves behind with every decision, and one
 * sentence that explains it. doc/judging.md gives the whole picture.
 */
#ifndef ATVM_CORE_RULES_H
#define ATVM_CORE_RULES_H

#include <stddef.h>

struct rule {
    const char *id;       /* "any-direct-failure" */
    const char *sentence; /* without a capital and a full stop, to stand after "id: " */
};

/* All rules, *ret_count of them, in the order in which a judgement comes to them. */
const struct rule *rules_all(size_t *ret_count);

/* The sentence of a rule; NULL where there is no such rule, or id is NULL. */
const char *rule_sentence(const char *id);

#endif
