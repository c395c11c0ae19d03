#include "command.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cleanup.h"
#include "config.h"
#include "memory.h"
#include "nearest-name.h"
#include "shell-word.h"

#define OPTIONS_MAX 30

int command_usage_error(const struct command *command, const char *format, ...)
{
    CLEANUP_FREE char *text = NULL, *program = shell_word_of_program();
    va_list arguments;

    va_start(arguments, format);
    text = memory_vformat(format, arguments);
    va_end(arguments);
    fprintf(stderr, "atvm-watcher %s: %s\nSee: %s %s --help\n", command->name, text, program,
            command->name);
    return COMMAND_USAGE;
}

int command_check_build(const struct command *command, const char *build)
{
    if (config_build_name_is_valid(build))
        return COMMAND_OK;
    return command_usage_error(command,
                               "\"%s\" cannot be the name of a build: that begins with a letter or "
                               "digit and holds only letters, digits, \".\", \"_\" and \"-\"",
                               build);
}

int command_too_many(const struct command *command, const char *argument)
{
    return command_usage_error(command, "unexpected argument \"%s\"", argument);
}

/* The options that begin with `name`: "\"--config\", \"--categorize\"". Free it; NULL: there is
 * none. */
static char *options_like(const char *name, const struct option *options)
{
    char *found = NULL;

    for (; options->name; options++) {
        CLEANUP_FREE char *earlier = NULL;

        if (strncmp(options->name, name, strlen(name)) != 0)
            continue;
        earlier = found;
        found = memory_format("%s%s\"--%s\"", earlier ? earlier : "", earlier ? ", " : "",
                              options->name);
    }
    return found;
}

static char *advice_for(const char *name, const struct option *options)
{
    const char *names[OPTIONS_MAX + 1], *nearest = NULL;
    size_t count = 0;

    for (; options[count].name; count++)
        names[count] = options[count].name;
    nearest = nearest_name(name, names, count);
    return nearest ? memory_format("; did you mean \"--%s\"?", nearest) : memory_string("");
}

/* getopt_long leaves the offending word behind; of several letters in one word only optopt tells
 * which it was. */
static void report_wrong_option(const struct command *command, const char *word,
                                const struct option *options)
{
    CLEANUP_FREE char *name = strndup(word, strcspn(word, "=")), *advice = NULL, *like = NULL;

    if (strncmp(word, "--", 2) != 0) {
        command_usage_error(command, "unknown option \"-%c\"", optopt);
        return;
    }
    advice = advice_for(name + 2, options);
    like = options_like(name + 2, options);
    /* getopt_long takes a beginning that fits one option only. */
    if (like && strchr(like, ','))
        command_usage_error(command, "option \"%s\" may be any of %s", name, like);
    else if (like)
        command_usage_error(command, "option %s takes no value", like);
    else
        command_usage_error(command, "unknown option \"%s\"%s", name, advice);
}

int command_next_option(const struct command *command, int argc, char **argv, const char *letters,
                        const struct option *options)
{
    struct option all[OPTIONS_MAX + 2] = {{"help", no_argument, NULL, 'h'}};
    CLEANUP_FREE char *all_letters = memory_format(":h%s", letters);
    size_t count = 0;
    int code;

    while (options[count].name && count < OPTIONS_MAX) {
        all[count + 1] = options[count];
        count++;
    }
    opterr = 0;
    code = getopt_long(argc, argv, all_letters, all, NULL);
    if (code == 'h') {
        fputs(command->usage, stdout);
        return COMMAND_OPTIONS_HELP;
    }
    if (code == ':')
        command_usage_error(command, "option \"%s\" needs a value", argv[optind - 1]);
    else if (code == '?')
        report_wrong_option(command, argv[optind - 1], all);
    return code == ':' || code == '?' ? COMMAND_OPTIONS_WRONG : code;
}

int command_option_status(int code)
{
    return code == COMMAND_OPTIONS_HELP ? COMMAND_OK : COMMAND_USAGE;
}

void command_print_json(struct json_object *object)
{
    puts(json_object_to_json_string_ext(object, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED |
                                                    JSON_C_TO_STRING_NOSLASHESCAPE));
}
