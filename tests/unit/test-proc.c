#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include <atvm/plugin.h>

#include "build-process.h"
#include "cleanup.h"
#include "fake-host.h"
#include "memory.h"
#include "process-table.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define NS           INT64_C(1000000000)

extern const struct atvm_collector atvm_collector;

/* ---------------------------------------------------------------- running the module */

struct test {
    char root[32]; /* a made-up process table */
    struct fake_host *fake;
    void *collector;
};

static void open_collector(struct test *test, const char *root, const char *build, bool categorized)
{
    test->fake = fake_host_new(atvm_collector.options, atvm_collector.option_count);
    fake_host_run(test->fake)->build = build;
    fake_host_run(test->fake)->categorized = categorized;
    if (root)
        fake_host_option(test->fake, "root", root);
    test->collector = atvm_collector.create(fake_host_table(test->fake));
    assert_non_null(test->collector);
    assert_int_equal(atvm_collector.configure(test->collector), ATVM_OK);
}

static void close_collector(struct test *test)
{
    atvm_collector.destroy(test->collector);
    fake_host_free(test->fake);
    test->collector = NULL;
    test->fake = NULL;
}

static int32_t collect(struct test *test)
{
    fake_host_clear(test->fake);
    return atvm_collector.collect(test->collector);
}

static size_t unit_count(struct test *test)
{
    return json_object_array_length(fake_host_units(test->fake));
}

/* The claims of the only unit. */
static struct json_object *claims(struct test *test)
{
    assert_int_equal(unit_count(test), 1);
    return json_object_object_get(json_object_array_get_idx(fake_host_units(test->fake), 0),
                                  "evidence");
}

static const char *text_of(struct json_object *object, const char *key)
{
    const char *text = json_object_get_string(json_object_object_get(object, key));

    return text ? text : "";
}

static int64_t number_of(struct json_object *object, const char *key)
{
    struct json_object *number;

    return json_object_object_get_ex(object, key, &number) ? json_object_get_int64(number) : -1;
}

static struct json_object *claim_of(struct test *test, int64_t pid)
{
    struct json_object *all = claims(test);

    for (size_t i = 0; i < json_object_array_length(all); i++)
        if (number_of(json_object_array_get_idx(all, i), "pid") == pid)
            return json_object_array_get_idx(all, i);
    return NULL;
}

static int set_up(void **state)
{
    struct test *test = memory_zeroed(1, sizeof(*test));

    strcpy(test->root, "/tmp/proc-XXXXXX");
    if (!mkdtemp(test->root))
        return -1;
    *state = test;
    return 0;
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *ftw)
{
    (void)status;
    (void)type;
    (void)ftw;
    return remove(path);
}

static int tear_down(void **state)
{
    struct test *test = *state;

    if (test->fake)
        close_collector(test);
    nftw(test->root, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    free(test);
    return 0;
}

/* ---------------------------------------------------------------- made-up tables */

static void write_file(const char *root, const char *name, const char *bytes, size_t length)
{
    CLEANUP_FREE char *path = memory_format("%s/%s", root, name);
    CLEANUP_FILE FILE *file = fopen(path, "w");

    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, length, file), length);
    assert_int_equal(fflush(file), 0);
}

/* `command`: the arguments, separated by '|'. */
static void make_process(const char *root, int pid, int parent, char process_state,
                         const char *name, const char *command)
{
    CLEANUP_FREE char *folder = memory_format("%s/%d", root, pid);
    CLEANUP_FREE char *stat = memory_format(
        "%d (%s) %c %d 1 1 0 -1 4194304 1 0 0 0 2 0 0 0 20 0 1 0 %d 17207296 3507 184467\n", pid,
        name, process_state, parent, pid * 100);
    CLEANUP_FREE char *arguments = memory_format("%s|", command);
    size_t length = *command ? strlen(arguments) : 0;

    assert_true(mkdir(folder, 0755) == 0 || errno == EEXIST);
    for (size_t i = 0; i < length; i++)
        if (arguments[i] == '|')
            arguments[i] = '\0';
    write_file(folder, "stat", stat, strlen(stat));
    write_file(folder, "cmdline", arguments, length);
}

