/* What holds for the result of any input, however hostile. Broken: the fuzzer is told by abort. */
#ifndef ATVM_TESTS_FUZZ_CHECK_RESULT_H
#define ATVM_TESTS_FUZZ_CHECK_RESULT_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host-result.h"
#include "utf8.h"

static inline void fuzz_expect(bool holds, const char *what)
{
    if (holds)
        return;
    fprintf(stderr, "broken: %s\n", what);
    abort();
}

static inline void fuzz_expect_utf8(const char *text)
{
    fuzz_expect(!text || utf8_valid_length(text, strlen(text)) == strlen(text), "text is UTF-8");
}

static inline void fuzz_check_result(const struct host_result *result)
{
    const struct atvm_evidence *evidence = &result->evidence;
    bool is_whole = result->damage[0] == '\0';

    fuzz_expect_utf8(result->damage);
    fuzz_expect_utf8(evidence->host);
    fuzz_expect_utf8(evidence->step);
    fuzz_expect_utf8(evidence->message);
    fuzz_expect_utf8(evidence->excerpt);
    fuzz_expect_utf8(evidence->steps);
    fuzz_expect_utf8(evidence->text);
    fuzz_expect(!result->withheld || !is_whole, "what is withheld is damaged");
    if (evidence->outcome != ATVM_OUTCOME_PASS || !is_whole)
        return;
    fuzz_expect(evidence->passed > 0, "a pass has a test that passed");
    fuzz_expect(evidence->failed == 0 && evidence->skipped == 0, "a pass has no failure");
    fuzz_expect(evidence->tests == evidence->passed + evidence->pending ||
                    evidence->tests == evidence->passed,
                "the counts of a pass add up");
}

#endif
