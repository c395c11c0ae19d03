/* What a collect worker writes, read as the watcher reads it (core/collect.c), up to the first line
 * that breaks the protocol. */
#include <sys/mman.h>
#include <unistd.h>

#include "collect-lines.h"
#include "collect-log.h"
#include "collect-progress.h"
#include "collect-suspects.h"
#include "expect.h"
#include "ledger.h"
#include "log.h"

struct watching {
    const uint8_t *at, *end; /* of the input, for comparison */
    struct ledger_reader *reader;
    struct collect_progress progress;
    struct collect_suspects *suspects;
    struct collect_log log;
};

static void expect_line(struct watching *watching, const char *line, size_t length)
{
    fuzz_expect((size_t)(watching->end - watching->at) >= length &&
                    memcmp(line, watching->at, length) == 0 && line[length] == '\0',
                "a line is what the worker wrote");
    watching->at += length;
    if (watching->at < watching->end)
        fuzz_expect(*watching->at++ == '\n', "a line ends at its newline");
}

static void take_object(struct watching *watching, struct json_object *line)
{
    char *text;

    collect_log_take(&watching->log, line, 0);
    collect_progress_take(&watching->progress, line);
    text = collect_progress_text(&watching->progress);
    fuzz_expect(text && text[0], "what the worker is doing can be said");
    free(text);
    if (watching->progress.collector)
        collect_suspects_note(watching->suspects, watching->progress.collector,
                              collect_progress_path(&watching->progress), COLLECT_BLAME_FAULT);
}

static void take_line(void *user, const char *line, size_t length)
{
    struct watching *watching = user;
    struct json_object *object;
    char *error = NULL;

    expect_line(watching, line, length);
    collect_log_take_error(&watching->log, watching->progress.collector, line, length, 0);
    if (watching->progress.broken || watching->progress.fatal)
        return;
    if (ledger_reader_line(watching->reader, line, length, &error) == LEDGER_LINE_BAD) {
        collect_progress_break(&watching->progress, error);
        return;
    }
    object = json_tokener_parse(line);
    collect_progress_add_record(&watching->progress, length);
    take_object(watching, object);
    json_object_put(object);
}

/* A file stands in for the pipe: both end with a read of nothing. */
static int input_descriptor(const uint8_t *data, size_t size)
{
    static int descriptor = -1;

    if (descriptor < 0)
        descriptor = memfd_create("worker", MFD_CLOEXEC);
    fuzz_expect(ftruncate(descriptor, 0) == 0 &&
                    (size == 0 || pwrite(descriptor, data, size, 0) == (ssize_t)size) &&
                    lseek(descriptor, 0, SEEK_SET) == 0,
                "the input can be written");
    return descriptor;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ledger *ledger = ledger_new();
    struct watching watching = {.at = data,
                                .end = data + size,
                                .reader = ledger_reader_new(ledger),
                                .suspects = collect_suspects_new()};
    struct collect_lines lines = {.limit = LEDGER_LINE_MAX};
    int descriptor = input_descriptor(data, size), result;

    log_set_level(ATVM_LOG_ERROR - 1);
    do
        result = collect_lines_read(&lines, descriptor, take_line, &watching);
    while (result == 1);
    fuzz_expect(result == 0 || size > LEDGER_LINE_MAX, "the worker's output has an end");
    collect_lines_flush(&lines, take_line, &watching);
    fuzz_expect(result < 0 || watching.at == watching.end, "nothing of it is lost");
    collect_lines_free(&lines);
    collect_progress_reset(&watching.progress);
    collect_suspects_free(watching.suspects);
    ledger_reader_free(watching.reader);
    ledger_free(ledger);
    return 0;
}
