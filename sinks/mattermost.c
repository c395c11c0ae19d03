/*
 * The sink mattermost: posts the message through an incoming webhook of a Mattermost server. It
 * says DELIVERED only where the server said so, and RETRY only where nothing can have been posted.
 */
#include <atvm/plugin.h>

#include <json-c/json.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "host-call.h"
#include "mattermost-exchange.h"

#define MILLISECOND INT64_C(1000000)
#define SECOND      (1000 * MILLISECOND)

/* Characters (code points) of a post: PostMessageMaxRunesV2 of server/public/model/post.go. A
 * longer text is no error: the server cuts it into several posts, wherever that falls. */
#define POST_CHARACTERS "16383"
/* Some room below that, should the server's rewriting of links lengthen the text. */
#define LIMIT_CHARACTERS 16000
/* MaximumPayloadSizeBytes of server/public/model/config.go, for the whole request. */
#define PAYLOAD_MAX 300000
/* Writing a text as JSON at most doubles it: it holds no control characters but line ends. */
#define LIMIT_BYTES 145000

static const struct atvm_option options[] = {
    {"webhook", ATVM_OPTION_SECRET, 0, "MATTERMOST_ATVM_WEBHOOK", 0, 0, NULL,
     "address of the incoming webhook, https://HOST/hooks/ID"},
    {"channel", ATVM_OPTION_STRING, 0, NULL, 0, 0, NULL,
     "channel to post to: its name as in its address, or @user; without it the webhook's own"},
    {"max_characters", ATVM_OPTION_INTEGER, 0, POST_CHARACTERS, 1000, 16383, NULL,
     "longest text the server takes as one post; 4000 for servers before 5.0"},
    {"timeout", ATVM_OPTION_DURATION, 0, "45s", 100 * MILLISECOND, 3600 * SECOND, NULL,
     "how long to wait for the server in all; deliver_timeout ends an attempt, too"},
    {"ca_file", ATVM_OPTION_STRING, 0, NULL, 0, 0, NULL,
     "absolute path of the PEM file of the authorities to trust instead of the system's"},
    {"proxy", ATVM_OPTION_STRING, 0, NULL, 0, 0, NULL,
     "proxy to use, http://HOST:PORT; without it none, whatever the environment says"},
};

struct mattermost_sink {
    const struct atvm_host *host;
    const char *channel, *ca_file, *proxy;
    int64_t max_characters, timeout_ns;
};

static void *mattermost_create(const struct atvm_host *host)
{
    struct mattermost_sink *sink = calloc(1, sizeof(*sink));

    if (sink)
        sink->host = host;
    else
        host_fail(host, ATVM_FAILED, "out of memory");
    return sink;
}

static void mattermost_destroy(void *self)
{
    free(self);
}

/* An option that is written but empty counts as not given. */
static const char *text_option(const struct atvm_host *host, const char *name)
{
    const char *text = host->option_string(host->context, name);

    return text && *text ? text : NULL;
}

static int32_t mattermost_configure(void *self)
{
    struct mattermost_sink *sink = self;
    const struct atvm_host *host = sink->host;

    sink->channel = text_option(host, "channel");
    sink->ca_file = text_option(host, "ca_file");
    sink->proxy = text_option(host, "proxy");
    sink->max_characters = host->option_number(host->context, "max_characters");
    sink->timeout_ns = host->option_number(host->context, "timeout");
    if (sink->ca_file && sink->ca_file[0] != '/')
        return host_fail(host, ATVM_FAILED, "option ca_file = \"%s\": write an absolute path",
                         sink->ca_file);
    if (sink->proxy && (strncmp(sink->proxy, "http://", 7) != 0 || strchr(sink->proxy, '@')))
        return host_fail(host, ATVM_FAILED,
                         "option proxy: write \"http://HOST:PORT\", without a password");
    return ATVM_OK;
}

/* ---------------------------------------------------------------- the webhook */

#define GIVE_THE_WEBHOOK                                                                           \
    "give the webhook's address as systemd credential or environment variable "                    \
    "MATTERMOST_ATVM_WEBHOOK, and start the watcher anew"

/* NULL, or why there is no address to post to. */
static const char *get_webhook(const struct mattermost_sink *sink,
                               struct mattermost_webhook *webhook)
{
    const struct atvm_host *host = sink->host;

    memset(webhook, 0, sizeof(*webhook));
    if (host->secret(host->context, "webhook", webhook->url, sizeof(webhook->url)) <= 0)
        return "there is no webhook: MATTERMOST_ATVM_WEBHOOK is not set";
    return mattermost_webhook_parse(webhook);
}

