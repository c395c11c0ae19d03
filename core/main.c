/* The program's front door: finds the subcommand and hands over. */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>

#include "build-id.h"
#include "cleanup.h"
#include "cmd/command.h"
#include "log.h"
#include "memory.h"
#include "nearest-name.h"
#include "secret-environment.h"
#include "shell-word.h"

/* In the order in which --help shows them. */
static const struct command *const commands[] = {
    &command_launch,  &command_start,  &command_run,          &command_status,  &command_list,
    &command_explain, &command_cancel, &command_reset,        &command_resolve, &command_correct,
    &command_queue,   &command_replay, &command_check_config, &command_doctor,  &command_plugins,
    &command_resume,  &command_worker,
};
#define COMMAND_COUNT (sizeof(commands) / sizeof(*commands))

static void print_help(void)
{
    fputs("Usage: atvm-watcher COMMAND [OPTION]…\n\n"
          "Watches a Cypress run, collects what it leaves behind, and posts one final status.\n\n"
          "Commands:\n",
          stdout);
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        if (commands[i]->summary)
            printf("  %-14s %s\n", commands[i]->name, commands[i]->summary);
    }
    fputs("\nOptions:\n"
          "  -h, --help     show this and end\n"
          "      --version  show version, plugin ABI and build id, and end\n\n"
          "`atvm-watcher COMMAND --help` describes a command.\n",
          stdout);
}

static void print_version(void)
{
    CLEANUP_FREE char *build_id = build_id_of("");

    printf("atvm-watcher %s (plugin ABI %d.%d, build id %s)\n", PACKAGE_VERSION, ATVM_ABI_MAJOR,
           ATVM_ABI_MINOR, build_id ? build_id : "none");
}

static int see_help(void)
{
    CLEANUP_FREE char *program = shell_word_of_program();

    fprintf(stderr, "See: %s --help\n", program);
    return COMMAND_USAGE;
}

static int report_unknown(const char *word)
{
    CLEANUP_FREE char *advice = NULL;
    const char *names[COMMAND_COUNT + 2];
    size_t count = 0;

    if (*word == '-') {
        names[count++] = "--help";
        names[count++] = "--version";
    }
    for (size_t i = 0; *word != '-' && i < COMMAND_COUNT; i++) {
        if (commands[i]->summary)
            names[count++] = commands[i]->name;
    }
    advice = nearest_name_advice(word, names, count, *word == '-' ? "options" : "commands");
    fprintf(stderr, "atvm-watcher: unknown %s \"%s\"; %s\n", *word == '-' ? "option" : "command",
            word, advice);
    return see_help();
}

static void close_secrets(int *secrets)
{
    cleanup_close_descriptor(secrets);
    *secrets = -1;
}

/* Whatever is done then, and however it ends: nobody but the deliver worker is to see a secret, in
 * no environment, core dump or memory of this program. One that cannot be kept is gone all the
 * same, and whoever needs it says what is missing. */
static bool hide_secrets(int *secrets)
{
    int error;

#if !defined(__SANITIZE_ADDRESS__)
    /* LeakSanitizer traces its own process at the end, which this would forbid. */
    if (prctl(PR_SET_DUMPABLE, 0) < 0) {
        log_error("the memory of this process cannot be protected: %s", strerror(errno));
        return false;
    }
#endif
    error = secret_environment_take_known(secrets);
    if (error < 0) {
        log_warning("the secret in the environment cannot be kept, and is left out: %s",
                    strerror(-error));
        close_secrets(secrets);
    }
    return true;
}

static int run_command(const struct command *command, int argc, char **argv, int *secrets)
{
    if (command->main_with_secrets)
        return command->main_with_secrets(argc, argv, secrets);
    close_secrets(secrets);
    return command->main(argc, argv);
}

static int dispatch(int argc, char **argv, int *secrets)
{
    if (argc < 2) {
        fputs("atvm-watcher: expected a command\n", stderr);
        return see_help();
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        print_help();
        return COMMAND_OK;
    }
    if (strcmp(argv[1], "--version") == 0) {
        print_version();
        return COMMAND_OK;
    }
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        if (strcmp(argv[1], commands[i]->name) == 0)
            return run_command(commands[i], argc - 1, argv + 1, secrets);
    }
    return report_unknown(argv[1]);
}

int main(int argc, char **argv)
{
    CLEANUP_CLOSE int secrets = -1;
    int status = hide_secrets(&secrets) ? dispatch(argc, argv, &secrets) : COMMAND_FAILED;

    if (fflush(stdout) != 0 || ferror(stdout)) {
        log_error("standard output: %s; part of the output is missing", strerror(errno));
        return status == COMMAND_OK ? COMMAND_FAILED : status;
    }
    return status;
}
