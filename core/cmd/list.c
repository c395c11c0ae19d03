/* `atvm-watcher list`: the builds that are known here, newest first. */
#include "command.h"

#include <stdio.h>
#include <string.h>

#include "cleanup.h"
#include "clock.h"
#include "config.h"
#include "list-names.h"
#include "log.h"
#include "nearest-name.h"
#include "status-builds.h"

#define KINDS_MAX 8

enum { OPTION_CONFIG = 'c', OPTION_JSON = 256, OPTION_NAMES };

static const struct option options[] = {
    {"config", required_argument, NULL, OPTION_CONFIG},
    {"json", no_argument, NULL, OPTION_JSON},
    {"names", optional_argument, NULL, OPTION_NAMES},
    {NULL, 0, NULL, 0},
};

struct list {
    const char *config_path;
    bool json;
    bool names;       /* of builds only */
    const char *kind; /* of names, instead: one of list-names.h; NULL: none */
    const char *build;
};

static int take_names(struct list *list)
{
    CLEANUP_FREE char *advice = NULL;
    const char *kinds[KINDS_MAX];
    size_t count = 0;

    list->names |= !optarg;
    for (; optarg && count < KINDS_MAX && (kinds[count] = list_names_kind(count)); count++)
        if (strcmp(kinds[count], optarg) == 0)
            list->kind = kinds[count];
    if (!optarg || list->kind)
        return COMMAND_OK;
    advice = nearest_name_advice(optarg, kinds, count, "there are");
    return command_usage_error(&command_list, "--names=%s: no such kind of names; %s", optarg,
                               advice);
}

static int parse(struct list *list, int argc, char **argv)
{
    int option;

    while ((option = command_next_option(&command_list, argc, argv, "c:", options)) >= 0) {
        if (option == OPTION_CONFIG)
            list->config_path = optarg;
        list->json |= option == OPTION_JSON;
        if (option == OPTION_NAMES && take_names(list) != COMMAND_OK)
            return COMMAND_USAGE;
    }
    if (option != COMMAND_OPTIONS_END)
        return option == COMMAND_OPTIONS_HELP ? -1 : COMMAND_USAGE;
    if (list->kind && optind < argc && config_build_name_is_valid(argv[optind]))
        list->build = argv[optind++];
    if (optind < argc)
        return command_too_many(&command_list, argv[optind]);
    return COMMAND_OK;
}

static void print_names(const struct build_rows *rows)
{
    for (size_t i = 0; i < rows->count; i++)
        puts(rows->rows[i].name);
}

static void print_table(const struct config *config, const struct build_rows *rows, int64_t now_ns)
{
    CLEANUP_FREE char *text = build_rows_text(rows, now_ns, NULL);

    if (rows->count == 0)
        printf("No run has been watched yet: %s is empty.\n", config->state_root);
    else
        fputs(text, stdout);
    for (size_t i = 0; i < rows->count; i++)
        if (rows->rows[i].problem)
            log_warning("%s", rows->rows[i].problem);
}

static int print_list(const struct list *list, const struct config *config)
{
    CLEANUP_FREE char *error = NULL;
    int64_t now_ns = clock_ns(CLOCK_REALTIME);
    struct build_rows rows;

    if (list->kind) {
        list_names_print(config, list->kind, list->build);
        return COMMAND_OK;
    }
    if (build_rows_load(config, now_ns, &rows, &error) < 0) {
        log_error("%s", error);
        return COMMAND_STATE;
    }
    if (list->json) {
        CLEANUP_JSON struct json_object *array = build_rows_json(&rows);

        command_print_json(array);
    } else if (list->names) {
        print_names(&rows);
    } else {
        print_table(config, &rows, now_ns);
    }
    build_rows_free(&rows);
    return COMMAND_OK;
}

static int list_main(int argc, char **argv)
{
    CLEANUP_FREE char *error = NULL;
    struct list list = {0};
    struct config *config;
    int status = parse(&list, argc, argv);

    if (status != COMMAND_OK)
        return status < 0 ? COMMAND_OK : status;
    config = config_load(list.config_path, NULL, &error);
    if (config)
        status = print_list(&list, config);
    else
        log_error("%s", error);
    if (!config)
        status = COMMAND_USAGE;
    config_free(config);
    return status;
}

const struct command command_list = {
    .name = "list",
    .summary = "list the runs that were watched, newest first",
    .usage =
        "Usage: atvm-watcher list [OPTION]…\n\n"
        "Lists the builds of the state root, newest first: state, hosts (passed, failed, without\n"
        "a final result), when watching started and the run was closed, posts, and which process\n"
        "watches it now. The state of an open run is that of its watcher's last look;\n"
        "`atvm-watcher status BUILD` looks now.\n\n"
        "  -c, --config FILE  the watcher's configuration (default: /etc/atvm-watcher.conf where\n"
        "                     it exists, else built-in)\n"
        "      --json         as a JSON array\n"
        "      --names        only the names, one a line; --names=hosts, =scopes (of a BUILD that\n"
        "                     may follow, else of all), =sinks or =templates (configured): those\n"
        "  -h, --help         show this and end\n\n"
        "Exit status: 0 the list was printed; 2 wrong command line or configuration; 4 the state\n"
        "root is not there or cannot be read.\n",
    .main = list_main,
};
