/* When a runner that stays is ended, and which processes that means: decisions by table. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cleanup.h"
#include "judge-scene.h"
#include "stuck-runner-decide.h"
#include "stuck-runner.h"

#define SECOND       INT64_C(1000000000)
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* ---------------------------------------------------------------- whether */

/* What of the ordinary case is different; the ordinary one ends the runner. */
struct situation {
    const char *name;
    bool wanted;
    bool note_only, open, cancelled, goes_on, not_looked, exited, no_scope;
    enum run_state state, scope; /* 0: FAILED */
    int64_t quiet;               /* seconds since anything changed; 0: 300, -1: never seen */
    int64_t ended;               /* a scope ended so many seconds ago; 0: not known */
};

static const struct situation situations[] = {
    {.name = "a failed run with a runner that stays", .wanted = true},
    {.name = "a completed one", .state = STATE_COMPLETED, .scope = STATE_COMPLETED, .wanted = true},
    {.name = "long quiet", .quiet = 100000, .wanted = true},
    {.name = "on_stuck_runner = \"note\"", .note_only = true},
    {.name = "the closed state is not on disk", .open = true},
    {.name = "cancelled by the operator", .cancelled = true},
    {.name = "another batch may come", .goes_on = true},
    {.name = "the process table could not be looked at", .not_looked = true},
    {.name = "the runner is gone", .exited = true},
    {.name = "nothing was judged", .no_scope = true},
    {.name = "quiet, but not long enough", .quiet = 299},
    {.name = "a scope that ended just now", .ended = 299},
    {.name = "a scope that ended before", .ended = 300, .wanted = true},
    {.name = "no artifact and no log was ever seen", .quiet = -1},
    {.name = "RUNNING", .state = STATE_RUNNING},
    {.name = "HUNG", .state = STATE_HUNG},
    {.name = "UNKNOWN", .state = STATE_UNKNOWN},
    {.name = "TERMINATED", .state = STATE_TERMINATED},
    {.name = "CANCELLED", .state = STATE_CANCELLED},
    {.name = "a sub-run is RUNNING", .scope = STATE_RUNNING},
    {.name = "a sub-run is HUNG", .scope = STATE_HUNG},
};

static enum run_state or_failed(enum run_state state)
{
    return state ? state : STATE_FAILED;
}

static void runner_is_ended_only_when_all_is_over(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(situations); i++) {
        const struct situation *row = &situations[i];
        int64_t quiet = row->quiet ? row->quiet : 300;
        int64_t now_ns = (1000 + quiet) * SECOND;
        struct scope_verdict scopes[] = {
            {.state = STATE_COMPLETED, .ended_ns = row->ended ? now_ns - row->ended * SECOND : -1},
            {.state = or_failed(row->scope), .ended_ns = -1}};
        struct verdict verdict = {
            .state = or_failed(row->state),
            .scopes = scopes,
            .scope_count = row->no_scope ? 0 : COUNT(scopes),
            .more_may_come = row->goes_on,
            .runner = {.looked = !row->not_looked, .alive = !row->exited, .pid = 41},
            .last_progress_ns = quiet < 0 ? -1 : 1000 * SECOND,
        };
        struct stuck_runner_case stuck = {
            .terminate = !row->note_only,
            .closed = !row->open,
            .cancelled = row->cancelled,
            .verdict = &verdict,
            .now_ns = now_ns,
            .stuck_after_ns = 300 * SECOND,
        };

        if (stuck_runner_is_to_end(&stuck) != row->wanted)
            fail_msg("%s: the runner is%s to be ended", row->name, row->wanted ? "" : " not");
    }
}

/* ---------------------------------------------------------------- which */

static struct atvm_evidence process(const char *form, int64_t pid, int64_t parent, double ticks)
{
    struct atvm_evidence record = ATVM_EVIDENCE_INIT(ATVM_CLAIM_PROCESS);

    record.form = form;
    record.pid = pid;
    record.parent_pid = parent;
    record.value = ticks;
    record.since_ns = 100 * SECOND;
    return record;
}

/* The pids that would be ended, runners with an 'r', in order: "r10 11 12". */
static const char *chosen(struct atvm_evidence *records, size_t count)
{
    static char text[256];
    struct ledger_source table = {.records = records, .record_count = count};
    struct stuck_process processes[16];
    size_t length = 0, found;

    assert_true(count <= COUNT(processes));
    found = stuck_runner_processes(&table, 1000 * SECOND, processes);
    text[0] = '\0';
    for (size_t i = 0; i < found; i++)
        length += (size_t)snprintf(text + length, sizeof(text) - length, "%s%s%lld", i ? " " : "",
                                   processes[i].is_runner ? "r" : "", (long long)processes[i].pid);
    return text;
}

