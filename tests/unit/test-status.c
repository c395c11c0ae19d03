/* What status and list say: which posts are held, who is a runner, since when an unwatched run goes
 * on, and how all that is laid out. */
#include <json-c/json.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "clock.h"
#include "memory.h"
#include "status-builds.h"
#include "status-runner.h"
#include "status-window.h"
#include "status.h"
#include "test-render-samples.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* 2026-04-16 17:00:00 UTC */
#define NOW    SAMPLE_START_NS
#define MINUTE (60 * NS_PER_SECOND)

static struct config_module chat = {.name = (char *)"chat"};
static const struct config config = {.sinks = &chat, .sink_count = 1};

/* ---------------------------------------------------------------- posts */

static struct outbox_record *post(const char *sink, enum outbox_state state)
{
    struct outbox_message message = {
        .kind = ATVM_MESSAGE_REPORT,
        .format = ATVM_FORMAT_TEXT,
        .part = 1,
        .parts = 1,
        .key = memory_string("build/build"),
        .build = memory_string("build"),
        .scope = memory_string("build"),
        .title = memory_string("build"),
        .body = memory_string("body"),
    };
    struct outbox_record *record = outbox_record_new(sink, &message, 1, NOW);

    record->state = state;
    return record;
}

static void a_post_is_held_when_only_a_person_can_go_on(void **state)
{
    static const struct {
        const char *sink;
        enum outbox_state state;
        enum post_standing standing;
    } rows[] = {
        {"chat", OUTBOX_PENDING, POST_WAITING},     {"chat", OUTBOX_SENDING, POST_WAITING},
        {"chat", OUTBOX_DELIVERED, POST_DELIVERED}, {"chat", OUTBOX_UNCERTAIN, POST_HELD},
        {"chat", OUTBOX_QUARANTINED, POST_HELD},    {"gone", OUTBOX_PENDING, POST_HELD},
        {"gone", OUTBOX_SENDING, POST_HELD},        {"gone", OUTBOX_DELIVERED, POST_DELIVERED},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct outbox_record *record = post(rows[i].sink, rows[i].state);

        const struct outbox_list posts = {&record, 1, 1};

        assert_int_equal(post_standing_of(&posts, record, &config), rows[i].standing);
        outbox_record_free(record);
    }
}

static void a_part_is_held_with_the_one_before_it(void **state)
{
    static const struct {
        enum outbox_state first;
        enum post_standing second; /* which is pending */
    } rows[] = {
        {OUTBOX_PENDING, POST_WAITING},   {OUTBOX_SENDING, POST_WAITING},
        {OUTBOX_DELIVERED, POST_WAITING}, {OUTBOX_UNCERTAIN, POST_HELD},
        {OUTBOX_QUARANTINED, POST_HELD},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct outbox_record *records[] = {post("chat", rows[i].first),
                                           post("chat", OUTBOX_PENDING)};
        const struct outbox_list posts = {records, 2, 2};

        records[0]->message.parts = records[1]->message.parts = records[1]->message.part = 2;
        assert_int_equal(post_standing_of(&posts, records[1], &config), rows[i].second);
        outbox_record_free(records[0]);
        outbox_record_free(records[1]);
    }
}

/* ---------------------------------------------------------------- runners */

/* A command line in one string, with '|' between arguments. */
static bool parse(const char *line, bool last_nul, struct status_runner *ret)
{
    static const char *const scripts[] = {"run-sorry-cypress.py", "other.py"};
    char *arguments = memory_string(line);
    size_t length = strlen(line);
    bool is_runner;

    for (size_t i = 0; i < length; i++)
        if (arguments[i] == '|')
            arguments[i] = '\0';
    is_runner = status_runner_parse(arguments, length + last_nul, scripts, COUNT_OF(scripts), ret);
    free(arguments);
    return is_runner;
}