static int32_t mattermost_check(void *self)
{
    const struct mattermost_sink *sink = self;
    struct mattermost_webhook webhook;
    const char *problem = get_webhook(sink, &webhook);

    mattermost_webhook_wipe(&webhook);
    return problem ? host_fail(sink->host, ATVM_FAILED, "%s; %s", problem, GIVE_THE_WEBHOOK)
                   : ATVM_OK;
}

/* ---------------------------------------------------------------- the message */

/* Names and icons are left out: by default the server passes over them. NULL: out of memory. */
static struct json_object *payload_of(const struct mattermost_sink *sink,
                                      const struct atvm_message *message)
{
    struct json_object *payload = json_object_new_object();
    struct json_object *text = json_object_new_string_len(message->body, (int)message->body_length);

    if (!payload || !text || json_object_object_add(payload, "text", text) < 0) {
        json_object_put(text);
        json_object_put(payload);
        return NULL;
    }
    if (sink->channel)
        json_object_object_add(payload, "channel", json_object_new_string(sink->channel));
    return payload;
}

/* Code points of a UTF-8 text: its bytes that continue none. */
static int64_t count_characters(const char *text, size_t length)
{
    int64_t count = 0;

    for (size_t i = 0; i < length; i++)
        count += ((unsigned char)text[i] & 0xC0) != 0x80;
    return count;
}

/* ---------------------------------------------------------------- deliver */

static void refuse(struct mattermost_judgement *judgement, int32_t outcome, const char *reason,
                   const char *remedy)
{
    *judgement =
        (struct mattermost_judgement){.outcome = outcome, .retry_after_ns = -1, .remedy = remedy};
    snprintf(judgement->reason, sizeof(judgement->reason), "%s", reason);
}

static void refuse_length(struct mattermost_judgement *judgement)
{
    refuse(judgement, ATVM_REJECTED, "the message is longer than the 300000 bytes a server takes",
           "the full report is in the state folder");
}

static void send_payload(const struct mattermost_sink *sink,
                         const struct mattermost_webhook *webhook, const char *text, size_t length,
                         struct mattermost_exchange *exchange)
{
    struct mattermost_request request = {
        .host = sink->host,
        .url = webhook->url,
        .ca_file = sink->ca_file,
        .proxy = sink->proxy,
        .timeout_ns = sink->timeout_ns,
        .body = text,
        .body_length = length,
    };

    mattermost_exchange(&request, exchange);
}

static void send_and_judge(const struct mattermost_sink *sink,
                           const struct mattermost_webhook *webhook,
                           const struct atvm_message *message, struct json_object *payload,
                           struct mattermost_exchange *exchange,
                           struct mattermost_judgement *judgement)
{
    size_t length = 0;
    const char *text = json_object_to_json_string_length(
        payload, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE, &length);
    bool may_be_split =
        count_characters(message->body, message->body_length) > sink->max_characters;

    if (!text) {
        refuse(judgement, ATVM_RETRY, "out of memory", NULL);
        return;
    }
    if (length > PAYLOAD_MAX) {
        refuse_length(judgement);
        return;
    }
    send_payload(sink, webhook, text, length, exchange);
    if (exchange->code == CURLE_OK)
        mattermost_judge_answer(&exchange->answer, may_be_split, judgement);
    else
        mattermost_judge_failure(exchange->code, exchange->committed, webhook->origin,
                                 exchange->detail, judgement);
}

static void post(const struct mattermost_sink *sink, const struct mattermost_webhook *webhook,
                 const struct atvm_message *message, struct mattermost_exchange *exchange,
                 struct mattermost_judgement *judgement)
{
    struct json_object *payload;

    if (message->body_length > PAYLOAD_MAX) {
        refuse_length(judgement);
        return;
    }
    payload = payload_of(sink, message);
    if (payload)
        send_and_judge(sink, webhook, message, payload, exchange, judgement);
    else
        refuse(judgement, ATVM_RETRY, "out of memory", NULL);
    json_object_put(payload);
}

/* The server may repeat the secret address in what it answers. */
static void give_receipt(const struct mattermost_sink *sink,
                         const struct mattermost_webhook *webhook, char *request_id,
                         struct mattermost_judgement *judgement)
{
    struct atvm_receipt receipt = ATVM_RECEIPT_INIT(judgement->outcome);

    mattermost_webhook_redact(webhook, judgement->reason);
    mattermost_webhook_redact(webhook, request_id);
    receipt.code = judgement->code;
    receipt.retry_after_ns = judgement->retry_after_ns;
    receipt.remote_id = *request_id ? request_id : NULL;
    receipt.reason = *judgement->reason ? judgement->reason : NULL;
    receipt.remedy = judgement->remedy;
    sink->host->receipt(sink->host->context, &receipt);
}

