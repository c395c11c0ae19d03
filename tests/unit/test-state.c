/* The durable state of a build: what is kept, what becomes of damage, and who may write. */
#include <errno.h>
#include <json-c/json.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "memory.h"
#include "scratch-folder.h"
#include "state-lock.h"
#include "state.h"

#define BUILD "e2e-redhat9.6-fc"
#define NOW   INT64_C(1774000000000000000) /* 2026-03-20T09:46:40Z */
#define LATER (NOW + 1000000000)

struct scene {
    char *root;   /* the state root */
    char *folder; /* that of the build */
    struct state *state;
    char *error;
};

static int setup(void **state)
{
    struct scene *scene = memory_zeroed(1, sizeof(*scene));

    scene->root = scratch_folder_new();
    scene->folder = memory_format("%s/" BUILD, scene->root);
    *state = scene;
    return 0;
}

static int teardown(void **state)
{
    struct scene *scene = *state;

    state_close(scene->state);
    scratch_folder_remove(scene->root);
    free(scene->root);
    free(scene->folder);
    free(scene->error);
    free(scene);
    return 0;
}

static void open_own(struct scene *scene, int64_t now_ns)
{
    assert_int_equal(
        state_open(scene->root, BUILD, STATE_OWN, now_ns, &scene->state, &scene->error), 0);
}

/* As after a restart. */
static void open_again(struct scene *scene)
{
    state_close(scene->state);
    scene->state = NULL;
    open_own(scene, LATER);
}

static void save(struct scene *scene, const struct scope_state *scope)
{
    assert_int_equal(state_save(scene->state, scope, &scene->error), 0);
}

static void test_a_build_that_was_never_watched_is_fresh(void **state)
{
    struct scene *scene = *state;

    open_own(scene, NOW);
    assert_false(scene->state->found);
    assert_null(scene->state->warnings);
    assert_int_equal(scene->state->run.state, STATE_RUNNING);
    assert_string_equal(scene->state->run.name, BUILD);
    assert_true(scene->state->run.first_seen_ns == NOW);
    assert_true(scene->state->run.closed_ns == -1);
    assert_int_equal(scene->state->subrun_count, 0);
}

static void fill(struct scene *scene)
{
    static const char *const expected[] = {"atvm1-redhat9.6", "atvm2-w2k25"};
    const struct host_verdict hosts[] = {
        {.name = "atvm1-redhat9.6", .status = HOST_PASS},
        {.name = "atvm2-w2k25", .status = HOST_NOT_STARTED},
    };
    struct state *own = scene->state;

    own->categorized = own->runner_seen = true;
    state_set_expected_hosts(own, expected, 2);
    state_set_asked(own, &(struct state_asked){.since_ns = NOW - 7,
                                               .hosts = (char **)expected,
                                               .host_count = 1,
                                               .template_name = (char *)"cmc-e2e",
                                               .plugin = (char *)"fc"});
    scope_state_set_hosts(&own->run, hosts, 2);
    scope_state_close(&own->run, STATE_FAILED, "one host failed", LATER);
    assert_int_equal(state_note_url(own, &own->run, "https://example.test/run/7", &scene->error),
                     0);
    assert_int_equal(state_mark_posted(own, &own->run, "mattermost", "id-1", LATER, &scene->error),
                     0);
}

static void test_everything_survives_a_restart(void **state)
{
    struct scene *scene = *state;
    struct state *own;

    open_own(scene, NOW);
    fill(scene);
    open_again(scene);
    own = scene->state;
    assert_true(own->found);
    assert_true(own->categorized);
    assert_true(own->runner_seen);
    assert_int_equal(own->expected_host_count, 2);
    assert_string_equal(own->expected_hosts[1], "atvm2-w2k25");
    assert_true(own->asked.since_ns == NOW - 7);
    assert_int_equal(own->asked.host_count, 1);
    assert_string_equal(own->asked.hosts[0], "atvm1-redhat9.6");
    assert_string_equal(own->asked.template_name, "cmc-e2e");
    assert_string_equal(own->asked.plugin, "fc");
    assert_int_equal(own->run.state, STATE_FAILED);
    assert_string_equal(own->run.reason, "one host failed");
    assert_true(own->run.first_seen_ns == NOW);
    assert_true(own->run.last_seen_ns == LATER);
    assert_true(own->run.closed_ns == LATER);
    assert_true(own->run.completed_ns == LATER);
    assert_true(own->run.cancelled_ns == -1);
    assert_true(own->run.terminated_ns == -1);
    assert_string_equal(own->run.run_url, "https://example.test/run/7");
    assert_int_equal(own->run.host_count, 2);
    assert_string_equal(own->run.hosts[1].name, "atvm2-w2k25");
    assert_string_equal(own->run.hosts[1].status, "NOT STARTED");
    assert_int_equal(own->run.posted_count, 1);
    assert_string_equal(own->run.posted[0].sink, "mattermost");
    assert_string_equal(own->run.posted[0].remote_id, "id-1");
}

