/*
 * The watcher's configuration: built-in defaults, over them /etc/atvm-watcher.conf (libconfig),
 * over that the environment. Only this file's implementation knows libconfig. Every problem is one
 * message with file, line and remedy.
 */
#ifndef ATVM_CORE_CONFIG_H
#define ATVM_CORE_CONFIG_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>

#include "judge.h"

#define CONFIG_DEFAULT_PATH      "/etc/atvm-watcher.conf"
#define CONFIG_DEFAULT_INVENTORY "/etc/atvm-watcher/vm-inventory.md"

/* One element of `collectors` or `sinks`. */
struct config_module {
    char *module;  /* name in the module folder, or a path when it has a slash */
    char *name;    /* instance name; the module's where not given */
    bool critical; /* false: failing to load is a gap, not a start-up error */
    /* The options as written: object name -> value (strings, integers, booleans, arrays of
     * strings); after config_check_modules the complete, typed ones (durations in ns, sizes in
     * bytes, defaults filled in). */
    struct json_object *options;
    struct json_object *lines; /* option name -> line in `file` */
    char *file;                /* where it was configured; NULL: built in */
    int line;
    /* What the describe worker said of it (see module_describe). NULL before the check, and after
     * it where the module or its options cannot be used: with critical = false that is a gap. */
    struct json_object *description;
};

/* Texts in the order in which they were written. */
struct config_texts {
    char **texts;
    size_t count;
};

/* What is known beforehand of the runs of a template. */
struct config_template {
    char *name;
    char **flow; /* titles of the steps, for where no spec of a run can be read; NULL: not known */
    size_t flow_count;
    /* What a launch adds, in place of what it adds for every template; each element is an option
     * with its values, and may be followed by options that come and go with it ("--a x --b"). */
    struct config_texts default_options;
    bool has_default_options; /* false: a launch adds what it adds for every template */
    bool takes_plugin;        /* false: neither plugin nor integration is part of its coverage */
};

/* A combination that a launch asks about a second time. */
struct config_confirmation {
    char *template_name, *plugin; /* NULL: any */
    char *reason;
};

/*
 * What `atvm-watcher launch` runs, and how. In the words of a command %b stands for the build, %t
 * for the template, %c for the Cypress configuration as it is configured.
 */
struct config_launch {
    /* Program and arguments. The program is looked up in PATH; a second word that is no option is a
     * file below automation_root. */
    struct config_texts template_command, runner_command;
    struct config_texts default_options; /* of every template, as in struct config_template */
    char *default_plugin;                /* of every template that takes one */
    struct config_texts environment;     /* names of the variables that the runner gets */
    char *runner_output;                 /* absolute path; NULL: the journal */
    int64_t template_timeout_ns;
    struct config_confirmation *confirmations;
    size_t confirmation_count;
};

/* How the program is called with this configuration; see config-call.h. */
struct config_call {
    char *program; /* a word for the shell */
    char *option;  /* " -c FILE", or "" where none is needed */
};

struct config {
    char *file;  /* NULL: only built-in defaults */
    struct config_call call;
    char *build; /* what replaces %b; NULL: it stays */
    /* Name of a setting of the first level that was given -> where: "FILE:LINE" or "environment
     * variable NAME". Defaults are not in it. */
    struct json_object *places;
    /* Paths; %b in them has been replaced by the build's name. */
    char *automation_root, *state_root, *run_log, *launch_log, *vm_inventory;
    char *cypress_config; /* a name below automation_root, or absolute */
    int64_t poll_interval_ns, settle_ns, start_grace_ns, hang_after_ns, stuck_after_ns;
    int64_t stuck_grace_ns; /* between SIGTERM and SIGKILL */
    int64_t collect_timeout_ns, deliver_timeout_ns;
    bool terminate_stuck_runner; /* on_stuck_runner = "terminate" */
    enum on_conflict on_conflict;
    char **precedence[QUESTION_COUNT]; /* instance names */
    size_t precedence_count[QUESTION_COUNT];
    struct config_module *collectors, *sinks;
    size_t collector_count, sink_count;
    int64_t retry_first_ns, retry_max_ns, retry_give_up_ns;
    bool resend_uncertain; /* on_uncertain = "resend" */
    char *time_zone;       /* "America/New_York"; NULL: the system's */
    struct config_template *templates;
    size_t template_count, template_capacity;
    struct json_object *blacklist; /* [ { vm, reason } ] */
    struct config_launch launch;
};

