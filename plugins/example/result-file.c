/*
 * An example of a collector, complete and small: one text file with a line for each host,
 *
 *     HOST pass|fail TESTS PASSED [MESSAGE]
 *
 * It needs nothing but the installed header:
 *
 *     cc -shared -fPIC -Wall -o result-file.so result-file.c
 *
 * modules.md tells how to configure it and what makes its evidence count.
 */
#include <atvm/plugin.h>

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* One pass is bounded: a file with more hosts than this is no result file. */
#define LINES_MAX 10000

struct result_file {
    const struct atvm_host *host;
    struct stat seen; /* what the file was when it was read last; all zero: not yet */
};

static const struct atvm_option options[] = {
    {.name = "path",
     .type = ATVM_OPTION_STRING,
     .required = 1,
     .help = "absolute path of the file; %b in it becomes the build's name"},
};

static const char *path_of(const struct result_file *self)
{
    return self->host->option_string(self->host->context, "path");
}

/* ---------------------------------------------------------------- the life of an instance */

static void *create(const struct atvm_host *host)
{
    struct result_file *self = calloc(1, sizeof(*self));

    if (self)
        self->host = host;
    else
        host->fail(host->context, "out of memory");
    return self;
}

static int32_t configure(void *instance)
{
    const struct result_file *self = instance;

    if (path_of(self)[0] == '/')
        return ATVM_OK;
    self->host->fail(self->host->context, "option path: write an absolute path");
    return ATVM_FAILED;
}

static void destroy(void *instance)
{
    free(instance);
}

/* ---------------------------------------------------------------- reading */

/* Takes the next word off a line; NULL: there is none. */
static char *take_word(char **line)
{
    char *word = strsep(line, " ");

    return word && *word ? word : NULL;
}

static bool take_count(char **line, int64_t *ret_count)
{
    char *word = take_word(line), *end = word;

    errno = 0;
    *ret_count = word ? strtoll(word, &end, 10) : -1;
    return end > word && *end == '\0' && errno == 0 && *ret_count >= 0;
}

/* One line, without its end, is one claim. Returns false where it is in another form; what it seems
 * to say is no evidence then. The core copies the strings. */
static bool emit_line(const struct result_file *self, char *line, int64_t number)
{
    struct atvm_evidence claim = ATVM_EVIDENCE_INIT(ATVM_CLAIM_HOST_RESULT);
    const char *outcome;

    claim.host = take_word(&line);
    outcome = take_word(&line);
    if (!outcome || !take_count(&line, &claim.tests) || !take_count(&line, &claim.passed))
        return false;
    if (strcmp(outcome, "pass") == 0)
        claim.outcome = ATVM_OUTCOME_PASS;
    else if (strcmp(outcome, "fail") == 0)
        claim.outcome = ATVM_OUTCOME_FAIL;
    else
        return false;
    claim.basis = ATVM_BASIS_DIRECT;
    /* A pass proves something only where all five counts are known and add up. */
    claim.failed = claim.tests - claim.passed;
    claim.pending = claim.skipped = 0;
    claim.message = line;
    claim.locator = number;
    claim.locator_unit = ATVM_LOCATOR_LINE;
    self->host->emit_many(self->host->context, &claim, 1, sizeof(claim));
    return true;
}

/* Reads to the end, or up to the first line that cannot be understood: what follows it may be
 * anything. Returns what is wrong with the file; NULL: nothing. */
static const char *emit_lines(const struct result_file *self, FILE *file)
{
    char line[1024], *end;
    int64_t number = 0;

    while (fgets(line, sizeof(line), file)) {
        if (++number > LINES_MAX)
            return "has too many lines";
        end = strchr(line, '\n');
        if (!end)
            return "has a line that is cut off or too long";
        *end = '\0';
        if (!emit_line(self, line, number))
            return "has a line that is not HOST pass|fail TESTS PASSED [MESSAGE]";
    }
    if (ferror(file))
        return "cannot be read to its end";
    return number > 0 ? NULL : "is empty";
}

static bool is_unchanged(const struct stat *one, const struct stat *other)
{
    return one->st_dev == other->st_dev && one->st_ino == other->st_ino &&
           one->st_size == other->st_size && one->st_mtim.tv_sec == other->st_mtim.tv_sec &&
           one->st_mtim.tv_nsec == other->st_mtim.tv_nsec;
}

/* Everything that one reading says becomes visible with end_source, or not at all. */
static void read_file(struct result_file *self, FILE *file, const struct stat *status)
{
    const struct atvm_source source = {
        .struct_size = sizeof(source),
        .mode = ATVM_SOURCE_REPLACE,
        .path = path_of(self),
        .kind = "result-file",
        .size = status->st_size,
        .mtime_ns = status->st_mtim.tv_sec * INT64_C(1000000000) + status->st_mtim.tv_nsec,
        .name_time_ns = -1,
        .device = status->st_dev,
        .inode = status->st_ino,
    };
    const char *fault;

    self->seen = *status;
    if (self->host->begin_source(self->host->context, &source) != ATVM_OK)
        return; /* an earlier reading of this very file crashed or hung: it is set aside */
    fault = emit_lines(self, file);
    self->host->end_source(self->host->context, fault ? ATVM_QUALITY_DAMAGED : ATVM_QUALITY_WHOLE,
                           fault);
}

static int32_t cannot_look(const struct result_file *self, const char *why)
{
    char text[512];

    snprintf(text, sizeof(text), "%s: %s; let the watcher's user read it", path_of(self), why);
    self->host->fail(self->host->context, text);
    return ATVM_COLLECT_UNAVAILABLE;
}

/* Takes over the descriptor. */
static int32_t look_at(struct result_file *self, int descriptor)
{
    FILE *file = fdopen(descriptor, "r");
    struct stat status;
    int32_t result = ATVM_COLLECT_COMPLETE;

    if (!file) {
        close(descriptor);
        return cannot_look(self, strerror(errno));
    }
    if (fstat(descriptor, &status) != 0)
        result = cannot_look(self, strerror(errno));
    else if (!S_ISREG(status.st_mode))
        result = cannot_look(self, "is no regular file");
    else if (!is_unchanged(&status, &self->seen))
        read_file(self, file, &status);
    fclose(file);
    return result;
}

/* One bounded look. That the file is not there is an answer; that it cannot be read is none.
 * O_NONBLOCK: somebody may have put a FIFO there, and opening one waits for its writer. */
static int32_t collect(void *instance)
{
    struct result_file *self = instance;
    int descriptor;

    self->host->watch(self->host->context, path_of(self));
    descriptor = open(path_of(self), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (descriptor >= 0)
        return look_at(self, descriptor);
    return errno == ENOENT ? ATVM_COLLECT_COMPLETE : cannot_look(self, strerror(errno));
}

ATVM_COLLECTOR = {
    ATVM_COLLECTOR_HEAD,
    .name = "result-file",
    .version = "1.0",
    .summary = "an example: a text file with one result a line",
    .options = options,
    .option_count = sizeof(options) / sizeof(options[0]),
    .option_stride = sizeof(options[0]),
    .needs = ATVM_NEED_FILES,
    .create = create,
    .configure = configure,
    .collect = collect,
    .destroy = destroy,
};
