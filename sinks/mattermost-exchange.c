#include "mattermost-exchange.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#define NS_PER_SECOND INT64_C(1000000000)
#define NS_PER_MS     INT64_C(1000000)

/* A body beyond this is no answer of Mattermost's; it is not read to its end. */
#define BODY_MAX ((size_t)1024 * 1024)

struct transfer {
    const struct mattermost_request *request;
    struct mattermost_exchange *exchange;
    const char *stopped; /* why a callback of ours ended it; NULL */
    bool head_is_whole;  /* the blank line after the last answer's headers was seen */
    CURL *easy;
    struct curl_slist *headers;
};

/* ---------------------------------------------------------------- what libcurl calls */

/* After the connection was made and before anything of the request is sent
 * (CURLOPT_PREREQFUNCTION(3)). */
static int on_ready_to_send(void *user, char *remote, char *local, int remote_port, int local_port)
{
    struct transfer *transfer = user;
    const struct atvm_host *host = transfer->request->host;

    (void)remote;
    (void)local;
    (void)remote_port;
    (void)local_port;
    if (host->cancelled(host->context)) {
        transfer->stopped = "the attempt was ended";
        return CURL_PREREQFUNC_ABORT;
    }
    if (host->committing(host->context) != ATVM_OK) {
        transfer->stopped = "could not record that sending begins";
        return CURL_PREREQFUNC_ABORT;
    }
    transfer->exchange->committed = true;
    return CURL_PREREQFUNC_OK;
}

static int on_progress(void *user, curl_off_t to_get, curl_off_t got, curl_off_t to_send,
                       curl_off_t sent)
{
    struct transfer *transfer = user;
    const struct atvm_host *host = transfer->request->host;

    (void)to_get;
    (void)got;
    (void)to_send;
    (void)sent;
    if (!host->cancelled(host->context))
        return 0;
    transfer->stopped = "the attempt was ended";
    return 1;
}

static size_t on_body(char *bytes, size_t one, size_t length, void *user)
{
    struct transfer *transfer = user;
    struct mattermost_answer *answer = &transfer->exchange->answer;
    size_t room =
        answer->body_length < sizeof(answer->body) ? sizeof(answer->body) - answer->body_length : 0;

    (void)one;
    if (room > 0)
        memcpy(answer->body + answer->body_length, bytes, length < room ? length : room);
    answer->body_length += length;
    if (answer->body_length <= BODY_MAX)
        return length;
    transfer->stopped = "the answer has no end";
    return 0;
}

/* The value of a header line with this name, as a string in `value`; false: another header. */
static bool header_is(const char *line, size_t length, const char *name, char *value, size_t size)
{
    size_t skip = strlen(name) + 1;

    if (length < skip || strncasecmp(line, name, skip - 1) != 0 || line[skip - 1] != ':')
        return false;
    while (skip < length && (line[skip] == ' ' || line[skip] == '\t'))
        skip++;
    while (length > skip && strchr(" \t\r\n", line[length - 1]))
        length--;
    return snprintf(value, size, "%.*s", (int)(length - skip), line + skip) < (int)size;
}

#define ALPHANUMERIC "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

/* An answer may come after others (100 Continue): the last one counts. */
static void begin_answer(struct transfer *transfer)
{
    struct mattermost_answer *answer = &transfer->exchange->answer;

    transfer->head_is_whole = false;
    answer->content_type[0] = answer->redirect[0] = answer->request_id[0] = '\0';
    answer->retry_after_ns = -1;
}

static void note_redirect(const struct transfer *transfer, const char *target)
{
    struct mattermost_answer *answer = &transfer->exchange->answer;

    /* Without a host of its own it stays on the same server. */
    if (!mattermost_origin(target, answer->redirect))
        snprintf(answer->redirect, sizeof(answer->redirect), "another path of the same server");
}

/* Copies a value whose characters are harmless, and that is not too long, else nothing. */
static void note_word(char *target, size_t size, const char *value, const char *allowed)
{
    size_t length = strlen(value);

    if (length < size && strspn(value, allowed) == length)
        memcpy(target, value, length + 1);
}