static void a_runner_is_known_by_script_and_build(void **state)
{
    static const struct {
        const char *line, *build; /* NULL: no runner */
        bool categorized;
    } rows[] = {
        {"python3|run-sorry-cypress.py|--build_name|e2e-a", "e2e-a", false},
        {"python3|/root/x/run-sorry-cypress.py|--build_name=e2e-a|--categorize", "e2e-a", true},
        {"./other.py|--categorize|--build-name|e2e-a", "e2e-a", true},
        {"python3|run-sorry-cypress.py|--build_name", NULL, false},
        {"python3|run-sorry-cypress.py|--build_name=", NULL, false},
        {"python3|run-sorry-cypress.py|--build_names|e2e-a", NULL, false},
        {"python3|run-sorry-cypress.py|--build_name|../e2e", NULL, false},
        {"python3|run-sorry-cypress.py|--build_name|--categorize", NULL, false},
        {"python3|not-run-sorry-cypress.py|--build_name|e2e-a", NULL, false},
        {"sh|-c|python3 run-sorry-cypress.py --build_name e2e-a", NULL, false},
        {"/usr/bin/tmux|new|run-sorry-cypress.py|--build_name|e2e-a", NULL, false},
        {"ssh|host|run-sorry-cypress.py|--build_name|e2e-a", NULL, false},
        {"", NULL, false},
    };

    (void)state;
    for (size_t i = 0; i < 2 * COUNT_OF(rows); i++) {
        const char *line = rows[i / 2].line;
        struct status_runner runner;
        bool is_runner = parse(line, i % 2, &runner);

        assert_int_equal(is_runner, rows[i / 2].build != NULL);
        if (!is_runner)
            continue;
        assert_string_equal(runner.build, rows[i / 2].build);
        assert_int_equal(runner.categorized, rows[i / 2].categorized);
        free(runner.build);
    }
}

/* ---------------------------------------------------------------- the window */

static void an_unwatched_run_began_at_the_latest_point_before_it(void **state)
{
    static const struct {
        struct window_hints hints; /* in seconds */
        int64_t since;
        const char *from;
    } rows[] = {
        {{500, 100, 900, 400}, 499, "runner"},
        {{-1, 100, 900, 400}, 399, "launch log"},
        {{-1, 100, 900, 50}, 99, "its log"},
        {{-1, 100, 900, 950}, 99, "its log"}, /* of the next launch */
        {{-1, -1, 900, 400}, 399, "launch log"},
        {{-1, 100, 900, -1}, 99, "its log"},
        {{-1, -1, 900, -1}, -1, NULL},
        {{-1, -1, -1, 400}, -1, NULL},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const struct window_hints *in = &rows[i].hints;
        struct window_hints hints = {
            in->runner_ns < 0 ? -1 : in->runner_ns * NS_PER_SECOND,
            in->log_created_ns < 0 ? -1 : in->log_created_ns * NS_PER_SECOND,
            in->log_written_ns < 0 ? -1 : in->log_written_ns * NS_PER_SECOND,
            in->launch_written_ns < 0 ? -1 : in->launch_written_ns * NS_PER_SECOND,
        };
        struct status_window window = status_window_of(&hints);

        if (rows[i].from) {
            assert_int_equal(window.since_ns, rows[i].since * NS_PER_SECOND);
            assert_non_null(strstr(window.from, rows[i].from));
        } else {
            assert_int_equal(window.since_ns, -1);
            assert_null(window.from);
        }
    }
}

/* ---------------------------------------------------------------- the list */

static struct build_row row(const char *name, enum run_state state, int64_t started_ns,
                            int64_t closed_ns)
{
    return (struct build_row){
        .name = (char *)name, .state = state, .started_ns = started_ns, .closed_ns = closed_ns};
}

static void the_newest_build_comes_first(void **state)
{
    struct build_row rows[] = {
        row("unknown", 0, -1, -1),
        row("b", STATE_FAILED, NOW - 2 * MINUTE, NOW),
        row("old", STATE_FAILED, NOW - 9 * MINUTE, NOW),
        row("a", STATE_RUNNING, NOW - 2 * MINUTE, -1),
        row("new", STATE_RUNNING, NOW - MINUTE, -1),
    };
    static const char *const order[] = {"new", "a", "b", "old", "unknown"};

    (void)state;
    qsort(rows, COUNT_OF(rows), sizeof(*rows), build_rows_compare);
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        assert_string_equal(rows[i].name, order[i]);
}

