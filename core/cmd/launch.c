/* `atvm-watcher launch`: a run from its template command to its runner. */
#include "command.h"

#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "launch.h"
#include "run-settings.h"

enum {
    OPTION_CONFIG = 'c',
    OPTION_BUILD = 256,
    OPTION_TEMPLATE,
    OPTION_PLUGIN,
    OPTION_HOSTS,
    OPTION_CONTAINS_WORD,
    OPTION_CATEGORIZE,
    OPTION_CONFIG_FAMILY,
    OPTION_MIGRATION_STYLE,
    OPTION_SCOPE_DESCRIPTION,
    OPTION_TEMPLATE_COMMAND,
    OPTION_CYPRESS_CONFIG,
    OPTION_WITHOUT,
    OPTION_YES,
    OPTION_APPROVE,
    OPTION_CONFIRM,
    OPTION_DRY_RUN,
    OPTION_JSON,
    OPTION_NO_WATCHER
};

static const struct option options[] = {
    {"config", required_argument, NULL, OPTION_CONFIG},
    {"build-name", required_argument, NULL, OPTION_BUILD},
    {"template", required_argument, NULL, OPTION_TEMPLATE},
    {"integration-plugin", required_argument, NULL, OPTION_PLUGIN},
    {"hosts", required_argument, NULL, OPTION_HOSTS},
    {"contains", required_argument, NULL, OPTION_CONTAINS_WORD},
    {"categorize", no_argument, NULL, OPTION_CATEGORIZE},
    {"config-family", required_argument, NULL, OPTION_CONFIG_FAMILY},
    {"migration-style", required_argument, NULL, OPTION_MIGRATION_STYLE},
    {"scope-description", required_argument, NULL, OPTION_SCOPE_DESCRIPTION},
    {"template-command", required_argument, NULL, OPTION_TEMPLATE_COMMAND},
    {"cypress-config", required_argument, NULL, OPTION_CYPRESS_CONFIG},
    {"without", required_argument, NULL, OPTION_WITHOUT},
    {"yes", no_argument, NULL, OPTION_YES},
    {"approve", required_argument, NULL, OPTION_APPROVE},
    {"confirm", no_argument, NULL, OPTION_CONFIRM},
    {"dry-run", no_argument, NULL, OPTION_DRY_RUN},
    {"json", no_argument, NULL, OPTION_JSON},
    {"no-watcher", no_argument, NULL, OPTION_NO_WATCHER},
    {NULL, 0, NULL, 0},
};

static void take_request_option(struct launch_request *request, int option)
{
    switch (option) {
    case OPTION_CONFIG:
        request->config_path = optarg;
        break;
    case OPTION_BUILD:
        request->build = optarg;
        break;
    case OPTION_TEMPLATE:
        request->template_name = optarg;
        break;
    case OPTION_PLUGIN:
        request->plugin = optarg;
        break;
    case OPTION_HOSTS:
        request->hosts = optarg;
        break;
    case OPTION_CONTAINS_WORD:
        launch_words_add(&request->contains, optarg);
        break;
    case OPTION_CATEGORIZE:
        request->categorized = true;
        break;
    case OPTION_CONFIG_FAMILY:
        request->config_family = optarg;
        break;
    case OPTION_MIGRATION_STYLE:
        request->migration_style = optarg;
        break;
    case OPTION_SCOPE_DESCRIPTION:
        request->scope_description = optarg;
        break;
    case OPTION_TEMPLATE_COMMAND:
        request->template_command = optarg;
        break;
    case OPTION_CYPRESS_CONFIG:
        request->cypress_config = optarg;
        break;
    case OPTION_WITHOUT:
        launch_words_add(&request->without, optarg);
        break;
    default:
        request->no_watcher = true;
        break;
    }
}

static void take_option(struct launch_settings *settings, int option)
{
    switch (option) {
    case OPTION_YES:
        settings->yes = true;
        break;
    case OPTION_APPROVE:
        settings->approved = optarg;
        break;
    case OPTION_CONFIRM:
        settings->confirmed = true;
        break;
    case OPTION_DRY_RUN:
        settings->dry_run = true;
        break;
    case OPTION_JSON:
        settings->json = true;
        break;
    default:
        take_request_option(&settings->request, option);
        break;
    }
}

