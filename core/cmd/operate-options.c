/* The command line of commands that change a build's state. */
#include "operate.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"

#define DEFAULT_WAIT_NS (30 * NS_PER_SECOND)

static int take_number(const struct operate *operate, const char *option, int32_t *ret)
{
    char *end;
    long number = strtol(optarg, &end, 10);

    if (*optarg < '0' || *optarg > '9' || *end || number < 1 || number > INT32_MAX)
        return command_usage_error(operate->command, "%s %s: expected a number from 1", option,
                                   optarg);
    *ret = (int32_t)number;
    return COMMAND_OK;
}

static int take_word(const struct operate *operate, const char *option, char **ret)
{
    if (!*optarg)
        return command_usage_error(operate->command, "%s: is empty", option);
    *ret = optarg;
    return COMMAND_OK;
}

int operate_take_option(struct operate *operate, int option)
{
    switch (option) {
    case OPERATE_OPTION_CONFIG:
        operate->config_path = optarg;
        break;
    case OPERATE_OPTION_BUILD:
        operate->build = optarg;
        break;
    case OPERATE_OPTION_JSON:
        operate->json = true;
        break;
    case OPERATE_OPTION_WAIT:
        if (!config_parse_duration(optarg, &operate->wait_ns))
            return command_usage_error(operate->command,
                                       "--wait %s: expected a duration such as \"10s\"", optarg);
        break;
    case OPERATE_OPTION_SCOPE:
        return take_word(operate, "--scope", &operate->request.scope);
    case OPERATE_OPTION_SINK:
        return take_word(operate, "--sink", &operate->request.sink);
    case OPERATE_OPTION_REASON:
        return take_word(operate, "--reason", &operate->request.reason);
    case OPERATE_OPTION_PART:
        return take_number(operate, "--part", &operate->request.part);
    case OPERATE_OPTION_CORRECTION:
        return take_number(operate, "--correction", &operate->request.correction);
    case OPERATE_OPTION_ALL:
        operate->request.all = true;
        break;
    default:
        break;
    }
    return COMMAND_OK;
}

static int take_build(struct operate *operate, int argc, char **argv)
{
    const char *named = operate->build;

    if (operate->wait_ns == 0)
        operate->wait_ns = DEFAULT_WAIT_NS;
    if (optind + 1 < argc)
        return command_too_many(operate->command, argv[optind + 1]);
    if (optind < argc)
        operate->build = argv[optind];
    if (!operate->build && operate->build_is_optional)
        return COMMAND_OK;
    if (!operate->build)
        return command_usage_error(operate->command, "expected the name of a build");
    if (named && strcmp(named, operate->build) != 0)
        return command_usage_error(operate->command, "two builds are named: %s and %s", named,
                                   operate->build);
    return command_check_build(operate->command, operate->build);
}

int operate_parse(struct operate *operate, int argc, char **argv, const struct option *options,
                  int (*take)(struct operate *operate, int option))
{
    int option, status;

    while ((option = command_next_option(operate->command, argc, argv, OPERATE_LETTERS, options)) >=
           0) {
        status = take ? take(operate, option) : operate_take_option(operate, option);
        if (status != COMMAND_OK)
            return status;
    }
    if (option != COMMAND_OPTIONS_END)
        return option == COMMAND_OPTIONS_HELP ? -1 : COMMAND_USAGE;
    return take_build(operate, argc, argv);
}