static size_t on_header(char *line, size_t one, size_t length, void *user)
{
    struct transfer *transfer = user;
    struct mattermost_answer *answer = &transfer->exchange->answer;
    const struct atvm_host *host = transfer->request->host;
    char value[MATTERMOST_WEBHOOK_MAX];

    (void)one;
    if (length > 5 && strncasecmp(line, "HTTP/", 5) == 0)
        begin_answer(transfer);
    else if (length > 0 && (line[0] == '\r' || line[0] == '\n'))
        transfer->head_is_whole = true;
    else if (header_is(line, length, "Retry-After", value, sizeof(value)))
        answer->retry_after_ns = mattermost_retry_after(value, host->now(host->context));
    else if (header_is(line, length, "Location", value, sizeof(value)))
        note_redirect(transfer, value);
    else if (header_is(line, length, "X-Request-Id", value, sizeof(value)))
        note_word(answer->request_id, sizeof(answer->request_id), value, ALPHANUMERIC "-");
    else if (header_is(line, length, "Content-Type", value, sizeof(value))) {
        value[strcspn(value, "; ")] = '\0';
        note_word(answer->content_type, sizeof(answer->content_type), value, ALPHANUMERIC "/.+-");
    }
    return length;
}

/* ---------------------------------------------------------------- settings */

/* What is left of the timeout and of the host's deadline, at least 1 ms: 0 would mean no limit. */
static long timeout_ms(const struct mattermost_request *request)
{
    const struct atvm_host *host = request->host;
    struct timespec now;
    int64_t left, timeout = request->timeout_ns;

    clock_gettime(CLOCK_MONOTONIC, &now);
    left = host->deadline(host->context) - (now.tv_sec * NS_PER_SECOND + now.tv_nsec);
    if (left < timeout)
        timeout = left;
    return timeout > NS_PER_MS ? (long)(timeout / NS_PER_MS) : 1;
}

/* curl_easy_setopt for a list of settings: the first failure is the result. */
#define SET(option, value)                                                                         \
    do {                                                                                           \
        CURLcode code_ = curl_easy_setopt(transfer->easy, (option), (value));                      \
        if (code_ != CURLE_OK)                                                                     \
            return code_;                                                                          \
    } while (0)

/* The server's certificate is always verified. Nothing in the environment or in a home folder
 * changes where the message goes. */
static CURLcode set_connection(struct transfer *transfer)
{
    const struct mattermost_request *request = transfer->request;

    SET(CURLOPT_URL, request->url);
    SET(CURLOPT_PROXY, request->proxy ? request->proxy : "");
    SET(CURLOPT_TIMEOUT_MS, timeout_ms(request));
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    SET(CURLOPT_SSL_VERIFYPEER, 1L);
    SET(CURLOPT_SSL_VERIFYHOST, 2L);
    if (request->ca_file)
        SET(CURLOPT_CAINFO, request->ca_file);
    SET(CURLOPT_ERRORBUFFER, transfer->exchange->detail);
    SET(CURLOPT_NOPROGRESS, 0L);
    SET(CURLOPT_XFERINFOFUNCTION, on_progress);
    SET(CURLOPT_XFERINFODATA, transfer);
#if LIBCURL_VERSION_NUM >= 0x075700
    /* A resolver that hangs must not hold up the receipt. */
    SET(CURLOPT_QUICK_EXIT, 1L);
#endif
    return CURLE_OK;
}

/* Neither followed (a redirect) nor sent a second time (HTTP/2 may, after a refused stream): one
 * attempt is one request. */
static CURLcode set_request(struct transfer *transfer)
{
    const struct mattermost_request *request = transfer->request;

    SET(CURLOPT_FOLLOWLOCATION, 0L);
    SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    SET(CURLOPT_FORBID_REUSE, 1L);
    SET(CURLOPT_HTTPHEADER, transfer->headers);
    SET(CURLOPT_USERAGENT, "atvm-watcher/" PACKAGE_VERSION);
    SET(CURLOPT_POST, 1L);
    SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body_length);
    SET(CURLOPT_POSTFIELDS, request->body);
    SET(CURLOPT_PREREQFUNCTION, on_ready_to_send);
    SET(CURLOPT_PREREQDATA, transfer);
    SET(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    SET(CURLOPT_HEADERFUNCTION, on_header);
    SET(CURLOPT_HEADERDATA, transfer);
    SET(CURLOPT_WRITEFUNCTION, on_body);
    SET(CURLOPT_WRITEDATA, transfer);
    return CURLE_OK;
}

