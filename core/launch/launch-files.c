#include "launch-files.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"

/* 0: a regular file that can be read; else an errno. */
static int look_at_file(const char *path)
{
    struct stat status;

    if (stat(path, &status) < 0 || access(path, R_OK) < 0)
        return errno;
    return S_ISREG(status.st_mode) ? 0 : S_ISDIR(status.st_mode) ? EISDIR : EINVAL;
}

static bool is_executable(const char *path)
{
    return look_at_file(path) == 0 && access(path, X_OK) == 0;
}

static char *path_below(const char *folder, const char *name)
{
    return *name == '/' ? memory_string(name) : memory_format("%s/%s", folder, name);
}

char *launch_program_path(const char *program, const char *folder)
{
    CLEANUP_FREE char *path = memory_string(getenv("PATH"));
    char *rest = path, *part;

    if (strchr(program, '/')) {
        CLEANUP_FREE char *file = path_below(folder, program);

        return is_executable(file) ? TAKE_POINTER(file) : NULL;
    }
    while ((part = strsep(&rest, ":"))) {
        CLEANUP_FREE char *file = memory_format("%s/%s", part, program);

        if (*part == '/' && is_executable(file))
            return TAKE_POINTER(file);
    }
    return NULL;
}

/* Where the Cypress configuration was named, as the beginning of a message; free it. */
static char *place_of_config(const struct launch_request *request, const struct config *config)
{
    const char *place =
        json_object_get_string(json_object_object_get(config->places, "cypress_config"));

    if (request->cypress_config)
        return memory_format("--cypress-config %s", request->cypress_config);
    return memory_format("%s: cypress_config", place ? place : "built-in configuration");
}

static bool command_is_there(const struct launch_words *command, const char *folder,
                             const char *what, char **ret_error)
{
    CLEANUP_FREE char *program = launch_program_path(command->words[0], folder), *script = NULL;
    int error;

    if (!program) {
        *ret_error = memory_format("%s: the program %s is not there, or cannot be executed; "
                                   "install it, or correct %s in the group launch of the "
                                   "configuration",
                                   what, command->words[0], what);
        return false;
    }
    if (command->count < 2 || command->words[1][0] == '-')
        return true;
    script = path_below(folder, command->words[1]);
    error = look_at_file(script);
    if (error)
        *ret_error = memory_format("%s: %s: %s; correct automation_root, or %s in the group launch "
                                   "of the configuration",
                                   what, script, strerror(error), what);
    return error == 0;
}

bool launch_files_are_there(const struct launch_plan *plan, const struct launch_request *request,
                            const struct config *config, char **ret_error)
{
    CLEANUP_FREE char *place = place_of_config(request, config);
    int error;

    if (!config_check_root(config, ret_error))
        return false;
    error = look_at_file(plan->cypress_config);
    if (error) {
        *ret_error = memory_format("%s: %s: %s; no other file is looked for: name the one that is "
                                   "meant",
                                   place, plan->cypress_config, strerror(error));
        return false;
    }
    return command_is_there(&plan->template_command, plan->working_directory, "template_command",
                            ret_error) &&
           command_is_there(&plan->runner_command, plan->working_directory, "runner_command",
                            ret_error);
}
