/*
 * What a launch is going to do, decided before anything is done: the exact commands, who is left
 * out, what has to be asked about twice. Pure; all strings live in an obstack of the caller's, or
 * are the configuration's or the request's.
 */
#ifndef ATVM_CORE_LAUNCH_PLAN_H
#define ATVM_CORE_LAUNCH_PLAN_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>

#include "config.h"
#include "launch-words.h"

/* The options of the template command that a launch knows. All others are handed on as they are. */
#define OPTION_TEMPLATE_NAME "--template"
#define OPTION_VMS           "--specify_vms"           /* these machines, by their names */
#define OPTION_CONTAINS      "--containsVm"            /* those whose name contains a word */
#define OPTION_EXCLUDE       "--exclude_partial_match" /* but not those whose name contains one */
#define OPTION_PLUGIN_NAME   "--use_specified_plugin"
#define OPTION_INTEGRATION   "--integration_type"
#define OPTION_CATEGORIZED   "--categorize" /* also of the runner */

/* What was asked for; strings are the caller's, NULL: not given. */
struct launch_request {
    const char *build;
    const char *template_name;
    const char *plugin;           /* "fc", "iscsi" or "both" */
    const char *hosts;            /* a comma list, for --specify_vms */
    struct launch_words contains; /* a word for each --containsVm */
    const char *template_command; /* a text, in place of the configured command */
    struct launch_words options;  /* further words of the template command */
    struct launch_words without;  /* default options that are not wanted */
    bool categorized, no_watcher;
    const char *config_family, *migration_style, *scope_description; /* for the status only */
    const char *cypress_config; /* in place of the configured one */
    const char *config_path;    /* the watcher's own configuration */
};

struct launch_excluded {
    const char *vm, *reason;
};

struct launch_plan {
    const char *build, *template_name;
    const char *plugin; /* NULL: the template takes none */
    bool categorized, watched;
    const char *working_directory; /* automation_root */
    const char *cypress_config;    /* absolute */
    const char *launch_log;
    const char *runner_unit;
    const char *runner_output; /* NULL: the journal */
    struct launch_words template_command, runner_command;
    struct launch_words
        watcher_command;              /* that would start the watcher by hand; empty: no watcher */
    struct launch_words hosts;        /* named; empty: only described */
    bool broad;                       /* machines are (also) chosen by description */
    struct launch_words contains;     /* words, one of which each described machine contains */
    struct launch_words exclude;      /* words that no machine may contain */
    struct launch_words added;        /* default options, as they were added */
    struct launch_excluded *excluded; /* of the blacklist */
    size_t excluded_count;
    struct launch_words confirmations; /* what has to be asked about twice: one sentence each */
    struct launch_words notes;         /* one sentence each */
};

/*
 * `config` with the request's cypress_config, where there is one. 0; -EINVAL: the request, or the
 * configuration it meets, makes no command; -EPERM: a guard forbids it. *ret_error (in memory) says
 * what and what to do. The plan is to be cleared either way.
 */
int launch_plan_make(const struct launch_request *request, const struct config *config,
                     struct obstack *memory, struct launch_plan *ret, const char **ret_error);
void launch_plan_clear(struct launch_plan *plan);

/* As it is shown to whoever has to approve it. */
char *launch_plan_text(struct obstack *memory, const struct launch_plan *plan);
/* The object of doc/launch.md; the caller owns it. */
struct json_object *launch_plan_json(const struct launch_plan *plan);
/* 16 hex digits that are others as soon as anything in the plan is; see doc/launch.md. */
char *launch_plan_digest(struct obstack *memory, const struct launch_plan *plan);

#endif
