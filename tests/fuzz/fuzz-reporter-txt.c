/* libFuzzer: the parser of reporter-txt. */
#include <stdint.h>

#include "check-result.h"
#include "reporter-txt/parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct host_result result = reporter_txt_parse((const char *)data, size);

    fuzz_check_result(&result);
    host_result_free(&result);
    return 0;
}
