/*
 * A collector for the tests of the collect worker: it reads the files of a folder in byte order,
 * and the name of a file says how it misbehaves on it. A name that stands for nothing below is read
 * as it should be: each line "pass HOST" or "fail HOST" becomes a record.
 */
#include <atvm/plugin.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

struct folder {
    const struct atvm_host *host;
    const char *path;
};

/* A file that is open as a source. */
struct visit {
    struct folder *folder;
    const char *name, *path;
};

static void emit(struct folder *self, struct atvm_evidence *record)
{
    self->host->emit_many(self->host->context, record, 1, sizeof(*record));
}

static void emit_text(struct folder *self, const char *text)
{
    struct atvm_evidence record = ATVM_EVIDENCE_INIT(ATVM_CLAIM_FACT);

    record.text = text;
    emit(self, &record);
}

static void end(struct folder *self, int32_t quality, const char *reason)
{
    self->host->end_source(self->host->context, quality, reason);
}

/* ---- reading as it should be */

static void emit_line(struct folder *self, const char *line)
{
    struct atvm_evidence record = ATVM_EVIDENCE_INIT(ATVM_CLAIM_HOST_RESULT);

    if (strncmp(line, "pass ", 5) != 0 && strncmp(line, "fail ", 5) != 0)
        return;
    record.outcome = line[0] == 'p' ? ATVM_OUTCOME_PASS : ATVM_OUTCOME_FAIL;
    record.basis = ATVM_BASIS_DIRECT;
    record.host = line + 5;
    record.tests = 1;
    emit(self, &record);
}

static void visit_normal(struct visit *visit)
{
    FILE *stream = fopen(visit->path, "re");
    char line[256];

    if (!stream) {
        end(visit->folder, ATVM_QUALITY_DAMAGED, strerror(errno));
        return;
    }
    while (fgets(line, sizeof(line), stream)) {
        line[strcspn(line, "\n")] = '\0';
        emit_line(visit->folder, line);
    }
    fclose(stream);
    end(visit->folder, ATVM_QUALITY_WHOLE, NULL);
}

/* ---- failing */

static void visit_crash(struct visit *visit)
{
    (void)visit;
    raise(SIGSEGV);
}

static void visit_hang(struct visit *visit)
{
    (void)visit;
    for (;;)
        usleep(1000);
}

static void visit_exit(struct visit *visit)
{
    (void)visit;
    _exit(7);
}

/* ---- reaching for what is not its own; what came of it is told as text */

static void tell_error(struct visit *visit, const char *what, long result)
{
    char text[128];

    snprintf(text, sizeof(text), "%s: %s", what, result < 0 ? strerror(errno) : "it worked");
    emit_text(visit->folder, text);
    end(visit->folder, ATVM_QUALITY_WHOLE, NULL);
}

static void visit_socket(struct visit *visit)
{
    tell_error(visit, "socket", socket(AF_INET, SOCK_STREAM, 0));
}

static void visit_write(struct visit *visit)
{
    tell_error(visit, "write", open(visit->path, O_RDWR));
}

static void visit_exec(struct visit *visit)
{
    tell_error(visit, "exec", execl("/bin/true", "true", (char *)NULL));
}

static void visit_environ(struct visit *visit)
{
    char path[64];

    snprintf(path, sizeof(path), "/proc/%d/environ", (int)getppid());
    tell_error(visit, "environ", open(path, O_RDONLY));
}

/* ---- disturbing the stream */

static void visit_stdout(struct visit *visit)
{
    static const char text[] = "{\"t\":\"evidence\",\"claim\":\"host-result\"}\nhalf a line";
    char byte;

    printf("printed by the module\n");
    fflush(stdout);
    if (write(STDOUT_FILENO, text, sizeof(text) - 1) < 0)
        abort();
    tell_error(visit, "read", read(STDIN_FILENO, &byte, 1) == 0 ? 0 : -1);
}

/* ---- lying */

static int32_t begin(struct folder *self, const char *path, int32_t mode)
{
    struct atvm_source source = {.struct_size = sizeof(source),
                                 .mode = mode,
                                 .path = path,
                                 .kind = "junit",
                                 .size = -1,
                                 .mtime_ns = -1,
                                 .name_time_ns = -1};

    return self->host->begin_source(self->host->context, &source);
}

static void visit_nested(struct visit *visit)
{
    emit_text(visit->folder, begin(visit->folder, "/nested", ATVM_SOURCE_REPLACE) == ATVM_OK
                                 ? "nested"
                                 : "refused");
    end(visit->folder, ATVM_QUALITY_WHOLE, NULL);
}

