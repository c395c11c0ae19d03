/*
 * The collector "spec": the specPattern of the active Cypress configuration, and the test flow of
 * each spec that the run's log or that configuration names.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <atvm/plugin.h>

#include "allocate.h"
#include "byte-string.h"
#include "clock.h"
#include "cypress-config.h"
#include "host-call.h"
#include "host-name.h"
#include "log-follower.h"
#include "log-line.h"
#include "script-file.h"
#include "spec-flow.h"
#include "spec-pattern.h"

#define SETTLED_AFTER    (2 * NS_PER_SECOND) /* without a write: its writer has finished */
#define DEADLINE_RESERVE (NS_PER_SECOND / 2) /* enough for the largest spec */
#define SPECS_MAX        100000

/* The variable of the template's specs that says which plugin was selected. */
#define PLUGIN_VARIABLE "pure_plugin_type"

/* What a file was when it was read last. */
struct identity {
    dev_t device;
    ino_t inode;
    off_t size;
    int64_t mtime_ns;
};

struct tracked_spec {
    char *path;     /* absolute */
    char *relative; /* the part below the automation root, in path */
    char host[HOST_NAME_MAX_BYTES + 1];
    struct identity identity;
    unsigned settings; /* of the settings it was read with; 0: it was not read */
};

struct spec_collector {
    const struct atvm_host *host;
    const struct atvm_run *run;
    struct log_follower *log; /* NULL: the run has none */

    struct identity config_identity;
    struct script_names environment;
    bool environment_is_whole;
    unsigned settings; /* grows whenever the environment may have changed; from 1 */

    struct tracked_spec **specs;
    size_t spec_count, spec_capacity;
};

/* ---------------------------------------------------------------- files */

static int64_t mtime_ns(const struct stat *status)
{
    return status->st_mtim.tv_sec * NS_PER_SECOND + status->st_mtim.tv_nsec;
}

static struct identity identity_of(const struct stat *status)
{
    return (struct identity){status->st_dev, status->st_ino, status->st_size, mtime_ns(status)};
}

static bool is_same(const struct identity *one, const struct identity *other)
{
    return one->device == other->device && one->inode == other->inode && one->size == other->size &&
           one->mtime_ns == other->mtime_ns;
}

static bool begin(const struct spec_collector *self, const char *path, const char *kind,
                  const char *stem, const struct stat *status)
{
    const struct atvm_source source = {
        .struct_size = sizeof(source),
        .mode = ATVM_SOURCE_REPLACE,
        .path = path,
        .kind = kind,
        .stem = stem,
        .size = status->st_size,
        .mtime_ns = mtime_ns(status),
        .name_time_ns = -1,
        .device = status->st_dev,
        .inode = status->st_ino,
    };

    return self->host->begin_source(self->host->context, &source) == ATVM_OK;
}

static bool is_being_written(const struct spec_collector *self, const struct stat *status)
{
    int64_t age = self->host->now(self->host->context) - mtime_ns(status);

    return age >= 0 && age < SETTLED_AFTER;
}

/* Ends the unit of a file that could not be read as a whole: it may still be written. */
static void end_bad(const struct spec_collector *self, const struct stat *status, const char *path,
                    uint32_t line, const char *reason)
{
    int32_t quality = is_being_written(self, status) ? ATVM_QUALITY_GROWING : ATVM_QUALITY_DAMAGED;

    if (line > 0)
        host_end_source(self->host, quality, "%s:%u: %s", path, (unsigned)line, reason);
    else
        host_end_source(self->host, quality, "%s: %s", path, reason);
}

/* ---------------------------------------------------------------- specs to look at */

static struct tracked_spec *find_spec(const struct spec_collector *self, const char *relative)
{
    for (size_t i = 0; i < self->spec_count; i++)
        if (strcmp(self->specs[i]->relative, relative) == 0)
            return self->specs[i];
    return NULL;
}

/* Notes a spec by its path in a specPattern; what is no file of a machine below the root is not
 * looked at. */
static void track_spec(struct spec_collector *self, const char *path)
{
    const char *root = self->run->automation_root, *relative;
    struct text text = {path, strlen(path)};
    struct tracked_spec *spec;
    char host[HOST_NAME_MAX_BYTES + 1];

    relative = root && spec_path_is_plain(text) ? script_file_below(root, path) : NULL;
    if (!relative || !host_name_of_spec(path, text.length, host) ||
        host_name_is_bookkeeping(host) || self->spec_count == SPECS_MAX ||
        find_spec(self, relative))
        return;
    self->specs =
        grow_array(self->specs, self->spec_count, &self->spec_capacity, sizeof(*self->specs));
    spec = allocate(1, sizeof(*spec));
    spec->path = format_text("%s/%s", root, relative);
    spec->relative = spec->path + strlen(root) + 1;
    memcpy(spec->host, host, sizeof(host));
    self->specs[self->spec_count++] = spec;
}

