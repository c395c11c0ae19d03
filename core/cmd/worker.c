/* `atvm-watcher worker NAME …`: the helper processes. Started by atvm-watcher itself, hence hidden.
 */
#include "command.h"

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>

#include "cleanup.h"
#include "collect.h"
#include "deliver.h"
#include "module.h"

struct worker {
    const char *name;
    int (*main)(int argc, char **argv); /* argv[0] is the worker's name */
};

static bool kind_from_name(const char *name, enum atvm_kind *ret)
{
    if (strcmp(name, "collector") == 0)
        *ret = ATVM_KIND_COLLECTOR;
    else if (strcmp(name, "sink") == 0)
        *ret = ATVM_KIND_SINK;
    else if (strcmp(name, "any") == 0)
        *ret = 0;
    else
        return false;
    return true;
}

/* describe KIND MODULE: prints what module_describe says; on failure the reason on standard error
 * and status 2. */
static int describe(int argc, char **argv)
{
    CLEANUP_FREE char *error = NULL;
    struct json_object *description;
    struct module *module;
    enum atvm_kind kind;

    if (argc != 3 || !kind_from_name(argv[1], &kind))
        return command_usage_error(&command_worker, "expected: describe collector|sink|any MODULE");
    /* Should a constructor hang and whoever asked be gone, nobody else would end this process. */
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    module = module_load(argv[2], kind, &error);
    if (!module) {
        fprintf(stderr, "%s\n", error);
        return COMMAND_USAGE;
    }
    description = module_describe(module);
    puts(json_object_to_json_string_ext(description, JSON_C_TO_STRING_PLAIN));
    json_object_put(description);
    module_free(module);
    return COMMAND_OK;
}

/* collect: the job comes on standard input, evidence lines go to standard output. */
static int collect(int argc, char **argv)
{
    (void)argv;
    if (argc != 1)
        return command_usage_error(&command_worker, "collect takes no argument");
    return collect_worker_main();
}

/* deliver: the job comes on standard input, the answer goes to the receipt file it names. */
static int deliver(int argc, char **argv)
{
    (void)argv;
    if (argc != 1)
        return command_usage_error(&command_worker, "deliver takes no argument");
    return deliver_worker_main();
}

static const struct worker workers[] = {
    {"collect", collect},
    {"deliver", deliver},
    {"describe", describe},
};
#define WORKER_COUNT (sizeof(workers) / sizeof(*workers))

static int worker_main(int argc, char **argv)
{
    for (size_t i = 0; argc > 1 && i < WORKER_COUNT; i++) {
        if (strcmp(argv[1], workers[i].name) == 0)
            return workers[i].main(argc - 1, argv + 1);
    }
    return command_usage_error(&command_worker, "expected the name of a worker");
}

const struct command command_worker = {
    .name = "worker",
    .usage = "Usage: atvm-watcher worker NAME …\n\n"
             "A helper process of atvm-watcher; it starts them itself.\n",
    .main = worker_main,
};
