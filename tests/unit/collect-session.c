#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "collect-session.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "memory.h"

#define PATIENCE_US (UINT64_C(60) * 1000000) /* a test that waits longer has failed */

/* ---------------------------------------------------------------- set-up */

static void redirect_standard_error(struct session *session)
{
    CLEANUP_CLOSE int log = -1;

    session->log_path = memory_string("/tmp/atvm-collect-log-XXXXXX");
    log = mkstemp(session->log_path);
    assert_true(log >= 0);
    session->standard_error = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 10);
    assert_true(session->standard_error >= 0);
    assert_true(dup2(log, STDERR_FILENO) >= 0);
}

int session_setup(void **state)
{
    struct session *session = memory_zeroed(1, sizeof(*session));

    strcpy(session->folder, "/tmp/atvm-collect-XXXXXX");
    if (!mkdtemp(session->folder) || sd_event_new(&session->event) < 0)
        return -1;
    session->ledger = ledger_new();
    session->config.collect_timeout_ns = INT64_C(20000000000);
    redirect_standard_error(session);
    *state = session;
    return 0;
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *place)
{
    (void)status;
    (void)type;
    (void)place;
    return remove(path);
}

static void config_release(struct config *config)
{
    for (size_t i = 0; i < config->collector_count; i++) {
        free(config->collectors[i].name);
        free(config->collectors[i].module);
        json_object_put(config->collectors[i].options);
    }
    free(config->collectors);
}

