/* The deliver worker: what it gives a sink, and what it leaves in the receipt file. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "clock.h"
#include "containment-filter.h"
#include "deliver-secret.h"
#include "deliver.h"
#include "delivery-scene.h"
#include "memory.h"
#include "scratch-folder.h"

#define SECRET "https://chat.test/hooks/abc123"

static int setup(void **state)
{
    struct delivery_scene *scene = delivery_scene_new();

    assert_int_equal(sd_event_new(&scene->event), 0);
    *state = scene;
    return 0;
}

static int teardown(void **state)
{
    delivery_scene_free(*state);
    return 0;
}

static struct outbox_record *record_with(const char *body)
{
    struct outbox_message message = {
        .kind = ATVM_MESSAGE_REPORT,
        .format = ATVM_FORMAT_TEXT,
        .part = 1,
        .parts = 1,
        .key = memory_string("key"),
        .build = memory_string(SCENE_BUILD),
        .scope = memory_string("batch"),
        .title = memory_string("batch"),
        .body = memory_string(body),
    };

    return outbox_record_new("chat", &message, 1, 1);
}

struct ending {
    bool over;
    char *text;
};

static void note_end(void *user, const char *text)
{
    struct ending *ending = user;

    ending->over = true;
    ending->text = memory_string(text);
}

/* One delivery with the scene's first sink; what its receipt file amounts to. */
static struct outbox_receipt deliver_once(struct delivery_scene *scene, const char *body)
{
    struct outbox_record *record = record_with(body);
    struct outbox_receipt receipt = {0};
    struct deliver *deliver = NULL;
    struct ending ending = {0};
    char *error = NULL;
    int descriptor = -1;

    assert_int_equal(outbox_begin(scene->folder, record, 1, &descriptor, &error), 0);
    assert_int_equal(
        deliver_start(scene->event,
                      &(struct deliver_settings){.sink = &scene->sinks[0],
                                                 .record = record,
                                                 .receipt = descriptor,
                                                 .terminal = scene->terminal,
                                                 .secrets = scene->secrets,
                                                 .timeout_ns = scene->config.deliver_timeout_ns},
                      note_end, &ending, &deliver, &error),
        0);
    close(descriptor);
    while (!ending.over)
        assert_true(sd_event_run(scene->event, UINT64_MAX) >= 0);
    assert_int_equal(outbox_read_receipt(scene->folder, record, ending.text, &receipt, &error), 0);
    deliver_free(deliver);
    outbox_record_free(record);
    free(ending.text);
    return receipt;
}

static void test_what_the_worker_makes_of_a_sinks_behaviour(void **state)
{
    static const struct {
        const char *behaviour;
        int32_t outcome;
        const char *reason; /* a part of it; NULL: there is none */
    } rows[] = {
        {"deliver", ATVM_DELIVERED, NULL},
        {"reject", ATVM_REJECTED, "no such channel"},
        {"retry", ATVM_RETRY, "connection refused"},
        {"uncertain", ATVM_UNCERTAIN, "connection reset"},
        /* no receipt: by whether it had begun to send */
        {"silent", ATVM_RETRY, "gave no receipt"},
        {"fail", ATVM_RETRY, "no route"},
        {"silent-after-commit", ATVM_UNCERTAIN, "gave no receipt"},
        {"fail-configure", ATVM_RETRY, "configure: behaviour: this one fails"},
        {"crash-before-commit", ATVM_RETRY, "was killed by signal 9"},
        {"crash-after-commit", ATVM_UNCERTAIN, "was killed by signal 9"},
    };
    struct delivery_scene *scene = *state;

    delivery_scene_add(scene, "chat", "deliver");
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct outbox_receipt receipt;

        delivery_scene_behave(scene, "chat", rows[i].behaviour);
        receipt = deliver_once(scene, "body");
        assert_int_equal(receipt.outcome, rows[i].outcome);
        if (rows[i].reason)
            assert_non_null(strstr(receipt.reason, rows[i].reason));
        else
            assert_null(receipt.reason);
        outbox_receipt_clear(&receipt);
    }
}

static void set_secrets(struct delivery_scene *scene, const char *lines)
{
    scene->secrets = memfd_create("secrets", MFD_CLOEXEC);
    assert_int_equal(write(scene->secrets, lines, strlen(lines)), strlen(lines));
}