static void visit_unended(struct visit *visit)
{
    emit_text(visit->folder, "never to be seen");
}

static void visit_twice(struct visit *visit)
{
    end(visit->folder, ATVM_QUALITY_WHOLE, NULL);
    end(visit->folder, ATVM_QUALITY_WHOLE, NULL);
    emit_text(visit->folder, "outside");
}

static void visit_badsize(struct visit *visit)
{
    struct atvm_evidence record = ATVM_EVIDENCE_INIT(ATVM_CLAIM_FACT);

    record.struct_size = 12;
    emit(visit->folder, &record);
    end(visit->folder, ATVM_QUALITY_WHOLE, NULL);
}

static void visit_badclaim(struct visit *visit)
{
    struct atvm_evidence record = ATVM_EVIDENCE_INIT(4711);

    emit(visit->folder, &record);
    end(visit->folder, ATVM_QUALITY_WHOLE, NULL);
}

static void visit_badquality(struct visit *visit)
{
    end(visit->folder, 99, NULL);
}

static void visit_badpath(struct visit *visit)
{
    end(visit->folder, ATVM_QUALITY_WHOLE, NULL);
    if (begin(visit->folder, "relative", ATVM_SOURCE_REPLACE) == ATVM_OK)
        abort();
    if (begin(visit->folder, "/absolute", 17) == ATVM_OK)
        abort();
}

/* A record of a later minor version, beside one of this. */
static void visit_newer(struct visit *visit)
{
    struct newer {
        struct atvm_evidence now;
        uint64_t later;
    } records[2] = {{ATVM_EVIDENCE_INIT(ATVM_CLAIM_FACT), 1},
                    {ATVM_EVIDENCE_INIT(ATVM_CLAIM_FACT), 2}};

    records[0].now.struct_size = records[1].now.struct_size = sizeof(struct newer);
    records[0].now.text = "first";
    records[1].now.text = "second";
    visit->folder->host->emit_many(visit->folder->host->context, &records[0].now, 2,
                                   sizeof(struct newer));
    end(visit->folder, ATVM_QUALITY_WHOLE, NULL);
}

/* Bytes that no line may hold as they are, and numbers that JSON does not know. */
static void visit_dirty(struct visit *visit)
{
    struct atvm_evidence record = ATVM_EVIDENCE_INIT(ATVM_CLAIM_FACT);
    static char message[100000];

    memset(message, 'm', sizeof(message) - 1);
    record.text = "a\xFF"
                  "b\x1B[31mc\r\nd\te\xC2\x9B"
                  "f\xE2\x9C\x93";
    record.message = message;
    record.value = __builtin_nan("");
    record.tests = -5;
    record.excerpt = "no NUL";
    record.excerpt_length = 2;
    emit(visit->folder, &record);
    end(visit->folder, ATVM_QUALITY_WHOLE, NULL);
}

static void visit_flood(struct visit *visit)
{
    struct atvm_evidence record = ATVM_EVIDENCE_INIT(ATVM_CLAIM_FACT);

    for (int i = 0; i < 200001; i++)
        emit(visit->folder, &record);
    end(visit->folder, ATVM_QUALITY_WHOLE, NULL);
}

static void visit_chatter(struct visit *visit)
{
    struct atvm_field fields[] = {{"HOST", "atvm1"}, {"MESSAGE", "spoofed"}, {"bad name", "x"}};

    for (int i = 0; i < 1000; i++)
        visit->folder->host->log(visit->folder->host->context, ATVM_LOG_WARNING, "chatter", fields,
                                 3, sizeof(fields[0]));
    end(visit->folder, ATVM_QUALITY_WHOLE, NULL);
}

/* ---- the collector */

static const struct {
    const char *name;
    void (*visit)(struct visit *visit);
} visits[] = {
    {"crash", visit_crash},       {"hang", visit_hang},
    {"exit", visit_exit},         {"socket", visit_socket},
    {"write", visit_write},       {"exec", visit_exec},
    {"environ", visit_environ},   {"stdout", visit_stdout},
    {"nested", visit_nested},     {"unended", visit_unended},
    {"twice", visit_twice},       {"badsize", visit_badsize},
    {"badclaim", visit_badclaim}, {"badquality", visit_badquality},
    {"badpath", visit_badpath},   {"newer", visit_newer},
    {"dirty", visit_dirty},       {"flood", visit_flood},
    {"chatter", visit_chatter},
};