struct row {
    int pid, parent;
    char state;
    const char *name, *command;
    const char *form, *text; /* "": not of this build */
};

static void check_rows(struct test *test, const char *build, bool categorized,
                       const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++)
        make_process(test->root, rows[i].pid, rows[i].parent, rows[i].state, rows[i].name,
                     rows[i].command);
    open_collector(test, test->root, build, categorized);
    assert_int_equal(collect(test), ATVM_COLLECT_COMPLETE);
    for (size_t i = 0; i < count; i++) {
        struct json_object *claim = claim_of(test, rows[i].pid);

        if (strcmp(text_of(claim, "form"), rows[i].form) != 0 ||
            strcmp(text_of(claim, "text"), rows[i].text) != 0)
            fail_msg("%s: %s", rows[i].command, json_object_to_json_string(claim));
    }
}

static void a_runner_has_its_script_and_the_build_as_whole_arguments(void **state)
{
    static const struct row rows[] = {
        {11, 1, 'S', "python3", "python3|run-sorry-cypress.py|--build_name|b", "runner",
         "python3 run-sorry-cypress.py"},
        {12, 1, 'S', "python3", "/usr/bin/python3|-u|/root/x/run-sorry-cypress.py|--build_name=b",
         "runner", "python3 run-sorry-cypress.py"},
        {13, 1, 'S', "run-sorry-cypre", "./run-sorry-cypress.py|-b|b|--categorize", "runner",
         "run-sorry-cypress.py"},
        {14, 1, 'D', "python3", "python3|run-sorry-cypress.py|--key|secret|b", "runner",
         "python3 run-sorry-cypress.py"},
        /* another build, though its name begins or ends alike */
        {20, 1, 'S', "python3", "python3|run-sorry-cypress.py|--build_name|b-2", "", ""},
        {21, 1, 'S', "python3", "python3|run-sorry-cypress.py|--build_name|ab", "", ""},
        {22, 1, 'S', "python3", "python3|run-sorry-cypress.py|--build_name=b2", "", ""},
        {23, 1, 'S', "python3", "python3|run-sorry-cypress.py", "", ""},
        {24, 1, 'S', "python3", "python3|run-sorry-cypress.py|--note=x=b", "", ""},
        /* no runner */
        {30, 1, 'S', "vim", "vim|run-sorry-cypress.py", "", ""},
        {31, 1, 'S', "tail", "tail|-f|/tmp/b.log", "", ""},
        {32, 1, 'S', "grep", "grep|run-sorry-cypress.py|-r|.", "", ""},
        {33, 1, 'S', "bash", "bash|-c|python3 run-sorry-cypress.py --build_name b", "", ""},
        {34, 1, 'S', "python3", "python3|my-run-sorry-cypress.py|b", "", ""},
        {35, 1, 'S', "python3", "python3|run-sorry-cypress.pyc|b", "", ""},
        {36, 1, 'S', "atvm-watcher", "/usr/bin/atvm-watcher|run|b|run-sorry-cypress.py", "", ""},
        {37, 1, 'S', "tmux: server", "tmux|new|-d|python3|run-sorry-cypress.py|--build_name|b", "",
         ""},
        {38, 2, 'I', "kworker/0:0", "", "", ""},
    };

    check_rows(*state, "b", false, rows, COUNT(rows));
}

