/* The parts of the sink mattermost that decide, by table, and its probe. What arrives at a server:
 * tests/system/test-mattermost.py. */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include <atvm/plugin.h>

#include "../../sinks/mattermost-answer.h"

#define SECOND INT64_C(1000000000)
#define NOW    (INT64_C(1700000000) * SECOND) /* Tue, 14 Nov 2023 22:13:20 GMT */

/* ---- Retry-After */

static void retry_after_is_seconds_or_a_date(void **state)
{
    static const struct {
        const char *value;
        int64_t expected_ns;
    } cases[] = {
        {"0", 0},
        {"1", SECOND},
        {"  120\r\n", 120 * SECOND},
        {"9223372036", 9223372036 * SECOND},
        {"9223372037", INT64_MAX},
        {"99999999999999999999999999", INT64_MAX},
        {"Tue, 14 Nov 2023 22:13:30 GMT", 10 * SECOND},
        {"Tue, 14 Nov 2023 22:13:20 GMT", 0},
        {"Sun, 06 Nov 1994 08:49:37 GMT", 0},
        {"-1", -1},
        {"1.5", -1},
        {"1 minute", -1},
        {"soon", -1},
        {"", -1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        int64_t got = mattermost_retry_after(cases[i].value, NOW);

        if (got != cases[i].expected_ns)
            fail_msg("\"%s\": %lld", cases[i].value, (long long)got);
    }
}

/* ---- the address */

static void what_stays_on_this_machine_is_known(void **state)
{
    static const struct {
        const char *origin;
        bool is_local;
    } cases[] = {
        {"http://127.0.0.1:8065", true},     {"http://127.3.2.1", true},
        {"http://localhost", true},          {"http://LOCALHOST:80", true},
        {"http://[::1]:8065", true},         {"http://127.chat.example", false},
        {"http://localhost.example", false}, {"http://10.127.0.1", false},
        {"http://chat.example", false},      {"", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
        if (mattermost_origin_is_local(cases[i].origin) != cases[i].is_local)
            fail_msg("%s", cases[i].origin);
}

static struct mattermost_webhook webhook_of(const char *url, const char **ret_problem)
{
    struct mattermost_webhook webhook = {.url = ""};

    snprintf(webhook.url, sizeof(webhook.url), "%s", url);
    *ret_problem = mattermost_webhook_parse(&webhook);
    return webhook;
}

static void only_web_addresses_with_a_path_are_webhooks(void **state)
{
    static const struct {
        const char *url, *origin; /* NULL: refused */
    } cases[] = {
        {"https://chat.example/hooks/abcdefgh", "https://chat.example"},
        {"http://chat.example:8065/hooks/abcdefgh", "http://chat.example:8065"},
        {"https://[::1]:8065/team/hooks/abcdefgh", "https://[::1]:8065"},
        {"https://user:word@chat.example/hooks/abcdefgh", "https://chat.example"},
        {"https://chat.example", NULL},
        {"https://chat.example/", NULL},
        {"ftp://chat.example/hooks/abcdefgh", NULL},
        {"file:///hooks/abcdefgh", NULL},
        {"chat.example/hooks/abcdefgh", NULL},
        {"https://chat example/hooks/abcdefgh", NULL},
        {"", NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        const char *problem;
        struct mattermost_webhook webhook = webhook_of(cases[i].url, &problem);

        if ((problem == NULL) != (cases[i].origin != NULL))
            fail_msg("\"%s\": %s", cases[i].url, problem ? problem : "accepted");
        if (cases[i].origin)
            assert_string_equal(webhook.origin, cases[i].origin);
    }
}

static void whatever_shows_the_webhook_is_overwritten(void **state)
{
    static const struct {
        const char *text, *expected;
    } cases[] = {
        {"no https://h.example/hooks/abcdefgh there", "no ******************************** there"},
        {"GET /hooks/abcdefgh", "GET ***************"},
        {"abcdefgh and ABCDEFGH", "******** and ABCDEFGH"},
        {"https://h.example is down", "https://h.example is down"},
    };
    const char *problem;
    struct mattermost_webhook webhook = webhook_of("https://h.example/hooks/abcdefgh", &problem);

    (void)state;
    assert_null(problem);
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        char text[100];

        snprintf(text, sizeof(text), "%s", cases[i].text);
        mattermost_webhook_redact(&webhook, text);
        assert_string_equal(text, cases[i].expected);
    }
}

/* ---- outcomes */

static void what_failed_before_the_commitment_is_tried_again_and_after_it_is_uncertain(void **state)
{
    (void)state;
    for (int code = 1; code < CURL_LAST; code++) {
        struct mattermost_judgement before, after;

        mattermost_judge_failure((CURLcode)code, false, "https://h.example", "why", &before);
        mattermost_judge_failure((CURLcode)code, true, "https://h.example", "why", &after);
        assert_int_equal(before.outcome, ATVM_RETRY);
        assert_int_equal(after.outcome, ATVM_UNCERTAIN);
        assert_non_null(strstr(before.reason, "https://h.example"));
        assert_non_null(strstr(after.reason, "why"));
        assert_non_null(before.remedy);
        assert_non_null(after.remedy);
    }
}

/* Every status there can be, with every kind of body: only 200 with "ok" is a delivery. */
static void nothing_but_200_ok_is_delivered(void **state)
{
    static const char *const bodies[] = {"ok", "OK",   "ok\n",
                                         "",   "okok", "{\"id\":\"a.b\",\"status_code\":200}"};
    static struct mattermost_answer answer;
    unsigned delivered = 0;

    (void)state;
    for (int status = 200; status < 600; status++) {
        for (size_t i = 0; i < sizeof(bodies) / sizeof(*bodies); i++) {
            struct mattermost_judgement judgement;

            answer.status = status;
            answer.body_length = strlen(bodies[i]);
            memcpy(answer.body, bodies[i], answer.body_length);
            mattermost_judge_answer(&answer, false, &judgement);
            delivered += judgement.outcome == ATVM_DELIVERED;
            if (judgement.outcome != ATVM_DELIVERED && (!*judgement.reason || !judgement.remedy))
                fail_msg("%d \"%s\": no reason or no remedy", status, bodies[i]);
            if (judgement.outcome == ATVM_RETRY)
                assert_int_equal(status, 429);
        }
    }
    assert_int_equal(delivered, 1);
}

/* ---- probe */

struct probing {
    struct atvm_host host;
    char webhook[100];
    char failure[1000];
    char notices[1000], warnings[1000];
    unsigned commitments;
};

static const char *no_string(void *context, const char *name)
{
    (void)context;
    (void)name;
    return NULL;
}

static int64_t ten_seconds(void *context, const char *name)
{
    (void)context;
    return strcmp(name, "timeout") == 0 ? 10 * SECOND : 16383;
}

static int64_t the_webhook(void *context, const char *name, char *buffer, size_t size)
{
    const struct probing *probing = context;

    assert_string_equal(name, "webhook");
    return *probing->webhook ? snprintf(buffer, size, "%s", probing->webhook) : -1;
}

static void keep_failure(void *context, const char *message)
{
    struct probing *probing = context;

    snprintf(probing->failure, sizeof(probing->failure), "%s", message);
}

static void keep_log(void *context, int32_t level, const char *message,
                     const struct atvm_field *fields, size_t count, size_t stride)
{
    struct probing *probing = context;

    (void)fields;
    (void)count;
    (void)stride;
    snprintf(level == ATVM_LOG_WARNING ? probing->warnings : probing->notices,
             sizeof(probing->notices), "%s", message);
}

static int32_t not_cancelled(void *context)
{
    (void)context;
    return 0;
}

static int32_t count_commitment(void *context)
{
    struct probing *probing = context;

    probing->commitments++;
    return ATVM_OK;
}

static int64_t in_a_minute(void *context)
{
    struct timespec now;

    (void)context;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (now.tv_sec + 60) * SECOND;
}

extern const struct atvm_sink atvm_sink;

/* What probe returns for this address; a failure is left in `probing`. */
static int32_t probe(struct probing *probing)
{
    int32_t result;
    void *sink;

    probing->host = (struct atvm_host){
        .struct_size = sizeof(struct atvm_host),
        .context = probing,
        .log = keep_log,
        .fail = keep_failure,
        .option_string = no_string,
        .option_number = ten_seconds,
        .deadline = in_a_minute,
        .cancelled = not_cancelled,
        .committing = count_commitment,
        .secret = the_webhook,
    };
    sink = atvm_sink.create(&probing->host);
    assert_non_null(sink);
    assert_int_equal(atvm_sink.configure(sink), ATVM_OK);
    result = atvm_sink.probe(sink);
    atvm_sink.destroy(sink);
    return result;
}

/* A socket on loopback; the webhook of `probing` leads there. */
static int open_server(struct probing *probing, const char *scheme)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t length = sizeof(address);
    int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(server >= 0);
    assert_int_equal(bind(server, (struct sockaddr *)&address, length), 0);
    assert_int_equal(getsockname(server, (struct sockaddr *)&address, &length), 0);
    snprintf(probing->webhook, sizeof(probing->webhook), "%s://127.0.0.1:%d/hooks/abcdefgh", scheme,
             ntohs(address.sin_port));
    return server;
}

static void probe_connects_and_sends_nothing(void **state)
{
    struct probing probing = {.commitments = 0};
    int server = open_server(&probing, "http"), connection;
    char byte;

    (void)state;
    assert_int_equal(listen(server, 1), 0);
    assert_int_equal(probe(&probing), ATVM_OK);
    assert_non_null(strstr(probing.notices, "http://127.0.0.1:"));
    assert_string_equal(probing.warnings, "");
    assert_null(strstr(probing.notices, "abcdefgh"));
    connection = accept(server, NULL, NULL);
    assert_true(connection >= 0);
    assert_int_equal(read(connection, &byte, 1), 0);
    assert_int_equal(probing.commitments, 0);
    close(connection);
    close(server);
}

/* An address of this machine, too, but none that says so. */
static void probe_warns_of_an_open_way(void **state)
{
    struct probing probing = {.commitments = 0};
    int server = open_server(&probing, "http");
    char *port = strrchr(probing.webhook, ':');
    char address[sizeof(probing.webhook)];

    (void)state;
    snprintf(address, sizeof(address), "http://0.0.0.0%s", port);
    strcpy(probing.webhook, address);
    assert_int_equal(listen(server, 1), 0);
    assert_int_equal(probe(&probing), ATVM_OK);
    assert_non_null(strstr(probing.notices, "can be connected to"));
    assert_non_null(strstr(probing.warnings, "use the server's https:// address"));
    assert_null(strstr(probing.warnings, "abcdefgh"));
    close(server);
}

static void probe_says_what_is_wrong_and_what_to_do(void **state)
{
    struct probing refused = {.commitments = 0}, missing = {.commitments = 0};
    int server = open_server(&refused, "https");

    (void)state;
    assert_int_equal(probe(&refused), ATVM_FAILED);
    assert_non_null(strstr(refused.failure, "https://127.0.0.1:"));
    assert_non_null(strstr(refused.failure, "no connection"));
    assert_non_null(strstr(refused.failure, "firewall"));
    assert_null(strstr(refused.failure, "abcdefgh"));
    assert_string_equal(refused.notices, "");
    assert_int_equal(probe(&missing), ATVM_FAILED);
    assert_non_null(strstr(missing.failure, "give the webhook's address"));
    close(server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(retry_after_is_seconds_or_a_date),
        cmocka_unit_test(only_web_addresses_with_a_path_are_webhooks),
        cmocka_unit_test(what_stays_on_this_machine_is_known),
        cmocka_unit_test(whatever_shows_the_webhook_is_overwritten),
        cmocka_unit_test(
            what_failed_before_the_commitment_is_tried_again_and_after_it_is_uncertain),
        cmocka_unit_test(nothing_but_200_ok_is_delivered),
        cmocka_unit_test(probe_connects_and_sends_nothing),
        cmocka_unit_test(probe_warns_of_an_open_way),
        cmocka_unit_test(probe_says_what_is_wrong_and_what_to_do),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
