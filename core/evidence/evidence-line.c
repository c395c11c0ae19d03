#include "evidence-line.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "cleanup.h"

struct name {
    int32_t number;
    const char *name;
};

static const struct name claims[] = {
    {ATVM_CLAIM_EXPECTED_HOST, "expected-host"},
    {ATVM_CLAIM_SCOPE_STARTED, "scope-started"},
    {ATVM_CLAIM_HOST_STARTED, "host-started"},
    {ATVM_CLAIM_HOST_MENTIONED, "host-mentioned"},
    {ATVM_CLAIM_HOST_RESULT, "host-result"},
    {ATVM_CLAIM_SCOPE_TOTALS, "scope-totals"},
    {ATVM_CLAIM_SCOPE_ENDED, "scope-ended"},
    {ATVM_CLAIM_RUN_URL, "run-url"},
    {ATVM_CLAIM_UPLOAD_CONFIRMED, "upload-confirmed"},
    {ATVM_CLAIM_INTERRUPTED, "interrupted"},
    {ATVM_CLAIM_CANCELLED, "cancelled"},
    {ATVM_CLAIM_PROCESS, "process"},
    {ATVM_CLAIM_FLOW_STEP, "flow-step"},
    {ATVM_CLAIM_FACT, "fact"},
    {ATVM_CLAIM_SIGNAL, "signal"},
    {0, NULL},
};
static const struct name outcomes[] = {
    {ATVM_OUTCOME_PASS, "pass"}, {ATVM_OUTCOME_FAIL, "fail"}, {0, NULL}};
static const struct name bases[] = {{ATVM_BASIS_DIRECT, "direct"},
                                    {ATVM_BASIS_DERIVED, "derived"},
                                    {ATVM_BASIS_HINT, "hint"},
                                    {ATVM_BASIS_BOOKKEEPING, "bookkeeping"},
                                    {0, NULL}};
static const struct name modes[] = {
    {ATVM_SOURCE_REPLACE, "replace"}, {ATVM_SOURCE_APPEND, "append"}, {0, NULL}};
static const struct name qualities[] = {{ATVM_QUALITY_WHOLE, "whole"},
                                        {ATVM_QUALITY_GROWING, "growing"},
                                        {ATVM_QUALITY_DAMAGED, "damaged"},
                                        {0, NULL}};
static const struct name results[] = {{ATVM_COLLECT_COMPLETE, "complete"},
                                      {ATVM_COLLECT_AGAIN, "again"},
                                      {ATVM_COLLECT_UNAVAILABLE, "unavailable"},
                                      {ATVM_COLLECT_BROKEN, "broken"},
                                      {0, NULL}};

static const char *name_of(const struct name *names, int32_t number)
{
    for (; names->name; names++)
        if (names->number == number)
            return names->name;
    return NULL;
}

static int32_t number_of(const struct name *names, const char *name)
{
    for (; name && names->name; names++)
        if (strcmp(names->name, name) == 0)
            return names->number;
    return -1;
}

const char *evidence_claim_name(int32_t claim)
{
    return name_of(claims, claim);
}

const char *evidence_outcome_name(int32_t outcome)
{
    return name_of(outcomes, outcome);
}

const char *evidence_basis_name(int32_t basis)
{
    return name_of(bases, basis);
}

const char *evidence_quality_name(int32_t quality)
{
    return name_of(qualities, quality);
}

const char *evidence_collect_result_name(int32_t result)
{
    return name_of(results, result);
}

int32_t evidence_quality_from_name(const char *name)
{
    return number_of(qualities, name);
}

int32_t evidence_collect_result_from_name(const char *name)
{
    return number_of(results, name);
}

/* How one struct member stands on the wire. */
enum member_type { MEMBER_NAME, MEMBER_TEXT, MEMBER_NUMBER, MEMBER_NUMBER32, MEMBER_UNSIGNED };

struct member {
    const char *key;
    enum member_type type;
    size_t offset;
    int64_t absent;           /* this number is left out */
    const struct name *names; /* MEMBER_NAME */
};