static void children_are_descendants_or_named_by_build_id(void **state)
{
    static const struct row rows[] = {
        {10, 1, 'S', "bash", "bash|-c|python3 run-sorry-cypress.py --build_name b", "", ""},
        {11, 10, 'S', "python3", "python3|run-sorry-cypress.py|--build_name|b", "runner",
         "python3 run-sorry-cypress.py"},
        {12, 11, 'S', "npm exec cypres", "npm exec cypress-cloud run --record --key hunter2|||",
         "child", "npm"},
        {13, 12, 'S', "node", "/usr/bin/node|cypress-cloud|run|--key|hunter2|--ci-build-id|b",
         "child", "node --ci-build-id b"},
        {14, 13, 'R', "Cypress", "/root/Cypress/Cypress|--smoke", "child", "Cypress"},
        {15, 11, 'Z', "npm exec cypres", "", "defunct", "npm exec cypres"},
        /* orphaned to init */
        {20, 1, 'S', "npm exec cypres", "npm exec cypress-cloud run --key k --ci-build-id b --x",
         "child", "npm --ci-build-id b"},
        {21, 1, 'S', "node", "node|cypress-cloud|--ci-build-id=b", "child", "node --ci-build-id b"},
        {22, 1, 'Z', "node", "node|cypress-cloud|--ci-build-id=b", "defunct",
         "node --ci-build-id b"},
        /* a wrapper with the same arguments, and a fork: one runner a tree */
        {30, 1, 'S', "sudo", "sudo|python3|run-sorry-cypress.py|--build_name|b", "runner",
         "sudo run-sorry-cypress.py"},
        {31, 30, 'S', "python3", "python3|run-sorry-cypress.py|--build_name|b", "child",
         "python3 run-sorry-cypress.py"},
        /* not ours */
        {40, 1, 'S', "node", "node|cypress-cloud|--ci-build-id|b-2", "", ""},
        {41, 1, 'S', "node", "node|cypress-cloud|--ci-build-id|b-redhat", "", ""},
        {42, 1, 'S', "node", "node|cypress-cloud|b", "", ""},
        {43, 1, 'S', "node", "node|cypress-cloud|--ci-build-id|x|b", "", ""},
        {44, 1, 'Z', "npm exec cypres", "", "", ""},
        {50, 1, 'S', "python3", "python3|run-sorry-cypress.py|--build_name|b-2", "", ""},
        {51, 50, 'S', "node", "node|cypress-cloud|--ci-build-id|b", "", ""},
    };

    check_rows(*state, "b", false, rows, COUNT(rows));
}

static void sub_runs_belong_to_a_categorized_build(void **state)
{
    static const struct row rows[] = {
        {20, 1, 'S', "npm exec cypres", "npm exec cypress-cloud run --ci-build-id b-redhat",
         "child", "npm --ci-build-id b-redhat"},
        {21, 1, 'S', "node", "node|--ci-build-id=b-windows", "child",
         "node --ci-build-id b-windows"},
        {22, 1, 'S', "node", "node|--ci-build-id|b", "child", "node --ci-build-id b"},
        {30, 1, 'S', "node", "node|--ci-build-id|b-", "", ""},
        {31, 1, 'S', "node", "node|--ci-build-id|b-2", "", ""},
        {32, 1, 'S', "node", "node|--ci-build-id|b-fc-redhat", "", ""},
        {33, 1, 'S', "node", "node|--ci-build-id|bredhat", "", ""},
        /* the batch of another categorized build that is named alike */
        {40, 1, 'S', "python3", "python3|run-sorry-cypress.py|--build_name|b-redhat", "", ""},
        {41, 40, 'S', "node", "node|--ci-build-id|b-redhat", "", ""},
    };

    check_rows(*state, "b", true, rows, COUNT(rows));
}

static void other_scripts_can_be_matched(void **state)
{
    struct test *test = *state;

    make_process(test->root, 10, 1, 'S', "node", "node|start.js|b");
    make_process(test->root, 11, 1, 'S', "sh", "sh|/opt/run.sh|b");
    make_process(test->root, 12, 1, 'S', "python3", "python3|run-sorry-cypress.py|b");
    open_collector(test, test->root, "b", false);
    fake_host_option(test->fake, "match", "start.js, run.sh");
    assert_int_equal(atvm_collector.configure(test->collector), ATVM_OK);
    assert_int_equal(collect(test), ATVM_COLLECT_COMPLETE);
    assert_string_equal(text_of(claim_of(test, 10), "text"), "node start.js");
    assert_string_equal(text_of(claim_of(test, 11), "text"), "sh run.sh");
    assert_null(claim_of(test, 12));
}

static void a_circle_of_parents_comes_to_an_end(void **state)
{
    struct test *test = *state;

    make_process(test->root, 10, 11, 'S', "node", "node");
    make_process(test->root, 11, 10, 'S', "node", "node");
    make_process(test->root, 12, 12, 'S', "node", "node");
    open_collector(test, test->root, "b", false);
    alarm(20);
    assert_int_equal(collect(test), ATVM_COLLECT_COMPLETE);
    alarm(0);
    assert_int_equal(json_object_array_length(claims(test)), 0);
}

