/*
 * What the commands that change a build's state have in common: their options, finding the build,
 * carrying the request out or asking the watcher that has the build, delivering what is to be sent,
 * and saying what came of it.
 */
#ifndef ATVM_CORE_CMD_OPERATE_H
#define ATVM_CORE_CMD_OPERATE_H

#include <stdbool.h>

#include "command.h"
#include "config.h"
#include "request.h"

/* Exit statuses of these commands, besides those of enum command_status. */
enum operate_status {
    OPERATE_NO_ANSWER = 3, /* another process has the build, and does not answer */
    OPERATE_NOT_SENT = 5,  /* done, but a message is not delivered yet, or held */
    OPERATE_LEFT = 6       /* cancel: a post had begun to leave */
};

/* What the command line says. Strings are argv's. */
struct operate {
    const struct command *command;
    const char *config_path, *build;
    struct request request; /* command and selection; its strings are not owned */
    bool build_is_optional;
    bool json;
    bool look;       /* correct: --look */
    int64_t wait_ns; /* for the watcher's answer */
};

/* ---- options. Letters and long options that every such command has; OPERATE_OPTIONS goes first
 * into its table. */
enum {
    OPERATE_OPTION_CONFIG = 'c',
    OPERATE_OPTION_BUILD = 1000,
    OPERATE_OPTION_JSON,
    OPERATE_OPTION_WAIT,
    OPERATE_OPTION_SCOPE,
    OPERATE_OPTION_SINK,
    OPERATE_OPTION_PART,
    OPERATE_OPTION_CORRECTION,
    OPERATE_OPTION_ALL,
    OPERATE_OPTION_REASON
};
#define OPERATE_LETTERS "c:"
/* clang-format off */
#define OPERATE_OPTIONS                                                                            \
    {"config", required_argument, NULL, OPERATE_OPTION_CONFIG},                                    \
    {"build-name", required_argument, NULL, OPERATE_OPTION_BUILD},                                 \
    {"json", no_argument, NULL, OPERATE_OPTION_JSON},                                              \
    {"wait", required_argument, NULL, OPERATE_OPTION_WAIT}
#define OPERATE_SCOPE_OPTION {"scope", required_argument, NULL, OPERATE_OPTION_SCOPE}
#define OPERATE_RECORD_OPTIONS                                                                     \
    OPERATE_SCOPE_OPTION,                                                                          \
    {"sink", required_argument, NULL, OPERATE_OPTION_SINK},                                        \
    {"part", required_argument, NULL, OPERATE_OPTION_PART},                                        \
    {"correction", required_argument, NULL, OPERATE_OPTION_CORRECTION}
#define OPERATE_ALL_OPTION {"all", no_argument, NULL, OPERATE_OPTION_ALL}
/* clang-format on */

/* Their part of the usage text. */
#define OPERATE_USAGE                                                                              \
    "      --wait DURATION    how long to wait for the answer of the watcher that has the "        \
    "build,\n"                                                                                     \
    "                         or for the service to send (default: 30s)\n"                         \
    "      --json             print the outcome as JSON\n"                                         \
    "  -c, --config FILE      the watcher's configuration (default: /etc/atvm-watcher.conf\n"      \
    "                         where it exists, else built-in)\n"                                   \
    "  -h, --help             show this and end\n"
#define OPERATE_RECORD_USAGE                                                                       \
    "      --scope NAME       only the messages of this sub-run (or of the run itself)\n"          \
    "      --sink NAME        only those for this sink\n"                                          \
    "      --part N           only this part of a message that has several\n"                      \
    "      --correction N     only the Nth correction\n"
#define OPERATE_STATUS_USAGE                                                                       \
    "  2  wrong command line or configuration\n"                                                   \
    "  3  the process that has the build gave no answer\n"                                         \
    "  4  no such build, or its state cannot be read or written\n"

/* Takes one of the options above. COMMAND_OK, or COMMAND_USAGE (reported). */
int operate_take_option(struct operate *operate, int option);
/*
 * Reads the command line: `options` begins with OPERATE_OPTIONS; `take` (NULL:
 * operate_take_option) takes each of them, as that does. COMMAND_OK: `operate` is complete; -1:
 * help was shown; else reported.
 */
int operate_parse(struct operate *operate, int argc, char **argv, const struct option *options,
                  int (*take)(struct operate *operate, int option));

/* Does what the command line says, and returns the exit status. secrets: as main_with_secrets gets
 * them. */
int operate_run(struct operate *operate, int *secrets);

/* Reports that there is no such build, with the nearest name or the list of those there are;
 * COMMAND_STATE. */
int operate_report_unknown(const struct config *config, const char *build);

#endif
