#include "status-runner.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "memory.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

#define DEFAULT_ROOT   "/proc"
#define DEFAULT_SCRIPT "run-sorry-cypress.py"
/* Of a command line; the build stands near its front. */
#define ARGUMENTS_MAX (64 * 1024)

/* ---------------------------------------------------------------- one command line */

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

static bool is_one_of(const char *name, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return false;
}

/* Programs that have the runner's command among their own arguments without being it. */
static bool only_holds_a_command(const char *program)
{
    static const char *const names[] = {"atvm-watcher", "tmux", "screen",
                                        "SCREEN",       "ssh",  "sshpass"};

    return is_one_of(base_name(program), names, COUNT_OF(names));
}

/* The value glued to --build_name; "" where it is the next argument; NULL: another argument. */
static const char *build_option(const char *argument)
{
    static const char *const names[] = {"--build_name", "--build-name"};

    for (size_t i = 0; i < COUNT_OF(names); i++) {
        size_t length = strlen(names[i]);

        if (strncmp(argument, names[i], length) != 0)
            continue;
        if (argument[length] == '=')
            return argument + length + 1;
        if (argument[length] == '\0')
            return argument + length;
    }
    return NULL;
}

bool status_runner_parse(const char *arguments, size_t length, const char *const *scripts,
                         size_t script_count, struct status_runner *ret)
{
    CLEANUP_FREE char *copy = memory_allocate(length + 1); /* the last argument may lack its NUL */
    const char *build = NULL, *end;
    bool is_runner = false, expects_build = false;

    *ret = (struct status_runner){0};
    memcpy(copy, arguments, length);
    copy[length] = '\0';
    end = copy + length;
    if (length == 0 || only_holds_a_command(copy))
        return false;
    for (const char *argument = copy; argument < end; argument += strlen(argument) + 1) {
        const char *value = build_option(argument);

        is_runner |= is_one_of(base_name(argument), scripts, script_count);
        ret->categorized |= strcmp(argument, "--categorize") == 0;
        if (expects_build || (value && *value))
            build = expects_build ? argument : value;
        expects_build = !expects_build && value && !*value;
    }
    if (!is_runner || !build || !config_build_name_is_valid(build))
        return false;
    ret->build = memory_string(build);
    return true;
}

/* ---------------------------------------------------------------- the process table */

/* An option of the collector "proc"; NULL: it is not configured, or has not this option. */
static struct json_object *proc_option(const struct config *config, const char *name)
{
    for (size_t i = 0; i < config->collector_count; i++) {
        struct json_object *value = NULL;

        if (strcmp(config->collectors[i].name, "proc") == 0 && config->collectors[i].options &&
            json_object_object_get_ex(config->collectors[i].options, name, &value))
            return value;
    }
    return NULL;
}

const char **status_runner_scripts(const struct config *config, size_t *ret_count)
{
    struct json_object *match = proc_option(config, "match");
    size_t count =
        json_object_is_type(match, json_type_array) ? json_object_array_length(match) : 0;
    const char **scripts = memory_zeroed(count + 1, sizeof(*scripts));

    for (size_t i = 0; i < count; i++)
        scripts[i] = json_object_get_string(json_object_array_get_idx(match, i));
    if (count == 0)
        scripts[count++] = DEFAULT_SCRIPT;
    *ret_count = count;
    return scripts;
}

/* How much could be read; 0 for a process that is gone, or a kernel thread. */
static size_t read_arguments(const char *root, const char *pid, char *buffer, size_t size)
{
    CLEANUP_FREE char *path = memory_format("%s/%s/cmdline", root, pid);
    CLEANUP_CLOSE int descriptor = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    size_t length = 0;
    ssize_t got = 1;

    while (descriptor >= 0 && got > 0 && length < size) {
        got = read(descriptor, buffer + length, size - length);
        if (got > 0)
            length += (size_t)got;
    }
    return length;
}

static void add_process(struct status_runners *runners, const char *pid,
                        const struct status_runner *runner)
{
    memory_grow(&runners->items, runners->count, &runners->capacity, sizeof(*runners->items));
    runners->items[runners->count] = *runner;
    runners->items[runners->count++].pid = (pid_t)atoi(pid);
}

static int compare_runners(const void *left, const void *right)
{
    const struct status_runner *a = left, *b = right;

    return (a->pid > b->pid) - (a->pid < b->pid);
}

void status_runners_find(const struct config *config, struct status_runners *ret)
{
    struct json_object *option = proc_option(config, "root");
    const char *root = option ? json_object_get_string(option) : DEFAULT_ROOT;
    CLEANUP_DIR DIR *folder = opendir(root);
    CLEANUP_FREE char *buffer = memory_allocate(ARGUMENTS_MAX);
    size_t script_count = 0;
    CLEANUP_FREE const char **scripts = status_runner_scripts(config, &script_count);
    struct dirent *entry;

    *ret = (struct status_runners){0};
    while (folder && (entry = readdir(folder))) {
        struct status_runner runner;
        size_t length;

        if (entry->d_name[strspn(entry->d_name, "0123456789")] != '\0')
            continue;
        length = read_arguments(root, entry->d_name, buffer, ARGUMENTS_MAX);
        if (status_runner_parse(buffer, length, scripts, script_count, &runner))
            add_process(ret, entry->d_name, &runner);
    }
    if (ret->count > 0)
        qsort(ret->items, ret->count, sizeof(*ret->items), compare_runners);
}

void status_runners_free(struct status_runners *runners)
{
    for (size_t i = 0; i < runners->count; i++)
        free(runners->items[i].build);
    free(runners->items);
    *runners = (struct status_runners){0};
}

const struct status_runner *status_runners_of(const struct status_runners *runners,
                                              const char *build)
{
    for (size_t i = 0; i < runners->count; i++)
        if (strcmp(runners->items[i].build, build) == 0)
            return &runners->items[i];
    return NULL;
}