static void test_a_state_that_an_earlier_version_wrote_knows_nothing_of_what_was_asked(void **state)
{
    struct scene *scene = *state;

    open_own(scene, NOW);
    scratch_write(scene->folder, "state.json",
                  "{\"schema\":\"atvm.state/1\",\"build\":\"" BUILD "\",\"scope\":\"" BUILD
                  "\",\"mode\":\"single\",\"state\":\"RUNNING\",\"first_seen\":5}");
    open_again(scene);
    assert_true(scene->state->found);
    assert_true(scene->state->run.first_seen_ns == 5);
    assert_true(scene->state->asked.since_ns == -1);
    assert_int_equal(scene->state->asked.host_count, 0);
    assert_null(scene->state->asked.template_name);
}

static void test_the_file_names_its_schema_build_scope_and_mode(void **state)
{
    struct scene *scene = *state;
    struct json_object *object, *value = NULL;
    char *text;

    open_own(scene, NOW);
    fill(scene);
    text = scratch_read(scene->folder, "state.json");
    object = json_tokener_parse(text);
    free(text);
    assert_true(json_object_object_get_ex(object, "schema", &value));
    assert_string_equal(json_object_get_string(value), "atvm.state/1");
    assert_true(json_object_object_get_ex(object, "build", &value));
    assert_string_equal(json_object_get_string(value), BUILD);
    assert_true(json_object_object_get_ex(object, "scope", &value));
    assert_string_equal(json_object_get_string(value), BUILD);
    assert_true(json_object_object_get_ex(object, "mode", &value));
    assert_string_equal(json_object_get_string(value), "categorized");
    assert_true(json_object_object_get_ex(object, "state", &value));
    assert_string_equal(json_object_get_string(value), "FAILED");
    json_object_put(object);
}

static void test_closing_sets_the_marker_of_its_state_only(void **state)
{
    static const struct {
        enum run_state state;
        bool completed, cancelled, terminated;
    } rows[] = {
        {STATE_COMPLETED, true, false, false}, {STATE_FAILED, true, false, false},
        {STATE_CANCELLED, false, true, false}, {STATE_TERMINATED, false, false, true},
        {STATE_UNKNOWN, false, false, false},  {STATE_HUNG, false, false, false},
    };
    struct scene *scene = *state;

    open_own(scene, NOW);
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        char *name = memory_format("scope-%zu", i);
        struct scope_state *scope = NULL;

        assert_int_equal(state_add_scope(scene->state, name, NOW, &scope, &scene->error), 0);
        scope_state_close(scope, rows[i].state, "why", LATER);
        assert_true(scope->closed_ns == LATER);
        assert_int_equal(scope->completed_ns == LATER, rows[i].completed);
        assert_int_equal(scope->cancelled_ns == LATER, rows[i].cancelled);
        assert_int_equal(scope->terminated_ns == LATER, rows[i].terminated);
        free(name);
    }
}

static void test_a_closed_scope_stays_what_it_is(void **state)
{
    struct scene *scene = *state;
    struct scope_state *run;

    open_own(scene, NOW);
    run = &scene->state->run;
    assert_true(scope_state_note(run, STATE_HUNG, "silent", NOW));
    scope_state_close(run, STATE_FAILED, "one host failed", NOW);
    assert_false(scope_state_note(run, STATE_COMPLETED, "all passed", LATER));
    scope_state_close(run, STATE_COMPLETED, "all passed", LATER);
    assert_int_equal(run->state, STATE_FAILED);
    assert_string_equal(run->reason, "one host failed");
    assert_true(run->closed_ns == NOW && run->completed_ns == NOW);
    scope_state_correct(run, STATE_COMPLETED, "all passed", LATER);
    assert_int_equal(run->state, STATE_COMPLETED);
    assert_true(run->closed_ns == NOW && run->corrected_ns == LATER);
    scope_state_open(run);
    assert_true(scope_state_note(run, STATE_RUNNING, "goes on", LATER));
    assert_int_equal(run->completed_ns, -1);
}

