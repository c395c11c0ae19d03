#include "host-result.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "allocate.h"
#include "artifact-search.h"
#include "cleanup.h"
#include "host-call.h"
#include "host-name.h"
#include "utf8.h"

struct host_result host_result_new(const char *form, int32_t basis)
{
    struct host_result result = {.evidence = ATVM_EVIDENCE_INIT(ATVM_CLAIM_HOST_RESULT)};

    result.evidence.form = form;
    result.evidence.basis = basis;
    return result;
}

static void free_text(const char **text)
{
    free((char *)*text);
    *text = NULL;
}

void host_result_free(struct host_result *result)
{
    struct atvm_evidence *evidence = &result->evidence;

    free_text(&evidence->host);
    free_text(&evidence->step);
    free_text(&evidence->message);
    free_text(&evidence->excerpt);
    free_text(&evidence->steps);
    free_text(&evidence->text);
}

__attribute__((format(printf, 2, 0))) static void note_damage(struct host_result *result,
                                                              const char *format, va_list arguments)
{
    int length;

    if (result->damage[0] != '\0')
        return;
    length = vsnprintf(result->damage, sizeof(result->damage), format, arguments);
    if (length < 0)
        strcpy(result->damage, "is damaged");
    /* A name from the content may have been cut inside a character. */
    result->damage[utf8_valid_length(result->damage, strlen(result->damage))] = '\0';
}

void host_result_damage(struct host_result *result, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    note_damage(result, format, arguments);
    va_end(arguments);
}

void host_result_refuse(struct host_result *result, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    note_damage(result, format, arguments);
    va_end(arguments);
    result->withheld = true;
}

void host_result_doubt(struct host_result *result, const char *format, ...)
{
    va_list arguments;

    result->evidence.flags |= ATVM_EVIDENCE_PROVES_NOTHING;
    if (result->evidence.text)
        return;
    va_start(arguments, format);
    result->evidence.text = vformat_text(format, arguments);
    va_end(arguments);
}

/* ---------------------------------------------------------------- the host */

void host_result_name(struct host_result *result, const char *name, const char *where)
{
    const char *known = result->evidence.host;

    if (!name || name[0] == '\0')
        return;
    if (!known)
        result->evidence.host = copy_string(name);
    else if (strcmp(known, name) != 0)
        host_result_refuse(result, "names two hosts: %s, and in %s %s", known, where, name);
}

void host_result_name_by_spec(struct host_result *result, const char *spec, const char *where)
{
    char name[HOST_NAME_MAX_BYTES + 1];

    if (host_name_is_bookkeeping(spec))
        result->bookkeeping = true;
    else if (host_name_of_spec(spec, strlen(spec), name))
        host_result_name(result, name, where);
}

void host_result_name_by_title(struct host_result *result, const char *title, size_t length,
                               const char *where)
{
    char name[HOST_NAME_MAX_BYTES + 1];

    if (host_name_find(title, length, name))
        host_result_name(result, name, where);
}

/* Whether a file's name stands for this host: equal, or cut at a dot (as mochawesome's are). */
static bool stands_for(const char *name, const char *host)
{
    size_t length = strlen(name);

    return strncmp(name, host, length) == 0 && (host[length] == '\0' || host[length] == '.');
}

/* Takes the host from a machine's name in `text`, or compares it. */
static void settle_by(struct host_result *result, const char *text, bool names_host,
                      const char *where)
{
    char name[HOST_NAME_MAX_BYTES + 1];

    if (!host_name_find(text, strlen(text), name))
        return;
    if (!result->evidence.host && names_host)
        result->evidence.host = copy_string(name);
    else if (result->evidence.host && !stands_for(name, result->evidence.host))
        host_result_refuse(result, "belongs to another host: its content names %s, %s %s",
                           result->evidence.host, where, name);
}

static void settle_host(struct host_result *result, const struct artifact *artifact,
                        bool names_host)
{
    settle_by(result, artifact->folder, names_host, "its folder is");
    settle_by(result, artifact->stem, names_host, "its name is for");
    if (!result->evidence.host)
        host_result_refuse(result, "names no host");
}

/* ---------------------------------------------------------------- delivery */

static void settle_times(struct atvm_evidence *evidence, const struct artifact *artifact)
{
    char stem[HOST_NAME_MAX_BYTES + 1];
    int64_t name_time_ns = -1;

    if (evidence->started_ns < 0 && host_name_stem(artifact->name, "", stem, &name_time_ns))
        evidence->started_ns = name_time_ns;
    if (evidence->ended_ns < 0)
        evidence->ended_ns = artifact->mtime_ns;
}

/* Where the failing step stands: a JSON reader does not say. */
static void settle_place(struct atvm_evidence *evidence, const struct artifact *artifact)
{
    if (evidence->locator >= 0 || evidence->outcome != ATVM_OUTCOME_FAIL || !evidence->step)
        return;
    evidence->locator = artifact_offset_of(artifact, evidence->step);
    if (evidence->locator >= 0)
        evidence->locator_unit = ATVM_LOCATOR_OFFSET;
}

int32_t host_result_deliver(struct host_result *result, const struct atvm_host *host,
                            const struct artifact *artifact, unsigned file, char *reason,
                            size_t reason_size)
{
    if (!result->bookkeeping && !result->withheld)
        settle_host(result, artifact, file & HOST_RESULT_FILE_NAMES_HOST);
    if (file & HOST_RESULT_FILE_TIMES_RUN)
        settle_times(&result->evidence, artifact);
    if (!result->bookkeeping && !result->withheld) {
        settle_place(&result->evidence, artifact);
        if (result->evidence.excerpt)
            result->evidence.excerpt_length = strlen(result->evidence.excerpt);
        host_emit(host, &result->evidence);
    }
    if (result->damage[0] == '\0')
        return ATVM_QUALITY_WHOLE;
    snprintf(reason, reason_size, "%s", result->damage);
    return ATVM_QUALITY_DAMAGED;
}

int32_t host_result_deliver_log(struct host_result (*parse)(const char *bytes, size_t length),
                                const struct atvm_host *host, const struct artifact *artifact,
                                char *reason, size_t reason_size)
{
    size_t length = 0;
    CLEANUP_FREE char *bytes = artifact_read(artifact, &length, reason, reason_size);
    struct host_result result;
    int32_t quality;

    if (!bytes)
        return ATVM_QUALITY_DAMAGED;
    result = parse(bytes, length);
    quality = host_result_deliver(&result, host, artifact,
                                  HOST_RESULT_FILE_NAMES_HOST | HOST_RESULT_FILE_TIMES_RUN, reason,
                                  reason_size);
    host_result_free(&result);
    return quality;
}