static enum deliver_readiness check(struct delivery_scene *scene, char **ret_error)
{
    return deliver_check(&(struct deliver_settings){.sink = &scene->sinks[0],
                                                    .receipt = -1,
                                                    .terminal = scene->terminal,
                                                    .secrets = scene->secrets,
                                                    .timeout_ns = scene->config.deliver_timeout_ns},
                         ret_error);
}

static void test_a_sink_is_asked_whether_it_can_work_without_delivering(void **state)
{
    static const struct {
        const char *behaviour;
        enum deliver_readiness readiness;
        const char *error; /* a part of it; NULL: none */
    } rows[] = {
        {"deliver", DELIVER_READY, NULL},
        {"fail", DELIVER_READY, NULL}, /* only when it delivers */
        {"fail-configure", DELIVER_MISCONFIGURED, "configure: behaviour: this one fails"},
        {"fail-check", DELIVER_UNREADY, "check: not today; try tomorrow"},
        {"crash-in-check", DELIVER_UNREADY, "its process was killed by signal 9"},
    };
    struct delivery_scene *scene = *state;

    delivery_scene_add(scene, "chat", "deliver");
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        char *error = NULL;

        delivery_scene_behave(scene, "chat", rows[i].behaviour);
        assert_int_equal(check(scene, &error), rows[i].readiness);
        if (rows[i].error)
            assert_non_null(strstr(error, rows[i].error));
        else
            assert_null(error);
        free(error);
    }
    assert_int_equal(delivery_scene_arrived(scene, "chat"), 0);
}

static enum deliver_readiness probe(struct delivery_scene *scene, char **ret_words)
{
    return deliver_probe(&(struct deliver_settings){.sink = &scene->sinks[0],
                                                    .receipt = -1,
                                                    .terminal = scene->terminal,
                                                    .secrets = scene->secrets,
                                                    .timeout_ns = scene->config.deliver_timeout_ns},
                         ret_words);
}

#define STARS    "******************************"
#define ANSWERED "5 somebody answers\n4 the token is 3 " STARS

static void test_a_probe_brings_what_the_sink_said_and_no_secret(void **state)
{
    static const struct {
        const char *behaviour;
        enum deliver_readiness readiness;
        const char *words;
    } rows[] = {
        {"deliver", DELIVER_READY, ANSWERED},
        {"fail-configure", DELIVER_MISCONFIGURED, "3 configure: behaviour: this one fails"},
        {"fail-check", DELIVER_UNREADY, "3 check: not today; try tomorrow"},
        {"fail-probe", DELIVER_UNREACHABLE, ANSWERED "\n3 probe: the token is 3 " STARS},
        {"crash-in-probe", DELIVER_UNREADY,
         "3 its process was killed by signal 9 (Killed) while it looked whether it can work; "
         "rebuild or reinstall the module"},
    };
    struct delivery_scene *scene = *state;

    delivery_scene_add(scene, "chat", "deliver");
    set_secrets(scene, "TEST_TOKEN=" SECRET "\n");
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        char *words = NULL;

        delivery_scene_behave(scene, "chat", rows[i].behaviour);
        assert_int_equal(probe(scene, &words), rows[i].readiness);
        assert_string_equal(words, rows[i].words);
        free(words);
    }
    assert_int_equal(delivery_scene_arrived(scene, "chat"), 0);
}

static void test_a_sink_without_a_probe_says_so(void **state)
{
    struct delivery_scene *scene = *state;
    struct config_module *sink = delivery_scene_add(scene, "chat", "deliver");
    char *words = NULL;

    free(sink->module);
    sink->module = memory_format("%s/tests/abi/.libs/sink-1.0.so", getenv("top_builddir"));
    assert_int_equal(probe(scene, &words), DELIVER_NO_PROBE);
    assert_null(words);
}

static void test_a_sink_that_hangs_while_it_is_asked_is_ended(void **state)
{
    struct delivery_scene *scene = *state;
    struct deliver_settings settings = {
        .receipt = -1,
        .terminal = -1,
        .secrets = -1,
        .timeout_ns = 10 * NS_PER_MS,
        .grace_ns = 10 * NS_PER_MS,
    };
    char *error = NULL;

    settings.sink = delivery_scene_add(scene, "chat", "hang-in-check");
    assert_int_equal(deliver_check(&settings, &error), DELIVER_UNREADY);
    assert_non_null(strstr(error, "its process was killed by signal 9"));
    free(error);
}

