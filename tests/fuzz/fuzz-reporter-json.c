/* The parser of reporter-json. */
#include "expect-result.h"
#include "reporter-json/parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct host_result whole = reporter_json_parse((const char *)data, size);
    struct host_result cut =
        reporter_json_parse((const char *)data, size ? fuzz_hash(data, size) % size : 0);

    fuzz_expect_result(&whole);
    fuzz_expect_result(&cut);
    fuzz_expect_no_pass_by_cutting(&whole, &cut);
    host_result_free(&whole);
    host_result_free(&cut);
    return 0;
}