static void runners_and_their_descendants_are_chosen(void **state)
{
    struct atvm_evidence records[] = {
        process("child", 13, 12, 5),   /* a grandchild that comes first */
        process("runner", 10, 1, 2),   /* */
        process("child", 12, 10, 4),   /* */
        process("defunct", 11, 10, 3), /* its parent's business */
        process("child", 30, 11, 6),   /* under a defunct one there is nobody */
        process("child", 40, 1, 7),    /* an orphan that names the build: not proven */
        process("child", 51, 50, 8),   /* under a process that is not told of */
    };

    (void)state;
    assert_string_equal(chosen(records, COUNT(records)), "r10 12 13");
}

static void without_a_runner_nobody_is_chosen(void **state)
{
    struct atvm_evidence records[] = {process("child", 12, 1, 4), process("defunct", 11, 1, 3),
                                      process("child", 13, 12, 5)};

    (void)state;
    assert_string_equal(chosen(records, COUNT(records)), "");
    assert_string_equal(chosen(NULL, 0), "");
}

static void what_cannot_be_told_apart_is_not_chosen(void **state)
{
    struct atvm_evidence records[] = {
        process("runner", 1, 0, 2),   process("runner", 0, 0, 2),
        process("runner", -1, 0, 2),  process("runner", INT64_C(5000000000), 1, 2),
        process("runner", 20, 1, -1), process("runner", 21, 1, 1e300),
        process("runner", 22, 1, 2),  process("runner", 23, 1, 2),
        process("runner", 24, 1, 2),  process("runner", 24, 1, 2),
    };

    (void)state;
    records[6].since_ns = -1;
    records[7].since_ns = 1000 * SECOND; /* began after the last sign of the run */
    assert_string_equal(chosen(records, COUNT(records)), "r24");
}

static void a_circle_of_parents_ends(void **state)
{
    struct atvm_evidence records[] = {process("child", 11, 12, 2), process("child", 12, 11, 2),
                                      process("runner", 10, 10, 2), process("child", 10, 10, 2)};

    (void)state;
    assert_string_equal(chosen(records, COUNT(records)), "r10");
}

static void other_evidence_is_no_process(void **state)
{
    struct atvm_evidence records[] = {process("runner", 10, 1, 2), process(NULL, 11, 10, 2)};

    (void)state;
    records[0].claim = ATVM_CLAIM_FACT;
    assert_string_equal(chosen(records, COUNT(records)), "");
}

/* ---------------------------------------------------------------- still the same */

#define REST " 10 10 0 -1 4194304 1 2 3 4 5 6 7 8 20 0 1 0 "

static const struct {
    const char *stat;
    bool readable;
    char state;
    int64_t parent, ticks;
} lines[] = {
    {"42 (python3) S 7" REST "777 9 9", true, 'S', 7, 777},
    {"42 (npm exec cypres) Z 7" REST "777 0 0", true, 'Z', 7, 777},
    {"42 (a) b) S 1 () R 7" REST "778 9 9\n", true, 'R', 7, 778},
    {"42 (python3) S 7" REST, false, 0, 0, 0},
    {"42 (python3) S 7", false, 0, 0, 0},
    {"42 (python3) S", false, 0, 0, 0},
    {"42 (python3)", false, 0, 0, 0},
    {"42 python3 S 7", false, 0, 0, 0},
    {"", false, 0, 0, 0},
};

static void start_time_and_parent_are_read_behind_the_name(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(lines); i++) {
        struct stuck_process_now now;
        bool readable = stuck_process_parse(lines[i].stat, &now);

        if (readable != lines[i].readable)
            fail_msg("\"%s\" is%s readable", lines[i].stat, readable ? "" : " not");
        if (!readable)
            continue;
        assert_int_equal(now.state, lines[i].state);
        assert_int_equal(now.parent_pid, lines[i].parent);
        assert_int_equal(now.start_ticks, lines[i].ticks);
    }
}

static void a_number_that_was_given_anew_is_another_process(void **state)
{
    const struct stuck_process runner = {
        .pid = 42, .parent_pid = 7, .start_ticks = 777, .is_runner = true};
    const struct stuck_process child = {.pid = 42, .parent_pid = 7, .start_ticks = 777};

    (void)state;
    assert_true(stuck_process_is_same(&runner, &(struct stuck_process_now){7, 777, 'S'}));
    assert_true(stuck_process_is_same(&child, &(struct stuck_process_now){7, 777, 'S'}));
    assert_false(stuck_process_is_same(&runner, &(struct stuck_process_now){7, 778, 'S'}));
    assert_false(stuck_process_is_same(&child, &(struct stuck_process_now){7, 778, 'S'}));
    /* A runner may lose its shell; an orphan has lost what proved it to be ours. */
    assert_true(stuck_process_is_same(&runner, &(struct stuck_process_now){1, 777, 'S'}));
    assert_false(stuck_process_is_same(&child, &(struct stuck_process_now){1, 777, 'S'}));
}

/* ---------------------------------------------------------------- real processes */

/* A process that is called as a runner of `build` would be, and that has begun. It lives as long as
 * the descriptor in *ret_hold is open. */