static void test_a_message_larger_than_a_pipe_arrives(void **state)
{
    struct delivery_scene *scene = *state;
    struct outbox_receipt receipt;
    char *body = memory_zeroed(1024 * 1024 + 1, 1);

    memset(body, 'x', 1024 * 1024);
    delivery_scene_add(scene, "chat", "deliver");
    receipt = deliver_once(scene, body);
    assert_int_equal(receipt.outcome, ATVM_DELIVERED);
    outbox_receipt_clear(&receipt);
    free(body);
}

/* The sink answers with its secret, the list, the number, and whether it has terminal and run. */
static void test_a_sink_gets_its_options_and_its_secret_goes_nowhere(void **state)
{
    struct delivery_scene *scene = *state;
    struct config_module *sink = delivery_scene_add(scene, "chat", "tell");
    struct json_object *items = json_object_new_array();
    struct outbox_receipt receipt;

    json_object_array_add(items, json_object_new_string("a"));
    json_object_array_add(items, json_object_new_string("b"));
    json_object_object_add(sink->options, "items", items);
    json_object_object_add(sink->options, "count", json_object_new_int(7));
    set_secrets(scene, "OTHER=x\nTEST_TOKEN=" SECRET "\n");
    receipt = deliver_once(scene, "body");
    assert_string_equal(receipt.reason,
                        "****************************** 2 b number 7 terminal 0 run 0 <c123>");
    outbox_receipt_clear(&receipt);
}

static void test_a_credential_stands_before_the_environment(void **state)
{
    struct delivery_scene *scene = *state;
    struct outbox_receipt receipt;

    delivery_scene_add(scene, "chat", "tell");
    set_secrets(scene, "TEST_TOKEN=from-the-environment\n");
    scratch_write(scene->root, "TEST_TOKEN", "the-credential-xyzw\n");
    assert_int_equal(setenv("CREDENTIALS_DIRECTORY", scene->root, 1), 0);
    receipt = deliver_once(scene, "body");
    assert_int_equal(unsetenv("CREDENTIALS_DIRECTORY"), 0);
    assert_non_null(strstr(receipt.reason, "<xyzw>"));
    assert_null(strstr(receipt.reason, "the-credential"));
    outbox_receipt_clear(&receipt);
}

static void test_secrets_are_found_by_whole_names_only(void **state)
{
    static const struct {
        const char *name;
        int64_t expected; /* length, or -errno */
        const char *value;
    } rows[] = {
        {"A", 1, "1"},           {"AB", 3, "two"},     {"EMPTY", 0, ""},
        {"LAST", 4, "last"},     {"B", -ENOENT, NULL}, {"MISSING", -ENOENT, NULL},
        {"../A", -EINVAL, NULL}, {"", -EINVAL, NULL},  {"LONG", -EMSGSIZE, NULL},
        {"TWICE", 4, "this"},
    };
    struct delivery_scene *scene = *state;

    set_secrets(scene,
                "AB=two\nA=1\nTWICE=not\nEMPTY=\nTWICE=this\nLONG=0123456789abcdef\nLAST=last");
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        char buffer[16];
        int64_t length =
            deliver_secret_find(NULL, scene->secrets, rows[i].name, buffer, sizeof(buffer));

        assert_int_equal(length, rows[i].expected);
        if (rows[i].value)
            assert_string_equal(buffer, rows[i].value);
    }
}

/* The unit hands a whole file of environment variables over as one credential. */
static void test_a_secret_may_stand_in_the_environment_file(void **state)
{
    static const struct {
        const char *name;
        int64_t expected;
        const char *value;
    } rows[] = {
        {"OWN_FILE", 4, "file"}, {"QUOTED", 5, "a b=c"},     {"TWICE", 3, "two"},
        {"EMPTY", 6, "inline"},  {"COMMENT", -ENOENT, NULL},
    };
    struct delivery_scene *scene = *state;

    scratch_write(scene->root, "OWN_FILE", "file\n");
    scratch_write(scene->root, DELIVER_SECRET_ENVIRONMENT_FILE,
                  "# COMMENT=1\nOWN_FILE=other\nQUOTED=\"a b=c\"\nTWICE=1\nTWICE=two\nEMPTY=\n");
    set_secrets(scene, "EMPTY=inline\nTWICE=never\n");
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        char buffer[16];
        int64_t length =
            deliver_secret_find(scene->root, scene->secrets, rows[i].name, buffer, sizeof(buffer));

        assert_int_equal(length, rows[i].expected);
        if (rows[i].value)
            assert_string_equal(buffer, rows[i].value);
    }
}

