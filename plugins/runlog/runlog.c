/*
 * The collector "runlog": follows the run's log, and the log of the template command for its facts.
 */
#include <stdbool.h>
#include <stdlib.h>

#include <atvm/plugin.h>

#include "allocate.h"
#include "host-call.h"
#include "log-follower.h"
#include "runlog-parser.h"

/* One log and the parser of its lines. */
struct followed_log {
    struct log_follower *follower; /* NULL: this log was not named */
    struct runlog_parser *parser;
    struct runlog_settings settings;
};

struct runlog {
    const struct atvm_host *host;
    struct followed_log run, launch;
};

static void emit(void *user, const struct atvm_evidence *evidence)
{
    struct followed_log *log = user;

    log_follower_emit(log->follower, evidence);
}

static void restart(void *user)
{
    struct followed_log *log = user;

    runlog_parser_free(log->parser);
    log->parser = runlog_parser_new(&log->settings, emit, log);
}

static void take_line(void *user, const char *line, size_t length, int64_t number, int64_t offset)
{
    struct followed_log *log = user;

    runlog_parser_line(log->parser, line, length, number, offset);
}

static void take_tail(void *user, const char *line, size_t length, int64_t number)
{
    struct followed_log *log = user;

    runlog_parser_tail(log->parser, line, length, number);
}

static void follow(struct runlog *runlog, struct followed_log *log, const char *path,
                   const char *kind)
{
    struct log_reader reader = {restart, take_line, take_tail, log};

    if (!path)
        return;
    log->parser = runlog_parser_new(&log->settings, emit, log);
    log->follower = log_follower_new(runlog->host, path, kind, &reader);
}

static void *runlog_create(const struct atvm_host *host)
{
    struct runlog *runlog = allocate(1, sizeof(*runlog));

    runlog->host = host;
    return runlog;
}

static int32_t runlog_configure(void *self)
{
    struct runlog *runlog = self;
    const struct atvm_run *run = runlog->host->run(runlog->host->context);

    runlog->run.settings.categorized = run->categorized != 0;
    runlog->launch.settings.facts_only = true;
    follow(runlog, &runlog->run, run->run_log, "log");
    follow(runlog, &runlog->launch, run->launch_log, "launch-log");
    return ATVM_OK;
}

/* The run's log decides what the pass amounted to; without the launch log no result is missing. */
static int32_t runlog_collect(void *self)
{
    struct runlog *runlog = self;
    int32_t launch = ATVM_COLLECT_COMPLETE, result = ATVM_COLLECT_COMPLETE;

    if (runlog->launch.follower)
        launch = log_follower_pass(runlog->launch.follower);
    if (runlog->run.follower)
        result = log_follower_pass(runlog->run.follower);
    if (result == ATVM_COLLECT_COMPLETE && launch == ATVM_COLLECT_AGAIN)
        result = ATVM_COLLECT_AGAIN;
    return result;
}

static void followed_log_free(struct followed_log *log)
{
    log_follower_free(log->follower);
    runlog_parser_free(log->parser);
}

static void runlog_destroy(void *self)
{
    struct runlog *runlog = self;

    if (!runlog)
        return;
    followed_log_free(&runlog->run);
    followed_log_free(&runlog->launch);
    free(runlog);
}

ATVM_COLLECTOR = {
    .head = ATVM_COLLECTOR_HEAD,
    .name = "runlog",
    .version = PACKAGE_VERSION,
    .summary = "reads the run's log: its table, boxes and spec reporter text, URLs and end lines",
    .needs = ATVM_NEED_FILES,
    .create = runlog_create,
    .configure = runlog_configure,
    .collect = runlog_collect,
    .destroy = runlog_destroy,
};
