/* `atvm-watcher correct BUILD`: judges again what was posted. */
#include "operate.h"

enum { OPTION_LOOK = 256 };

static const struct option options[] = {
    OPERATE_OPTIONS,
    OPERATE_SCOPE_OPTION,
    {"look", no_argument, NULL, OPTION_LOOK},
    {NULL, 0, NULL, 0},
};

static int take_option(struct operate *operate, int option)
{
    if (option != OPTION_LOOK)
        return operate_take_option(operate, option);
    operate->look = true;
    return COMMAND_OK;
}

static int correct_main(int argc, char **argv, int *secrets)
{
    struct operate operate = {.command = &command_correct, .request.command = REQUEST_CORRECT};
    int status = operate_parse(&operate, argc, argv, options, take_option);

    if (status == COMMAND_OK)
        status = operate_run(&operate, secrets);
    return status < 0 ? COMMAND_OK : status;
}

const struct command command_correct = {
    .name = "correct",
    .summary = "judge again what was posted, and post a correction where it differs",
    .usage =
        "Usage: atvm-watcher correct BUILD [--scope NAME] [OPTION]…\n\n"
        "Judges a run, or sub-run, that was posted as COMPLETED or FAILED once more. Where the "
        "state,\n"
        "or a host's status or failing step, is another one now, a message that says that it is a\n"
        "correction is posted to every sink that has the earlier one; else nothing is. Judged is "
        "the\n"
        "evidence that the watcher kept, as of the close of the run.\n\n"
        "      --scope NAME       only this sub-run; default: all that were posted\n"
        "      --look             judge by log and artifacts as they lie there now, too. Only "
        "while "
        "no\n"
        "                         later run has written artifacts of the same hosts\n" OPERATE_USAGE
        "\n"
        "Exit status:\n"
        "  0  nothing differs, or the correction was delivered, or handed to the watcher\n"
        "  1  refused: nothing was posted\n" OPERATE_STATUS_USAGE
        "  5  the correction is stored, but not delivered yet, or something is held\n",
    .main_with_secrets = correct_main,
};