static void restart_log(void *user)
{
    (void)user; /* specs that an earlier log named are still the run's */
}

static void take_log_line(void *user, const char *line, size_t length, int64_t number,
                          int64_t offset)
{
    struct spec_collector *self = user;
    struct byte_string clean = {0};
    struct log_line known;
    struct text spec;
    int64_t invalid;

    (void)number;
    (void)offset;
    if (!memmem(line, length, "specPattern:", 12))
        return;
    known = log_line_classify(line_clean(line, length, &clean, &invalid));
    while (known.kind == LOG_LINE_SPEC_PATTERN && spec_pattern_next(&known.argument, &spec)) {
        char *path = copy_text(spec.bytes, spec.length);

        track_spec(self, path);
        free(path);
    }
    byte_string_free(&clean);
}

/* ---------------------------------------------------------------- the configuration */

/* What the watcher was told stands before what the file says. */
static void override_environment(struct spec_collector *self)
{
    const struct text plugin = TEXT(PLUGIN_VARIABLE);

    if (self->run->plugin)
        script_names_set(&self->environment, plugin,
                         (struct script_value){.kind = SCRIPT_VALUE_STRING,
                                               .string = copy_string(self->run->plugin)});
    else if (!script_names_find(&self->environment, plugin))
        script_names_set(&self->environment, plugin,
                         (struct script_value){.kind = SCRIPT_VALUE_UNKNOWN});
    for (const char *const *pair = self->run->cypress_env; pair && *pair; pair++) {
        const char *sign = strchr(*pair, '=');

        if (sign)
            script_names_set(&self->environment, (struct text){*pair, (size_t)(sign - *pair)},
                             script_value_from_command_line(sign + 1));
    }
    self->settings++;
}

static void emit_expected(const struct spec_collector *self, const struct config_spec *spec)
{
    struct atvm_evidence evidence = ATVM_EVIDENCE_INIT(ATVM_CLAIM_EXPECTED_HOST);
    struct text path = {spec->path, strlen(spec->path)};
    char host[HOST_NAME_MAX_BYTES + 1];

    if (!spec_path_is_plain(path) || !host_name_of_spec(path.bytes, path.length, host) ||
        host_name_is_bookkeeping(host))
        return;
    evidence.basis = ATVM_BASIS_DIRECT;
    evidence.host = host;
    evidence.text = spec->path;
    evidence.locator = spec->line;
    evidence.locator_unit = ATVM_LOCATOR_LINE;
    host_emit(self->host, &evidence);
}

static void emit_config(const struct spec_collector *self, const struct cypress_config *config)
{
    struct atvm_evidence evidence = ATVM_EVIDENCE_INIT(ATVM_CLAIM_FACT);

    if (config->pattern.length == 0)
        return;
    evidence.basis = ATVM_BASIS_DIRECT;
    evidence.entity = "spec-pattern";
    evidence.text = config->pattern.bytes;
    evidence.locator = config->pattern_line;
    evidence.locator_unit = ATVM_LOCATOR_LINE;
    host_emit(self->host, &evidence);
    for (size_t i = 0; i < config->spec_count; i++)
        emit_expected(self, &config->specs[i]);
}

/* Reads the file anew; its unit is open. */
static void read_config(struct spec_collector *self, const struct script_file *file,
                        const char *reason)
{
    struct cypress_config config = {0};
    uint32_t line = 0;
    bool good = file->text && cypress_config_read((struct text){file->text, file->length}, &config,
                                                  &line, &reason);

    script_names_free(&self->environment);
    self->environment_is_whole = good;
    if (good) {
        emit_config(self, &config);
        for (size_t i = 0; i < config.spec_count; i++)
            track_spec(self, config.specs[i].path);
        self->environment = config.environment;
        memset(&config.environment, 0, sizeof(config.environment));
        host_end_source(self->host, ATVM_QUALITY_WHOLE, NULL);
    } else {
        end_bad(self, &file->status, self->run->cypress_config, line, reason);
    }
    cypress_config_free(&config);
    override_environment(self);
}

/* Looks at the configuration; reads it where it has changed. */
static int32_t look_at_config(struct spec_collector *self)
{
    const char *path = self->run->cypress_config, *reason = NULL;
    struct script_file file;
    struct identity identity;
    struct stat status;

    if (!path || lstat(path, &status) < 0) {
        if (path && errno != ENOENT && errno != ENOTDIR)
            return host_fail(self->host, ATVM_COLLECT_UNAVAILABLE,
                             "%s could not be looked at: %s; the collect worker must be able to "
                             "read the Cypress configuration",
                             path, strerror(errno));
        return ATVM_COLLECT_COMPLETE;
    }
    identity = identity_of(&status);
    if (is_same(&identity, &self->config_identity))
        return ATVM_COLLECT_COMPLETE;
    if (!begin(self, path, "config", NULL, &status))
        return ATVM_COLLECT_COMPLETE;
    script_file_read(path, NULL, &file, &reason);
    if (!file.text)
        file.status = status;
    read_config(self, &file, reason);
    if (self->environment_is_whole || !is_being_written(self, &status))
        self->config_identity = identity;
    script_file_free(&file);
    return ATVM_COLLECT_COMPLETE;
}