static void the_list_is_aligned(void **state)
{
    struct build_row rows[] = {
        row("e2e-redhat9.6-fc", STATE_RUNNING, NOW - 72 * MINUTE, -1),
        row("e2e", STATE_TERMINATED, NOW - 25 * 60 * MINUTE, NOW - 24 * 60 * MINUTE),
        row("broken", 0, -1, -1),
    };
    struct build_rows list = {rows, COUNT_OF(rows), 0};
    char *text;

    (void)state;
    rows[0].passed = 12;
    rows[0].failed = 1;
    rows[0].open = 105;
    rows[0].posts = (struct post_counts){.delivered = 2, .held = 1};
    rows[0].watcher = 4711;
    rows[2].problem = (char *)"state.json: is damaged";
    text = build_rows_text(&list, NOW, "UTC");
    assert_string_equal(text, "BUILD             STATE       PASSED  FAILED  OPEN  STARTED         "
                              "      ENDED            "
                              "     POSTS                WATCHED BY\n"
                              "e2e-redhat9.6-fc  RUNNING         12       1   105  15:48 UTC       "
                              "      open for 1h 12m  "
                              "     2 delivered, 1 held  process 4711\n"
                              "e2e               TERMINATED       0       0     0  2026-04-15 "
                              "16:00 UTC  2026-04-15 17:00 "
                              "UTC  -                    -\n"
                              "broken            unreadable       -       -     -  -               "
                              "      -                "
                              "     -                    -\n");
    free(text);
}

static void the_list_as_json_says_null_where_nothing_is_known(void **state)
{
    struct build_row rows[] = {row("e2e", STATE_FAILED, NOW - MINUTE, NOW),
                               row("broken", 0, -1, -1)};
    struct build_rows list = {rows, COUNT_OF(rows), 0};
    struct json_object *array;

    (void)state;
    rows[0].passed = 2;
    rows[0].failed = 1;
    rows[0].posts.delivered = 1;
    rows[1].problem = (char *)"state.json: is damaged";
    array = build_rows_json(&list);
    assert_string_equal(
        json_object_to_json_string_ext(array, JSON_C_TO_STRING_PLAIN),
        "[{\"schema\":\"atvm.list\\/1\",\"build\":\"e2e\",\"mode\":\"single\",\"state\":\"FAILED\","
        "\"hosts\":{\"passed\":2,\"failed\":1,\"open\":0},\"started\":\"2026-04-16T16:59:00.000Z\","
        "\"closed\":\"2026-04-16T17:00:00.000Z\",\"posts\":{\"delivered\":1,\"waiting\":0,\"held\":"
        "0}"
        ",\"watched_by\":null,\"problem\":null},"
        "{\"schema\":\"atvm.list\\/1\",\"build\":\"broken\",\"mode\":null,\"state\":null,"
        "\"hosts\":null,\"started\":null,\"closed\":null,\"posts\":{\"delivered\":0,\"waiting\":0,"
        "\"held\":0},\"watched_by\":null,\"problem\":\"state.json: is damaged\"}]");
    json_object_put(array);
}

/* ---------------------------------------------------------------- the status */

struct scene {
    struct state state;
    struct build_status status;
    struct sample sample;
};

static void set_up(struct scene *scene)
{
    *scene = (struct scene){0};
    scene->state.build = (char *)"build";
    scene->state.folder = (char *)"/state/build";
    scene->state.run.name = (char *)"build";
    scene->state.run.closed_ns = -1;
    scene->status = (struct build_status){.build = "build",
                                          .config = &config,
                                          .now_ns = NOW,
                                          .state = &scene->state,
                                          .window = {NOW - MINUTE, NULL}};
}

static void close_as(struct scene *scene, enum run_state state, const char *reason)
{
    scene->state.run.state = state;
    scene->state.run.reason = (char *)reason;
    scene->state.run.closed_ns = NOW - MINUTE;
}

static void add_post(struct scene *scene, struct outbox_record *record)
{
    struct outbox_list *posts = &scene->status.posts;

    memory_grow(&posts->records, posts->count, &posts->capacity, sizeof(*posts->records));
    posts->records[posts->count++] = record;
}