static void test_sub_runs_have_folders_whatever_their_names(void **state)
{
    struct scene *scene = *state;
    struct scope_state *odd = NULL, *plain = NULL, *again = NULL;

    open_own(scene, NOW);
    assert_int_equal(state_add_scope(scene->state, "../red hat/9", LATER, &odd, &scene->error), 0);
    assert_int_equal(state_add_scope(scene->state, "redhat9.6", NOW, &plain, &scene->error), 0);
    assert_int_equal(state_add_scope(scene->state, "redhat9.6", LATER, &again, &scene->error), 0);
    assert_ptr_equal(plain, again);
    odd->state = STATE_UNKNOWN;
    save(scene, odd);
    save(scene, plain);
    assert_true(scratch_exists(scene->folder, "subruns/%2E.%2Fred%20hat%2F9/state.json"));

    open_again(scene);
    assert_int_equal(scene->state->subrun_count, 2);
    assert_string_equal(scene->state->subruns[0]->name, "redhat9.6");
    assert_string_equal(scene->state->subruns[1]->name, "../red hat/9");
    assert_int_equal(scene->state->subruns[1]->state, STATE_UNKNOWN);
    assert_ptr_equal(state_find_scope(scene->state, BUILD), &scene->state->run);
    assert_ptr_equal(state_find_scope(scene->state, "redhat9.6"), scene->state->subruns[0]);
    assert_null(state_find_scope(scene->state, "other"));
    assert_int_equal(state_add_scope(scene->state, "", NOW, &odd, &scene->error), -ENAMETOOLONG);
}

static void test_a_damaged_state_is_set_aside_and_reported(void **state)
{
    static const char *const damaged[] = {
        "",
        "{",
        "{\"schema\": \"atvm.state/1\"",
        "[]",
        "{}",
        "{\"schema\": \"atvm.outbox/1\"}",
        "{\"schema\": \"atvm.state/1\"}",
        "{\"schema\": \"atvm.state/1\", \"build\": \"other\", \"scope\": \"other\", "
        "\"mode\": \"single\", \"state\": \"RUNNING\"}",
        "{\"schema\": \"atvm.state/1\", \"build\": \"" BUILD "\", \"scope\": \"" BUILD "\", "
        "\"mode\": \"single\", \"state\": \"RUNNING\", \"closed\": \"yes\"}",
        "{\"schema\": \"atvm.state/1\", \"build\": \"" BUILD "\", \"scope\": \"" BUILD "\", "
        "\"mode\": \"single\", \"state\": \"DONE\"}",
        "{\"schema\": \"atvm.state/1\"}\xff",
    };
    struct scene *scene = *state;

    for (size_t i = 0; i < sizeof(damaged) / sizeof(*damaged); i++) {
        open_own(scene, NOW);
        state_close(scene->state);
        scene->state = NULL;
        scratch_write(scene->folder, "state.json", damaged[i]);
        open_own(scene, LATER);
        assert_false(scene->state->found);
        assert_non_null(strstr(scene->state->warnings, "state.json"));
        assert_non_null(strstr(scene->state->warnings, ".corrupt-20260320T094641Z"));
        assert_int_equal(scene->state->run.state, STATE_RUNNING);
        assert_true(scene->state->run.first_seen_ns == LATER);
        assert_int_equal(scratch_count(scene->folder, "", "state.json.corrupt-"), i + 1);
        assert_false(scratch_exists(scene->folder, "state.json"));
        state_close(scene->state);
        scene->state = NULL;
    }
}

static void test_damage_of_one_sub_run_leaves_the_rest(void **state)
{
    struct scene *scene = *state;
    struct scope_state *good = NULL, *bad = NULL;

    open_own(scene, NOW);
    fill(scene);
    assert_int_equal(state_add_scope(scene->state, "good", NOW, &good, &scene->error), 0);
    assert_int_equal(state_add_scope(scene->state, "bad", NOW, &bad, &scene->error), 0);
    scope_state_close(good, STATE_COMPLETED, "all passed", LATER);
    save(scene, good);
    scratch_write(scene->folder, "subruns/bad/state.json", "{}");
    open_again(scene);
    assert_true(scene->state->found);
    assert_non_null(strstr(scene->state->warnings, "subruns/bad/state.json"));
    assert_int_equal(state_find_scope(scene->state, "good")->state, STATE_COMPLETED);
    assert_int_equal(state_find_scope(scene->state, "bad")->state, STATE_RUNNING);
}

