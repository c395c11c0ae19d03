/* `atvm-watcher replay`: judges saved artifacts; posts nothing and writes nothing. */
#include "command.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "config.h"
#include "explain-output.h"
#include "judge-now.h"
#include "log.h"
#include "memory.h"
#include "report.h"
#include "run-facts.h"
#include "run-settings.h"
#include "stale-files.h"

enum format { FORMAT_TEXT, FORMAT_MARKDOWN, FORMAT_JSON };

struct replay {
    struct run_settings settings;
    const char *config_path;
    const char *root, *run_log, *launch_log, *cypress_config, *proc_root, *inventory;
    int64_t now_ns; /* -1: the real clock */
    enum format format;
    bool explain; /* print why, instead of the report */
    const char *host;
    enum question question;
    struct config *config;
};

/* ---------------------------------------------------------------- the command line */

enum {
    OPTION_CONFIG = 'c',
    OPTION_BUILD = 256,
    OPTION_ROOT,
    OPTION_RUN_LOG,
    OPTION_LAUNCH_LOG,
    OPTION_CATEGORIZE,
    OPTION_TEMPLATE,
    OPTION_PLUGIN,
    OPTION_CYPRESS_CONFIG,
    OPTION_CYPRESS_ENV,
    OPTION_HOSTS,
    OPTION_SINCE,
    OPTION_NOW,
    OPTION_PROC_ROOT,
    OPTION_INVENTORY,
    OPTION_CANCELLED,
    OPTION_FORMAT,
    OPTION_EXPLAIN,
    OPTION_HOST,
    OPTION_QUESTION
};

static const struct option options[] = {
    {"build", required_argument, NULL, OPTION_BUILD},
    {"root", required_argument, NULL, OPTION_ROOT},
    {"run-log", required_argument, NULL, OPTION_RUN_LOG},
    {"launch-log", required_argument, NULL, OPTION_LAUNCH_LOG},
    {"config", required_argument, NULL, OPTION_CONFIG},
    {"categorize", no_argument, NULL, OPTION_CATEGORIZE},
    {"template", required_argument, NULL, OPTION_TEMPLATE},
    {"plugin", required_argument, NULL, OPTION_PLUGIN},
    {"cypress-config", required_argument, NULL, OPTION_CYPRESS_CONFIG},
    {"cypress-env", required_argument, NULL, OPTION_CYPRESS_ENV},
    {"hosts", required_argument, NULL, OPTION_HOSTS},
    {"since", required_argument, NULL, OPTION_SINCE},
    {"now", required_argument, NULL, OPTION_NOW},
    {"proc-root", required_argument, NULL, OPTION_PROC_ROOT},
    {"inventory", required_argument, NULL, OPTION_INVENTORY},
    {"cancelled", no_argument, NULL, OPTION_CANCELLED},
    {"format", required_argument, NULL, OPTION_FORMAT},
    {"explain", no_argument, NULL, OPTION_EXPLAIN},
    {"host", required_argument, NULL, OPTION_HOST},
    {"question", required_argument, NULL, OPTION_QUESTION},
    {NULL, 0, NULL, 0},
};

static int take_time(const char *option, const char *text, int64_t *ret_ns)
{
    if (run_settings_parse_epoch(text, ret_ns))
        return COMMAND_OK;
    return command_usage_error(
        &command_replay,
        "%s %s: expected seconds since 1970-01-01 UTC, such as \"$(date -d '6 hours ago' +%%s)\"",
        option, text);
}

static int take_format(struct replay *replay, const char *word)
{
    if (strcmp(word, "text") == 0)
        replay->format = FORMAT_TEXT;
    else if (strcmp(word, "markdown") == 0)
        replay->format = FORMAT_MARKDOWN;
    else if (strcmp(word, "json") == 0)
        replay->format = FORMAT_JSON;
    else
        return command_usage_error(&command_replay, "--format %s: expected text, markdown or json",
                                   word);
    return COMMAND_OK;
}