static void assert_text(struct scene *scene, const char *expected)
{
    char *text = build_status_text(&scene->status, "UTC");

    assert_string_equal(text, expected);
    free(text);
    outbox_list_free(&scene->status.posts);
}

static void a_closed_run_is_shown_as_it_was_stored(void **state)
{
    struct scene scene;

    (void)state;
    set_up(&scene);
    close_as(&scene, STATE_FAILED, "1 of 3 hosts failed");
    scene.status.stored_text = (char *)"build - FAILED\n\nSUMMARY:\n  …\n";
    assert_text(&scene, "build: closed as FAILED, 16:59 UTC\nPosts: none\n\n"
                        "build - FAILED\n\nSUMMARY:\n  …\n");

    scene.status.stored_text = NULL; /* closed by a command, without a look */
    close_as(&scene, STATE_CANCELLED, "by root\033[2J");
    scene.status.watcher = 12;
    scene.status.runner = 34;
    assert_text(&scene, "build: closed as CANCELLED, 16:59 UTC; process 12 still has it\n"
                        "A runner of this build lives (process 34): it did not exit, or a new run "
                        "has begun that nobody watches.\n"
                        "Posts: none\n\n"
                        "build: CANCELLED - by root\n");
}

static void an_open_run_says_who_watches_it(void **state)
{
    static const struct verdict verdict = {
        .build = "build", .state = STATE_RUNNING, .reason = "no trace of it yet"};
    const struct report report = {.verdict = &verdict, .now_ns = NOW};
    struct scene scene;

    (void)state;
    set_up(&scene);
    scene.status.report = &report;
    scene.status.watcher = 12;
    assert_text(&scene, "build: RUNNING, watched by process 12\nPosts: none\n\n"
                        "build: RUNNING - no trace of it yet\n");
    scene.status.watcher = 0;
    assert_text(&scene, "build: RUNNING, not watched: its watcher was stopped or has died, and "
                        "goes on with `atvm-watcher run build`\nPosts: none\n\n"
                        "build: RUNNING - no trace of it yet\n");
    scene.status.state = NULL;
    scene.status.window.from = "the start of its runner";
    assert_text(&scene, "build: RUNNING, never watched: nothing will be posted\n"
                        "Judged now by what was left since 16:59 UTC (the start of its runner)\n\n"
                        "build: RUNNING - no trace of it yet\n");
}

static void a_categorized_run_is_shown_as_a_whole(void **state)
{
    struct scene scene;
    char *text, *first, *second, *last;

    (void)state;
    set_up(&scene);
    sample_categorized(&scene.sample);
    scene.status.build = scene.sample.verdict.build;
    scene.status.report = &scene.sample.report;
    text = build_status_text(&scene.status, "UTC");
    first = strstr(text, scene.sample.scopes[0].name);
    second = strstr(text, scene.sample.scopes[1].name);
    assert_non_null(first);
    assert_non_null(second);
    assert_true(first < second);
    last = memory_format("\n%s: RUNNING", scene.sample.verdict.build);
    assert_non_null(strstr(second, last));
    free(last);
    free(text);
}

