/* `atvm-watcher resolve BUILD --posted|--resend`: settles posts of which nobody knows whether they
 * arrived. */
#include "operate.h"

enum { OPTION_POSTED = 256, OPTION_RESEND };

static const struct option options[] = {
    OPERATE_OPTIONS,
    OPERATE_RECORD_OPTIONS,
    OPERATE_ALL_OPTION,
    {"posted", no_argument, NULL, OPTION_POSTED},
    {"resend", no_argument, NULL, OPTION_RESEND},
    {NULL, 0, NULL, 0},
};

static int take_option(struct operate *operate, int option)
{
    enum request_command wanted = option == OPTION_POSTED ? REQUEST_POSTED : REQUEST_RESEND;

    if (option != OPTION_POSTED && option != OPTION_RESEND)
        return operate_take_option(operate, option);
    if (operate->request.command && operate->request.command != wanted)
        return command_usage_error(&command_resolve, "--posted and --resend exclude each other");
    operate->request.command = wanted;
    return COMMAND_OK;
}

static int resolve_main(int argc, char **argv, int *secrets)
{
    struct operate operate = {.command = &command_resolve};
    int status = operate_parse(&operate, argc, argv, options, take_option);

    if (status == COMMAND_OK && !operate.request.command)
        return command_usage_error(&command_resolve,
                                   "say --posted (it is there) or --resend (it is not)");
    if (status == COMMAND_OK)
        status = operate_run(&operate, secrets);
    return status < 0 ? COMMAND_OK : status;
}

const struct command command_resolve = {
    .name = "resolve",
    .summary = "settle a post of which nobody knows whether it arrived",
    .usage =
        "Usage: atvm-watcher resolve BUILD --posted|--resend [OPTION]…\n\n"
        "Settles a post that is uncertain: the connection broke, or the machine died, after it "
        "had\n"
        "begun to leave. Look whether it is there; each message ends with a line that tells it "
        "from\n"
        "others.\n\n"
        "      --posted           it is there: it counts as delivered\n"
        "      --resend           it is not there: it is sent again\n"
        "      --all              all uncertain posts that are left over; else only one is "
        "settled\n" OPERATE_RECORD_USAGE OPERATE_USAGE "\n"
        "Exit status:\n"
        "  0  settled; what is to be sent was delivered, or handed to the watcher\n"
        "  1  refused: nothing was changed\n" OPERATE_STATUS_USAGE
        "  5  settled, but what is to be sent is not delivered yet, or something is held\n",
    .main_with_secrets = resolve_main,
};