static void shown_text_is_printable_and_bounded(void **state)
{
    struct test *test = *state;
    CLEANUP_FREE char *long_name = memory_zeroed(1, 5001);
    CLEANUP_FREE char *command = NULL;

    memset(long_name, 'x', 5000);
    command = memory_format("/bin/%s|run-sorry-cypress.py|b", long_name);
    make_process(test->root, 10, 1, 'S', "x", command);
    make_process(test->root, 11, 1, 'S', "x", "p\x01\xff\n|run-sorry-cypress.py|b");
    open_collector(test, test->root, "b", false);
    assert_int_equal(collect(test), ATVM_COLLECT_COMPLETE);
    assert_true(strlen(text_of(claim_of(test, 10), "text")) < 300);
    assert_string_equal(text_of(claim_of(test, 11), "text"), "p??? run-sorry-cypress.py");
}

static void an_empty_table_was_looked_at(void **state)
{
    struct test *test = *state;
    struct json_object *begin;

    open_collector(test, test->root, "b", false);
    assert_int_equal(collect(test), ATVM_COLLECT_COMPLETE);
    assert_int_equal(json_object_array_length(claims(test)), 0);
    begin =
        json_object_object_get(json_object_array_get_idx(fake_host_units(test->fake), 0), "begin");
    assert_string_equal(text_of(begin, "path"), test->root);
    assert_string_equal(text_of(begin, "kind"), "process");
    assert_string_equal(text_of(begin, "mode"), "replace");
    /* Said once. */
    assert_int_equal(collect(test), ATVM_COLLECT_COMPLETE);
    assert_int_equal(unit_count(test), 0);
}

static void a_unit_follows_every_change_but_not_every_look(void **state)
{
    struct test *test = *state;

    make_process(test->root, 10, 1, 'S', "python3", "python3|run-sorry-cypress.py|b");
    make_process(test->root, 11, 10, 'S', "npm exec cypres", "npm exec cypress-cloud");
    open_collector(test, test->root, "b", false);
    collect(test);
    assert_int_equal(json_object_array_length(claims(test)), 2);
    /* sleeping or running: nothing new */
    make_process(test->root, 11, 10, 'R', "npm exec cypres", "npm exec cypress-cloud");
    collect(test);
    assert_int_equal(unit_count(test), 0);
    make_process(test->root, 11, 10, 'Z', "npm exec cypres", "");
    collect(test);
    assert_string_equal(text_of(claim_of(test, 11), "form"), "defunct");
    assert_string_equal(text_of(claim_of(test, 11), "entity"), "Z");
}

/* ---------------------------------------------------------------- what can be missing */

static void processes_that_vanish_are_left_out(void **state)
{
    struct test *test = *state;
    CLEANUP_FREE char *no_stat = memory_format("%s/77", test->root);
    CLEANUP_FREE char *no_command = memory_format("%s/78/cmdline", test->root);

    assert_int_equal(mkdir(no_stat, 0755), 0);
    make_process(test->root, 78, 1, 'S', "python3", "python3|run-sorry-cypress.py|b");
    assert_int_equal(unlink(no_command), 0);
    make_process(test->root, 79, 1, 'S', "python3", "python3|run-sorry-cypress.py|b");
    open_collector(test, test->root, "b", false);
    assert_int_equal(collect(test), ATVM_COLLECT_COMPLETE);
    assert_int_equal(json_object_array_length(claims(test)), 1);
    assert_non_null(claim_of(test, 79));
}

static void a_table_that_cannot_be_read_is_not_an_empty_one(void **state)
{
    struct test *test = *state;
    CLEANUP_FREE char *nowhere = memory_format("%s/nowhere", test->root);

    open_collector(test, nowhere, "b", false);
    assert_int_equal(collect(test), ATVM_COLLECT_UNAVAILABLE);
    assert_int_equal(unit_count(test), 0);
    assert_non_null(strstr(fake_host_failure(test->fake), nowhere));
}