static int check_words(const struct launch_settings *settings)
{
    const struct launch_request *request = &settings->request;

    if (!request->build)
        return command_usage_error(&command_launch, "--build-name is missing");
    if (command_check_build(&command_launch, request->build) != COMMAND_OK)
        return COMMAND_USAGE;
    if (request->plugin && !run_settings_plugin_is_known(request->plugin))
        return command_usage_error(&command_launch,
                                   "--integration-plugin %s: expected fc, iscsi or both",
                                   request->plugin);
    if (settings->json && !settings->dry_run)
        return command_usage_error(&command_launch, "--json needs --dry-run");
    return COMMAND_OK;
}

/* What stands behind "--" goes to the template command. */
static int parse(struct launch_settings *settings, int argc, char **argv)
{
    int option;

    while ((option = command_next_option(&command_launch, argc, argv, "+c:", options)) >= 0)
        take_option(settings, option);
    if (option != COMMAND_OPTIONS_END)
        return option == COMMAND_OPTIONS_HELP ? -1 : COMMAND_USAGE;
    if (optind < argc && strcmp(argv[optind - 1], "--") != 0)
        return command_usage_error(
            &command_launch,
            "unexpected argument \"%s\"; options of the template command stand "
            "behind \"--\"",
            argv[optind]);
    for (int i = optind; i < argc; i++)
        launch_words_add(&settings->request.options, argv[i]);
    return check_words(settings);
}

static int launch_main(int argc, char **argv)
{
    struct launch_settings settings = {0};
    int status = parse(&settings, argc, argv);

    if (status == COMMAND_OK)
        status = (int)launch(&settings);
    launch_words_free(&settings.request.contains);
    launch_words_free(&settings.request.without);
    launch_words_free(&settings.request.options);
    return status < 0 ? COMMAND_OK : status;
}

const struct command command_launch = {
    .name = "launch",
    .summary = "generate the specs of a run, check them, and start its watcher and its runner",
    .usage =
        "Usage: atvm-watcher launch --build-name NAME --template NAME [OPTION]…\n"
        "                           [-- TEMPLATE-OPTION…]\n\n"
        "Shows the exact commands and, once they are approved, runs the template command, checks\n"
        "that each machine has a new spec and stands in the specPattern, starts the watcher, and\n"
        "starts the runner as a systemd unit of its own. What stands behind \"--\" goes to the\n"
        "template command as it is.\n\n"
        "      --build-name NAME         name of the run (required)\n"
        "      --template NAME           template, such as cmc-e2e\n"
        "      --hosts A,B,…             these machines\n"
        "      --contains WORD           machines whose name contains it; may be repeated\n"
        "      --integration-plugin WORD fc, iscsi or both\n"
        "      --categorize              sub-runs, one distribution family after the other\n"
        "      --config-family WORD      for the status message, as are the next two\n"
        "      --migration-style WORD\n"
        "      --scope-description TEXT\n"
        "      --template-command TEXT   the whole template command, in place of the configured\n"
        "                                one; an outer \"sshpass … ssh HOST\" is taken off\n"
        "      --cypress-config NAME     the Cypress configuration, in place of the configured "
        "one;\n"
        "                                launch.runner_command must name it (%c)\n"
        "      --without OPTION          leave this default option out; may be repeated\n"
        "      --no-watcher              start no watcher\n"
        "      --yes                     do not ask\n"
        "      --approve PLAN            do not ask, if the plan is this one (it is shown with\n"
        "                                each plan)\n"
        "      --confirm                 do not ask about dangerous combinations either\n"
        "      --dry-run                 show the plan and end\n"
        "      --json                    the same as JSON\n"
        "  -c, --config FILE             the watcher's configuration (default:\n"
        "                                /etc/atvm-watcher.conf where it exists, else built-in)\n"
        "  -h, --help                    show this and end\n\n"
        "Exit status: 0 the runner was started, or the plan shown; 1 the service manager did not\n"
        "start watcher or runner; 2 wrong command line or configuration, or a file that is named\n"
        "there is missing; 3 a runner, a watcher or an unsettled post of this build is there;\n"
        "4 that could not be looked at; 6 not approved, or the blacklist forbids it; 7 the "
        "template\n"
        "command failed; 8 it did not generate what was asked for; 130 interrupted.\n",
    .main = launch_main,
};
