/* The walk through a generated spec, with several settings of a run. */
#include "expect.h"
#include "spec-flow.h"

/* Settings that close and open the gates of the template's specs. NULL: not set. */
static const struct {
    const char *plugin, *install_only;
    bool environment_is_whole;
} runs[] = {
    {NULL, NULL, false},   {NULL, NULL, true},     {"fc", "false", true},
    {"iscsi", NULL, true}, {"both", "true", true},
};

static void set(struct script_names *names, const char *name, const char *value)
{
    if (value)
        script_names_set(names, (struct text){name, strlen(name)},
                         script_value_from_command_line(value));
}

static void expect_flow(const struct spec_flow *flow, uint32_t lines)
{
    fuzz_expect(!flow->reason && flow->bad_line == 0, "a flow has no reason against it");
    for (size_t i = 0; i < flow->count; i++) {
        const char *title = flow->steps[i].title;

        fuzz_expect(title && title[0] >= '0' && title[0] <= '9', "a step has a number");
        fuzz_expect(flow->steps[i].line >= 1 && flow->steps[i].line <= lines,
                    "a step stands in a line of the file");
    }
}

static void walk(struct text source, size_t run, uint32_t lines)
{
    struct script_names environment = {0};
    struct flow_settings settings = {&environment, runs[run].environment_is_whole,
                                     runs[run].plugin};
    struct spec_flow flow = {0};

    set(&environment, "pure_plugin_type", runs[run].plugin);
    set(&environment, "test-install-only", runs[run].install_only);
    if (spec_flow_read(source, &settings, &flow))
        expect_flow(&flow, lines);
    else
        fuzz_expect(flow.reason && flow.bad_line <= lines, "what gives no flow has a reason");
    spec_flow_free(&flow);
    script_names_free(&environment);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint32_t lines = 1;

    for (size_t i = 0; i < size; i++)
        lines += data[i] == '\n';
    for (size_t run = 0; run < sizeof(runs) / sizeof(runs[0]); run++)
        walk((struct text){(const char *)data, size}, run, lines);
    return 0;
}
