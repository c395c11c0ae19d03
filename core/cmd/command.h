/* The frame all subcommands share: their table entry, options, and how they end. */
#ifndef ATVM_CORE_CMD_COMMAND_H
#define ATVM_CORE_CMD_COMMAND_H

#include <getopt.h>
#include <json-c/json.h>
#include <stddef.h>

/* Exit statuses that every command shares (design section 8 gives `run` its further ones). */
enum command_status {
    COMMAND_OK = 0,
    COMMAND_FAILED = 1, /* it did its work and the answer is bad */
    COMMAND_USAGE = 2,  /* wrong command line or configuration */
    COMMAND_STATE = 4   /* the state root, or the state of the build, is missing or unusable */
};

struct command {
    const char *name;
    const char *summary; /* one line for --help; NULL: not shown there */
    const char *usage;   /* what `COMMAND --help` prints: usage line, text, options; ends with \n */
    /* One of the two. argv[0] is the command's own name. Returns the exit status. */
    int (*main)(int argc, char **argv);
    /* Of a command that may start deliver workers. *secrets is what they find the secrets of the
     * environment in (secret-environment.h), -1: there are none. The command may add to it; the
     * caller closes it. Other commands never have them. */
    int (*main_with_secrets)(int argc, char **argv, int *secrets);
};

/* What command_next_option returns besides an option's letter. */
enum { COMMAND_OPTIONS_END = -1, COMMAND_OPTIONS_HELP = -2, COMMAND_OPTIONS_WRONG = -3 };

/*
 * getopt_long for one command. Every command has -h, --help: it is answered here
 * (COMMAND_OPTIONS_HELP: end with COMMAND_OK). An unknown option or a missing argument is reported
 * with the nearest option there is (COMMAND_OPTIONS_WRONG: end with COMMAND_USAGE). `letters` and
 * `options` are those of getopt_long(3), without help; at most 30 options.
 */
int command_next_option(const struct command *command, int argc, char **argv, const char *letters,
                        const struct option *options);

/* The status to end with when command_next_option returned one of the two last codes. */
int command_option_status(int code);

/* Reports a wrong use of the command and returns COMMAND_USAGE. */
int command_usage_error(const struct command *command, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Two such: a name that no build can have (else COMMAND_OK), and an argument that nothing takes. */
int command_check_build(const struct command *command, const char *build);
int command_too_many(const struct command *command, const char *argument);

/* Prints an object on standard output, indented, and ends the line. */
void command_print_json(struct json_object *object);

/* One a file in core/cmd. */
extern const struct command command_cancel;
extern const struct command command_check_config;
extern const struct command command_correct;
extern const struct command command_doctor;
extern const struct command command_explain;
extern const struct command command_launch;
extern const struct command command_list;
extern const struct command command_plugins;
extern const struct command command_queue;
extern const struct command command_replay;
extern const struct command command_reset;
extern const struct command command_resolve;
extern const struct command command_resume;
extern const struct command command_run;
extern const struct command command_start;
extern const struct command command_status;
extern const struct command command_worker;

#endif
