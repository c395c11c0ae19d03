/* Evidence lines become a ledger; what is written of it is read as the same one. */
#include "evidence-lines.h"

struct text_file {
    char *text;
    size_t length;
};

static struct text_file write_ledger(const struct ledger *ledger)
{
    struct text_file file = {0};
    FILE *stream = open_memstream(&file.text, &file.length);

    fuzz_expect(stream && ledger_write(ledger, stream) == 0 && fclose(stream) == 0,
                "a ledger can be written");
    return file;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t bad;
    struct ledger *ledger = fuzz_ledger_of((const char *)data, size, &bad);
    struct text_file first = write_ledger(ledger), second;

    ledger_free(ledger);
    ledger = fuzz_ledger_of(first.text, first.length, &bad);
    fuzz_expect(bad == 0, "a ledger's own lines can be read");
    second = write_ledger(ledger);
    ledger_free(ledger);
    fuzz_expect(first.length == second.length && memcmp(first.text, second.text, first.length) == 0,
                "what was written is read as the same");
    free(first.text);
    free(second.text);
    return 0;
}
