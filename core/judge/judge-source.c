#include "judge-source.h"

#include <string.h>

#include "judge-scope.h"

static bool is_listed(const struct source_verdict *verdict, const char *host)
{
    for (size_t i = 0; i < verdict->host_count; i++)
        if (strcmp(verdict->hosts[i], host) == 0)
            return true;
    return false;
}

/* The hosts of this run that its content names, mostly one. */
static void list_named_hosts(const struct judge_case *judged, const struct judge_source *source,
                             struct source_verdict *ret)
{
    size_t most = source->source->record_count < judged->host_count ? source->source->record_count
                                                                    : judged->host_count;

    ret->hosts = memory_array_in(judged->memory, NULL, most, sizeof(*ret->hosts));
    for (size_t i = 0; i < source->source->record_count; i++) {
        const char *host = source->source->records[i].host;

        if (host && judge_case_has_host(judged, host) && !is_listed(ret, host))
            ret->hosts[ret->host_count++] = host;
    }
}

static void list_hosts(const struct judge_case *judged, const struct judge_source *source,
                       struct source_verdict *ret)
{
    if (!source->damaged) {
        list_named_hosts(judged, source, ret);
        return;
    }
    if (source->reach == DAMAGE_OF_EVERY_HOST) {
        ret->hosts = judged->hosts;
        ret->host_count = judged->host_count;
        return;
    }
    if (source->reach == DAMAGE_OF_NOBODY)
        return;
    ret->hosts = memory_array_in(judged->memory, NULL, judged->host_count, sizeof(*ret->hosts));
    for (size_t i = 0; i < judged->host_count; i++)
        if (judge_case_damage_concerns(source, judged->hosts[i]))
            ret->hosts[ret->host_count++] = judged->hosts[i];
}

static bool names_any_host(const struct judge_source *source)
{
    for (size_t i = 0; i < source->source->record_count; i++)
        if (source->source->records[i].host)
            return true;
    return false;
}

/* A bookkeeping test's scope: NULL where none is named, or there is no such test. */
static const struct atvm_evidence *bookkeeping_of(const struct judge_source *source)
{
    for (size_t i = 0; i < source->source->record_count; i++) {
        struct judge_item item = {.from = source, .record = &source->source->records[i]};

        if (judge_is_bookkeeping_end(&item))
            return item.record;
    }
    return NULL;
}

static bool names_another_build(const struct judge_case *judged,
                                const struct atvm_evidence *bookkeeping)
{
    const char *build = judged->policy->build, *named = bookkeeping->scope;
    size_t length = strlen(build);

    if (!named || strcmp(named, build) == 0)
        return false;
    return !judged->policy->categorized || strncmp(named, build, length) != 0 ||
           named[length] != '-';
}

static void set(struct source_verdict *ret, enum source_standing standing, const char *rule)
{
    ret->standing = standing;
    ret->rule = rule;
}

static void judge_damaged(const struct judge_source *source, struct source_verdict *ret)
{
    if (source->artifact != ARTIFACT_NONE && ret->host_count == 0)
        set(ret, SOURCE_STRANGE, "names-only-other-hosts");
    else
        set(ret, SOURCE_DAMAGED,
            source->source->quality == ATVM_QUALITY_GROWING ? "still-growing" : "damaged-source");
}

static void judge_artifact(const struct judge_case *judged, const struct judge_source *source,
                           struct source_verdict *ret)
{
    const struct atvm_evidence *bookkeeping = bookkeeping_of(source);

    if (ret->host_count > 0)
        set(ret, SOURCE_COUNTS, "in-the-window");
    else if (bookkeeping && names_another_build(judged, bookkeeping))
        set(ret, SOURCE_STRANGE, "names-another-build");
    else if (bookkeeping)
        set(ret, SOURCE_COUNTS, "bookkeeping-only-xml");
    else if (names_any_host(source))
        set(ret, SOURCE_STRANGE, "names-only-other-hosts");
    else
        set(ret, SOURCE_COUNTS, "says-nothing");
}

static struct source_verdict judge_source(const struct judge_case *judged,
                                          const struct judge_source *source)
{
    struct source_verdict verdict = {.source = source->source, .outside_ns = source->outside_ns};

    if (source->artifact != ARTIFACT_NONE && !source->stale)
        list_hosts(judged, source, &verdict);
    if (source->stale)
        set(&verdict, SOURCE_STALE, source->stale_rule);
    else if (source->damaged)
        judge_damaged(source, &verdict);
    else if (source->artifact != ARTIFACT_NONE)
        judge_artifact(judged, source, &verdict);
    else
        set(&verdict, SOURCE_COUNTS,
            judge_text_is(source->source->file.kind, "log") ? "in-the-window" : "has-no-window");
    return verdict;
}

struct source_verdict *judge_sources(const struct judge_case *judged, size_t *ret_count)
{
    struct source_verdict *verdicts =
        memory_array_in(judged->memory, NULL, judged->source_count, sizeof(*verdicts));

    for (size_t i = 0; i < judged->source_count; i++)
        verdicts[i] = judge_source(judged, &judged->sources[i]);
    *ret_count = judged->source_count;
    return verdicts;
}