/*
 * Loads `path`. NULL: what the environment variable ATVM_WATCHER_CONFIG names, else
 * CONFIG_DEFAULT_PATH where it exists, else built-in defaults; "" only built-in defaults, without
 * the environment. `build` replaces %b (NULL: left as it is). NULL and *ret_error
 * (free it; every problem found, one a line) on failure. config_free accepts NULL.
 *
 * Every setting of the first level with a single value can be given as the environment variable
 * ATVM_WATCHER_ and its name in upper case (ATVM_WATCHER_AUTOMATION_ROOT), which stands before the
 * file. An empty variable counts as not set.
 */
struct config *config_load(const char *path, const char *build, char **ret_error);
/* The same for who looks for further mistakes: a configuration in which the settings that are wrong
 * have their defaults (a path: NULL), and modules may lack a name. NULL only where the file cannot
 * be read at all. *ret_problems (free it): left alone where there is none. */
struct config *config_load_with_mistakes(const char *path, const char *build, char **ret_problems);
void config_free(struct config *config);

/* Environment variables that begin with ATVM_WATCHER_ and that nothing reads, each with the name it
 * may have been meant for, one a line; free it. NULL: there is none. */
char *config_unknown_variables(void);

/*
 * Describes every configured module in a describe worker, checks that kinds fit and that each
 * option exists, has the right type, range and choice, and completes the options. Where that fails
 * the options stay as written, without a description. false and *ret_error (free it) on any problem
 * of a critical module; *ret_warnings (may be NULL; free it) for the others.
 */
bool config_check_modules(struct config *config, char **ret_error, char **ret_warnings);

/* What is configured or built in for a template; NULL: nothing, or `name` is NULL. */
const struct config_template *config_find_template(const struct config *config, const char *name);

/* Looks whether automation_root is a folder that can be read. false and *ret_error (free it). */
bool config_check_root(const struct config *config, char **ret_error);

/* Whether a watcher with the rights of this process can keep its builds in state_root, which need
 * not be there yet. Makes a folder there, or above it, and removes it again: nothing else tells. 0,
 * or -errno and *ret_error (free it): file and line, cause, remedy. With -EACCES or -EPERM another
 * user may well be able to. */
int config_check_state_root(const struct config *config, char **ret_error);
/* Whether that answer (0 or -errno) holds for every user, and whatever is mounted how. */
bool config_state_root_is_impossible(int error);

/* Sets an option of a collector instance as if it stood in the file (replay's --proc-root). A name
 * that is not configured is passed over. Before config_check_modules. */
void config_set_collector_option(struct config *config, const char *module, const char *option,
                                 const char *value);

/* Forgets the sinks: what posts nothing must not need them. */
void config_drop_sinks(struct config *config);

/* Forgets all collectors but those of this module; where there is none, it is added as it is built
 * in. Before config_check_modules. */
void config_keep_collector(struct config *config, const char *module);

/* "5s", "250ms", "10m", "2h", "1d" -> ns. false: not a duration. */
bool config_parse_duration(const char *text, int64_t *ret_ns);
/* "64K", "16M", "1G", "123" -> bytes. */
bool config_parse_size(const char *text, int64_t *ret_bytes);

/* A build's name becomes paths and a unit name: [A-Za-z0-9][A-Za-z0-9._-]*, at most 200 bytes. */
bool config_build_name_is_valid(const char *name);

#endif