static void test_a_newer_schema_is_refused_and_untouched(void **state)
{
    static const char newer[] = "{\"schema\": \"atvm.state/2\", \"build\": \"" BUILD "\"}";
    struct scene *scene = *state;
    char *text;

    open_own(scene, NOW);
    state_close(scene->state);
    scene->state = NULL;
    scratch_write(scene->folder, "state.json", newer);
    assert_int_equal(state_open(scene->root, BUILD, STATE_OWN, NOW, &scene->state, &scene->error),
                     -EPROTONOSUPPORT);
    assert_non_null(strstr(scene->error, "newer"));
    text = scratch_read(scene->folder, "state.json");
    assert_string_equal(text, newer);
    free(text);
}

static void test_the_url_survives_even_without_state_json(void **state)
{
    struct scene *scene = *state;
    struct scope_state *scope = NULL;

    open_own(scene, NOW);
    assert_int_equal(state_add_scope(scene->state, "batch", NOW, &scope, &scene->error), 0);
    assert_int_equal(state_note_url(scene->state, scope, "https://a.test/2", &scene->error), 0);
    assert_int_equal(
        state_note_url(scene->state, &scene->state->run, "https://a.test/1", &scene->error), 0);
    scratch_write(scene->folder, "state.json", "damaged");
    open_again(scene);
    assert_string_equal(scene->state->run.run_url, "https://a.test/1");
    assert_string_equal(state_find_scope(scene->state, "batch")->run_url, "https://a.test/2");
}

static void test_the_cancellation_marker_is_a_file(void **state)
{
    struct scene *scene = *state;

    open_own(scene, NOW);
    assert_int_equal(state_cancelled(scene->state), 0);
    assert_int_equal(state_mark_cancelled(scene->state, "atvm-watcher cancel", NOW, &scene->error),
                     0);
    assert_true(scratch_exists(scene->folder, "cancelled"));
    open_again(scene);
    assert_int_equal(state_cancelled(scene->state), 1);
}

static void test_posted_markers_are_per_scope_and_sink(void **state)
{
    struct scene *scene = *state;
    struct scope_state *scope = NULL;

    open_own(scene, NOW);
    assert_int_equal(state_add_scope(scene->state, "batch", NOW, &scope, &scene->error), 0);
    assert_int_equal(state_posted(scope, "file"), 0);
    assert_int_equal(state_mark_posted(scene->state, scope, "file", NULL, NOW, &scene->error), 0);
    assert_true(scratch_exists(scene->folder, "subruns/batch/posted/file"));
    assert_int_equal(state_posted(scope, "file"), 1);
    assert_int_equal(state_posted(scope, "stdout"), 0);
    assert_int_equal(state_posted(&scene->state->run, "file"), 0);
    /* Either of the two places is enough. */
    scratch_write(scene->folder, "subruns/batch/state.json", "damaged");
    open_again(scene);
    assert_int_equal(state_posted(state_find_scope(scene->state, "batch"), "file"), 1);
}

static void test_a_second_owner_is_told_who_the_first_is(void **state)
{
    struct scene *scene = *state;
    struct state *second = NULL;
    char *lock = memory_format("%s/lock", scene->folder);
    char *pid = memory_format("process %d ", (int)getpid());

    open_own(scene, NOW);
    assert_int_equal(state_open(scene->root, BUILD, STATE_OWN, NOW, &second, &scene->error),
                     -EBUSY);
    assert_non_null(strstr(scene->error, pid));
    assert_non_null(strstr(scene->error, "2026-03-20T09:46:40Z"));
    assert_int_equal(state_lock_holder(lock), getpid());
    assert_false(state_lock_may_be_brief(lock));
    free(lock);
    free(pid);
}

