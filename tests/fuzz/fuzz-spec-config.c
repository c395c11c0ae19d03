/* The reader of Cypress's configuration, and of the specPattern that it names. */
#include "cypress-config.h"
#include "expect.h"
#include "spec-pattern.h"

static void expect_place(uint32_t line, uint32_t lines)
{
    fuzz_expect(line >= 1 && line <= lines, "a place is a line of the file");
}

static void expect_config(const struct cypress_config *config, uint32_t lines)
{
    if (config->pattern.length > 0)
        expect_place(config->pattern_line, lines);
    for (size_t i = 0; i < config->spec_count; i++) {
        fuzz_expect(config->specs[i].path != NULL, "a spec has a path");
        expect_place(config->specs[i].line, lines);
    }
    for (size_t i = 0; i < config->environment.count; i++)
        fuzz_expect(config->environment.names[i].name != NULL, "a variable has a name");
}

/* The list as the run log tells it. */
static void read_list(struct text list)
{
    struct text spec;
    size_t before = list.length + 1;

    while (spec_pattern_next(&list, &spec)) {
        fuzz_expect(list.length < before, "every spec takes something off the list");
        before = list.length;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct text source = {(const char *)data, size};
    struct cypress_config config = {0};
    const char *reason = NULL;
    uint32_t line = 0, lines = 1;

    for (size_t i = 0; i < size; i++)
        lines += data[i] == '\n';
    if (cypress_config_read(source, &config, &line, &reason)) {
        expect_config(&config, lines);
    } else {
        fuzz_expect(reason != NULL, "what cannot be read has a reason");
        expect_place(line, lines);
    }
    cypress_config_free(&config);
    read_list(source);
    return 0;
}
