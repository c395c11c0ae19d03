/* Evidence lines as the input of a fuzz target: from a file, or from a worker that cannot be
 * trusted. */
#ifndef ATVM_TESTS_FUZZ_EVIDENCE_LINES_H
#define ATVM_TESTS_FUZZ_EVIDENCE_LINES_H

#include "expect.h"
#include "ledger.h"

/* A ledger of all lines that can be taken, the last of which may lack its newline; free it with
 * ledger_free. *ret_bad: how many could not be taken. */
static inline struct ledger *fuzz_ledger_of(const char *at, size_t size, size_t *ret_bad)
{
    struct ledger *ledger = ledger_new();
    struct ledger_reader *reader = ledger_reader_new(ledger);
    const char *end = at + size;

    *ret_bad = 0;
    while (at < end) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        const char *line_end = newline ? newline : end;
        char *error = NULL;

        if (ledger_reader_line(reader, at, (size_t)(line_end - at), &error) == LEDGER_LINE_BAD) {
            fuzz_expect(error && error[0], "a line that is not taken has a reason");
            ++*ret_bad;
        }
        free(error);
        at = line_end + 1;
    }
    ledger_reader_free(reader);
    return ledger;
}

#endif
