/* libFuzzer: the parser of reporter-json. */
#include <stdint.h>

#include "check-result.h"
#include "reporter-json/parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct host_result result = reporter_json_parse((const char *)data, size);

    fuzz_check_result(&result);
    host_result_free(&result);
    return 0;
}
