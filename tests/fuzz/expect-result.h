/* What holds for the result of any artifact, however hostile. */
#ifndef ATVM_TESTS_FUZZ_EXPECT_RESULT_H
#define ATVM_TESTS_FUZZ_EXPECT_RESULT_H

#include "expect.h"
#include "host-result.h"
#include "utf8.h"

static inline void fuzz_expect_utf8(const char *text)
{
    fuzz_expect(!text || utf8_valid_length(text, strlen(text)) == strlen(text), "text is UTF-8");
}

static inline bool fuzz_is_whole(const struct host_result *result)
{
    return result->damage[0] == '\0';
}

static inline void fuzz_expect_result(const struct host_result *result)
{
    const struct atvm_evidence *evidence = &result->evidence;

    fuzz_expect_utf8(result->damage);
    fuzz_expect_utf8(evidence->host);
    fuzz_expect_utf8(evidence->step);
    fuzz_expect_utf8(evidence->message);
    fuzz_expect_utf8(evidence->excerpt);
    fuzz_expect_utf8(evidence->steps);
    fuzz_expect_utf8(evidence->text);
    fuzz_expect(!result->withheld || !fuzz_is_whole(result), "what is withheld is damaged");
    if (evidence->outcome != ATVM_OUTCOME_PASS || !fuzz_is_whole(result))
        return;
    fuzz_expect(evidence->passed > 0, "a pass has a test that passed");
    fuzz_expect(evidence->failed == 0 && evidence->skipped == 0, "a pass has no failure");
    fuzz_expect(evidence->tests == evidence->passed + evidence->pending ||
                    evidence->tests == evidence->passed,
                "the counts of a pass add up");
}

/* `cut`: of a beginning of the artifact that gave `whole`. */
static inline void fuzz_expect_no_pass_by_cutting(const struct host_result *whole,
                                                  const struct host_result *cut)
{
    fuzz_expect(whole->evidence.outcome != ATVM_OUTCOME_FAIL || !fuzz_is_whole(cut) ||
                    cut->evidence.outcome != ATVM_OUTCOME_PASS,
                "cutting an artifact off turns no failure into a pass");
}

#endif
