/* libFuzzer: the parser of mochawesome. What begins with '<' is read as HTML. The piece size varies
 * with the input, so that states that outlive a piece are met. */
#include <stdint.h>

#include "check-result.h"
#include "mochawesome/parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mochawesome_parser *parser = mochawesome_parser_new(size > 0 && data[0] == '<');
    size_t piece = 1 + size % 977;
    struct host_result result;

    for (size_t at = 0; at < size; at += piece)
        mochawesome_parser_feed(parser, (const char *)data + at,
                                size - at < piece ? size - at : piece);
    result = mochawesome_parser_finish(parser);
    fuzz_check_result(&result);
    host_result_free(&result);
    return 0;
}
