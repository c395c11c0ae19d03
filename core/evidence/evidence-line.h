/*
 * Evidence lines: one JSON object a line, the only thing that crosses from the collect worker to
 * the watcher, and the content of evidence.jsonl. doc/evidence.md describes them field by field.
 */
#ifndef ATVM_CORE_EVIDENCE_LINE_H
#define ATVM_CORE_EVIDENCE_LINE_H

#include <atvm/plugin.h>
#include <json-c/json.h>
#include <stdbool.h>

#include "memory.h"

/* Names on the wire of the numbered things; NULL for a number without a name, -1 for no such name.
 */
const char *evidence_claim_name(int32_t claim);
const char *evidence_outcome_name(int32_t outcome);
const char *evidence_basis_name(int32_t basis);
const char *evidence_quality_name(int32_t quality);
const char *evidence_collect_result_name(int32_t result);

/* The objects of the lines "evidence" and "begin"; the caller owns them (json_object_put). */
struct json_object *evidence_to_json(const struct atvm_evidence *evidence);
struct json_object *evidence_source_to_json(const struct atvm_source *source);

/* Reads such an object back; strings are copied into `strings`. Unknown keys are passed over, so
 * that an older core reads a newer ledger. 0, or -EINVAL where a value has the wrong type. */
int evidence_from_json(struct json_object *object, struct obstack *strings,
                       struct atvm_evidence *ret);
int evidence_source_from_json(struct json_object *object, struct obstack *strings,
                              struct atvm_source *ret);

/* A copy whose strings live in `strings`. */
void evidence_copy(const struct atvm_evidence *evidence, struct obstack *strings,
                   struct atvm_evidence *ret);
/* Whether two records say the same. */
bool evidence_equal(const struct atvm_evidence *one, const struct atvm_evidence *other);

/* Numbers for names, for the lines "end" and "pass"; -1: no such name. */
int32_t evidence_quality_from_name(const char *name);
int32_t evidence_collect_result_from_name(const char *name);

#endif
