#include "mattermost-answer.h"

#include <atvm/plugin.h>

#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define NS_PER_SECOND INT64_C(1000000000)
#define ERROR_ID_MAX  120

#define CHECK_THE_ADDRESS                                                                          \
    "compare the address in MATTERMOST_ATVM_WEBHOOK with Integrations > Incoming Webhooks in "     \
    "Mattermost"
#define REPORT_THIS "report this as a bug of atvm-watcher; the full report is in the state folder"
#define CHECK_THE_CHANNEL                                                                          \
    "set the sink's option channel to the channel's name as in its address, or leave it out to "   \
    "use the webhook's own channel"
#define LOOK_THERE                                                                                 \
    "look in the channel whether the message is there; check for a proxy before the server and "   \
    "the address in MATTERMOST_ATVM_WEBHOOK"
#define ASK_FOR_ROOM                                                                               \
    "raise the limit of the server (MaximumPayloadSizeBytes) or of the proxy before it; the full " \
    "report is in the state folder"

/* ---------------------------------------------------------------- refusals by status and id */

struct refusal {
    int status;
    const char *id; /* NULL: any other, or none */
    int32_t outcome;
    const char *meaning;
    const char *remedy;
};

/* From server/channels/app/webhook.go, server/channels/web/webhook.go, handlers.go and
 * server/channels/app/ratelimit.go. Without an id it was a proxy, or another program. */
static const struct refusal refusals[] = {
    {400, "web.incoming_webhook.invalid.app_error", ATVM_REJECTED,
     "the webhook does not exist there: it was deleted or replaced, or its address is mistyped",
     CHECK_THE_ADDRESS},
    {400, "web.incoming_webhook.text.app_error", ATVM_REJECTED, "the message was empty",
     REPORT_THIS},
    {400, "model.incoming_hook.parse_data.app_error", ATVM_REJECTED,
     "the server could not read the message; one that is too long is cut and fails so, too",
     ASK_FOR_ROOM},
    {400, "web.incoming_webhook.split_props_length.app_error", ATVM_REJECTED,
     "the message's properties are too long", REPORT_THIS},
    {400, "web.incoming_webhook.user.app_error", ATVM_REJECTED,
     "the user named as its channel does not exist", CHECK_THE_CHANNEL},
    {400, "api.context.invalid_param.app_error", ATVM_REJECTED,
     "the server did not accept a field of the message", REPORT_THIS},
    {403, "web.incoming_webhook.channel_locked.app_error", ATVM_REJECTED,
     "the webhook is locked to its own channel",
     "leave out the sink's option channel, or unlock the webhook in Mattermost"},
    {403, "web.incoming_webhook.permissions.app_error", ATVM_REJECTED,
     "the webhook's owner may not post to that channel",
     "add the webhook's owner to the channel, or have a member make the webhook anew"},
    {403, "web.incoming_webhook.user.app_error", ATVM_REJECTED,
     "the webhook's owner is gone or may not post",
     "have a member of the channel make the webhook anew"},
    {404, "web.incoming_webhook.channel.app_error", ATVM_REJECTED, "the channel does not exist",
     CHECK_THE_CHANNEL},
    {404, "app.channel.get.existing.app_error", ATVM_REJECTED,
     "the channel does not exist or was deleted", CHECK_THE_CHANNEL},
    {413, "api.context.request_body_too_large.app_error", ATVM_REJECTED,
     "the message is larger than the server takes", ASK_FOR_ROOM},
    {414, "basic_security_check.url.too_long_error", ATVM_REJECTED,
     "the webhook's address is longer than the server takes", CHECK_THE_ADDRESS},
    {501, "web.incoming_webhook.disabled.app_error", ATVM_REJECTED,
     "incoming webhooks are switched off there",
     "have an administrator switch on System Console > Integrations > Enable Incoming Webhooks"},
    {401, NULL, ATVM_REJECTED, "the other side wants a login, which Mattermost's webhooks do not",
     CHECK_THE_ADDRESS},
    {403, NULL, ATVM_REJECTED, "the other side does not let this machine post",
     "ask who runs the server, or the proxy before it, to let this machine post to the webhook"},
    {404, NULL, ATVM_REJECTED, "there is no webhook at this address", CHECK_THE_ADDRESS},
    {405, NULL, ATVM_REJECTED, "there is no webhook at this address", CHECK_THE_ADDRESS},
    /* It says that the request did not arrive whole; a proxy that says so may have passed it on. */
    {408, NULL, ATVM_UNCERTAIN, "the other side did not wait for the end of the message",
     LOOK_THERE},
    {413, NULL, ATVM_REJECTED, "the message is larger than the server or its proxy takes",
     ASK_FOR_ROOM},
    {429, NULL, ATVM_RETRY, "the server takes no more messages for now",
     "nothing: it is sent again later"},
};

