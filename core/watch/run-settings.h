/*
 * What is asked of a run before anything of it is seen: its name, window, hosts and options. From
 * the command line of `run` and `replay` and from the environment; turned into what the judge and
 * the collectors are told.
 */
#ifndef ATVM_CORE_RUN_SETTINGS_H
#define ATVM_CORE_RUN_SETTINGS_H

#include "collect.h"
#include "config.h"
#include "judge.h"
#include "report.h"

struct run_settings {
    char *build;
    bool categorized;
    bool cancelled;
    char **hosts; /* the operator's list */
    size_t host_count, host_capacity;
    char **cypress_env; /* "KEY=VALUE", NULL-terminated once finished */
    size_t env_count, env_capacity;
    char *template_name, *plugin; /* NULL: not given */
    /* For the status message only; NULL: not given. */
    char *config_family, *migration_style, *scope_description;
    char *template_command; /* verbatim: it may hold secrets */
    int64_t since_ns;       /* start of the window; -1: not given */
};

void run_settings_free(struct run_settings *settings);
/* Adds the names of a comma list. false: an empty name in it. */
bool run_settings_add_hosts(struct run_settings *settings, const char *list);
/* Adds one "KEY=VALUE". false: it is none. */
bool run_settings_add_env(struct run_settings *settings, const char *assignment);

/*
 * Adds what the command line did not say: from the environment of the unit (spec R7.4), and, where
 * that does not say them either, template and plugin from the template command. A variable that is
 * empty counts as not set; so does one with a value that means nothing, and the log says so.
 */
void run_settings_add_environment(struct run_settings *settings);

/*
 * Adds what the command line did not say from what `start` hands on to a unit: ATVM_WATCHER_HOSTS
 * and ATVM_WATCHER_CYPRESS_ENV (comma lists) and ATVM_WATCHER_SINCE (seconds since 1970). A value
 * that means nothing counts as not set, and the log says so.
 */
void run_settings_add_handed_on(struct run_settings *settings);

/* "fc", "iscsi" or "both". */
bool run_settings_plugin_is_known(const char *word);

/* Seconds since 1970, with an optional fraction, as ns. false: not such a number. */
bool run_settings_parse_epoch(const char *text, int64_t *ret_ns);

/* Both refer to the strings of their arguments. The policy's flow is what is configured for the
 * template. */
void run_settings_to_policy(const struct run_settings *settings, const struct config *config,
                            struct policy *ret);
/* *ret_config_path (free it) is the Cypress config's absolute path, referred to by ret. */
void run_settings_to_collect(const struct run_settings *settings, const struct config *config,
                             struct collect_run *ret, char **ret_config_path);

#endif