/* libcurl copies the list's strings, not the list. */
static CURLcode add_header(struct transfer *transfer, const char *line)
{
    struct curl_slist *longer = curl_slist_append(transfer->headers, line);

    if (!longer)
        return CURLE_OUT_OF_MEMORY;
    transfer->headers = longer;
    return CURLE_OK;
}

static CURLcode set_connection_only(struct transfer *transfer)
{
    SET(CURLOPT_CONNECT_ONLY, 1L);
    SET(CURLOPT_CERTINFO, 1L);
    return CURLE_OK;
}

static CURLcode set_all(struct transfer *transfer)
{
    CURLcode code = set_connection(transfer);

    if (code == CURLE_OK && !transfer->request->body)
        return set_connection_only(transfer);
    if (code == CURLE_OK)
        code = add_header(transfer, "Content-Type: application/json");
    /* Without it a long message would wait for a "100 Continue". */
    if (code == CURLE_OK)
        code = add_header(transfer, "Expect:");
    return code == CURLE_OK ? set_request(transfer) : code;
}

/* ---------------------------------------------------------------- the exchange */

#define EXPIRE_DATE "Expire date:"

/* Of the server's own certificate, the first of its chain (CURLINFO_CERTINFO(3)). */
static int64_t certificate_end(CURL *easy)
{
    struct curl_certinfo *chain = NULL;
    time_t end = -1;

    if (curl_easy_getinfo(easy, CURLINFO_CERTINFO, &chain) != CURLE_OK || !chain ||
        chain->num_of_certs < 1)
        return -1;
    for (const struct curl_slist *line = chain->certinfo[0]; line; line = line->next)
        if (strncmp(line->data, EXPIRE_DATE, strlen(EXPIRE_DATE)) == 0)
            end = curl_getdate(line->data + strlen(EXPIRE_DATE), NULL);
    return end < 0 ? -1 : (int64_t)end * NS_PER_SECOND;
}

static CURLcode perform(struct transfer *transfer)
{
    CURLcode code;
    long status = 0;

    transfer->easy = curl_easy_init();
    code = transfer->easy ? set_all(transfer) : CURLE_FAILED_INIT;
    if (code == CURLE_OK)
        code = curl_easy_perform(transfer->easy);
    if (transfer->easy)
        curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
    transfer->exchange->answer.status = (int)status;
    if (code == CURLE_OK && !transfer->request->body)
        transfer->exchange->certificate_end_ns = certificate_end(transfer->easy);
    curl_easy_cleanup(transfer->easy);
    curl_slist_free_all(transfer->headers);
    return code;
}

void mattermost_exchange(const struct mattermost_request *request,
                         struct mattermost_exchange *exchange)
{
    struct transfer transfer = {.request = request, .exchange = exchange};

    memset(exchange, 0, sizeof(*exchange));
    exchange->answer.retry_after_ns = -1;
    exchange->certificate_end_ns = -1;
    exchange->code = curl_global_init(CURL_GLOBAL_DEFAULT);
    if (exchange->code == CURLE_OK) {
        exchange->code = perform(&transfer);
        curl_global_cleanup();
    }
    /* libcurl is content with an answer that ends within its headers. */
    if (exchange->code == CURLE_OK && request->body && !transfer.head_is_whole)
        exchange->code = CURLE_PARTIAL_FILE;
    if (transfer.stopped)
        snprintf(exchange->detail, sizeof(exchange->detail), "%s", transfer.stopped);
    else if (!*exchange->detail)
        snprintf(exchange->detail, sizeof(exchange->detail), "%s",
                 curl_easy_strerror(exchange->code));
}