static int take_plugin(struct replay *replay, const char *word)
{
    if (!run_settings_plugin_is_known(word))
        return command_usage_error(&command_replay, "--plugin %s: expected fc, iscsi or both",
                                   word);
    free(replay->settings.plugin);
    replay->settings.plugin = memory_string(word);
    return COMMAND_OK;
}

static int take_build(struct replay *replay, const char *name)
{
    if (command_check_build(&command_replay, name) != COMMAND_OK)
        return COMMAND_USAGE;
    free(replay->settings.build);
    replay->settings.build = memory_string(name);
    return COMMAND_OK;
}

static int take_option(struct replay *replay, int option)
{
    struct run_settings *settings = &replay->settings;

    switch (option) {
    case OPTION_BUILD:
        return take_build(replay, optarg);
    case OPTION_ROOT:
        replay->root = optarg;
        break;
    case OPTION_RUN_LOG:
        replay->run_log = optarg;
        break;
    case OPTION_LAUNCH_LOG:
        replay->launch_log = optarg;
        break;
    case OPTION_CONFIG:
        replay->config_path = optarg;
        break;
    case OPTION_CATEGORIZE:
        settings->categorized = true;
        break;
    case OPTION_TEMPLATE:
        free(settings->template_name);
        settings->template_name = memory_string(optarg);
        break;
    case OPTION_PLUGIN:
        return take_plugin(replay, optarg);
    case OPTION_CYPRESS_CONFIG:
        replay->cypress_config = optarg;
        break;
    case OPTION_CYPRESS_ENV:
        if (!run_settings_add_env(settings, optarg))
            return command_usage_error(&command_replay, "--cypress-env %s: expected KEY=VALUE",
                                       optarg);
        break;
    case OPTION_HOSTS:
        if (!run_settings_add_hosts(settings, optarg))
            return command_usage_error(&command_replay,
                                       "--hosts %s: expected names separated by commas", optarg);
        break;
    case OPTION_SINCE:
        return take_time("--since", optarg, &settings->since_ns);
    case OPTION_NOW:
        return take_time("--now", optarg, &replay->now_ns);
    case OPTION_PROC_ROOT:
        replay->proc_root = optarg;
        break;
    case OPTION_INVENTORY:
        replay->inventory = optarg;
        break;
    case OPTION_CANCELLED:
        settings->cancelled = true;
        break;
    case OPTION_FORMAT:
        return take_format(replay, optarg);
    case OPTION_EXPLAIN:
        replay->explain = true;
        break;
    case OPTION_HOST:
        replay->host = optarg;
        break;
    case OPTION_QUESTION:
        return explain_take_question(&command_replay, optarg, &replay->question);
    default:
        break;
    }
    return COMMAND_OK;
}

static int parse(struct replay *replay, int argc, char **argv)
{
    int option, status;

    while ((option = command_next_option(&command_replay, argc, argv, "c:", options)) >= 0) {
        status = take_option(replay, option);
        if (status != COMMAND_OK)
            return status;
    }
    if (option != COMMAND_OPTIONS_END)
        return option == COMMAND_OPTIONS_HELP ? -1 : COMMAND_USAGE;
    if (optind < argc)
        return command_too_many(&command_replay, argv[optind]);
    if (!replay->settings.build)
        return command_usage_error(&command_replay, "--build is missing");
    if (!replay->root)
        return command_usage_error(&command_replay, "--root is missing");
    run_settings_add_environment(&replay->settings);
    if (replay->explain && replay->format == FORMAT_MARKDOWN)
        return command_usage_error(&command_replay, "--explain is printed as text or json");
    if (!replay->explain && (replay->host || replay->question != EXPLAIN_ALL_QUESTIONS))
        return command_usage_error(&command_replay, "--host and --question need --explain");
    return COMMAND_OK;
}

/* ---------------------------------------------------------------- configuration */

/* An absolute path for a file that need not exist. */
static char *absolute(const char *path)
{
    CLEANUP_FREE char *folder = NULL;

    if (*path == '/')
        return memory_string(path);
    folder = getcwd(NULL, 0);
    return memory_format("%s/%s", folder ? folder : "", path);
}

static void override(char **setting, const char *path)
{
    if (!path)
        return;
    free(*setting);
    *setting = absolute(path);
}

