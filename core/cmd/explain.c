/* `atvm-watcher explain BUILD`: why a watched run was judged as it was. Reads the state folder
 * only. */
#include "command.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cleanup.h"
#include "clock.h"
#include "config-call.h"
#include "config.h"
#include "explain-output.h"
#include "judge-now.h"
#include "ledger-file.h"
#include "log.h"
#include "memory.h"
#include "shell-word.h"
#include "run-settings.h"
#include "state-lock.h"
#include "state.h"

struct explain_command {
    const char *build, *config_path, *host;
    enum question question;
    bool as_json;
    struct config *config;
    struct state *state;
    struct ledger *ledger;
};

enum { OPTION_CONFIG = 'c', OPTION_HOST = 256, OPTION_QUESTION, OPTION_FORMAT };

static const struct option options[] = {
    {"config", required_argument, NULL, OPTION_CONFIG},
    {"host", required_argument, NULL, OPTION_HOST},
    {"question", required_argument, NULL, OPTION_QUESTION},
    {"format", required_argument, NULL, OPTION_FORMAT},
    {NULL, 0, NULL, 0},
};

/* ---------------------------------------------------------------- the command line */

static int take_format(struct explain_command *command, const char *word)
{
    command->as_json = strcmp(word, "json") == 0;
    if (!command->as_json && strcmp(word, "text") != 0)
        return command_usage_error(&command_explain, "--format %s: expected text or json", word);
    return COMMAND_OK;
}

static int take_option(struct explain_command *command, int option)
{
    switch (option) {
    case OPTION_CONFIG:
        command->config_path = optarg;
        break;
    case OPTION_HOST:
        command->host = optarg;
        break;
    case OPTION_QUESTION:
        return explain_take_question(&command_explain, optarg, &command->question);
    case OPTION_FORMAT:
        return take_format(command, optarg);
    default:
        break;
    }
    return COMMAND_OK;
}

static int take_build(struct explain_command *command, int argc, char **argv)
{
    if (optind >= argc)
        return command_usage_error(&command_explain, "expected the name of a build");
    if (optind + 1 < argc)
        return command_too_many(&command_explain, argv[optind + 1]);
    if (command_check_build(&command_explain, argv[optind]) != COMMAND_OK)
        return COMMAND_USAGE;
    command->build = argv[optind];
    return COMMAND_OK;
}

/* -1: help was shown. */
static int parse(struct explain_command *command, int argc, char **argv)
{
    int option, status;

    while ((option = command_next_option(&command_explain, argc, argv, "c:", options)) >= 0) {
        status = take_option(command, option);
        if (status != COMMAND_OK)
            return status;
    }
    if (option != COMMAND_OPTIONS_END)
        return option == COMMAND_OPTIONS_HELP ? -1 : COMMAND_USAGE;
    return take_build(command, argc, argv);
}

/* ---------------------------------------------------------------- what is kept */

/* What lies there can be explained without anybody having watched it. */
static void advise_replay(const struct explain_command *command, const char *error)
{
    const struct config *config = command->config;
    CLEANUP_FREE char *root = shell_word(config->automation_root);
    CLEANUP_FREE char *log = shell_word(config->run_log);
    CLEANUP_FREE char *replay = config_command(config,
                                               "replay --explain --build %s --root %s --run-log %s "
                                               "--since \"$(date -d '1 day ago' +%%s)\"",
                                               command->build, root, log);

    log_error("%s; what a run left is explained without a watcher, too, with a time before its "
              "start: `%s`",
              error, replay);
}

static int open_state(struct explain_command *command)
{
    CLEANUP_FREE char *error = NULL;
    int status = state_open(command->config->state_root, command->build, STATE_LOOK,
                            clock_ns(CLOCK_REALTIME), &command->state, &error);

    if (status == -ENOENT) {
        advise_replay(command, error);
        return COMMAND_FAILED;
    }
    if (status < 0) {
        log_error("%s", error);
        return COMMAND_FAILED;
    }
    if (command->state->warnings)
        log_warning("%s", command->state->warnings);
    return COMMAND_OK;
}

static int read_evidence(struct explain_command *command)
{
    CLEANUP_FREE char *path = memory_format("%s/evidence.jsonl", command->state->folder);
    CLEANUP_FREE char *error = NULL, *missing = NULL;
    int status;

    command->ledger = ledger_new();
    status = ledger_read_file(command->ledger, path, &error);
    if (status == -ENOENT)
        missing = memory_format("%s: no evidence was kept yet: a watcher does that from its first "
                                "look on",
                                path);
    if (missing)
        advise_replay(command, missing);
    else if (status < 0)
        log_error("%s", error);
    return status == 0 ? COMMAND_OK : COMMAND_FAILED;
}

/* ---------------------------------------------------------------- judging it again */

