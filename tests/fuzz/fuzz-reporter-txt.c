/* The parser of reporter-txt. That it is cut off inside its last step cannot always be told from a
 * text log (accepted), so nothing is expected of its beginnings. */
#include "expect-result.h"
#include "reporter-txt/parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct host_result result = reporter_txt_parse((const char *)data, size);

    fuzz_expect_result(&result);
    host_result_free(&result);
    return 0;
}
