/*
 * What an attempt to post amounts to. Pure.
 *
 * Mattermost answers a post with HTTP 200 and the body "ok", a refusal with a JSON object
 * {"id", "message", "detailed_error", "request_id", "status_code"} (server/public/model/utils.go,
 * server/channels/app/webhook.go). The message is in the language of the server, so only status
 * and id are looked at.
 */
#ifndef ATVM_SINKS_MATTERMOST_ANSWER_H
#define ATVM_SINKS_MATTERMOST_ANSWER_H

#include <curl/curl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mattermost-webhook.h"

#define MATTERMOST_ANSWER_MAX     (64 * 1024) /* bytes of a body that are looked at */
#define MATTERMOST_REQUEST_ID_MAX 64

/* A complete HTTP answer. */
struct mattermost_answer {
    int status;
    char body[MATTERMOST_ANSWER_MAX];           /* its beginning; not NUL-terminated */
    size_t body_length;                         /* bytes of the whole body, may exceed that */
    char content_type[64];                      /* without parameters; "": none */
    char redirect[MATTERMOST_ORIGIN_MAX];       /* 3xx: "https://host" it points to; "": none */
    char request_id[MATTERMOST_REQUEST_ID_MAX]; /* "X-Request-Id"; "": none */
    int64_t retry_after_ns;                     /* -1: no wish */
};

/* What goes into the receipt. */
struct mattermost_judgement {
    int32_t outcome; /* enum atvm_delivery */
    int code;        /* HTTP status; 0: there was none */
    int64_t retry_after_ns;
    char reason[512];   /* "" where delivered */
    const char *remedy; /* constant; NULL: none */
};

/*
 * may_be_split: the text was longer than what the server stores as one post; it then posts several,
 * and an error with a later one leaves the earlier ones standing.
 */
void mattermost_judge_answer(const struct mattermost_answer *answer, bool may_be_split,
                             struct mattermost_judgement *ret);

/*
 * An attempt without a complete answer. committed: the request may have begun to leave; without it
 * nothing was sent, whatever failed. detail: libcurl's words for it; origin: where it went.
 */
void mattermost_judge_failure(CURLcode code, bool committed, const char *origin, const char *detail,
                              struct mattermost_judgement *ret);

/*
 * The value of a Retry-After header (RFC 9110, 10.2.3): seconds, or an HTTP date that is compared
 * with now_ns. ns from now, 0 where that has passed, at most INT64_MAX; -1: neither.
 */
int64_t mattermost_retry_after(const char *value, int64_t now_ns);

#endif
