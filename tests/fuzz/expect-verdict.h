/* What holds for a verdict, whatever it was judged from. */
#ifndef ATVM_TESTS_FUZZ_EXPECT_VERDICT_H
#define ATVM_TESTS_FUZZ_EXPECT_VERDICT_H

#include "expect.h"
#include "judge.h"

/* The run that fuzz targets judge, and the time at which they do. */
#define FUZZ_BUILD    "e2e-redhat9.1-fc"
#define FUZZ_NOW_NS   INT64_C(1776362400000000000)
#define FUZZ_SINCE_NS (FUZZ_NOW_NS - INT64_C(86400000000000))

static inline struct policy fuzz_policy(bool categorized)
{
    return (struct policy){.build = FUZZ_BUILD,
                           .categorized = categorized,
                           .since_ns = FUZZ_SINCE_NS,
                           .start_grace_ns = INT64_C(600000000000),
                           .hang_after_ns = INT64_C(7200000000000),
                           .stuck_after_ns = INT64_C(300000000000)};
}

/* Whether it is a DIRECT pass whose numbers stand for themselves (spec R5.2). */
static inline bool fuzz_is_direct_proof(const struct atvm_evidence *record)
{
    return record->outcome == ATVM_OUTCOME_PASS && record->basis == ATVM_BASIS_DIRECT &&
           record->passed > 0 && record->failed == 0 && record->skipped == 0 &&
           record->pending >= 0 && record->tests == record->passed + record->pending;
}

/* Whether a log without states may prove a pass: a custom writer's, where nothing bars it. */
static inline bool fuzz_may_prove(const struct atvm_evidence *record)
{
    return record->outcome == ATVM_OUTCOME_PASS && record->form && record->steps &&
           !(record->flags & ATVM_EVIDENCE_PROVES_NOTHING) &&
           (strcmp(record->form, "events-custom") == 0 || strcmp(record->form, "text-custom") == 0);
}

static inline bool fuzz_is_result_of(const struct atvm_evidence *record, const char *host)
{
    return record->claim == ATVM_CLAIM_HOST_RESULT && record->host &&
           strcmp(record->host, host) == 0;
}

/* PASS needs a proof among the records (the most harmful thing to get wrong). */
static inline void fuzz_expect_proof(const struct ledger *ledger, const char *host)
{
    for (size_t i = 0; i < ledger->source_count; i++) {
        const struct ledger_source *source = ledger->sources[i];

        for (size_t j = 0; j < source->record_count; j++)
            if (source->quality == ATVM_QUALITY_WHOLE &&
                fuzz_is_result_of(&source->records[j], host) &&
                (fuzz_is_direct_proof(&source->records[j]) || fuzz_may_prove(&source->records[j])))
                return;
    }
    fuzz_expect(false, "a host that passes has a source that proves it");
}

static inline void fuzz_expect_scope(const struct ledger *ledger, const struct scope_verdict *scope)
{
    size_t passed = 0, skipped = 0;

    fuzz_expect(scope->state >= STATE_RUNNING && scope->state <= STATE_UNKNOWN,
                "a scope has a state");
    fuzz_expect(scope->name && scope->reason, "a scope has a name and a reason");
    fuzz_expect(!scope->post || run_state_is_posted(scope->state),
                "only what completed or failed is posted");
    for (size_t i = 0; i < scope->host_count; i++) {
        fuzz_expect(scope->hosts[i].status >= HOST_PASS && scope->hosts[i].status <= HOST_MISSING,
                    "a host has a status");
        passed += scope->hosts[i].status == HOST_PASS;
        skipped += scope->hosts[i].status == HOST_SKIPPED;
        if (scope->hosts[i].status == HOST_PASS)
            fuzz_expect_proof(ledger, scope->hosts[i].name);
    }
    if (scope->state == STATE_COMPLETED)
        fuzz_expect(scope->host_count > 0 && passed + skipped == scope->host_count,
                    "every host of a completed scope passed");
}

static inline void fuzz_expect_verdict(const struct ledger *ledger, const struct verdict *verdict)
{
    fuzz_expect(verdict->state >= STATE_RUNNING && verdict->state <= STATE_UNKNOWN,
                "a run has a state");
    for (size_t i = 0; i < verdict->scope_count; i++)
        fuzz_expect_scope(ledger, &verdict->scopes[i]);
}

#endif