/* ---------------------------------------------------------------- flows */

static void emit_flow(const struct spec_collector *self, const struct tracked_spec *spec,
                      const struct spec_flow *flow)
{
    for (size_t i = 0; i < flow->count; i++) {
        struct atvm_evidence evidence = ATVM_EVIDENCE_INIT(ATVM_CLAIM_FLOW_STEP);

        evidence.basis = ATVM_BASIS_DIRECT;
        evidence.host = spec->host;
        evidence.step = flow->steps[i].title;
        evidence.locator = flow->steps[i].line;
        evidence.locator_unit = ATVM_LOCATOR_LINE;
        host_emit(self->host, &evidence);
    }
}

/* Reads the spec anew; its unit is open. false: there is no flow in it. */
static bool read_spec(const struct spec_collector *self, const struct tracked_spec *spec,
                      const struct stat *status)
{
    const struct flow_settings settings = {&self->environment, self->environment_is_whole,
                                           self->run->plugin};
    struct script_file file;
    struct spec_flow flow = {0};
    const char *reason = NULL;
    bool good = script_file_read(self->run->automation_root, spec->relative, &file, &reason);

    if (good) {
        good = spec_flow_read((struct text){file.text, file.length}, &settings, &flow);
        reason = flow.reason;
    }
    if (good) {
        emit_flow(self, spec, &flow);
        host_end_source(self->host, ATVM_QUALITY_WHOLE, NULL);
    } else {
        end_bad(self, status, spec->path, flow.bad_line, reason);
    }
    spec_flow_free(&flow);
    script_file_free(&file);
    return good;
}

static void look_at_spec(const struct spec_collector *self, struct tracked_spec *spec)
{
    struct identity identity;
    struct stat status;

    if (lstat(spec->path, &status) < 0)
        return; /* not generated yet, or cleaned up: what it said stays */
    identity = identity_of(&status);
    if (is_same(&identity, &spec->identity) && spec->settings == self->settings)
        return;
    if (!begin(self, spec->path, "spec", spec->host, &status))
        return;
    if (read_spec(self, spec, &status) || !is_being_written(self, &status)) {
        spec->identity = identity;
        spec->settings = self->settings;
    }
}

/* At least one spec in every pass, so that a short deadline cannot stop all progress. */
static int32_t look_at_specs(struct spec_collector *self)
{
    for (size_t i = 0; i < self->spec_count; i++) {
        struct tracked_spec *spec = self->specs[i];
        unsigned settings = spec->settings;

        look_at_spec(self, spec);
        if (spec->settings != settings && i + 1 < self->spec_count &&
            host_is_out_of_time(self->host, DEADLINE_RESERVE))
            return ATVM_COLLECT_AGAIN;
    }
    return ATVM_COLLECT_COMPLETE;
}

/* ---------------------------------------------------------------- the module */

static void *spec_create(const struct atvm_host *host)
{
    struct spec_collector *self = allocate(1, sizeof(*self));

    self->host = host;
    return self;
}

static int32_t spec_configure(void *collector)
{
    struct spec_collector *self = collector;
    const struct log_reader reader = {restart_log, take_log_line, NULL, self};

    self->run = self->host->run(self->host->context);
    override_environment(self);
    if (self->run->run_log)
        self->log = log_follower_new(self->host, self->run->run_log, NULL, &reader);
    return ATVM_OK;
}

static int32_t spec_collect(void *collector)
{
    struct spec_collector *self = collector;
    int32_t log = ATVM_COLLECT_COMPLETE, config, specs;

    if (self->run->cypress_config)
        self->host->watch(self->host->context, self->run->cypress_config);
    config = look_at_config(self);
    if (self->log)
        log = log_follower_pass(self->log);
    specs = look_at_specs(self);
    if (config != ATVM_COLLECT_COMPLETE)
        return config;
    /* that the log cannot be read is for its own collector to say */
    return log == ATVM_COLLECT_AGAIN ? log : specs;
}

static void spec_destroy(void *collector)
{
    struct spec_collector *self = collector;

    if (!self)
        return;
    log_follower_free(self->log);
    script_names_free(&self->environment);
    for (size_t i = 0; i < self->spec_count; i++) {
        free(self->specs[i]->path);
        free(self->specs[i]);
    }
    free(self->specs);
    free(self);
}

ATVM_COLLECTOR = {
    .head = ATVM_COLLECTOR_HEAD,
    .name = "spec",
    .version = PACKAGE_VERSION,
    .summary = "reads the Cypress configuration's specPattern and the specs' numbered test flow",
    .needs = ATVM_NEED_FILES,
    .create = spec_create,
    .configure = spec_configure,
    .collect = spec_collect,
    .destroy = spec_destroy,
};