/* A run is judged without a file that is not there; one that was named here may be a slip. */
static void warn_if_missing(const char *option, const char *given, const char *path)
{
    if (given && access(path, R_OK) != 0)
        log_warning("%s %s: %s; it is judged without", option, given, strerror(errno));
}

static void warn_about_missing_files(const struct replay *replay)
{
    const struct config *config = replay->config;
    CLEANUP_FREE char *cypress_config =
        config->cypress_config[0] == '/'
            ? memory_string(config->cypress_config)
            : memory_format("%s/%s", config->automation_root, config->cypress_config);

    warn_if_missing("--run-log", replay->run_log, config->run_log);
    warn_if_missing("--launch-log", replay->launch_log, config->launch_log);
    warn_if_missing("--inventory", replay->inventory, config->vm_inventory);
    warn_if_missing("--cypress-config", replay->cypress_config, cypress_config);
}

static int configure(struct replay *replay)
{
    CLEANUP_FREE char *error = NULL, *warnings = NULL, *root = NULL, *proc_root = NULL;

    replay->config =
        config_load(replay->config_path ? replay->config_path : "", replay->settings.build, &error);
    if (!replay->config) {
        log_error("%s", error);
        return COMMAND_USAGE;
    }
    root = realpath(replay->root, NULL);
    if (!root) {
        log_error("--root %s: %s; %s", replay->root, strerror(errno),
                  errno == EACCES ? "this user may not look there: do it as root (sudo)"
                                  : "give the folder of the Cypress project");
        return COMMAND_USAGE;
    }
    override(&replay->config->automation_root, root);
    override(&replay->config->run_log, replay->run_log);
    override(&replay->config->launch_log, replay->launch_log);
    override(&replay->config->vm_inventory, replay->inventory);
    if (replay->cypress_config) {
        free(replay->config->cypress_config);
        replay->config->cypress_config = memory_string(replay->cypress_config);
    }
    if (replay->proc_root) {
        proc_root = absolute(replay->proc_root);
        config_set_collector_option(replay->config, "proc", "root", proc_root);
    }
    warn_about_missing_files(replay);
    config_drop_sinks(replay->config);
    if (!config_check_modules(replay->config, &error, &warnings)) {
        log_error("%s", error);
        return COMMAND_USAGE;
    }
    if (warnings)
        log_warning("%s", warnings);
    return COMMAND_OK;
}

/* ---------------------------------------------------------------- the report */

/* No message is that of a categorized run as a whole. */
static void print_run(const struct verdict *verdict)
{
    CLEANUP_FREE char *run = render_run(verdict);

    printf("%s%s", verdict->scope_count > 0 ? "\n" : "", run);
}

static void print_report(const struct replay *replay, const struct report *report)
{
    const struct verdict *verdict = report->verdict;

    if (replay->format == FORMAT_JSON) {
        CLEANUP_FREE char *text = render_json(report);

        fputs(text, stdout);
        return;
    }
    for (size_t i = 0; i < verdict->scope_count; i++) {
        CLEANUP_FREE char *text = replay->format == FORMAT_TEXT
                                      ? render_text(report, &verdict->scopes[i])
                                      : render_markdown(report, &verdict->scopes[i]);

        printf("%s%s", i > 0 ? "\n" : "", text);
    }
    if (verdict->scope_count == 0 || (verdict->categorized && replay->format == FORMAT_TEXT))
        print_run(verdict);
}

static int print_explanation(const struct replay *replay, const struct judge_now *now,
                             const struct verdict *verdict, int64_t now_ns)
{
    struct explain explain = {
        .verdict = verdict,
        .ledger = judge_now_ledger(now),
        .since_ns = replay->settings.since_ns,
        .now_ns = now_ns,
        .hosts_were_asked_for = replay->settings.host_count > 0,
        .automation_root = replay->config->automation_root,
        .host = replay->host,
        .question = replay->question,
    };

    return explain_print(&command_replay, &explain, replay->format == FORMAT_JSON);
}