/* A watcher is for hours; whoever does not say so may be gone in a moment. */
static void test_who_may_give_the_lock_back_soon(void **state)
{
    static const struct {
        const char *says; /* after pid and start time of this process; NULL: nothing at all */
        bool is_brief;
    } rows[] = {
        {" 2026-03-20T09:46:40Z watcher\n", false},
        {" 2026-03-20T09:46:40Z command\n", true},
        {" 2026-03-20T09:46:40Z\n", false}, /* of a version that did not say */
        {NULL, true},
        {"9 2026-03-20T09:46:40Z watcher\n", true}, /* of another start: that one has ended */
    };
    struct scene *scene = *state;
    char *lock = memory_format("%s/lock", scene->folder), *own = NULL, *process = NULL;

    open_own(scene, NOW);
    own = scratch_read(scene->folder, "lock");
    assert_non_null(own);
    process = memory_format("%.*s", (int)(strchr(strchr(own, ' ') + 1, ' ') - own), own);
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        char *text =
            memory_format("%s%s", rows[i].says ? process : "", rows[i].says ? rows[i].says : "");

        scratch_write(scene->folder, "lock", text);
        assert_int_equal(state_lock_may_be_brief(lock), rows[i].is_brief);
        free(text);
    }
    free(process);
    free(own);
    free(lock);
}

static void test_the_lock_of_a_killed_owner_is_free(void **state)
{
    struct scene *scene = *state;
    char *lock = memory_format("%s/lock", scene->folder);
    int ready[2];
    pid_t owner;
    char byte;

    assert_int_equal(pipe(ready), 0);
    owner = fork();
    if (owner == 0) {
        struct state *own = NULL;

        if (state_open(scene->root, BUILD, STATE_OWN, NOW, &own, &scene->error) ||
            write(ready[1], "x", 1) != 1)
            _exit(1);
        pause();
        _exit(1);
    }
    assert_int_equal(read(ready[0], &byte, 1), 1);
    assert_int_equal(state_open(scene->root, BUILD, STATE_OWN, NOW, &scene->state, &scene->error),
                     -EBUSY);
    assert_int_equal(state_lock_holder(lock), owner);
    assert_int_equal(kill(owner, SIGKILL), 0);
    assert_int_equal(waitpid(owner, NULL, 0), owner);
    assert_int_equal(state_lock_holder(lock), 0);
    open_own(scene, NOW);
    close(ready[0]);
    close(ready[1]);
    free(lock);
}

static void test_looking_changes_nothing(void **state)
{
    struct scene *scene = *state;
    struct state *look = NULL;

    assert_int_equal(state_open(scene->root, BUILD, STATE_LOOK, NOW, &look, &scene->error),
                     -ENOENT);
    assert_false(scratch_exists(scene->root, BUILD));
    open_own(scene, NOW);
    scratch_write(scene->folder, "state.json", "damaged");
    free(scene->error);
    scene->error = NULL;
    assert_int_equal(state_open(scene->root, BUILD, STATE_LOOK, NOW, &look, &scene->error), 0);
    assert_non_null(strstr(look->warnings, "state.json"));
    assert_int_equal(scratch_count(scene->folder, "", "corrupt"), 0);
    state_close(look);
}

static void test_only_build_names_open(void **state)
{
    static const char *const wrong[] = {"", ".", "..", "a/b", "-a", "a b", "a\n"};
    struct scene *scene = *state;

    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
        assert_int_equal(
            state_open(scene->root, wrong[i], STATE_OWN, NOW, &scene->state, &scene->error),
            -EINVAL);
        free(scene->error);
        scene->error = NULL;
    }
}

static int write_lines(void *user, FILE *stream)
{
    return fputs(user, stream) < 0 ? -EIO : 0;
}

