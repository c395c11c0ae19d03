#include "collect-host.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "clock.h"
#include "collect-limits.h"
#include "collect-text.h"
#include "collect-unit.h"
#include "memory.h"
#include "module-host.h"

struct collect_host {
    struct module_host base;
    const struct collect_job *job;
    const struct collect_job_collector *collector;
    const struct atvm_collector *module;
    struct collect_output *output;
    struct collect_unit *unit;
    bool may_emit;
    int64_t deadline_ns;
};

static struct collect_host *host_of(void *context)
{
    return context;
}

/* ---------------------------------------------------------------- log */

/* free() it. */
static char *clean_text(const char *text)
{
    struct obstack strings;
    char *clean;

    obstack_init(&strings);
    clean = memory_string(collect_text_clean(&strings, text, strlen(text), COLLECT_TEXT_MAX, NULL));
    obstack_free(&strings, NULL);
    return clean;
}

static void log_object(struct collect_output *output, const char *collector, int32_t level,
                       const char *text, struct json_object *fields)
{
    struct json_object *line = json_object_new_object();

    collect_output_add_number(line, "level", level);
    collect_output_add_text(line, "collector", collector);
    collect_output_add_text(line, "message", text);
    if (fields)
        json_object_object_add(line, "fields", fields);
    collect_output_line(output, "log", line);
}

void collect_host_log(struct collect_output *output, const char *collector, int32_t level,
                      const char *format, ...)
{
    CLEANUP_FREE char *message = NULL;
    CLEANUP_FREE char *text = NULL;
    va_list arguments;

    va_start(arguments, format);
    message = memory_vformat(format, arguments);
    va_end(arguments);
    text = clean_text(message);
    log_object(output, collector, level, text, NULL);
}

static char *kind_fit_text(const struct module_host *host, const char *text)
{
    (void)host;
    return clean_text(text);
}

static void kind_log(const struct module_host *base, int32_t level, const char *text,
                     const struct atvm_field *fields, size_t count)
{
    const struct collect_host *host = (const struct collect_host *)base;
    struct json_object *object = count > 0 ? json_object_new_object() : NULL;

    for (size_t i = 0; i < count; i++)
        collect_output_add_text(object, fields[i].name, fields[i].value);
    log_object(host->output, host->collector->name, level, text, object);
}

static const struct module_host_kind kind = {.fit_text = kind_fit_text, .log = kind_log};

static void complain(const struct collect_host *host, const char *what, const char *detail)
{
    module_host_complain(&host->base, what, detail);
}

/* ---------------------------------------------------------------- the run and its clock */

static const struct atvm_run *host_run(void *context)
{
    return &host_of(context)->job->run;
}

int64_t collect_host_now(const struct collect_job *job)
{
    if (job->fixed_now_ns >= 0)
        return job->fixed_now_ns;
    return clock_ns(CLOCK_REALTIME);
}

static int64_t host_now(void *context)
{
    return collect_host_now(host_of(context)->job);
}

static int64_t host_deadline(void *context)
{
    return host_of(context)->deadline_ns;
}

static int32_t host_cancelled(void *context)
{
    (void)context;
    /* Whoever no longer wants an answer ends this worker. */
    return 0;
}

/* ---------------------------------------------------------------- evidence */

static void add_gap(struct collect_host *host, const char *path, const char *reason)
{
    struct json_object *gap = json_object_new_object();

    collect_output_add_text(gap, "collector", host->collector->name);
    collect_output_add_text(gap, "path", path);
    collect_output_add_text(gap, "reason", reason);
    collect_output_add_number(gap, "time", collect_host_now(host->job));
    collect_output_line(host->output, "gap", gap);
}

