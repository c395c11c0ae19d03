/* One HTTP exchange with the webhook, by libcurl. */
#ifndef ATVM_SINKS_MATTERMOST_EXCHANGE_H
#define ATVM_SINKS_MATTERMOST_EXCHANGE_H

#include <atvm/plugin.h>

#include "mattermost-answer.h"

struct mattermost_request {
    const struct atvm_host *host;
    const char *url;
    const char *ca_file; /* PEM file of trusted certificates; NULL: the system's */
    const char *proxy;   /* "http://host:port"; NULL: none, also not from the environment */
    int64_t timeout_ns;  /* for all of it; the host's deadline may come earlier */
    const char *body;    /* JSON; NULL: only connect, with TLS, and send nothing */
    size_t body_length;
};

struct mattermost_exchange {
    CURLcode code;                /* CURLE_OK: the answer is whole (with a body to send) */
    bool committed;               /* the request may have begun to leave */
    char detail[CURL_ERROR_SIZE]; /* what failed */
    /* Without a body to send: when the server's certificate ends, ns since 1970; -1: not known, or
     * there is none. */
    int64_t certificate_end_ns;
    struct mattermost_answer answer;
};

/* Performs the request. host->committing is called when the connection stands, TLS and all, and
 * before the first byte of the request. */
void mattermost_exchange(const struct mattermost_request *request,
                         struct mattermost_exchange *exchange);

#endif