static void a_stat_file_that_cannot_be_made_out_hides_a_process(void **state)
{
    struct test *test = *state;

    make_process(test->root, 10, 1, 'S', "python3", "python3|run-sorry-cypress.py|b");
    write_file(test->root, "10/stat", "10 (python3) S 1 2", 18);
    open_collector(test, test->root, "b", false);
    assert_int_equal(collect(test), ATVM_COLLECT_UNAVAILABLE);
    assert_non_null(strstr(fake_host_failure(test->fake), "/10"));
}

static void stat_lines_are_parsed_from_the_last_bracket(void **state)
{
    static const struct {
        const char *line, *name;
        int64_t pid, parent, ticks; /* pid -1: refused */
        char state;
    } rows[] = {
        {"41215 (npm exec cypres) Z 41207 8426 2357 0 -1 4227084 2157 0 0 0 4 0 0 0 20 0 1 0 "
         "224265 "
         "0 0",
         "npm exec cypres", 41215, 41207, 224265, 'Z'},
        {"7 (a) S 1 (b)) R 3 0 0 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 5", "a) S 1 (b)", 7, 3, 5, 'R'},
        {"7 () S 0 0 0 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 5", "", 7, 0, 5, 'S'},
        {"", "", -1, 0, 0, 0},
        {"7 (a", "", -1, 0, 0, 0},
        {"7 a) S 1", "", -1, 0, 0, 0},
        {")(", "", -1, 0, 0, 0},
        {"7 (a)", "", -1, 0, 0, 0},
        {"7 (a) ", "", -1, 0, 0, 0},
        {"7 (a) S 1 2 3", "", -1, 0, 0, 0},
        {"x (a) S 1 0 0 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 5", "", -1, 0, 0, 0},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct process process;

        if (process_parse_stat(rows[i].line, &process) != (rows[i].pid > 0))
            fail_msg("\"%s\"", rows[i].line);
        if (rows[i].pid < 0)
            continue;
        assert_int_equal(process.pid, rows[i].pid);
        assert_int_equal(process.parent_pid, rows[i].parent);
        assert_int_equal(process.start_ticks, rows[i].ticks);
        assert_int_equal(process.state, rows[i].state);
        assert_string_equal(process.name, rows[i].name);
    }
}

static void options_are_checked(void **state)
{
    struct fake_host *fake = fake_host_new(atvm_collector.options, atvm_collector.option_count);
    void *collector = atvm_collector.create(fake_host_table(fake));

    (void)state;
    fake_host_option(fake, "root", "proc");
    assert_int_equal(atvm_collector.configure(collector), ATVM_FAILED);
    assert_non_null(strstr(fake_host_failure(fake), "root"));
    fake_host_option(fake, "root", "/proc");
    fake_host_option(fake, "match", "");
    assert_int_equal(atvm_collector.configure(collector), ATVM_FAILED);
    assert_non_null(strstr(fake_host_failure(fake), "match"));
    atvm_collector.destroy(collector);
    atvm_collector.destroy(NULL);
    fake_host_free(fake);
}

/* ---------------------------------------------------------------- recorded tables */

