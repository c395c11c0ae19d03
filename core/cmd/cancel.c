/* `atvm-watcher cancel BUILD`: the run is over, and nothing of it is posted. */
#include "operate.h"

static const struct option options[] = {OPERATE_OPTIONS, {NULL, 0, NULL, 0}};

static int cancel_main(int argc, char **argv, int *secrets)
{
    struct operate operate = {.command = &command_cancel, .request.command = REQUEST_CANCEL};
    int status = operate_parse(&operate, argc, argv, options, NULL);

    if (status == COMMAND_OK)
        status = operate_run(&operate, secrets);
    return status < 0 ? COMMAND_OK : status;
}

const struct command command_cancel = {
    .name = "cancel",
    .summary = "close a run as cancelled; nothing of it is posted",
    .usage =
        "Usage: atvm-watcher cancel BUILD [OPTION]…\n"
        "       atvm-watcher cancel --build-name BUILD [OPTION]…\n\n"
        "Cancels the watching of a run: what has not ended is closed as CANCELLED, and nothing "
        "that\n"
        "has not begun to leave is ever posted, also messages of sub-runs that had ended and wait "
        "to\n"
        "be sent. Sub-runs that have ended keep their state. The runner itself is left alone. A\n"
        "watcher does it and ends; where none runs, this command does it.\n\n"
        "      --build-name BUILD the same as BUILD\n" OPERATE_USAGE "\n"
        "Exit status:\n"
        "  0  cancelled, or it was so already\n" OPERATE_STATUS_USAGE
        "  6  cancelled as far as that was possible, but a post had left or had begun to\n",
    .main_with_secrets = cancel_main,
};