int session_teardown(void **state)
{
    struct session *session = *state;
    int error;

    collect_free(session->collect);
    ledger_free(session->ledger);
    sd_event_unref(session->event);
    config_release(&session->config);
    error = nftw(session->folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
    dup2(session->standard_error, STDERR_FILENO);
    close(session->standard_error);
    error |= unlink(session->log_path);
    free(session->log_path);
    free(session->failure);
    free(session->watched);
    free(session);
    return error;
}

void session_add_file(struct session *session, const char *name, const char *content)
{
    CLEANUP_FREE char *path = memory_format("%s/%s", session->folder, name);
    FILE *stream = fopen(path, "we");

    assert_non_null(stream);
    assert_true(fputs(content, stream) >= 0);
    assert_int_equal(fclose(stream), 0);
}

void session_add_three_files(struct session *session)
{
    session_add_folder(session);
    session_add_file(session, "a", "pass atvm1-a\n");
    session_add_file(session, "b", "fail atvm2-b\n");
    session_add_file(session, "z", "pass atvm3-c\n");
}

void session_remove_file(struct session *session, const char *name)
{
    CLEANUP_FREE char *path = memory_format("%s/%s", session->folder, name);

    assert_int_equal(unlink(path), 0);
}

void session_add_collector(struct session *session, const char *name, const char *module,
                           struct json_object *options, bool critical)
{
    struct config *config = &session->config;
    const char *build = getenv("top_builddir");

    config->collectors =
        reallocarray(config->collectors, config->collector_count + 1, sizeof(*config->collectors));
    assert_non_null(config->collectors);
    config->collectors[config->collector_count++] = (struct config_module){
        .name = memory_string(name),
        .module = memory_format("%s/tests/modules/.libs/%s.so", build ? build : ".", module),
        .critical = critical,
        .options = options,
    };
}

void session_add_folder(struct session *session)
{
    struct json_object *options = json_object_new_object();

    json_object_object_add(options, "folder", json_object_new_string(session->folder));
    session_add_collector(session, "folder", "test-folder", options, true);
}

/* ---------------------------------------------------------------- running */

static void on_pass_done(void *user, bool again)
{
    struct session *session = user;

    session->passes++;
    session->again = again;
}

static void on_failed(void *user, const char *reason)
{
    struct session *session = user;

    free(session->failure);
    session->failure = memory_string(reason);
}

static void on_watch(void *user, const char *path)
{
    struct session *session = user;

    free(session->watched);
    session->watched = memory_string(path);
}

static void start(struct session *session)
{
    static const struct collect_events events = {on_pass_done, on_failed, on_watch};
    static const char *const variables[] = {"A=1", "B=two words", NULL};
    const struct collect_run run = {
        .build = "build-1",
        .automation_root = "/root/project",
        .run_log = "/tmp/build-1.log",
        .launch_log = "/tmp/build-1.launch.log",
        .cypress_config = "/root/project/cypress.config.ts",
        .plugin = "fc",
        .cypress_env = variables,
        .since_ns = SESSION_NOW_NS - 1000,
    };
    char *error = NULL;

    if (session->collect)
        return;
    session->collect = collect_new(session->event, &session->config, &run, SESSION_NOW_NS,
                                   session->ledger, &events, session, &error);
    if (!session->collect)
        fail_msg("%s", error);
}

void session_turn(struct session *session)
{
    assert_true(sd_event_run(session->event, 5000) >= 0);
}

void session_request(struct session *session)
{
    start(session);
    collect_request_pass(session->collect);
}

void session_run_until_passes(struct session *session, unsigned passes)
{
    while (session->passes < passes) {
        int result = sd_event_run(session->event, PATIENCE_US);

        if (session->failure)
            fail_msg("the session failed: %s", session->failure);
        if (result <= 0)
            fail_msg("no pass was over in time");
    }
}

void session_pass(struct session *session)
{
    unsigned passes = session->passes;

    session_request(session);
    session_run_until_passes(session, passes + 1);
}

const char *session_run_until_failure(struct session *session)
{
    start(session);
    while (!session->failure)
        if (sd_event_run(session->event, PATIENCE_US) <= 0)
            fail_msg("the session did not fail in time");
    return session->failure;
}

void session_run_until_restarts(struct session *session, unsigned restarts)
{
    while (collect_restarts(session->collect) < restarts)
        if (sd_event_run(session->event, PATIENCE_US) <= 0)
            fail_msg("the worker was not started anew in time");
}

/* ---------------------------------------------------------------- looking */

static const char *text_or(const char *text)
{
    return text ? text : "-";
}

char *session_sources(const struct session *session)
{
    char *text = NULL;
    size_t length = 0;
    FILE *stream = open_memstream(&text, &length);

    assert_non_null(stream);
    for (size_t i = 0; i < session->ledger->source_count; i++) {
        const struct ledger_source *source = session->ledger->sources[i];

        fprintf(stream, "%s %s quality %d (%s)%s\n", source->collector, source->file.path,
                source->quality, text_or(source->reason), source->retired ? " retired" : "");
        for (size_t j = 0; j < source->record_count; j++)
            fprintf(stream, "  claim %d outcome %d host %s text %s\n", source->records[j].claim,
                    source->records[j].outcome, text_or(source->records[j].host),
                    text_or(source->records[j].text));
    }
    assert_int_equal(fclose(stream), 0);
    return text;
}

static const struct ledger_source *find_source(const struct session *session, const char *name)
{
    for (size_t i = 0; i < session->ledger->source_count; i++) {
        const char *path = session->ledger->sources[i]->file.path;
        const char *last = strrchr(path, '/');

        if (strcmp(last + 1, name) == 0)
            return session->ledger->sources[i];
    }
    return NULL;
}

bool session_has_source(const struct session *session, const char *name)
{
    return find_source(session, name);
}

const struct ledger_source *session_source(const struct session *session, const char *name)
{
    const struct ledger_source *source = find_source(session, name);

    if (!source)
        fail_msg("the ledger holds no source %s", name);
    return source;
}

const char *session_fact(const struct ledger_source *source, const char *entity)
{
    for (size_t i = 0; i < source->record_count; i++)
        if (!entity ||
            (source->records[i].entity && strcmp(source->records[i].entity, entity) == 0))
            return source->records[i].text;
    fail_msg("the source says nothing of %s", entity ? entity : "anything");
    return NULL;
}

char *session_log(const struct session *session)
{
    CLEANUP_FILE FILE *stream = fopen(session->log_path, "re");
    char *text = NULL;
    size_t room = 0;

    assert_non_null(stream);
    return getdelim(&text, &room, '\0', stream) < 0 ? memory_string("") : text;
}

void assert_words(const char *text, const char *words)
{
    if (!text || !strstr(text, words))
        fail_msg("\"%s\" does not say \"%s\"", text ? text : "(null)", words);
}

int collect_session_worker(int count, char **arguments)
{
    if (count != 3 || strcmp(arguments[1], "worker") != 0 || strcmp(arguments[2], "collect") != 0)
        return -1;
    return collect_worker_main();
}