/* 500: a part of a long text could not be stored; parts before it may be visible. */
static const char creating_failed[] = "api.post.create_webhook_post.creating.app_error";

static const struct refusal *refusal_of(int status, const char *id)
{
    for (size_t i = 0; i < sizeof(refusals) / sizeof(*refusals); i++) {
        const struct refusal *refusal = &refusals[i];

        if (refusal->status == status && (!refusal->id || strcmp(refusal->id, id) == 0))
            return refusal;
    }
    return NULL;
}

/* ---------------------------------------------------------------- the error object */

static bool is_error_id(const char *id)
{
    size_t length = strlen(id);

    return length > 0 && length < ERROR_ID_MAX && strchr(id, '.') &&
           strspn(id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") ==
               length;
}

static void read_error_id(struct json_object *object, int status, char id[ERROR_ID_MAX])
{
    struct json_object *found = NULL, *code = NULL;

    if (!json_object_is_type(object, json_type_object) ||
        !json_object_object_get_ex(object, "id", &found) ||
        !json_object_object_get_ex(object, "status_code", &code) ||
        !json_object_is_type(found, json_type_string) ||
        !json_object_is_type(code, json_type_int) || json_object_get_int64(code) != status ||
        !is_error_id(json_object_get_string(found)))
        return;
    snprintf(id, ERROR_ID_MAX, "%s", json_object_get_string(found));
}

/* The id of Mattermost's own error object; "" where the body is none. */
static void error_id_of(const struct mattermost_answer *answer, char id[ERROR_ID_MAX])
{
    struct json_tokener *tokener = json_tokener_new();
    struct json_object *object = NULL;

    id[0] = '\0';
    if (tokener && answer->body_length <= sizeof(answer->body))
        object = json_tokener_parse_ex(tokener, answer->body, (int)answer->body_length);
    read_error_id(object, answer->status, id);
    json_object_put(object);
    if (tokener)
        json_tokener_free(tokener);
}

/* ---------------------------------------------------------------- judging an answer */

static void judge_refusal(const struct refusal *refusal, const char *id,
                          struct mattermost_judgement *ret)
{
    ret->outcome = refusal->outcome;
    ret->remedy = refusal->remedy;
    snprintf(ret->reason, sizeof(ret->reason), "HTTP %d%s%s: %s", refusal->status, *id ? " " : "",
             id, refusal->meaning);
}

static void judge_success(const struct mattermost_answer *answer, struct mattermost_judgement *ret)
{
    if (answer->status == 200 && answer->body_length == 2 && memcmp(answer->body, "ok", 2) == 0) {
        ret->outcome = ATVM_DELIVERED;
        return;
    }
    ret->outcome = ATVM_UNCERTAIN;
    ret->remedy = LOOK_THERE;
    snprintf(ret->reason, sizeof(ret->reason),
             "HTTP %d with %zu bytes of %s, where Mattermost answers 200 with \"ok\"",
             answer->status, answer->body_length,
             *answer->content_type ? answer->content_type : "no named type");
}

static void judge_redirect(const struct mattermost_answer *answer, struct mattermost_judgement *ret)
{
    ret->outcome = ATVM_REJECTED;
    ret->remedy = "put the address that answers itself in MATTERMOST_ATVM_WEBHOOK (often https "
                  "instead of http); redirects are not followed with a secret address";
    snprintf(ret->reason, sizeof(ret->reason), "HTTP %d: the server points to %s", answer->status,
             *answer->redirect ? answer->redirect : "another address");
}

static void judge_server_error(const struct mattermost_answer *answer, const char *id,
                               bool may_be_split, struct mattermost_judgement *ret)
{
    ret->outcome = *id ? ATVM_RETRY : ATVM_UNCERTAIN;
    ret->remedy = *id ? "nothing, unless it lasts: then look in the log of the Mattermost server"
                      : LOOK_THERE;
    snprintf(ret->reason, sizeof(ret->reason), "HTTP %d%s%s: %s", answer->status, *id ? " " : "",
             id,
             *id ? "the Mattermost server failed"
                 : "an error, but not in Mattermost's own form: something may have passed it on");
    if (may_be_split && strcmp(id, creating_failed) == 0) {
        ret->outcome = ATVM_UNCERTAIN;
        ret->remedy = "look in the channel for the first part of the message; set the sink's "
                      "option max_characters to what the server takes";
        snprintf(ret->reason, sizeof(ret->reason),
                 "HTTP %d %s: the server split the message and failed at a part of it",
                 answer->status, id);
    }
}

static void judge_client_error(const struct mattermost_answer *answer, const char *id,
                               struct mattermost_judgement *ret)
{
    ret->outcome = ATVM_REJECTED;
    ret->remedy = CHECK_THE_ADDRESS;
    snprintf(ret->reason, sizeof(ret->reason), "HTTP %d%s%s: the message was refused",
             answer->status, *id ? " " : "", id);
}

void mattermost_judge_answer(const struct mattermost_answer *answer, bool may_be_split,
                             struct mattermost_judgement *ret)
{
    char id[ERROR_ID_MAX] = "";
    const struct refusal *refusal;

    *ret = (struct mattermost_judgement){.code = answer->status,
                                         .retry_after_ns = answer->retry_after_ns};
    if (answer->status >= 400)
        error_id_of(answer, id);
    refusal = refusal_of(answer->status, id);
    if (refusal)
        judge_refusal(refusal, id, ret);
    else if (answer->status < 300)
        judge_success(answer, ret);
    else if (answer->status < 400)
        judge_redirect(answer, ret);
    else if (answer->status < 500)
        judge_client_error(answer, id, ret);
    else
        judge_server_error(answer, id, may_be_split, ret);
}

/* ---------------------------------------------------------------- judging a failure */

struct failure {
    CURLcode code;
    const char *what;
    const char *remedy;
};

/* Before the request began to leave. */
static const struct failure failures[] = {
    {CURLE_COULDNT_RESOLVE_HOST, "its name cannot be resolved",
     "check this machine's DNS and the host in MATTERMOST_ATVM_WEBHOOK"},
    {CURLE_COULDNT_RESOLVE_PROXY, "the proxy's name cannot be resolved",
     "check this machine's DNS and the sink's option proxy"},
    {CURLE_COULDNT_CONNECT, "no connection",
     "check that the server is up and that no firewall stands between"},
    {CURLE_OPERATION_TIMEDOUT, "no connection in time",
     "check that the server is up and that no firewall stands between"},
    {CURLE_SSL_CONNECT_ERROR, "no TLS connection",
     "check that the server speaks TLS 1.2 or newer at this port"},
    {CURLE_PEER_FAILED_VERIFICATION, "its certificate is not trusted",
     "let the server have a certificate for this name, or give the certificate of its authority "
     "with the sink's option ca_file"},
    {CURLE_SSL_CACERT_BADFILE, "the trusted certificates cannot be read",
     "set the sink's option ca_file to a readable PEM file, or install ca-certificates"},
};

static void judge_unsent(CURLcode code, const char *origin, const char *detail,
                         struct mattermost_judgement *ret)
{
    const char *what = "nothing could be sent";

    ret->outcome = ATVM_RETRY;
    ret->remedy = "check the server, and the sink's options proxy and ca_file";
    for (size_t i = 0; i < sizeof(failures) / sizeof(*failures); i++) {
        if (failures[i].code == code) {
            what = failures[i].what;
            ret->remedy = failures[i].remedy;
        }
    }
    snprintf(ret->reason, sizeof(ret->reason), "%s: %s: %s", origin, what, detail);
}

void mattermost_judge_failure(CURLcode code, bool committed, const char *origin, const char *detail,
                              struct mattermost_judgement *ret)
{
    *ret = (struct mattermost_judgement){.retry_after_ns = -1};
    if (!committed) {
        judge_unsent(code, origin, detail, ret);
        return;
    }
    ret->outcome = ATVM_UNCERTAIN;
    ret->remedy = "look in the channel whether the message is there";
    snprintf(ret->reason, sizeof(ret->reason),
             "%s: no whole answer after the message began to leave: %s", origin, detail);
}

/* ---------------------------------------------------------------- Retry-After */

int64_t mattermost_retry_after(const char *value, int64_t now_ns)
{
    char *end;
    long long seconds;
    time_t date;

    value += strspn(value, " \t");
    if (*value >= '0' && *value <= '9') {
        errno = 0;
        seconds = strtoll(value, &end, 10);
        if (end[strspn(end, " \t\r\n")] != '\0')
            return -1;
        return seconds > INT64_MAX / NS_PER_SECOND ? INT64_MAX : seconds * NS_PER_SECOND;
    }
    date = curl_getdate(value, NULL);
    if (date < 0)
        return -1;
    if (date > INT64_MAX / NS_PER_SECOND)
        return INT64_MAX;
    return (int64_t)date * NS_PER_SECOND > now_ns ? (int64_t)date * NS_PER_SECOND - now_ns : 0;
}
