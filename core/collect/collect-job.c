#include "collect-job.h"

#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "collect-output.h"

/* ---------------------------------------------------------------- writing */

static struct json_object *run_to_json(const struct collect_run *run)
{
    struct json_object *object = json_object_new_object();
    struct json_object *variables = json_object_new_array();

    collect_output_add_text(object, "build", run->build);
    json_object_object_add(object, "categorized", json_object_new_boolean(run->categorized));
    collect_output_add_text(object, "automation_root", run->automation_root);
    collect_output_add_text(object, "run_log", run->run_log);
    collect_output_add_text(object, "launch_log", run->launch_log);
    collect_output_add_text(object, "cypress_config", run->cypress_config);
    collect_output_add_text(object, "template_name", run->template_name);
    collect_output_add_text(object, "plugin", run->plugin);
    for (size_t i = 0; run->cypress_env && run->cypress_env[i]; i++)
        json_object_array_add(variables, json_object_new_string(run->cypress_env[i]));
    json_object_object_add(object, "cypress_env", variables);
    collect_output_add_number(object, "since", run->since_ns);
    return object;
}

static struct json_object *collector_to_json(const struct config_module *module)
{
    struct json_object *object = json_object_new_object();

    collect_output_add_text(object, "name", module->name);
    collect_output_add_text(object, "module", module->module);
    json_object_object_add(object, "critical", json_object_new_boolean(module->critical));
    if (module->options)
        json_object_object_add(object, "options", json_object_get(module->options));
    return object;
}

struct json_object *collect_job_to_json(const struct config *config, const struct collect_run *run,
                                        struct json_object *set_aside, int64_t fixed_now_ns)
{
    struct json_object *job = json_object_new_object();
    struct json_object *collectors = json_object_new_array();

    collect_output_add_text(job, "t", "job");
    json_object_object_add(job, "run", run_to_json(run));
    for (size_t i = 0; i < config->collector_count; i++)
        json_object_array_add(collectors, collector_to_json(&config->collectors[i]));
    json_object_object_add(job, "collectors", collectors);
    json_object_object_add(job, "set_aside", json_object_get(set_aside));
    if (fixed_now_ns >= 0)
        collect_output_add_number(job, "replay_now", fixed_now_ns);
    return job;
}

/* ---------------------------------------------------------------- reading */

static struct json_object *member(struct json_object *object, const char *key, json_type type)
{
    struct json_object *value = NULL;

    if (!json_object_object_get_ex(object, key, &value) || !json_object_is_type(value, type))
        return NULL;
    return value;
}

static const char *text_member(struct json_object *object, const char *key)
{
    return json_object_get_string(member(object, key, json_type_string));
}

static void read_run(struct collect_job *job, struct json_object *run)
{
    struct json_object *variables = member(run, "cypress_env", json_type_array);
    size_t count = variables ? json_object_array_length(variables) : 0;

    job->cypress_env = memory_zeroed(count + 1, sizeof(*job->cypress_env));
    for (size_t i = 0; i < count; i++)
        job->cypress_env[i] = json_object_get_string(json_object_array_get_idx(variables, i));
    job->run = (struct atvm_run){
        .struct_size = sizeof(job->run),
        .categorized = json_object_get_boolean(member(run, "categorized", json_type_boolean)),
        .build = text_member(run, "build"),
        .automation_root = text_member(run, "automation_root"),
        .run_log = text_member(run, "run_log"),
        .launch_log = text_member(run, "launch_log"),
        .cypress_config = text_member(run, "cypress_config"),
        .template_name = text_member(run, "template_name"),
        .plugin = text_member(run, "plugin"),
        .cypress_env = job->cypress_env,
        .since_ns = json_object_get_int64(member(run, "since", json_type_int)),
    };
}

static bool read_collectors(struct collect_job *job, struct json_object *collectors)
{
    job->collector_count = json_object_array_length(collectors);
    job->collectors = memory_zeroed(job->collector_count, sizeof(*job->collectors));
    for (size_t i = 0; i < job->collector_count; i++) {
        struct json_object *object = json_object_array_get_idx(collectors, i);
        struct json_object *critical = member(object, "critical", json_type_boolean);

        job->collectors[i] = (struct collect_job_collector){
            .name = text_member(object, "name"),
            .module = text_member(object, "module"),
            .critical = !critical || json_object_get_boolean(critical),
            .options = member(object, "options", json_type_object),
        };
        if (!job->collectors[i].name || !job->collectors[i].module)
            return false;
    }
    return true;
}

struct collect_job *collect_job_parse(const char *line, size_t length, char **ret_error)
{
    struct collect_job *job = memory_zeroed(1, sizeof(*job));
    struct json_tokener *tokener = json_tokener_new();
    struct json_object *run, *collectors, *now;

    if (!tokener)
        abort();
    job->json = json_tokener_parse_ex(tokener, line, (int)length);
    json_tokener_free(tokener);
    run = member(job->json, "run", json_type_object);
    collectors = member(job->json, "collectors", json_type_array);
    now = member(job->json, "replay_now", json_type_int);
    job->set_aside = member(job->json, "set_aside", json_type_array);
    job->fixed_now_ns = now ? json_object_get_int64(now) : -1;
    if (!run || !collectors || !read_collectors(job, collectors)) {
        collect_job_free(job);
        *ret_error = memory_string("the first line of standard input is no job: the collect worker "
                                   "is started by atvm-watcher itself, not by hand");
        return NULL;
    }
    read_run(job, run);
    return job;
}

void collect_job_free(struct collect_job *job)
{
    if (!job)
        return;
    json_object_put(job->json);
    free(job->cypress_env);
    free(job->collectors);
    free(job);
}

bool collect_job_is_set_aside(const struct collect_job *job, const char *collector,
                              const char *path)
{
    size_t count = job->set_aside ? json_object_array_length(job->set_aside) : 0;

    for (size_t i = 0; i < count; i++) {
        struct json_object *entry = json_object_array_get_idx(job->set_aside, i);
        const char *entry_collector = text_member(entry, "collector");
        const char *entry_path = text_member(entry, "path");

        if (!entry_collector || strcmp(entry_collector, collector) != 0)
            continue;
        if (path ? entry_path && strcmp(entry_path, path) == 0 : !entry_path)
            return true;
    }
    return false;
}