static pid_t start_runner_of(const char *build, int *ret_hold)
{
    int ready[2], input[2];
    char byte;
    pid_t pid;

    assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
    assert_int_equal(pipe2(input, O_CLOEXEC), 0);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        dup2(input[0], STDIN_FILENO);
        execl("/bin/sh", "sh", "-c", "read line", "run-sorry-cypress.py", "--build_name", build,
              NULL);
        _exit(127);
    }
    close(input[0]);
    *ret_hold = input[1];
    close(ready[1]);
    assert_int_equal(read(ready[0], &byte, 1), 0); /* execve has closed the other end */
    close(ready[0]);
    return pid;
}

static long long start_ticks_of(pid_t pid)
{
    struct stuck_process_now now;
    char path[64], line[1024] = "";
    CLEANUP_FILE FILE *stream = NULL;

    snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    stream = fopen(path, "re");
    assert_non_null(stream);
    assert_non_null(fgets(line, sizeof(line), stream));
    assert_true(stuck_process_parse(line, &now));
    return now.start_ticks;
}

struct ending {
    sd_event *event;
    char outcome[256];
};

static void on_ended(void *user, const char *outcome)
{
    struct ending *ending = user;

    snprintf(ending->outcome, sizeof(ending->outcome), "%s", outcome);
    sd_event_exit(ending->event, 0);
}

/* Ends the runner of "build" that the evidence tells of in a process table at `root`. */
static void end_runner(const char *root, pid_t pid, long long ticks, char outcome[256])
{
    static const char *const nobody[] = {NULL};
    struct config config = {.stuck_grace_ns = 20 * SECOND};
    struct ending ending = {.outcome = ""};
    struct stuck_runner *stuck;
    char *error = NULL;
    struct scene scene;

    scene_open(&scene, nobody);
    scene_source(&scene, "proc", "process", root, NULL, 0);
    scene_record(&scene,
                 "\"claim\":\"process\",\"form\":\"runner\",\"pid\":%d,\"parent_pid\":1,"
                 "\"value\":%lld,\"since\":1",
                 (int)pid, ticks);
    scene_end(&scene, "whole");
    assert_int_equal(sd_event_new(&ending.event), 0);
    stuck = stuck_runner_new(ending.event,
                             &(struct stuck_runner_settings){.config = &config,
                                                             .build = "build",
                                                             .ledger = scene.ledger,
                                                             .before_ns = 1000 * SECOND},
                             on_ended, &ending, &error);
    if (stuck)
        assert_int_equal(sd_event_loop(ending.event), 0);
    snprintf(outcome, 256, "%s", stuck ? ending.outcome : error);
    stuck_runner_free(stuck);
    free(error);
    sd_event_unref(ending.event);
    scene_close(&scene);
}

/* How it ended; it is reaped. 0: it lived, and is ended here. */
static int signal_that_ended(pid_t pid)
{
    siginfo_t info = {0};

    assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT), 0);
    if (info.si_pid == 0)
        kill(pid, SIGKILL);
    assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED), 0);
    return info.si_status == SIGKILL ? 0 : info.si_status;
}

static void only_the_process_that_was_seen_gets_a_signal(void **state)
{
    static const struct {
        const char *root, *build, *outcome;
        bool names_it;
        int later, signal;
    } rows[] = {
        {"/proc", "build", "ended by SIGTERM", true, 0, SIGTERM},
        {"/proc", "build", "was left alone: its number stands for another process by now", true, 1,
         0},
        {"/proc", "build2",
         "was left alone: its command line does not name this build as --build_name", true, 0, 0},
        {"/recorded/proc", "build", "no collector has read this machine's /proc", false, 0, 0},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        char outcome[256], wanted[256];
        CLEANUP_CLOSE int hold = -1;
        pid_t pid = start_runner_of(rows[i].build, &hold);

        end_runner(rows[i].root, pid, start_ticks_of(pid) - rows[i].later, outcome);
        if (rows[i].names_it)
            snprintf(wanted, sizeof(wanted), "process %d %s", (int)pid, rows[i].outcome);
        else
            snprintf(wanted, sizeof(wanted), "%s", rows[i].outcome);
        assert_int_equal(signal_that_ended(pid), rows[i].signal);
        assert_string_equal(outcome, wanted);
    }
}

static void a_process_that_is_gone_gets_nothing(void **state)
{
    char outcome[256];
    CLEANUP_CLOSE int hold = -1;
    pid_t pid = start_runner_of("build", &hold);

    (void)state;
    kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    end_runner("/proc", pid, 1, outcome);
    assert_non_null(strstr(outcome, "was left alone"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(runner_is_ended_only_when_all_is_over),
        cmocka_unit_test(runners_and_their_descendants_are_chosen),
        cmocka_unit_test(without_a_runner_nobody_is_chosen),
        cmocka_unit_test(what_cannot_be_told_apart_is_not_chosen),
        cmocka_unit_test(a_circle_of_parents_ends),
        cmocka_unit_test(other_evidence_is_no_process),
        cmocka_unit_test(start_time_and_parent_are_read_behind_the_name),
        cmocka_unit_test(a_number_that_was_given_anew_is_another_process),
        cmocka_unit_test(only_the_process_that_was_seen_gets_a_signal),
        cmocka_unit_test(a_process_that_is_gone_gets_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
