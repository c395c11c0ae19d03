#include "launch-verify.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "clock.h"

/* File systems keep times this coarse (FAT 2 s, and NFS servers have clocks of their own). */
#define TIME_SLACK_NS (2 * NS_PER_SECOND)

struct verifying {
    const struct launch_plan *plan;
    int64_t since_ns;
    const struct ledger *ledger;
    struct obstack *memory;
    const struct ledger_source *config;
    char *problems; /* one a line; NULL: none */
};

static void add_problem(struct verifying *verifying, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void add_problem(struct verifying *verifying, const char *format, ...)
{
    CLEANUP_FREE char *earlier = verifying->problems, *text = NULL;
    va_list arguments;

    va_start(arguments, format);
    text = memory_vformat(format, arguments);
    va_end(arguments);
    verifying->problems =
        memory_format("%s%s%s", earlier ? earlier : "", earlier ? "\n" : "", text);
}

/* ---------------------------------------------------------------- what was testified */

static const struct ledger_source *source_at(const struct verifying *verifying, const char *kind,
                                             const char *path)
{
    for (size_t i = 0; i < verifying->ledger->source_count; i++) {
        const struct ledger_source *source = verifying->ledger->sources[i];

        if (!source->retired && strcmp(source->file.kind, kind) == 0 &&
            strcmp(source->file.path, path) == 0)
            return source;
    }
    return NULL;
}

static bool is_old(const struct verifying *verifying, const struct ledger_source *source)
{
    return source->file.mtime_ns < verifying->since_ns - TIME_SLACK_NS;
}

/* "Could not look" is never "there is nothing". */
static void check_looks(struct verifying *verifying)
{
    const struct ledger *ledger = verifying->ledger;

    for (size_t i = 0; i < ledger->gap_count; i++)
        add_problem(verifying, "%s: could not be looked at: %s",
                    ledger->gaps[i].path ? ledger->gaps[i].path : ledger->gaps[i].collector,
                    ledger->gaps[i].reason);
    for (size_t i = 0; i < ledger->pass_count; i++)
        if (ledger->passes[i].result != ATVM_COLLECT_COMPLETE)
            add_problem(verifying, "the collector %s could not look at everything%s%s",
                        ledger->passes[i].collector, ledger->passes[i].reason ? ": " : "",
                        ledger->passes[i].reason ? ledger->passes[i].reason : "");
    if (ledger->pass_count == 0)
        add_problem(verifying, "no collector looked at what was generated");
}

static const struct atvm_evidence *next_expected(const struct ledger_source *config, size_t *at)
{
    while (*at < config->record_count) {
        const struct atvm_evidence *record = &config->records[(*at)++];

        if (record->claim == ATVM_CLAIM_EXPECTED_HOST && record->host)
            return record;
    }
    return NULL;
}

static const struct atvm_evidence *expected_of(const struct ledger_source *config, const char *host)
{
    const struct atvm_evidence *record;
    size_t at = 0;

    while ((record = next_expected(config, &at)))
        if (strcmp(record->host, host) == 0)
            return record;
    return NULL;
}

/* The specPattern as it stands in the file, for the message. */
static const struct atvm_evidence *pattern_of(const struct ledger_source *config)
{
    for (size_t i = 0; i < config->record_count; i++) {
        const struct atvm_evidence *record = &config->records[i];

        if (record->claim == ATVM_CLAIM_FACT && record->entity && record->text &&
            strcmp(record->entity, "spec-pattern") == 0)
            return record;
    }
    return NULL;
}

/* ---------------------------------------------------------------- the configuration file */

static bool check_config(struct verifying *verifying)
{
    const char *path = verifying->plan->cypress_config;
    size_t at = 0;

    verifying->config = source_at(verifying, "config", path);
    if (!verifying->config) {
        add_problem(verifying, "%s: nothing was read of it", path);
        return false;
    }
    if (verifying->config->quality != ATVM_QUALITY_WHOLE) {
        add_problem(verifying, "%s: cannot be read whole: %s", path,
                    verifying->config->reason ? verifying->config->reason : "it is damaged");
        return false;
    }
    if (is_old(verifying, verifying->config))
        add_problem(verifying,
                    "%s: the template command did not write it: its specPattern is that of an "
                    "earlier run",
                    path);
    if (!next_expected(verifying->config, &at)) {
        const struct atvm_evidence *pattern = pattern_of(verifying->config);

        add_problem(verifying, "%s: its specPattern names no machine: %.200s", path,
                    pattern ? pattern->text : "there is none");
    }
    return true;
}

/* ---------------------------------------------------------------- machines */

static const char *path_of_spec(const struct verifying *verifying, const char *written)
{
    if (*written == '/')
        return written;
    while (strncmp(written, "./", 2) == 0)
        written += 2;
    return memory_format_in(verifying->memory, "%s/%s", verifying->plan->working_directory,
                            written);
}

static void check_spec(struct verifying *verifying, const struct atvm_evidence *expected)
{
    const char *path = path_of_spec(verifying, expected->text ? expected->text : "");
    const struct ledger_source *spec = source_at(verifying, "spec", path);

    if (!spec)
        add_problem(verifying, "%s: has no spec: there is no %s", expected->host, path);
    else if (spec->file.size == 0)
        add_problem(verifying, "%s: its spec is empty: %s", expected->host, path);
    else if (is_old(verifying, spec))
        add_problem(verifying,
                    "%s: its spec is that of an earlier run, the template command did not write "
                    "it: %s",
                    expected->host, path);
}

static bool is_named(const struct launch_plan *plan, const char *host)
{
    for (size_t i = 0; i < plan->hosts.count; i++)
        if (strcmp(plan->hosts.words[i], host) == 0)
            return true;
    return false;
}

static const char *contained_word(const struct launch_words *words, const char *host)
{
    for (size_t i = 0; i < words->count; i++)
        if (strcasestr(host, words->words[i]))
            return words->words[i];
    return NULL;
}

static void check_choice(struct verifying *verifying, const struct atvm_evidence *expected)
{
    const struct launch_plan *plan = verifying->plan;
    const char *host = expected->host, *excluded = contained_word(&plan->exclude, host);
    long line = (long)expected->locator;

    if (excluded)
        add_problem(verifying, "%s: stands in the specPattern (%s:%ld), though %s is excluded",
                    host, plan->cypress_config, line, excluded);
    else if (!is_named(plan, host) && !plan->broad)
        add_problem(verifying, "%s: stands in the specPattern (%s:%ld), but was not asked for",
                    host, plan->cypress_config, line);
    else if (!is_named(plan, host) && plan->contains.count > 0 &&
             !contained_word(&plan->contains, host))
        add_problem(verifying,
                    "%s: stands in the specPattern (%s:%ld), but contains no word that was asked "
                    "for",
                    host, plan->cypress_config, line);
}

static void check_named(struct verifying *verifying)
{
    const struct launch_plan *plan = verifying->plan;

    for (size_t i = 0; i < plan->hosts.count; i++)
        if (!expected_of(verifying->config, plan->hosts.words[i]))
            add_problem(verifying, "%s: was asked for, but does not stand in the specPattern of %s",
                        plan->hosts.words[i], plan->cypress_config);
}

static void check_found(struct verifying *verifying, struct launch_words *ret_hosts)
{
    const struct atvm_evidence *record;
    size_t at = 0;

    while ((record = next_expected(verifying->config, &at))) {
        check_choice(verifying, record);
        check_spec(verifying, record);
        launch_words_add(ret_hosts, memory_string_in(verifying->memory, record->host));
    }
}

const char *launch_verify(const struct launch_expectation *expectation, const struct ledger *ledger,
                          struct obstack *memory, struct launch_words *ret_hosts)
{
    struct verifying verifying = {
        expectation->plan, expectation->since_ns, ledger, memory, NULL, NULL};
    const char *problems;

    check_looks(&verifying);
    if (check_config(&verifying)) {
        check_named(&verifying);
        check_found(&verifying, ret_hosts);
    }
    problems = memory_string_in(memory, verifying.problems);
    free(verifying.problems);
    return problems;
}
