#include "launch-look.h"

#include <errno.h>
#include <stdlib.h>

#include "cleanup.h"
#include "judge-now.h"

#define COLLECTOR "spec"

/* Nothing but the collector that testifies of specs; an earlier run's log has no say. */
static struct config *load(const char *config_path, const struct launch_plan *plan,
                           char **ret_error)
{
    struct config *config = config_load(config_path, plan->build, ret_error);

    if (!config)
        return NULL;
    config_drop_sinks(config);
    config_keep_collector(config, COLLECTOR);
    free(TAKE_POINTER(config->run_log));
    free(config->cypress_config);
    config->cypress_config = memory_string(plan->cypress_config);
    if (config_check_modules(config, ret_error, NULL))
        return config;
    config_free(config);
    return NULL;
}

static int look(const struct launch_expectation *expectation, const struct config *config,
                struct obstack *memory, struct launch_words *ret_hosts, char **ret_error)
{
    const struct launch_plan *plan = expectation->plan;
    struct run_settings run = {.build = (char *)plan->build,
                               .template_name = (char *)plan->template_name,
                               .plugin = (char *)plan->plugin,
                               .categorized = plan->categorized};
    const struct judge_now_settings settings = {config, &run, -1, true};
    struct judge_now *now = judge_now_new(&settings, ret_error);
    const char *problems = NULL;
    int status = now ? judge_now_look(now, ret_error) : -ENOEXEC;

    if (status == 0)
        problems = launch_verify(expectation, judge_now_ledger(now), memory, ret_hosts);
    judge_now_free(now);
    if (!problems)
        return status;
    *ret_error = memory_string(problems);
    return -EBADMSG;
}

int launch_look(const struct launch_expectation *expectation, const char *config_path,
                struct obstack *memory, struct launch_words *ret_hosts, const char **ret_error)
{
    CLEANUP_FREE char *error = NULL;
    struct config *config = load(config_path, expectation->plan, &error);
    int status = config ? look(expectation, config, memory, ret_hosts, &error) : -EINVAL;

    *ret_error = memory_string_in(memory, error);
    config_free(config);
    return status;
}