static void hint_at_stale_files(const struct replay *replay, const struct verdict *verdict)
{
    CLEANUP_FREE char *hint =
        stale_files_hint(verdict, replay->settings.since_ns, replay->config->time_zone);

    if (hint)
        log_notice("%s", hint);
}

static int judge_and_print(const struct replay *replay, const struct judge_now *now)
{
    struct run_facts *facts = run_facts_new(&replay->settings, replay->config);
    struct report report = {.facts = facts};
    struct verdict *verdict = judge_now_verdict(now, NULL, &report.now_ns);
    int status = COMMAND_OK;

    report.verdict = verdict;
    if (replay->explain)
        status = print_explanation(replay, now, verdict, report.now_ns);
    else
        print_report(replay, &report);
    hint_at_stale_files(replay, verdict);
    verdict_free(verdict);
    run_facts_free(facts);
    return status;
}

static int run(struct replay *replay)
{
    CLEANUP_FREE char *error = NULL;
    struct judge_now_settings settings = {.run = &replay->settings, .now_ns = replay->now_ns};
    struct judge_now *now;
    int status = configure(replay);

    if (status != COMMAND_OK)
        return status;
    settings.config = replay->config;
    now = judge_now_new(&settings, &error);
    status = now ? judge_now_look(now, &error) : -ENOEXEC;
    if (status < 0) {
        log_error("%s", error);
        status = status == -EINVAL ? COMMAND_USAGE : COMMAND_FAILED;
    } else {
        status = judge_and_print(replay, now);
    }
    judge_now_free(now);
    return status;
}

static int replay_main(int argc, char **argv)
{
    struct replay replay = {
        .settings.since_ns = 0, .now_ns = -1, .question = EXPLAIN_ALL_QUESTIONS};
    int status = parse(&replay, argc, argv);

    if (status == COMMAND_OK)
        status = run(&replay);
    config_free(replay.config);
    run_settings_free(&replay.settings);
    return status < 0 ? COMMAND_OK : status;
}

const struct command command_replay = {
    .name = "replay",
    .summary = "judge a recorded run; posts nothing, writes nothing",
    .usage =
        "Usage: atvm-watcher replay --build NAME --root DIR [OPTION]…\n\n"
        "Judges what a run left behind, and prints the status it would have got. Nothing is\n"
        "posted and nothing is written. Exit status 0 whatever the verdict.\n\n"
        "      --build NAME           name of the run (required)\n"
        "      --root DIR             the Cypress project's folder (required)\n"
        "      --run-log FILE         log of the run (default: run_log of the configuration)\n"
        "      --launch-log FILE      output of the template command\n"
        "  -c, --config FILE          the watcher's own configuration (default: built-in)\n"
        "      --categorize           the run was started with --categorize: sub-runs\n"
        "      --template NAME        template, such as cmc-e2e\n"
        "      --plugin WORD          fc, iscsi or both\n"
        "      --cypress-config NAME  the active Cypress configuration below DIR\n"
        "      --cypress-env K=V      a value that Cypress.env() would give; may be repeated\n"
        "      --hosts A,B,…          the hosts that were asked for (default: the specPattern)\n"
        "      --since SECONDS        start of the run's window, since 1970 (default: 0, all)\n"
        "      --now SECONDS          judge as if it were this time (default: now)\n"
        "      --proc-root DIR        a recorded process table (default: /proc)\n"
        "      --inventory FILE       Markdown table of machines with their kernels\n"
        "      --cancelled            judge as if the operator had cancelled the run\n"
        "      --format WORD          text (default), markdown or json\n"
        "      --explain              print why it is judged so, as `explain` does (text or json)\n"
        "      --host NAME            with --explain: only this host\n"
        "      --question WORD        with --explain: only this one: status, counts, step, "
        "excerpt,\n"
        "                             timing or flow\n"
        "  -h, --help                 show this and end\n\n"
        "What the command line does not say of the run is taken from the environment:\n"
        "ATVM_WATCHER_TEMPLATE, _INTEGRATION_PLUGIN, _CATEGORIZED, _CONFIG_FAMILY,\n"
        "_MIGRATION_STYLE, _SCOPE_DESCRIPTION and _TEMPLATE_COMMAND.\n",
    .main = replay_main,
};