static void test_keeps_evidence_and_reports(void **state)
{
    struct scene *scene = *state;
    struct scope_state *scope = NULL;
    char lines[] = "{\"t\":\"begin\"}\n", *text;

    open_own(scene, NOW);
    assert_int_equal(state_write_evidence(scene->state, write_lines, lines, &scene->error), 0);
    text = scratch_read(scene->folder, "evidence.jsonl");
    assert_string_equal(text, lines);
    free(text);
    assert_int_equal(state_add_scope(scene->state, "batch", NOW, &scope, &scene->error), 0);
    assert_int_equal(state_write_report(&scene->state->run, "md", "whole", &scene->error), 0);
    assert_int_equal(state_write_report(scope, "txt", "part", &scene->error), 0);
    text = scratch_read(scene->folder, "report.md");
    assert_string_equal(text, "whole");
    free(text);
    text = scratch_read(scene->folder, "subruns/batch/report.txt");
    assert_string_equal(text, "part");
    free(text);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

static void remove_file(const struct scene *scene, const char *name)
{
    char *path = memory_format("%s/%s", scene->folder, name);

    assert_int_equal(unlink(path), 0);
    free(path);
}

/* R2.6: a lost file is no reset. */
static void test_what_is_closed_stays_closed_without_its_state_json(void **state)
{
    static const char *const damages[] = {NULL, "", "{\"schema\":\"atvm.state/1\"}"};
    struct scene *scene = *state;

    for (size_t i = 0; i < sizeof(damages) / sizeof(damages[0]); i++) {
        struct scope_state *sub_run;

        open_own(scene, NOW);
        fill(scene);
        assert_int_equal(
            state_add_scope(scene->state, BUILD "-redhat", NOW, &sub_run, &scene->error), 0);
        scope_state_close(sub_run, STATE_TERMINATED, "killed", LATER);
        save(scene, sub_run);
        if (damages[i]) {
            scratch_write(scene->folder, "state.json", damages[i]);
            scratch_write(scene->folder, "subruns/" BUILD "-redhat/state.json", damages[i]);
        } else {
            remove_file(scene, "state.json");
            remove_file(scene, "subruns/" BUILD "-redhat/state.json");
        }
        open_again(scene);
        assert_int_equal(scene->state->run.state, STATE_FAILED);
        assert_true(scene->state->run.closed_ns == LATER);
        assert_int_equal(scene->state->expected_host_count, 2);
        sub_run = state_find_scope(scene->state, BUILD "-redhat");
        assert_int_equal(sub_run->state, STATE_TERMINATED);
        assert_true(sub_run->closed_ns == LATER);
        assert_non_null(strstr(scene->state->warnings, "closed.json"));
        state_close(scene->state);
        scene->state = NULL;
    }
}

static void test_what_was_closed_is_never_open_though_both_files_are_damaged(void **state)
{
    struct scene *scene = *state;

    open_own(scene, NOW);
    fill(scene);
    scratch_write(scene->folder, "state.json", "{");
    scratch_write(scene->folder, "closed.json", "{");
    open_again(scene);
    assert_int_equal(scene->state->run.state, STATE_UNKNOWN);
    assert_true(scene->state->run.closed_ns == LATER);
    assert_int_equal(scene->state->expected_host_count, 0);
}

static void test_a_scope_that_was_opened_again_leaves_no_second_copy(void **state)
{
    struct scene *scene = *state;

    open_own(scene, NOW);
    fill(scene);
    scene->state->run.closed_ns = -1;
    save(scene, &scene->state->run);
    scratch_write(scene->folder, "state.json", "{");
    open_again(scene);
    assert_true(scene->state->run.closed_ns == -1);
    assert_int_equal(scene->state->run.state, STATE_RUNNING);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_build_that_was_never_watched_is_fresh),
        TEST(test_everything_survives_a_restart),
        TEST(test_what_is_closed_stays_closed_without_its_state_json),
        TEST(test_what_was_closed_is_never_open_though_both_files_are_damaged),
        TEST(test_a_scope_that_was_opened_again_leaves_no_second_copy),
        TEST(test_a_state_that_an_earlier_version_wrote_knows_nothing_of_what_was_asked),
        TEST(test_the_file_names_its_schema_build_scope_and_mode),
        TEST(test_closing_sets_the_marker_of_its_state_only),
        TEST(test_a_closed_scope_stays_what_it_is),
        TEST(test_sub_runs_have_folders_whatever_their_names),
        TEST(test_a_damaged_state_is_set_aside_and_reported),
        TEST(test_damage_of_one_sub_run_leaves_the_rest),
        TEST(test_a_newer_schema_is_refused_and_untouched),
        TEST(test_the_url_survives_even_without_state_json),
        TEST(test_the_cancellation_marker_is_a_file),
        TEST(test_posted_markers_are_per_scope_and_sink),
        TEST(test_a_second_owner_is_told_who_the_first_is),
        TEST(test_who_may_give_the_lock_back_soon),
        TEST(test_the_lock_of_a_killed_owner_is_free),
        TEST(test_looking_changes_nothing),
        TEST(test_only_build_names_open),
        TEST(test_keeps_evidence_and_reports),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