static void recorded_tables_show_runner_and_child(void **state)
{
    static const struct {
        const char *scenario, *build;
        bool categorized;
        const char *runner, *other; /* forms of processes 41207 and 41215; "": not of this build */
    } rows[] = {
        {"26-hang-after-upload", "e2e-redhat9.7-fc", false, "runner", "defunct"},
        {"27-running", "e2e-oracle9.4-live", false, "runner", "child"},
        {"28-hung-silent", "e2e-w2k25-stuck", false, "runner", "child"},
        {"37-subrun-in-progress", "e2e-live-groups-fc", true, "runner", "child"},
        {"51-prefix-build-names", "e2e-ubuntu24.04-name", false, "", ""},
        {"51-prefix-build-names", "e2e-ubuntu24.04-name-2", false, "runner", "child"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        CLEANUP_FREE char *root = memory_format("%s/tests/fixtures/%s/processes/proc",
                                                getenv("top_srcdir"), rows[i].scenario);
        struct test test;

        open_collector(&test, root, rows[i].build, rows[i].categorized);
        assert_int_equal(collect(&test), ATVM_COLLECT_COMPLETE);
        assert_string_equal(text_of(claim_of(&test, 41207), "form"), rows[i].runner);
        assert_string_equal(text_of(claim_of(&test, 41215), "form"), rows[i].other);
        close_collector(&test);
    }
}

static void a_recorded_process_is_told_in_full(void **state)
{
    CLEANUP_FREE char *root = memory_format("%s/tests/fixtures/26-hang-after-upload/processes/proc",
                                            getenv("top_srcdir"));
    struct json_object *claim;
    struct test test;

    (void)state;
    open_collector(&test, root, "e2e-redhat9.7-fc", false);
    collect(&test);
    claim = claim_of(&test, 41215);
    assert_string_equal(text_of(claim, "claim"), "process");
    assert_int_equal(number_of(claim, "parent_pid"), 41207);
    assert_string_equal(text_of(claim, "entity"), "Z");
    assert_string_equal(text_of(claim, "text"), "npm exec cypres");
    assert_string_equal(text_of(claim, "unit"), "ticks");
    assert_int_equal(json_object_get_double(json_object_object_get(claim, "value")), 224265);
    /* A recorded table has no boot time. */
    assert_int_equal(number_of(claim, "since"), -1);
    close_collector(&test);
}

/* ---------------------------------------------------------------- real processes */

struct runner {
    pid_t pid;
    int hold;      /* closing it ends the runner */
    pid_t defunct; /* its child that has ended */
};

static void write_script(const struct test *test)
{
    /* Says that it runs, then waits for the end of its input. */
    static const char script[] = "echo ready\nread line\n";

    write_file(test->root, "run-sorry-cypress.py", script, strlen(script));
}

/* Becomes the stand-in of the runner; its child stays a zombie, for sh knows nothing of it. */
static void become_runner(const struct test *test, const char *build, int input, int output)
{
    CLEANUP_FREE char *script = memory_format("%s/run-sorry-cypress.py", test->root);
    pid_t child = fork();
    siginfo_t information;

    if (child < 0)
        _exit(101);
    if (child == 0) {
        prctl(PR_SET_NAME, "npm exec cypress-cloud");
        _exit(0);
    }
    if (waitid(P_PID, (id_t)child, &information, WEXITED | WNOWAIT) < 0)
        _exit(102);
    dup2(input, STDIN_FILENO);
    dup2(output, STDOUT_FILENO);
    dprintf(STDOUT_FILENO, "%d\n", child);
    execl("/bin/sh", "python3", script, "--key", "hunter2", "--build_name", build, (char *)NULL);
    _exit(103);
}

static struct runner start_runner(const struct test *test, const char *build)
{
    struct runner runner;
    int input[2], output[2];
    char line[64];
    FILE *answers;

    write_script(test);
    assert_int_equal(pipe2(input, O_CLOEXEC), 0);
    assert_int_equal(pipe2(output, O_CLOEXEC), 0);
    runner.pid = fork();
    assert_true(runner.pid >= 0);
    if (runner.pid == 0)
        become_runner(test, build, input[0], output[1]);
    close(input[0]);
    close(output[1]);
    runner.hold = input[1];
    answers = fdopen(output[0], "r");
    assert_non_null(fgets(line, sizeof(line), answers));
    runner.defunct = atoi(line);
    assert_non_null(fgets(line, sizeof(line), answers));
    assert_string_equal(line, "ready\n");
    fclose(answers);
    return runner;
}

static void end_runner(struct runner *runner)
{
    close(runner->hold);
    assert_int_equal(waitpid(runner->pid, NULL, 0), runner->pid);
}

static void a_real_runner_and_its_zombie_are_seen_and_missed(void **state)
{
    struct test *test = *state;
    CLEANUP_FREE char *build = memory_format("e2e-real-%d", (int)getpid());
    struct timespec now;
    struct runner runner;
    struct json_object *claim;

    open_collector(test, NULL, build, false);
    assert_int_equal(collect(test), ATVM_COLLECT_COMPLETE);
    assert_int_equal(json_object_array_length(claims(test)), 0);

    runner = start_runner(test, build);
    assert_int_equal(collect(test), ATVM_COLLECT_COMPLETE);
    claim = claim_of(test, runner.pid);
    assert_string_equal(text_of(claim, "form"), "runner");
    assert_string_equal(text_of(claim, "text"), "python3 run-sorry-cypress.py");
    assert_int_equal(number_of(claim, "parent_pid"), getpid());
    clock_gettime(CLOCK_REALTIME, &now);
    /* btime is cut to whole seconds, and the clock may have been set since. */
    assert_in_range(number_of(claim, "since"), (now.tv_sec - 60) * NS, (now.tv_sec + 5) * NS);
    claim = claim_of(test, runner.defunct);
    assert_string_equal(text_of(claim, "form"), "defunct");
    assert_string_equal(text_of(claim, "text"), "npm exec cypres");
    assert_int_equal(number_of(claim, "parent_pid"), runner.pid);

    end_runner(&runner);
    assert_int_equal(collect(test), ATVM_COLLECT_COMPLETE);
    assert_int_equal(json_object_array_length(claims(test)), 0);
}

static void processes_that_come_and_go_never_stop_the_look(void **state)
{
    struct test *test = *state;
    pid_t spawner;

    open_collector(test, NULL, "b", false);
    spawner = fork();
    assert_true(spawner >= 0);
    if (spawner == 0) {
        signal(SIGCHLD, SIG_IGN);
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        for (;;)
            if (fork() == 0)
                _exit(0);
    }
    for (unsigned i = 0; i < 200; i++)
        if (collect(test) != ATVM_COLLECT_COMPLETE)
            fail_msg("%s", fake_host_failure(test->fake));
    assert_int_equal(kill(spawner, SIGKILL), 0);
    assert_int_equal(waitpid(spawner, NULL, 0), spawner);
}

/* In a namespace of its own, as a user who may not see the others. Exits with what it saw. */
static void look_where_processes_are_hidden(struct test *test)
{
    if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
        mount("proc", test->root, "proc", 0, "hidepid=2") < 0)
        _exit(77);
    if (setgid(65534) < 0 || setuid(65534) < 0)
        _exit(78);
    if (collect(test) != ATVM_COLLECT_UNAVAILABLE)
        _exit(1);
    _exit(strstr(fake_host_failure(test->fake), "hidepid") ? 0 : 2);
}