static void test_a_worker_that_cannot_be_started_is_an_error(void **state)
{
    struct delivery_scene *scene = *state;
    struct outbox_record *record = record_with("body");
    struct deliver *deliver = NULL;
    char *error = NULL;
    int descriptor = -1;

    delivery_scene_add(scene, "chat", "deliver");
    assert_int_equal(outbox_begin(scene->folder, record, 1, &descriptor, &error), 0);
    assert_int_equal(deliver_start(scene->event,
                                   &(struct deliver_settings){.executable = "/nowhere/at-all",
                                                              .sink = &scene->sinks[0],
                                                              .record = record,
                                                              .receipt = descriptor,
                                                              .terminal = -1,
                                                              .secrets = -1,
                                                              .timeout_ns = 1000000000},
                                   note_end, NULL, &deliver, &error),
                     -ENOENT);
    assert_non_null(strstr(error, "sink chat"));
    close(descriptor);
    free(error);
    outbox_record_free(record);
}

/* ---- confinement */

/* What a sink with these needs reaches; rows as in tests/sinks/reach-sink.c. */
static void test_a_sink_reaches_what_it_says_it_needs_and_nothing_else(void **state)
{
    static const struct {
        const char *module, *reaches;
    } rows[] = {
        {"nothing", "read ok, write EACCES, rename EPERM, ip EAFNOSUPPORT, name ok, "
                    "unix EAFNOSUPPORT, packet EAFNOSUPPORT, "},
        {"network", "read ok, write EACCES, rename EPERM, ip ok, name ok, unix EAFNOSUPPORT, "
                    "packet EAFNOSUPPORT, "},
        {"unix", "read ok, write EACCES, rename EPERM, ip EAFNOSUPPORT, name ok, unix ok, "
                 "packet EAFNOSUPPORT, "},
        {"writing", "read ok, write ok, rename ok, ip EAFNOSUPPORT, name ok, unix EAFNOSUPPORT, "
                    "packet EAFNOSUPPORT, "},
    };
    struct delivery_scene *scene = *state;
    struct config_module *sink = delivery_scene_add(scene, "chat", "");

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct outbox_receipt receipt;

        free(sink->module);
        sink->module = memory_format("%s/tests/sinks/.libs/reach-%s.so", getenv("top_builddir"),
                                     rows[i].module);
        receipt = deliver_once(scene, "text");
        assert_int_equal(receipt.outcome, ATVM_REJECTED);
        if (strncmp(receipt.reason, rows[i].reaches, strlen(rows[i].reaches)) != 0)
            fail_msg("%s: %s", rows[i].module, receipt.reason);
        /* Sanitizers look for leaks from another process. */
        if (!CONTAINMENT_UNDER_SANITIZERS)
            assert_non_null(strstr(receipt.reason, "fork EPERM"));
        assert_non_null(strstr(receipt.reason, "exec EPERM, signal EPERM"));
        assert_non_null(strstr(receipt.reason, "memory EACCES"));
        outbox_receipt_clear(&receipt);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        TEST(test_what_the_worker_makes_of_a_sinks_behaviour),
        TEST(test_a_sink_is_asked_whether_it_can_work_without_delivering),
        TEST(test_a_probe_brings_what_the_sink_said_and_no_secret),
        TEST(test_a_sink_without_a_probe_says_so),
        TEST(test_a_sink_that_hangs_while_it_is_asked_is_ended),
        TEST(test_a_message_larger_than_a_pipe_arrives),
        TEST(test_a_sink_gets_its_options_and_its_secret_goes_nowhere),
        TEST(test_a_credential_stands_before_the_environment),
        TEST(test_secrets_are_found_by_whole_names_only),
        TEST(test_a_secret_may_stand_in_the_environment_file),
        TEST(test_a_worker_that_cannot_be_started_is_an_error),
        TEST(test_a_sink_reaches_what_it_says_it_needs_and_nothing_else),
    };
    int status;

    if (delivery_worker(argc, argv, &status))
        return status;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
