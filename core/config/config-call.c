#include "config-call.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "memory.h"
#include "shell-word.h"

/* The command may be pasted somewhere else. */
static char *absolute(const char *path)
{
    CLEANUP_FREE char *here = *path == '/' || !*path ? NULL : getcwd(NULL, 0);

    return here ? memory_format("%s/%s", here, path) : memory_string(path);
}

void config_call_of(const char *path, struct config_call *ret)
{
    const char *variable = getenv("ATVM_WATCHER_CONFIG");
    const char *file = path ? path : variable && *variable ? variable : CONFIG_DEFAULT_PATH;
    CLEANUP_FREE char *from_anywhere = absolute(file), *word = shell_word(from_anywhere);

    ret->program = shell_word_of_program();
    /* A set variable leads elsewhere, or is not set where the command is pasted. */
    ret->option = strcmp(file, CONFIG_DEFAULT_PATH) != 0 || (variable && *variable)
                      ? memory_format(" -c %s", word)
                      : memory_string("");
}

void config_call_clear(struct config_call *call)
{
    free(call->program);
    free(call->option);
    *call = (struct config_call){0};
}

static char *command(const struct config_call *call, const char *format, va_list arguments)
    __attribute__((format(printf, 2, 0)));

static char *command(const struct config_call *call, const char *format, va_list arguments)
{
    CLEANUP_FREE char *words = memory_vformat(format, arguments);

    return memory_format("%s %s%s", call->program ? call->program : "atvm-watcher", words,
                         call->option ? call->option : "");
}

char *config_call_command(const struct config_call *call, const char *format, ...)
{
    va_list arguments;
    char *text;

    va_start(arguments, format);
    text = command(call, format, arguments);
    va_end(arguments);
    return text;
}

char *config_command(const struct config *config, const char *format, ...)
{
    va_list arguments;
    char *text;

    va_start(arguments, format);
    text = command(&config->call, format, arguments);
    va_end(arguments);
    return text;
}