static int32_t mattermost_deliver(void *self, const struct atvm_message *message)
{
    const struct mattermost_sink *sink = self;
    struct mattermost_exchange *exchange = calloc(1, sizeof(*exchange));
    struct mattermost_judgement judgement;
    struct mattermost_webhook webhook;
    char no_request_id[] = "";
    const char *problem = get_webhook(sink, &webhook);

    if (!exchange)
        refuse(&judgement, ATVM_RETRY, "out of memory", NULL);
    else if (!message->body)
        refuse(&judgement, ATVM_REJECTED, "the message has no text",
               "give bundles to a sink that ships files");
    else if (problem)
        refuse(&judgement, ATVM_RETRY, problem, GIVE_THE_WEBHOOK);
    else
        post(sink, &webhook, message, exchange, &judgement);
    give_receipt(sink, &webhook, exchange ? exchange->answer.request_id : no_request_id,
                 &judgement);
    mattermost_webhook_wipe(&webhook);
    free(exchange);
    return ATVM_OK;
}

/* ---------------------------------------------------------------- probe */

/* A certificate that ends sooner is worth a warning: renewing takes people. */
#define CERTIFICATE_WARNING (INT64_C(14) * 24 * 3600 * SECOND)

static void say_certificate(const struct mattermost_sink *sink, const char *origin, int64_t end_ns)
{
    const struct atvm_host *host = sink->host;
    time_t seconds = (time_t)(end_ns / SECOND);
    struct tm parts;
    char day[32];

    if (end_ns < 0 || !gmtime_r(&seconds, &parts) ||
        strftime(day, sizeof(day), "%Y-%m-%d", &parts) == 0)
        return;
    if (end_ns - host->now(host->context) < CERTIFICATE_WARNING)
        host_log(host, ATVM_LOG_WARNING,
                 "the certificate of %s ends on %s: have it renewed, for nothing is posted after "
                 "that",
                 origin, day);
    else
        host_log(host, ATVM_LOG_NOTICE, "its certificate is valid until %s", day);
}

static void say_reached(const struct mattermost_sink *sink, const char *origin,
                        const struct mattermost_exchange *exchange)
{
    const struct atvm_host *host = sink->host;

    if (strncmp(origin, "http:", 5) == 0) {
        host_log(host, ATVM_LOG_NOTICE, "%s can be connected to", origin);
        if (!mattermost_origin_is_local(origin))
            host_log(host, ATVM_LOG_WARNING,
                     "the webhook's address begins with http://: whoever is on the way can read it "
                     "and post in its name; use the server's https:// address");
        return;
    }
    host_log(host, ATVM_LOG_NOTICE,
             "%s can be connected to with TLS, and its certificate is trusted", origin);
    say_certificate(sink, origin, exchange->certificate_end_ns);
}

static int32_t try_connection(const struct mattermost_sink *sink,
                              const struct mattermost_webhook *webhook,
                              struct mattermost_exchange *exchange)
{
    struct mattermost_judgement judgement;

    send_payload(sink, webhook, NULL, 0, exchange);
    if (exchange->code == CURLE_OK) {
        say_reached(sink, webhook->origin, exchange);
        return ATVM_OK;
    }
    mattermost_judge_failure(exchange->code, false, webhook->origin, exchange->detail, &judgement);
    mattermost_webhook_redact(webhook, judgement.reason);
    return host_fail(sink->host, ATVM_FAILED, "%s; %s", judgement.reason, judgement.remedy);
}

/* Connects, with TLS, and sends nothing: no request can ask for a webhook without posting. */
static int32_t mattermost_probe(void *self)
{
    const struct mattermost_sink *sink = self;
    struct mattermost_exchange *exchange = calloc(1, sizeof(*exchange));
    struct mattermost_webhook webhook;
    const char *problem = get_webhook(sink, &webhook);
    int32_t result;

    if (!exchange)
        result = host_fail(sink->host, ATVM_FAILED, "out of memory");
    else if (problem)
        result = host_fail(sink->host, ATVM_FAILED, "%s; %s", problem, GIVE_THE_WEBHOOK);
    else
        result = try_connection(sink, &webhook, exchange);
    mattermost_webhook_wipe(&webhook);
    free(exchange);
    return result;
}

ATVM_SINK = {
    ATVM_SINK_HEAD,
    .name = "mattermost",
    .version = PACKAGE_VERSION,
    .summary = "posts the message to Mattermost through an incoming webhook",
    .options = options,
    .option_count = sizeof(options) / sizeof(*options),
    .option_stride = sizeof(*options),
    .needs = ATVM_NEED_NETWORK,
    .format = ATVM_FORMAT_MARKDOWN,
    .limit_bytes = LIMIT_BYTES,
    .limit_characters = LIMIT_CHARACTERS,
    .create = mattermost_create,
    .configure = mattermost_configure,
    .check = mattermost_check,
    .deliver = mattermost_deliver,
    .probe = mattermost_probe,
    .destroy = mattermost_destroy,
};
