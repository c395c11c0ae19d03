/* Following a log that grows by pieces and is then truncated: the lines handed out are those of the
 * file, whatever the pieces were. */
#include <fcntl.h>
#include <unistd.h>

#include "expect.h"
#include "log-follower.h"

#define PIECES 3

/* The lines since the last restart, each ended by a newline, without NULs (which a hole in a
 * truncated file is full of, and which are passed over). */
struct seen {
    char *text;
    size_t length;
    int64_t number, offset;
    unsigned restarts;
    bool unit_open;
};

static void append(struct seen *seen, const char *line, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (line[i] != '\0')
            seen->text[seen->length++] = line[i];
    seen->text[seen->length++] = '\n';
}

static void take_restart(void *user)
{
    struct seen *seen = user;

    seen->length = 0;
    seen->number = 0;
    seen->offset = -1;
    seen->restarts++;
}

static void take_line(void *user, const char *line, size_t length, int64_t number, int64_t offset)
{
    struct seen *seen = user;

    fuzz_expect(number == seen->number + 1, "lines are numbered one after the other");
    fuzz_expect(offset > seen->offset, "each line begins after the one before");
    seen->number = number;
    seen->offset = offset;
    append(seen, line, length);
}

static int32_t begin_source(void *context, const struct atvm_source *source)
{
    struct seen *seen = context;

    (void)source;
    fuzz_expect(!seen->unit_open, "units do not nest");
    seen->unit_open = true;
    return ATVM_OK;
}

static void end_source(void *context, int32_t quality, const char *reason)
{
    struct seen *seen = context;

    (void)reason;
    fuzz_expect(seen->unit_open && quality == ATVM_QUALITY_WHOLE, "a whole unit is ended");
    seen->unit_open = false;
}

static void watch(void *context, const char *path)
{
    (void)context;
    (void)path;
}

static int64_t now(void *context)
{
    (void)context;
    return 0;
}

static int64_t deadline(void *context)
{
    (void)context;
    return INT64_MAX;
}

static int32_t is_cancelled(void *context)
{
    (void)context;
    return 0;
}

static void fail(void *context, const char *message)
{
    (void)context;
    fuzz_expect(false, message);
}

/* The file that is followed. */
static char path[256];

static int make_file(void)
{
    const char *folder = getenv("TMPDIR");
    int descriptor;

    snprintf(path, sizeof(path), "%s/atvm-fuzz-XXXXXX", folder ? folder : P_tmpdir);
    descriptor = mkstemp(path);
    fuzz_expect(descriptor >= 0, "there is a temporary file");
    return descriptor;
}

static void expect_lines(const struct seen *seen, const uint8_t *data, size_t size)
{
    struct seen expected = {.text = fuzz_allocate(2 * size + 1)};
    const char *at = (const char *)data, *end = at + size, *newline;

    while (at < end && (newline = memchr(at, '\n', (size_t)(end - at)))) {
        append(&expected, at, (size_t)(newline - at));
        at = newline + 1;
    }
    fuzz_expect(seen->length == expected.length &&
                    (!seen->length || memcmp(seen->text, expected.text, seen->length) == 0),
                "the lines are those of the file");
    free(expected.text);
}

static void pass(struct log_follower *follower, const struct seen *seen, unsigned restarts)
{
    fuzz_expect(log_follower_pass(follower) == ATVM_COLLECT_COMPLETE, "all of it was read");
    fuzz_expect(!seen->unit_open, "a pass leaves no unit open");
    fuzz_expect(seen->restarts == restarts, "only a truncated file is read from its beginning");
}

static void grow(int descriptor, const uint8_t *data, size_t from, size_t to)
{
    fuzz_expect(from == to ||
                    pwrite(descriptor, data + from, to - from, (off_t)from) == (ssize_t)(to - from),
                "the file can be written");
}

static void follow(int descriptor, struct seen *seen, const uint8_t *data, size_t size)
{
    const struct atvm_host host = {.struct_size = sizeof(host),
                                   .context = seen,
                                   .fail = fail,
                                   .now = now,
                                   .deadline = deadline,
                                   .cancelled = is_cancelled,
                                   .begin_source = begin_source,
                                   .end_source = end_source,
                                   .watch = watch};
    const struct log_reader reader = {.restart = take_restart, .line = take_line, .user = seen};
    struct log_follower *follower = log_follower_new(&host, path, "log", &reader);
    uint64_t hash = fuzz_hash(data, size);
    size_t length = 0;

    for (unsigned piece = 1; piece <= PIECES; piece++, hash >>= 16) {
        size_t next = piece < PIECES ? length + hash % (size - length + 1) : size;

        grow(descriptor, data, length, next);
        pass(follower, seen, 1);
        expect_lines(seen, data, next);
        length = next;
    }
    if (size > 0) {
        length = hash % size;
        fuzz_expect(ftruncate(descriptor, (off_t)length) == 0, "the file can be truncated");
        pass(follower, seen, 2);
        expect_lines(seen, data, length);
    }
    log_follower_free(follower);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct seen seen = {.text = fuzz_allocate(2 * size + 1), .offset = -1};
    int descriptor = make_file();

    follow(descriptor, &seen, data, size);
    fuzz_expect(unlink(path) == 0 && close(descriptor) == 0, "the temporary file goes");
    free(seen.text);
    return 0;
}