static int32_t begin_file(struct folder *self, const char *path, const char *name)
{
    struct atvm_source source = {.struct_size = sizeof(source),
                                 .mode = ATVM_SOURCE_REPLACE,
                                 .path = path,
                                 .kind = "junit",
                                 .stem = name,
                                 .name_time_ns = -1};
    struct stat status;

    if (stat(path, &status) < 0)
        return ATVM_FAILED;
    source.size = status.st_size;
    source.mtime_ns = (int64_t)status.st_mtim.tv_sec * 1000000000 + status.st_mtim.tv_nsec;
    source.device = status.st_dev;
    source.inode = status.st_ino;
    return self->host->begin_source(self->host->context, &source);
}

static void visit_file(struct folder *self, const char *name)
{
    char path[4096];
    struct visit visit = {self, name, path};

    snprintf(path, sizeof(path), "%s/%s", self->path, name);
    if (begin_file(self, path, name) != ATVM_OK)
        return;
    for (size_t i = 0; i < sizeof(visits) / sizeof(visits[0]); i++) {
        if (strcmp(visits[i].name, name) == 0) {
            visits[i].visit(&visit);
            return;
        }
    }
    visit_normal(&visit);
}

static void *create(const struct atvm_host *host)
{
    struct folder *self = calloc(1, sizeof(*self));

    if (self)
        self->host = host;
    return self;
}

static int32_t refuse(struct folder *self, const char *what)
{
    char text[128];

    snprintf(text, sizeof(text), "%s fails because the option fail_in says so", what);
    self->host->fail(self->host->context, text);
    return ATVM_FAILED;
}

static int32_t configure(void *instance)
{
    struct folder *self = instance;
    const char *fail_in = self->host->option_string(self->host->context, "fail_in");

    self->path = self->host->option_string(self->host->context, "folder");
    return fail_in && strcmp(fail_in, "configure") == 0 ? refuse(self, "configure") : ATVM_OK;
}

static int32_t check(void *instance)
{
    struct folder *self = instance;
    const char *fail_in = self->host->option_string(self->host->context, "fail_in");

    if (fail_in && strcmp(fail_in, "crash") == 0)
        raise(SIGSEGV);
    return fail_in && strcmp(fail_in, "check") == 0 ? refuse(self, "check") : ATVM_OK;
}

static int32_t result_of_pass(struct folder *self)
{
    const char *result = self->host->option_string(self->host->context, "result");

    if (!result)
        return ATVM_COLLECT_COMPLETE;
    if (strcmp(result, "crash") == 0)
        raise(SIGSEGV);
    self->host->fail(self->host->context, "the option result says so");
    if (strcmp(result, "again") == 0)
        return ATVM_COLLECT_AGAIN;
    if (strcmp(result, "broken") == 0)
        return ATVM_COLLECT_BROKEN;
    return strcmp(result, "unavailable") == 0 ? ATVM_COLLECT_UNAVAILABLE : 4711;
}

static int32_t result_without_folder(struct folder *self)
{
    if (self->host->option_string(self->host->context, "result"))
        return result_of_pass(self);
    self->host->fail(self->host->context, "the folder is gone;\x1b[31m mend that");
    return ATVM_COLLECT_UNAVAILABLE;
}

static int32_t collect(void *instance)
{
    struct folder *self = instance;
    struct dirent **entries;
    int count;

    self->host->watch(self->host->context, self->path);
    count = scandir(self->path, &entries, NULL, alphasort);
    for (int i = 0; i < count; i++) {
        if (entries[i]->d_name[0] != '.')
            visit_file(self, entries[i]->d_name);
        free(entries[i]);
    }
    if (count >= 0)
        free(entries);
    return count >= 0 ? result_of_pass(self) : result_without_folder(self);
}

static void destroy(void *instance)
{
    free(instance);
}

static const struct atvm_option options[] = {
    {"folder", ATVM_OPTION_STRING, 1, NULL, 0, 0, NULL, "folder whose files are read"},
    {"fail_in", ATVM_OPTION_STRING, 0, NULL, 0, 0, NULL, "configure, check, or crash in check"},
    {"result", ATVM_OPTION_STRING, 0, NULL, 0, 0, NULL, "what collect returns"},
};

ATVM_COLLECTOR = {
    ATVM_COLLECTOR_HEAD,
    .name = "test-folder",
    .version = "1",
    .summary = "misbehaves as the names of files say",
    .options = options,
    .option_count = sizeof(options) / sizeof(options[0]),
    .option_stride = sizeof(options[0]),
    .needs = ATVM_NEED_FILES,
    .create = create,
    .configure = configure,
    .check = check,
    .collect = collect,
    .destroy = destroy,
};
