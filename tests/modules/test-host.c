/*
 * A collector for the tests of the collect worker: it tells as facts what its host gave it. The
 * macro TEST_NEEDS sets what it claims to need.
 */
#include <atvm/plugin.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct teller {
    const struct atvm_host *host;
};

static void tell(struct teller *self, const char *name, const char *text)
{
    struct atvm_evidence record = ATVM_EVIDENCE_INIT(ATVM_CLAIM_FACT);

    record.entity = name;
    record.text = text ? text : "(null)";
    self->host->emit_many(self->host->context, &record, 1, sizeof(record));
}

static void tell_number(struct teller *self, const char *name, int64_t number)
{
    char text[32];

    snprintf(text, sizeof(text), "%" PRId64, number);
    tell(self, name, text);
}

static void tell_options(struct teller *self)
{
    const struct atvm_host *host = self->host;
    const char *const *items;
    size_t count;

    tell(self, "string", host->option_string(host->context, "string"));
    tell_number(self, "integer", host->option_number(host->context, "integer"));
    tell_number(self, "boolean", host->option_number(host->context, "boolean"));
    tell_number(self, "duration", host->option_number(host->context, "duration"));
    tell_number(self, "size", host->option_number(host->context, "size"));
    count = host->option_list(host->context, "list", &items);
    tell_number(self, "list", (int64_t)count);
    for (size_t i = 0; i < count; i++)
        tell(self, "item", items[i]);
    tell(self, "undeclared", host->option_string(host->context, "undeclared"));
    tell_number(self, "mistyped", host->option_number(host->context, "string"));
}

static void tell_run(struct teller *self)
{
    const struct atvm_run *run = self->host->run(self->host->context);

    tell(self, "build", run->build);
    tell(self, "automation_root", run->automation_root);
    tell(self, "run_log", run->run_log);
    tell(self, "launch_log", run->launch_log);
    tell(self, "cypress_config", run->cypress_config);
    tell(self, "template_name", run->template_name);
    tell(self, "plugin", run->plugin);
    for (const char *const *variable = run->cypress_env; *variable; variable++)
        tell(self, "cypress_env", *variable);
    tell_number(self, "categorized", run->categorized);
    tell_number(self, "since", run->since_ns);
    tell_number(self, "now", self->host->now(self->host->context));
    tell_number(self, "deadline", self->host->deadline(self->host->context) > 0);
    tell_number(self, "sink functions",
                self->host->secret || self->host->committing || self->host->receipt ||
                    self->host->terminal);
}

static int32_t collect(void *instance)
{
    struct teller *self = instance;
    struct atvm_source source = {.struct_size = sizeof(source),
                                 .mode = ATVM_SOURCE_REPLACE,
                                 .path = "/",
                                 .kind = "process",
                                 .size = -1,
                                 .mtime_ns = -1,
                                 .name_time_ns = -1};

    if (self->host->begin_source(self->host->context, &source) != ATVM_OK)
        return ATVM_COLLECT_UNAVAILABLE;
    tell_options(self);
    tell_run(self);
    self->host->end_source(self->host->context, ATVM_QUALITY_WHOLE, NULL);
    return ATVM_COLLECT_COMPLETE;
}

static void *create(const struct atvm_host *host)
{
    struct teller *self = calloc(1, sizeof(*self));

    if (self)
        self->host = host;
    return self;
}

static void destroy(void *instance)
{
    free(instance);
}

static const struct atvm_option options[] = {
    {"string", ATVM_OPTION_STRING, 0, NULL, 0, 0, NULL, "a string"},
    {"integer", ATVM_OPTION_INTEGER, 0, NULL, 0, 0, NULL, "a number"},
    {"boolean", ATVM_OPTION_BOOLEAN, 0, NULL, 0, 0, NULL, "yes or no"},
    {"duration", ATVM_OPTION_DURATION, 0, NULL, 0, 0, NULL, "a time"},
    {"size", ATVM_OPTION_SIZE, 0, NULL, 0, 0, NULL, "bytes"},
    {"list", ATVM_OPTION_STRING_LIST, 0, NULL, 0, 0, NULL, "strings"},
};

ATVM_COLLECTOR = {
    ATVM_COLLECTOR_HEAD,
    .name = "test-host",
    .version = "1",
    .summary = "tells what its host gave it",
    .options = options,
    .option_count = sizeof(options) / sizeof(options[0]),
    .option_stride = sizeof(options[0]),
    .needs = TEST_NEEDS,
    .create = create,
    .collect = collect,
    .destroy = destroy,
};
