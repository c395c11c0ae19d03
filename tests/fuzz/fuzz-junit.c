/* The reader of JUnit XML, and what a file is said to testify: one named after a host, and one
 * whose name says nothing. */
#include <sys/mman.h>
#include <unistd.h>

#include "expect.h"
#include "junit-evidence.h"
#include "utf8.h"

/* What a file amounts to. */
struct reading {
    int32_t quality, outcome;
};

static void expect_utf8(const char *text)
{
    fuzz_expect(!text || utf8_valid_length(text, strlen(text)) == strlen(text), "text is UTF-8");
}

static void expect_claim(const struct atvm_evidence *claim, int32_t quality)
{
    expect_utf8(claim->host);
    expect_utf8(claim->step);
    expect_utf8(claim->message);
    expect_utf8(claim->excerpt);
    expect_utf8(claim->steps);
    if (claim->outcome == ATVM_OUTCOME_NONE)
        return;
    fuzz_expect(claim->host && claim->host[0], "a result is somebody's");
    fuzz_expect(claim->basis == ATVM_BASIS_DIRECT, "bookkeeping gives no result");
    if (claim->outcome != ATVM_OUTCOME_PASS)
        return;
    fuzz_expect(quality == ATVM_QUALITY_WHOLE, "a damaged file gives no pass");
    fuzz_expect(claim->failed == 0 && claim->declared_failed <= 0, "a pass has no failure");
    fuzz_expect(claim->tests == claim->passed + claim->failed + claim->pending + claim->skipped,
                "the counts of a pass add up");
}

static void write_input(int descriptor, const uint8_t *data, size_t size)
{
    fuzz_expect(ftruncate(descriptor, 0) == 0 &&
                    (size == 0 || pwrite(descriptor, data, size, 0) == (ssize_t)size) &&
                    lseek(descriptor, 0, SEEK_SET) == 0,
                "the input can be written");
}

static struct reading testify(const struct junit_report *report, const char *stem)
{
    const struct junit_file file = {.stem = stem, .mtime_ns = INT64_C(1776351600000000000)};
    struct junit_evidence evidence;
    struct reading reading;
    char reason[400] = "";

    reading.quality = junit_evidence_of(report, &file, &evidence, reason, sizeof(reason));
    reading.outcome = evidence.claim.claim ? evidence.claim.outcome : ATVM_OUTCOME_NONE;
    fuzz_expect(reading.quality == ATVM_QUALITY_WHOLE || reason[0] != '\0',
                "what is not whole has a reason");
    expect_utf8(reason);
    if (evidence.claim.claim)
        expect_claim(&evidence.claim, reading.quality);
    junit_evidence_free(&evidence);
    return reading;
}

static struct reading read_input(const uint8_t *data, size_t size)
{
    static int descriptor = -1;
    struct junit_report report;
    struct reading reading;

    if (descriptor < 0)
        descriptor = memfd_create("junit", MFD_CLOEXEC);
    write_input(descriptor, data, size);
    junit_report_read(descriptor, &report);
    testify(&report, "");
    reading = testify(&report, "atvm71-redhat9.1");
    junit_report_free(&report);
    return reading;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct reading whole = read_input(data, size);
    struct reading cut = read_input(data, size ? fuzz_hash(data, size) % size : 0);

    fuzz_expect(whole.outcome != ATVM_OUTCOME_FAIL || cut.outcome != ATVM_OUTCOME_PASS,
                "cutting an artifact off turns no failure into a pass");
    return 0;
}
