/* `atvm-watcher plugins`: which modules there are, and what they understand. */
#include "command.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "log.h"
#include "memory.h"
#include "module-folder.h"
#include "module-inspect.h"
#include "option.h"

struct settings {
    bool verbose, json;
};

static const char *text_of(struct json_object *description, const char *key)
{
    const char *text = json_object_get_string(json_object_object_get(description, key));

    return text ? text : "-";
}

static void print_option(const struct atvm_option *option)
{
    CLEANUP_FREE char *range = option_range_text(option);

    printf("    %-20s %-9s %s", option->name, option_type_name(option->type), option->help);
    if (option->type == ATVM_OPTION_SECRET)
        printf("; credential or environment variable %s", option->fallback);
    else if (option->fallback)
        printf("; default %s", *option->fallback ? option->fallback : "(empty)");
    if (option->required)
        fputs("; required", stdout);
    if (range)
        printf("; %s", range);
    if (option->choices)
        printf("; one of %s", option->choices);
    putchar('\n');
}

static void print_details(struct json_object *description)
{
    struct json_object *options = json_object_object_get(description, "options");
    struct json_object *needs = json_object_object_get(description, "needs");

    printf("    file      %s\n    build id  %s\n    needs    ", text_of(description, "path"),
           text_of(description, "build_id"));
    if (json_object_array_length(needs) == 0)
        fputs(" nothing", stdout);
    for (size_t i = 0; i < json_object_array_length(needs); i++)
        printf(" %s", json_object_get_string(json_object_array_get_idx(needs, i)));
    putchar('\n');
    for (size_t i = 0; i < json_object_array_length(options); i++) {
        struct atvm_option option;

        if (option_from_json(json_object_array_get_idx(options, i), &option))
            print_option(&option);
    }
}

static void print_module(struct json_object *description, const struct settings *settings)
{
    printf("%-10s %-16s %-10s ABI %-4s %s\n", text_of(description, "kind"),
           text_of(description, "name"), text_of(description, "version"),
           text_of(description, "abi"), text_of(description, "summary"));
    if (settings->verbose)
        print_details(description);
}

static struct json_object *broken_module(const char *path, const char *reason)
{
    struct json_object *object = json_object_new_object();

    json_object_object_add(object, "path", json_object_new_string(path));
    json_object_object_add(object, "error", json_object_new_string(reason));
    return object;
}

/* Adds one module, described or refused. false: refused. */
static bool look_at(const char *path, struct json_object *list)
{
    CLEANUP_FREE char *reason = NULL;
    struct json_object *description = module_inspect(NULL, path, 0, &reason);

    json_object_array_add(list, description ? description : broken_module(path, reason));
    return description != NULL;
}

/* Those whose `key` is `value`; value NULL: those that have the key. */
static void print_those(struct json_object *list, const char *key, const char *value,
                        const struct settings *settings)
{
    for (size_t i = 0; i < json_object_array_length(list); i++) {
        struct json_object *module = json_object_array_get_idx(list, i);
        const char *error = json_object_get_string(json_object_object_get(module, "error"));

        if (!json_object_object_get_ex(module, key, NULL) ||
            (value && strcmp(text_of(module, key), value) != 0))
            continue;
        if (error)
            printf("%-10s %s\n", "broken", error);
        else
            print_module(module, settings);
    }
}

static int show_all(const struct name_list *files, const struct settings *settings)
{
    CLEANUP_JSON struct json_object *list = json_object_new_array();
    bool all_whole = true;

    for (size_t i = 0; i < files->count; i++)
        all_whole = look_at(files->names[i], list) && all_whole;
    if (settings->json) {
        command_print_json(list);
    } else {
        print_those(list, "kind", "collector", settings);
        print_those(list, "kind", "sink", settings);
        print_those(list, "error", NULL, settings);
    }
    return all_whole ? COMMAND_OK : COMMAND_FAILED;
}

/* The files of the named modules; false (reported): one is not there. */
static bool find_all(char **names, struct name_list *ret_files)
{
    bool found = true;

    *ret_files = (struct name_list){0};
    for (; *names; names++) {
        CLEANUP_FREE char *error = NULL;
        CLEANUP_FREE char *path = module_find(*names, &error);

        if (path)
            name_list_add(ret_files, path);
        else
            log_error("%s", error);
        found = found && path;
    }
    return found;
}

static void report_no_modules(void)
{
    CLEANUP_NAMES struct name_list folders;

    module_folders(&folders);
    for (size_t i = 0; i < folders.count; i++)
        log_warning("%s: no modules there; install them, or name their folder in "
                    "ATVM_WATCHER_MODULE_PATH",
                    folders.names[i]);
}

static void report_unreadable_folders(void)
{
    CLEANUP_NAMES struct name_list folders;

    module_folders(&folders);
    for (size_t i = 0; i < folders.count; i++)
        if (access(folders.names[i], R_OK | X_OK) != 0)
            log_warning("%s: %s; what is there is not listed, look at ATVM_WATCHER_MODULE_PATH",
                        folders.names[i], strerror(errno));
}

static int plugins_main(int argc, char **argv)
{
    static const struct option options[] = {
        {"verbose", no_argument, NULL, 'v'}, {"json", no_argument, NULL, 'j'}, {NULL}};
    CLEANUP_NAMES struct name_list files = {0};
    struct settings settings = {0};
    int code;

    while ((code = command_next_option(&command_plugins, argc, argv, "v", options)) >= 0) {
        if (code == 'v')
            settings.verbose = true;
        else
            settings.json = true;
    }
    if (code != COMMAND_OPTIONS_END)
        return command_option_status(code);
    if (optind < argc) {
        if (!find_all(argv + optind, &files))
            return COMMAND_FAILED;
    } else {
        module_files(&files);
        if (files.count == 0)
            report_no_modules();
        else
            report_unreadable_folders();
    }
    return show_all(&files, &settings);
}

const struct command command_plugins = {
    .name = "plugins",
    .summary = "list the modules there are, and the options they understand",
    .usage =
        "Usage: atvm-watcher plugins [-v] [--json] [NAME…]\n\n"
        "Lists the collectors and sinks in the module folders: kind, name, version, the ABI\n"
        "they were built for, what they do. Each is loaded in a process of its own.\n\n"
        "  -v, --verbose  also file, build id, what it needs, and its options\n"
        "      --json     everything as one JSON array\n"
        "  -h, --help     show this and end\n\n"
        "NAME is a module in those folders, or the path of one. The folders are those in\n"
        "ATVM_WATCHER_MODULE_PATH (separated by colons), then the installed one.\n\n"
        "Exit status: 0, 1 where a module is broken or not there, 2 for a wrong command line.\n",
    .main = plugins_main,
};