static int32_t host_begin_source(void *context, const struct atvm_source *given)
{
    struct collect_host *host = host_of(context);
    const char *problem = NULL;
    struct collect_unit *unit;

    if (!host->may_emit) {
        complain(host, "begin_source outside of collect", NULL);
        return ATVM_FAILED;
    }
    if (host->unit) {
        complain(host, "begin_source while another source is open", collect_unit_path(host->unit));
        return ATVM_FAILED;
    }
    unit = collect_unit_new(given, &problem);
    if (!unit) {
        complain(host, "begin_source", problem);
        add_gap(host, NULL, problem);
        return ATVM_FAILED;
    }
    if (collect_job_is_set_aside(host->job, host->collector->name, collect_unit_path(unit))) {
        collect_unit_free(unit);
        return ATVM_FAILED;
    }
    host->unit = unit;
    collect_unit_begin(unit, host->output, host->collector->name, host->module->version);
    return ATVM_OK;
}

static void host_emit_many(void *context, const struct atvm_evidence *evidence, size_t count,
                           size_t stride)
{
    struct collect_host *host = host_of(context);

    if (!host->unit)
        complain(host, "emit_many without an open source", NULL);
    else if (evidence && count > 0)
        collect_unit_emit(host->unit, host->output, evidence, count, stride);
}

static void host_end_source(void *context, int32_t quality, const char *reason)
{
    struct collect_host *host = host_of(context);

    if (!host->unit) {
        complain(host, "end_source without begin_source", NULL);
        return;
    }
    if (collect_unit_problem(host->unit))
        complain(host, collect_unit_problem(host->unit), collect_unit_path(host->unit));
    collect_unit_end(host->unit, host->output, quality, reason, collect_host_now(host->job));
    collect_unit_free(TAKE_POINTER(host->unit));
}

static void host_watch(void *context, const char *path)
{
    struct collect_host *host = host_of(context);
    struct json_object *line;

    if (!path || path[0] != '/' || strlen(path) > COLLECT_PATH_MAX) {
        complain(host, "watch needs an absolute path", path);
        return;
    }
    line = json_object_new_object();
    collect_output_add_text(line, "path", path);
    collect_output_line(host->output, "watch", line);
}

/* ---------------------------------------------------------------- the host */

static const struct atvm_host offered = {
    .run = host_run,
    .now = host_now,
    .deadline = host_deadline,
    .cancelled = host_cancelled,
    .begin_source = host_begin_source,
    .emit_many = host_emit_many,
    .end_source = host_end_source,
    .watch = host_watch,
};

struct collect_host *collect_host_new(const struct collect_job *job,
                                      const struct collect_job_collector *collector,
                                      const struct atvm_collector *module,
                                      struct collect_output *output)
{
    struct collect_host *host = memory_zeroed(1, sizeof(*host));

    host->job = job;
    host->collector = collector;
    host->module = module;
    host->output = output;
    module_host_init(&host->base, &kind,
                     &(struct module_host_settings){
                         .instance = collector->name,
                         .module = module->name,
                         .options = {module->options, module->option_count, module->option_stride},
                         .values = collector->options,
                     },
                     &offered);
    return host;
}

void collect_host_free(struct collect_host *host)
{
    if (!host)
        return;
    module_host_release(&host->base);
    collect_unit_free(host->unit);
    free(host);
}

const struct atvm_host *collect_host_table(struct collect_host *host)
{
    return &host->base.table;
}

void collect_host_enter(struct collect_host *host, bool may_emit, int64_t deadline_ns)
{
    free(TAKE_POINTER(host->base.failure));
    host->may_emit = may_emit;
    host->deadline_ns = deadline_ns;
}

void collect_host_leave(struct collect_host *host)
{
    host->may_emit = false;
    if (!host->unit)
        return;
    complain(host, "collect returned without end_source, what it said of this file is dropped",
             collect_unit_path(host->unit));
    add_gap(host, collect_unit_path(host->unit), "the collector did not finish reading it");
    collect_unit_free(TAKE_POINTER(host->unit));
}

const char *collect_host_failure(const struct collect_host *host)
{
    return host->base.failure;
}