static void where_others_are_hidden_nothing_can_be_said(void **state)
{
    struct test *test = *state;
    int status;
    pid_t child;

    if (geteuid() != 0) {
        print_message("# only root can mount a proc file system that hides processes\n");
        skip();
    }
    open_collector(test, test->root, "b", false);
    fflush(NULL);
    child = fork();
    assert_true(child >= 0);
    if (child == 0)
        look_where_processes_are_hidden(test);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == 77) {
        print_message("# a proc file system cannot be mounted here\n");
        skip();
    }
    assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_runner_has_its_script_and_the_build_as_whole_arguments),
        TEST(children_are_descendants_or_named_by_build_id),
        TEST(sub_runs_belong_to_a_categorized_build),
        TEST(other_scripts_can_be_matched),
        TEST(a_circle_of_parents_comes_to_an_end),
        TEST(shown_text_is_printable_and_bounded),
        TEST(an_empty_table_was_looked_at),
        TEST(a_unit_follows_every_change_but_not_every_look),
        TEST(processes_that_vanish_are_left_out),
        TEST(a_table_that_cannot_be_read_is_not_an_empty_one),
        TEST(a_stat_file_that_cannot_be_made_out_hides_a_process),
        cmocka_unit_test(stat_lines_are_parsed_from_the_last_bracket),
        cmocka_unit_test(options_are_checked),
        cmocka_unit_test(recorded_tables_show_runner_and_child),
        cmocka_unit_test(a_recorded_process_is_told_in_full),
        TEST(a_real_runner_and_its_zombie_are_seen_and_missed),
        TEST(processes_that_come_and_go_never_stop_the_look),
        TEST(where_others_are_hidden_nothing_can_be_said),
    };

    return cmocka_run_group_tests_name("proc", tests, NULL, NULL);
}
