/* `atvm-watcher reset BUILD`: judges anew what was closed without a post. */
#include "operate.h"

static const struct option options[] = {OPERATE_OPTIONS, OPERATE_SCOPE_OPTION, {NULL, 0, NULL, 0}};

static int reset_main(int argc, char **argv, int *secrets)
{
    struct operate operate = {.command = &command_reset, .request.command = REQUEST_RESET};
    int status = operate_parse(&operate, argc, argv, options, NULL);

    if (status == COMMAND_OK)
        status = operate_run(&operate, secrets);
    return status < 0 ? COMMAND_OK : status;
}

const struct command command_reset = {
    .name = "reset",
    .summary = "reopen what was closed without a post, to be judged anew",
    .usage =
        "Usage: atvm-watcher reset BUILD [--scope NAME] [OPTION]…\n\n"
        "Reopens a run, or sub-run, that was closed as CANCELLED, TERMINATED, HUNG or UNKNOWN, so "
        "that\n"
        "a watcher may judge and post it; a cancellation is taken back. What was there is kept in "
        "the\n"
        "folder history of the run. Watching goes on with 'systemctl start "
        "atvm-run-watcher@BUILD'\n"
        "or 'atvm-watcher run BUILD'. Refused where something was, or may have been, posted: see\n"
        "'correct' and 'resolve'.\n\n"
        "      --scope NAME       only this sub-run (and the run, so that it is watched); "
        "default:\n"
        "                         all that are closed so\n" OPERATE_USAGE "\n"
        "Exit status:\n"
        "  0  reopened\n"
        "  1  refused: nothing was changed\n" OPERATE_STATUS_USAGE,
    .main_with_secrets = reset_main,
};