#define EVIDENCE(member) offsetof(struct atvm_evidence, member)
static const struct member evidence_members[] = {
    {"claim", MEMBER_NAME, EVIDENCE(claim), 0, claims},
    {"outcome", MEMBER_NAME, EVIDENCE(outcome), 0, outcomes},
    {"basis", MEMBER_NAME, EVIDENCE(basis), 0, bases},
    {"flags", MEMBER_NUMBER32, EVIDENCE(flags), 0, NULL},
    {"batch", MEMBER_NUMBER32, EVIDENCE(batch), 0, NULL},
    {"scope", MEMBER_TEXT, EVIDENCE(scope), 0, NULL},
    {"host", MEMBER_TEXT, EVIDENCE(host), 0, NULL},
    {"form", MEMBER_TEXT, EVIDENCE(form), 0, NULL},
    {"step", MEMBER_TEXT, EVIDENCE(step), 0, NULL},
    {"message", MEMBER_TEXT, EVIDENCE(message), 0, NULL},
    {"text", MEMBER_TEXT, EVIDENCE(text), 0, NULL},
    {"steps", MEMBER_TEXT, EVIDENCE(steps), 0, NULL},
    {"tests", MEMBER_NUMBER, EVIDENCE(tests), -1, NULL},
    {"passed", MEMBER_NUMBER, EVIDENCE(passed), -1, NULL},
    {"failed", MEMBER_NUMBER, EVIDENCE(failed), -1, NULL},
    {"pending", MEMBER_NUMBER, EVIDENCE(pending), -1, NULL},
    {"skipped", MEMBER_NUMBER, EVIDENCE(skipped), -1, NULL},
    {"declared_tests", MEMBER_NUMBER, EVIDENCE(declared_tests), -1, NULL},
    {"declared_passed", MEMBER_NUMBER, EVIDENCE(declared_passed), -1, NULL},
    {"declared_failed", MEMBER_NUMBER, EVIDENCE(declared_failed), -1, NULL},
    {"declared_pending", MEMBER_NUMBER, EVIDENCE(declared_pending), -1, NULL},
    {"declared_skipped", MEMBER_NUMBER, EVIDENCE(declared_skipped), -1, NULL},
    {"started", MEMBER_NUMBER, EVIDENCE(started_ns), -1, NULL},
    {"ended", MEMBER_NUMBER, EVIDENCE(ended_ns), -1, NULL},
    {"duration", MEMBER_NUMBER, EVIDENCE(duration_ns), -1, NULL},
    {"active", MEMBER_NUMBER32, EVIDENCE(active), -1, NULL},
    {"pid", MEMBER_NUMBER, EVIDENCE(pid), -1, NULL},
    {"parent_pid", MEMBER_NUMBER, EVIDENCE(parent_pid), -1, NULL},
    {"entity", MEMBER_TEXT, EVIDENCE(entity), 0, NULL},
    {"unit", MEMBER_TEXT, EVIDENCE(unit), 0, NULL},
    {"since", MEMBER_NUMBER, EVIDENCE(since_ns), -1, NULL},
    {NULL, 0, 0, 0, NULL},
};
#undef EVIDENCE

#define SOURCE(member) offsetof(struct atvm_source, member)
static const struct member source_members[] = {
    {"mode", MEMBER_NAME, SOURCE(mode), 0, modes},
    {"path", MEMBER_TEXT, SOURCE(path), 0, NULL},
    {"kind", MEMBER_TEXT, SOURCE(kind), 0, NULL},
    {"stem", MEMBER_TEXT, SOURCE(stem), 0, NULL},
    {"size", MEMBER_NUMBER, SOURCE(size), -1, NULL},
    {"mtime", MEMBER_NUMBER, SOURCE(mtime_ns), -1, NULL},
    {"name_time", MEMBER_NUMBER, SOURCE(name_time_ns), -1, NULL},
    {"device", MEMBER_UNSIGNED, SOURCE(device), 0, NULL},
    {"inode", MEMBER_UNSIGNED, SOURCE(inode), 0, NULL},
    {NULL, 0, 0, 0, NULL},
};
#undef SOURCE

static struct json_object *member_to_json(const struct member *member, const void *base)
{
    const char *place = (const char *)base + member->offset;

    switch (member->type) {
    case MEMBER_NAME: {
        const char *name = name_of(member->names, *(const int32_t *)(const void *)place);

        return name ? json_object_new_string(name) : NULL;
    }
    case MEMBER_TEXT: {
        const char *text = *(const char *const *)(const void *)place;

        return text ? json_object_new_string(text) : NULL;
    }
    case MEMBER_NUMBER: {
        int64_t number = *(const int64_t *)(const void *)place;

        return number != member->absent ? json_object_new_int64(number) : NULL;
    }
    case MEMBER_NUMBER32: {
        int32_t number = *(const int32_t *)(const void *)place;

        return number != member->absent ? json_object_new_int64(number) : NULL;
    }
    case MEMBER_UNSIGNED: {
        uint64_t number = *(const uint64_t *)(const void *)place;

        return number ? json_object_new_uint64(number) : NULL;
    }
    }
    return NULL;
}

static struct json_object *members_to_json(const struct member *members, const void *base)
{
    struct json_object *object = json_object_new_object();

    for (; members->key; members++) {
        struct json_object *value = member_to_json(members, base);

        if (value)
            json_object_object_add_ex(object, members->key, value, JSON_C_OBJECT_ADD_KEY_IS_NEW);
    }
    return object;
}

static int member_from_json(const struct member *member, struct json_object *value,
                            struct obstack *strings, void *base)
{
    char *place = (char *)base + member->offset;
    bool is_text = member->type == MEMBER_NAME || member->type == MEMBER_TEXT;

