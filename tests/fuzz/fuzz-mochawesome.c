/* The parser of mochawesome. What begins with '<' is read as HTML. The piece size varies with the
 * input, so that states that outlive a piece are met. */
#include "expect-result.h"
#include "mochawesome/parse.h"

static struct host_result parse(const uint8_t *data, size_t size, size_t piece)
{
    struct mochawesome_parser *parser = mochawesome_parser_new(size > 0 && data[0] == '<');
    struct host_result result;

    for (size_t at = 0; at < size; at += piece)
        mochawesome_parser_feed(parser, (const char *)data + at,
                                size - at < piece ? size - at : piece);
    result = mochawesome_parser_finish(parser);
    fuzz_expect_result(&result);
    return result;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint64_t hash = fuzz_hash(data, size);
    struct host_result whole = parse(data, size, 1 + size % 977);
    struct host_result cut = parse(data, size ? hash % size : 0, 1 + hash % 4096);

    fuzz_expect_no_pass_by_cutting(&whole, &cut);
    host_result_free(&whole);
    host_result_free(&cut);
    return 0;
}