static void posts_are_shown_with_what_to_do(void **state)
{
    struct outbox_record *waiting = post("chat", OUTBOX_PENDING);
    struct outbox_record *part = post("chat", OUTBOX_DELIVERED);
    struct outbox_record *uncertain = post("chat", OUTBOX_UNCERTAIN);
    struct outbox_record *quarantined = post("chat", OUTBOX_QUARANTINED);
    struct outbox_record *dropped = post("chat", OUTBOX_QUARANTINED);
    struct scene scene;

    (void)state;
    set_up(&scene);
    close_as(&scene, STATE_COMPLETED, "all passed");
    scene.status.watcher = 12;
    waiting->next_attempt_ns = NOW + 5 * MINUTE;
    waiting->attempts[waiting->attempts_kept++] = (struct outbox_attempt){
        .number = 3,
        .receipt = {.outcome = ATVM_RETRY,
                    .reason = memory_string("https://chat/hooks/s3cr3t: refused")}};
    free(part->message.scope);
    part->message.scope = memory_string("build-redhat");
    part->message.part = 2;
    part->message.parts = 3;
    part->settled_ns = NOW;
    uncertain->explanation = memory_string("the connection broke");
    quarantined->explanation = memory_string("404");
    quarantined->attempts[quarantined->attempts_kept++] = (struct outbox_attempt){
        .number = 1,
        .receipt = {.outcome = ATVM_REJECTED, .remedy = memory_string("check the webhook")}};
    add_post(&scene, waiting);
    add_post(&scene, part);
    add_post(&scene, uncertain);
    add_post(&scene, quarantined);
    add_post(&scene, post("gone", OUTBOX_PENDING));
    dropped->explanation = memory_string("dropped by ann");
    dropped->message.correction = 1;
    dropped->dropped = true;
    add_post(&scene, dropped);
    assert_text(
        &scene,
        "build: closed as COMPLETED, 16:59 UTC; process 12 still has it\n"
        "Posts:\n"
        "  chat: waiting, next attempt 17:05 UTC; attempt 3: https://chat/hooks/*** refused\n"
        "  chat, build-redhat, part 2 of 3: delivered 17:00 UTC\n"
        "  chat: HELD, uncertain whether it was posted: the connection broke. Look there, then: "
        "`atvm-watcher resolve build --posted --sink chat` (it is there), or the same with "
        "--resend "
        "in place of --posted (it is not)\n"
        "  chat: HELD, quarantined: 404; check the webhook. The message is kept in "
        "/state/build/quarantine; to send it again: `atvm-watcher queue retry build --sink chat`\n"
        "  gone: HELD, pending, but no sink of this name is configured any more: `atvm-watcher "
        "queue drop build --sink gone --reason 'its sink is gone'`\n"
        "  chat, correction 1: not posted: dropped by ann\n"
        "\nbuild: COMPLETED - all passed\n");
}

static struct json_object *member(struct json_object *object, const char *key)
{
    struct json_object *value = NULL;

    assert_true(json_object_object_get_ex(object, key, &value));
    return value;
}

static void json_has_the_stored_report_or_the_one_of_now(void **state)
{
    struct json_object *object;
    struct scene scene;

    (void)state;
    set_up(&scene);
    sample_failing(&scene.sample);
    scene.status.report = &scene.sample.report;
    object = build_status_json(&scene.status);
    assert_string_equal(json_object_get_string(member(object, "judged")), "now");
    assert_string_equal(json_object_get_string(member(member(object, "report"), "schema")),
                        "atvm.report/1");
    assert_string_equal(json_object_get_string(member(object, "window_start")),
                        "2026-04-16T16:59:00.000Z");
    json_object_put(object);

    close_as(&scene, STATE_FAILED, "because");
    scene.status.stored_json = (char *)"{\"schema\": \"stored\"}";
    object = build_status_json(&scene.status);
    assert_string_equal(json_object_get_string(member(object, "judged")), "when closed");
    assert_string_equal(json_object_get_string(member(object, "state")), "FAILED");
    assert_string_equal(json_object_get_string(member(member(object, "report"), "schema")),
                        "stored");
    assert_null(member(object, "window_start"));
    json_object_put(object);

    scene.status.stored_json = (char *)"{ damaged";
    object = build_status_json(&scene.status);
    assert_null(member(object, "report"));
    json_object_put(object);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_post_is_held_when_only_a_person_can_go_on),
        cmocka_unit_test(a_part_is_held_with_the_one_before_it),
        cmocka_unit_test(a_runner_is_known_by_script_and_build),
        cmocka_unit_test(an_unwatched_run_began_at_the_latest_point_before_it),
        cmocka_unit_test(the_newest_build_comes_first),
        cmocka_unit_test(the_list_is_aligned),
        cmocka_unit_test(the_list_as_json_says_null_where_nothing_is_known),
        cmocka_unit_test(a_closed_run_is_shown_as_it_was_stored),
        cmocka_unit_test(an_open_run_says_who_watches_it),
        cmocka_unit_test(a_categorized_run_is_shown_as_a_whole),
        cmocka_unit_test(posts_are_shown_with_what_to_do),
        cmocka_unit_test(json_has_the_stored_report_or_the_one_of_now),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