    if (!json_object_is_type(value, is_text ? json_type_string : json_type_int))
        return -EINVAL;
    switch (member->type) {
    case MEMBER_NAME: {
        int32_t number = number_of(member->names, json_object_get_string(value));

        /* A name from a newer core is "none of those known here". */
        *(int32_t *)(void *)place = number < 0 ? 0 : number;
        break;
    }
    case MEMBER_TEXT:
        *(const char **)(void *)place = memory_bytes_in(strings, json_object_get_string(value),
                                                        (size_t)json_object_get_string_len(value));
        break;
    case MEMBER_NUMBER:
        *(int64_t *)(void *)place = json_object_get_int64(value);
        break;
    case MEMBER_NUMBER32:
        *(int32_t *)(void *)place = json_object_get_int(value);
        break;
    case MEMBER_UNSIGNED:
        *(uint64_t *)(void *)place = json_object_get_uint64(value);
        break;
    }
    return 0;
}

static int members_from_json(const struct member *members, struct json_object *object,
                             struct obstack *strings, void *base)
{
    for (; members->key; members++) {
        struct json_object *value = NULL;
        int error;

        if (!json_object_object_get_ex(object, members->key, &value))
            continue;
        error = member_from_json(members, value, strings, base);
        if (error)
            return error;
    }
    return 0;
}

struct json_object *evidence_to_json(const struct atvm_evidence *evidence)
{
    struct json_object *object = members_to_json(evidence_members, evidence);

    if (evidence->excerpt)
        json_object_object_add(
            object, "excerpt",
            json_object_new_string_len(evidence->excerpt, (int)evidence->excerpt_length));
    if (evidence->locator >= 0 && evidence->locator_unit != ATVM_LOCATOR_NONE)
        json_object_object_add(object,
                               evidence->locator_unit == ATVM_LOCATOR_LINE ? "line" : "offset",
                               json_object_new_int64(evidence->locator));
    if (evidence->value != 0.0)
        json_object_object_add(object, "value", json_object_new_double(evidence->value));
    return object;
}

static int locator_from_json(struct json_object *object, struct atvm_evidence *ret)
{
    struct json_object *value = NULL;

    if (json_object_object_get_ex(object, "line", &value))
        ret->locator_unit = ATVM_LOCATOR_LINE;
    else if (json_object_object_get_ex(object, "offset", &value))
        ret->locator_unit = ATVM_LOCATOR_OFFSET;
    else
        return 0;
    if (!json_object_is_type(value, json_type_int))
        return -EINVAL;
    ret->locator = json_object_get_int64(value);
    return 0;
}

int evidence_from_json(struct json_object *object, struct obstack *strings,
                       struct atvm_evidence *ret)
{
    struct atvm_evidence evidence = ATVM_EVIDENCE_INIT(0);
    struct json_object *value = NULL;
    int error;

    error = members_from_json(evidence_members, object, strings, &evidence);
    if (!error)
        error = locator_from_json(object, &evidence);
    if (error)
        return error;
    if (json_object_object_get_ex(object, "excerpt", &value)) {
        if (!json_object_is_type(value, json_type_string))
            return -EINVAL;
        evidence.excerpt_length = (size_t)json_object_get_string_len(value);
        evidence.excerpt =
            memory_bytes_in(strings, json_object_get_string(value), evidence.excerpt_length);
    }
    if (json_object_object_get_ex(object, "value", &value))
        evidence.value = json_object_get_double(value);
    *ret = evidence;
    return 0;
}

struct json_object *evidence_source_to_json(const struct atvm_source *source)
{
    return members_to_json(source_members, source);
}

int evidence_source_from_json(struct json_object *object, struct obstack *strings,
                              struct atvm_source *ret)
{
    struct atvm_source source = {
        .struct_size = sizeof(source), .size = -1, .mtime_ns = -1, .name_time_ns = -1};
    int error = members_from_json(source_members, object, strings, &source);

    if (!error && !source.path)
        error = -EINVAL;
    if (!error)
        *ret = source;
    return error;
}

void evidence_copy(const struct atvm_evidence *evidence, struct obstack *strings,
                   struct atvm_evidence *ret)
{
    *ret = *evidence;
    for (const struct member *member = evidence_members; member->key; member++)
        if (member->type == MEMBER_TEXT) {
            const char **text = (const char **)(void *)((char *)ret + member->offset);

            *text = memory_string_in(strings, *text);
        }
    ret->excerpt = memory_bytes_in(strings, evidence->excerpt, evidence->excerpt_length);
}

bool evidence_equal(const struct atvm_evidence *one, const struct atvm_evidence *other)
{
    CLEANUP_JSON struct json_object *first = evidence_to_json(one);
    CLEANUP_JSON struct json_object *second = evidence_to_json(other);

    return json_object_equal(first, second);
}
