/* Requests and answers in memory and as JSON. */
#include "request.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "cleanup.h"
#include "clock.h"
#include "durable-file.h"
#include "json-file.h"
#include "memory.h"

#define ID_MAX 100
/* No name or sentence of an operator comes near it. */
#define WORD_MAX 4096

static const char *const command_names[] = {
    [REQUEST_CANCEL] = "cancel", [REQUEST_RESET] = "reset",     [REQUEST_POSTED] = "posted",
    [REQUEST_RESEND] = "resend", [REQUEST_CORRECT] = "correct", [REQUEST_RETRY] = "retry",
    [REQUEST_DROP] = "drop",
};
static const char *const outcome_names[] = {
    [REQUEST_DONE] = "done",
    [REQUEST_REFUSED] = "refused",
    [REQUEST_LEFT] = "left",
    [REQUEST_FAILED] = "failed",
};
#define COUNT(array) (sizeof(array) / sizeof(*(array)))

/* 0: there is no such word. */
static int number_of(const char *const *names, size_t count, const char *name)
{
    for (size_t i = 1; i < count && name; i++)
        if (strcmp(names[i], name) == 0)
            return (int)i;
    return 0;
}

const char *request_command_name(enum request_command command)
{
    return command_names[command];
}

enum request_command request_command_from_name(const char *name)
{
    return (enum request_command)number_of(command_names, COUNT(command_names), name);
}

const char *request_outcome_name(enum request_outcome outcome)
{
    return outcome_names[outcome];
}

enum request_outcome request_outcome_from_name(const char *name)
{
    return (enum request_outcome)number_of(outcome_names, COUNT(outcome_names), name);
}

/* ---- members */

static const struct json_member request_members[] = {
    {"id", JSON_MEMBER_STRING, offsetof(struct request, id)},
    {"by", JSON_MEMBER_STRING, offsetof(struct request, by)},
    {"time", JSON_MEMBER_INT64, offsetof(struct request, time_ns)},
    {"scope", JSON_MEMBER_STRING, offsetof(struct request, scope)},
    {"sink", JSON_MEMBER_STRING, offsetof(struct request, sink)},
    {"part", JSON_MEMBER_INT32, offsetof(struct request, part)},
    {"correction", JSON_MEMBER_INT32, offsetof(struct request, correction)},
    {"all", JSON_MEMBER_BOOLEAN, offsetof(struct request, all)},
    {"reason", JSON_MEMBER_STRING, offsetof(struct request, reason)},
    {NULL},
};

static const struct json_member answer_members[] = {
    {"text", JSON_MEMBER_STRING, offsetof(struct request_answer, text)},
    {"sent", JSON_MEMBER_INT64, offsetof(struct request_answer, sent)},
    {NULL},
};

void request_clear(struct request *request)
{
    json_members_free(request_members, request);
    *request = (struct request){.time_ns = -1};
}

void request_answer_clear(struct request_answer *answer)
{
    json_members_free(answer_members, answer);
    *answer = (struct request_answer){0};
}

/* ---- ids */

char *request_new_id(int64_t now_ns)
{
    time_t seconds = (time_t)(now_ns / NS_PER_SECOND);
    uint32_t random = (uint32_t)(now_ns % NS_PER_SECOND);
    char text[32] = "";
    struct tm parts;

    if (gmtime_r(&seconds, &parts))
        strftime(text, sizeof(text), "%Y%m%dT%H%M%SZ", &parts);
    /* Without random bits the nanoseconds and the pid still tell it apart. */
    if (getrandom(&random, sizeof(random), GRND_NONBLOCK) != (ssize_t)sizeof(random))
        random = (uint32_t)(now_ns % NS_PER_SECOND);
    return memory_format("%s-%d-%08" PRIx32, text, (int)getpid(), random);
}

bool request_id_is_valid(const char *id)
{
    CLEANUP_FREE char *component = strlen(id) <= ID_MAX ? durable_component(id) : NULL;

    return component && strcmp(component, id) == 0;
}

/* ---- JSON */

static void add_schema(struct json_object *object, const char *schema, int version)
{
    CLEANUP_FREE char *text = memory_format("%s/%d", schema, version);

    json_object_object_add(object, "schema", json_object_new_string(text));
}

static const char *word_at(struct json_object *object, const char *key)
{
    struct json_object *value = NULL;

    json_object_object_get_ex(object, key, &value);
    return json_object_is_type(value, json_type_string) ? json_object_get_string(value) : NULL;
}

struct json_object *request_to_json(const struct request *request)
{
    struct json_object *object = json_object_new_object();

    add_schema(object, REQUEST_SCHEMA, REQUEST_SCHEMA_VERSION);
    json_object_object_add(object, "command",
                           json_object_new_string(request_command_name(request->command)));
    json_members_write(request_members, request, object);
    return object;
}

static bool word_is_sane(const char *word)
{
    return !word || (*word && strlen(word) <= WORD_MAX);
}

static bool request_is_sane(const struct request *request)
{
    return request->command && request->id && request_id_is_valid(request->id) && request->by &&
           word_is_sane(request->by) && word_is_sane(request->scope) &&
           word_is_sane(request->sink) && word_is_sane(request->reason) && request->part >= 0 &&
           request->correction >= 0 && request->time_ns >= -1;
}

bool request_from_json(struct json_object *object, struct request *ret)
{
    *ret = (struct request){.time_ns = -1};
    ret->command = request_command_from_name(word_at(object, "command"));
    if (json_members_read(request_members, object, ret) && request_is_sane(ret))
        return true;
    request_clear(ret);
    return false;
}

struct json_object *request_answer_to_json(const struct request_answer *answer)
{
    struct json_object *object = json_object_new_object();

    add_schema(object, ANSWER_SCHEMA, ANSWER_SCHEMA_VERSION);
    json_object_object_add(object, "outcome",
                           json_object_new_string(request_outcome_name(answer->outcome)));
    json_members_write(answer_members, answer, object);
    return object;
}

bool request_answer_from_json(struct json_object *object, struct request_answer *ret)
{
    *ret =
        (struct request_answer){.outcome = request_outcome_from_name(word_at(object, "outcome"))};
    if (ret->outcome && json_members_read(answer_members, object, ret) && ret->text &&
        ret->sent >= 0)
        return true;
    request_answer_clear(ret);
    return false;
}