/* Evidence that nobody keeps up to date says nothing about the time after it was written. */
static int64_t time_of_judgement(const struct explain_command *command, const char **ret_what)
{
    CLEANUP_FREE char *lock = memory_format("%s/lock", command->state->folder);
    CLEANUP_FREE char *evidence = memory_format("%s/evidence.jsonl", command->state->folder);
    struct stat status;

    *ret_what = state_judged_ns(command->state) == command->state->run.closed_ns
                    ? "when it was closed"
                    : "when it was corrected";
    if (scope_state_is_closed(&command->state->run))
        return state_judged_ns(command->state);
    *ret_what = "now: it is being watched";
    if (state_lock_holder(lock) > 0 || stat(evidence, &status) < 0)
        return clock_ns(CLOCK_REALTIME);
    *ret_what = "when its evidence was last kept: nobody watches it now";
    return (int64_t)status.st_mtim.tv_sec * NS_PER_SECOND + status.st_mtim.tv_nsec;
}

/* A marker that came after the close changed nothing any more. */
static bool marker_came_too_late(const struct state *state)
{
    return scope_state_is_closed(&state->run) && state->run.state != STATE_CANCELLED;
}

static void fill_policy(const struct explain_command *command, struct policy *ret)
{
    const struct state *state = command->state;
    struct run_settings settings = {
        .build = state->build,
        .categorized = state->categorized,
        .hosts = state->asked.hosts,
        .host_count = state->asked.host_count,
        .template_name = state->asked.template_name,
        .plugin = state->asked.plugin,
        .since_ns = state->asked.since_ns >= 0 ? state->asked.since_ns : state->run.first_seen_ns,
    };
    int error;

    run_settings_to_policy(&settings, command->config, ret);
    error = policy_add_state(ret, state);
    if (error < 0)
        log_warning("%s: the cancellation marker could not be looked for: %s; it counts as there",
                    state->folder, strerror(-error));
    if (marker_came_too_late(state))
        ret->cancelled = false;
}

static void add_closed(struct explain_closed *closed, size_t *count,
                       const struct scope_state *scope)
{
    if (scope_state_is_closed(scope))
        closed[(*count)++] = (struct explain_closed){
            scope->name, scope->state, scope->reason,
            scope->corrected_ns > scope->closed_ns ? scope->corrected_ns : scope->closed_ns};
}

static struct explain_closed *closed_scopes(const struct state *state, size_t *ret_count)
{
    struct explain_closed *closed = memory_zeroed(state->subrun_count + 1, sizeof(*closed));

    *ret_count = 0;
    add_closed(closed, ret_count, &state->run);
    for (size_t i = 0; i < state->subrun_count; i++)
        add_closed(closed, ret_count, state->subruns[i]);
    return closed;
}

static int judge_and_print(const struct explain_command *command)
{
    CLEANUP_FREE struct explain_closed *closed = NULL;
    struct policy policy;
    struct verdict *verdict;
    struct explain explain = {
        .ledger = command->ledger,
        .hosts_were_asked_for = command->state->asked.host_count > 0,
        .automation_root = command->config->automation_root,
        .host = command->host,
        .question = command->question,
    };
    int status;

    fill_policy(command, &policy);
    explain.since_ns = policy.since_ns;
    explain.now_ns = time_of_judgement(command, &explain.now_is);
    explain.closed = closed = closed_scopes(command->state, &explain.closed_count);
    explain.verdict = verdict = judge(command->ledger, &policy, explain.now_ns);
    status = explain_print(&command_explain, &explain, command->as_json);
    verdict_free(verdict);
    return status;
}

static int run(struct explain_command *command)
{
    CLEANUP_FREE char *error = NULL;
    int status;

    command->config = config_load(command->config_path, command->build, &error);
    if (!command->config) {
        log_error("%s", error);
        return COMMAND_USAGE;
    }
    status = open_state(command);
    if (status == COMMAND_OK)
        status = read_evidence(command);
    return status == COMMAND_OK ? judge_and_print(command) : status;
}

static int explain_main(int argc, char **argv)
{
    struct explain_command command = {.question = EXPLAIN_ALL_QUESTIONS};
    int status = parse(&command, argc, argv);

    if (status == COMMAND_OK)
        status = run(&command);
    ledger_free(command.ledger);
    state_close(command.state);
    config_free(command.config);
    return status < 0 ? COMMAND_OK : status;
}

const struct command command_explain = {
    .name = "explain",
    .summary = "why a watched run was judged as it was, down to file and line",
    .usage =
        "Usage: atvm-watcher explain BUILD [OPTION]…\n\n"
        "Explains the judgement of a run that was or is being watched: for every host and "
        "question\n"
        "the candidates with their place in the evidence, the winner (*) and the rule; what shows\n"
        "the end of the run; which sources do not count, and why. Judges the evidence in the "
        "state\n"
        "folder again, as of the time when the run was closed (an open one: now, or where nobody\n"
        "watches it, when the evidence was last kept). Reads only, and disturbs no watcher.\n\n"
        "      --host NAME       only this host\n"
        "      --question WORD   only this question: status, counts, step, excerpt, timing or "
        "flow\n"
        "      --format WORD     text (default) or json\n"
        "  -c, --config FILE     the watcher's configuration (default: /etc/atvm-watcher.conf\n"
        "                        where it exists, else built-in)\n"
        "  -h, --help            show this and end\n\n"
        "Exit status: 0 it is explained, whatever the verdict; 1 no such build was watched here, "
        "no\n"
        "evidence was kept yet, or what was kept cannot be read; 2 wrong command line or\n"
        "configuration, or no such host.\n",
    .main = explain_main,
};
