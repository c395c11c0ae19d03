#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "artifact-folder.h"
#include "cleanup.h"
#include "fake-host.h"
#include "memory.h"

#define NS INT64_C(1000000000)
/* 2026-04-16T17:00:00Z; files are made an hour older, so that they count as settled. */
#define NOW (INT64_C(1776358800) * NS)

static const char *const xml[] = {".xml", NULL};

struct test {
    char root[32];
    struct fake_host *fake;
    struct artifact_folder_settings settings;
    struct artifact_folder *folder;
    unsigned visits;
    /* Done once, at the start of a visit. */
    void (*during_visit)(struct test *test, const struct artifact *artifact);
};

/* ---------------------------------------------------------------- files */

static char *path_of(const struct test *test, const char *name)
{
    return memory_format("%s/%s", test->root, name);
}

static void set_age(const char *path, int64_t age_ns)
{
    int64_t time_ns = NOW - age_ns;
    struct timespec times[2] = {{time_ns / NS, time_ns % NS}, {time_ns / NS, time_ns % NS}};

    assert_int_equal(utimensat(AT_FDCWD, path, times, AT_SYMLINK_NOFOLLOW), 0);
}

static void write_at(const char *path, const char *text, int64_t age_ns)
{
    CLEANUP_FILE FILE *file = fopen(path, "w");

    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fflush(file), 0);
    set_age(path, age_ns);
}

static void write_file(const struct test *test, const char *name, const char *text)
{
    CLEANUP_FREE char *path = path_of(test, name);

    write_at(path, text, 3600 * NS);
}

static void make_folder(const struct test *test, const char *name)
{
    CLEANUP_FREE char *path = path_of(test, name);

    assert_int_equal(mkdir(path, 0755), 0);
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *ftw)
{
    (void)status;
    (void)type;
    (void)ftw;
    return remove(path);
}

/* ---------------------------------------------------------------- a pass */

/* A visitor for files whose whole text is "ok". */
static int32_t visit(void *user, const struct artifact *artifact, char *reason, size_t reason_size)
{
    struct test *test = user;
    struct atvm_evidence evidence = ATVM_EVIDENCE_INIT(ATVM_CLAIM_FACT);
    CLEANUP_FREE char *text = NULL;
    void (*during_visit)(struct test *, const struct artifact *) = test->during_visit;
    size_t length;

    test->visits++;
    test->during_visit = NULL;
    if (during_visit)
        during_visit(test, artifact);
    text = artifact_read(artifact, &length, reason, reason_size);
    if (!text)
        return ATVM_QUALITY_DAMAGED;
    evidence.entity = artifact->folder;
    evidence.text = text;
    evidence.host = artifact->stem;
    fake_host_table(test->fake)->emit_many(test->fake, &evidence, 1, sizeof(evidence));
    if (strcmp(text, "ok") == 0)
        return ATVM_QUALITY_WHOLE;
    snprintf(reason, reason_size, "%zu bytes, not \"ok\"", length);
    return ATVM_QUALITY_DAMAGED;
}

static int32_t pass(struct test *test)
{
    if (!test->folder)
        test->folder = artifact_folder_new(fake_host_table(test->fake), &test->settings);
    test->visits = 0;
    fake_host_clear(test->fake);
    return artifact_folder_pass(test->folder, visit, test);
}

static size_t unit_count(struct test *test)
{
    return json_object_array_length(fake_host_units(test->fake));
}

static const char *member(struct json_object *object, const char *key)
{
    const char *text = json_object_get_string(json_object_object_get(object, key));

    return text ? text : "";
}

static struct json_object *unit(struct test *test, const char *name)
{
    CLEANUP_FREE char *path = path_of(test, name);

    return fake_host_unit(test->fake, path);
}

static void assert_damaged(struct test *test, const char *name, const char *reason_part)
{
    struct json_object *found = unit(test, name);

    if (!found)
        fail_msg("%s left no unit", name);
    assert_string_equal(member(found, "quality"), "damaged");
    if (!strstr(member(found, "reason"), reason_part))
        fail_msg("%s: the reason is: %s", name, member(found, "reason"));
}

static int set_up(void **state)
{
    struct test *test = memory_zeroed(1, sizeof(*test));

    strcpy(test->root, "/tmp/artifact-folder-XXXXXX");
    if (!mkdtemp(test->root))
        return -1;
    test->fake = fake_host_new(NULL, 0);
    fake_host_set_now(test->fake, NOW);
    test->settings = (struct artifact_folder_settings){
        .path = test->root,
        .kind = "junit",
        .prefix = "",
        .endings = xml,
        .depth = 0,
        .size_limit = 1000,
    };
    *state = test;
    return 0;
}

static int tear_down(void **state)
{
    struct test *test = *state;

    artifact_folder_free(test->folder);
    fake_host_free(test->fake);
    nftw(test->root, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    free(test);
    return 0;
}

/* ---------------------------------------------------------------- what is visited */

static void files_are_visited_in_byte_order_with_what_their_name_tells(void **state)
{
    struct test *test = *state;
    struct json_object *begin;

    test->settings.prefix = "test-result-";
    write_file(test, "test-result-b.xml", "ok");
    write_file(test, "test-result-atvm71-redhat9.1_2026-04-16T16-00-00.xml", "ok");
    write_file(test, "test-result-B.xml", "ok");
    write_file(test, "test-result-c.txt", "ok");
    write_file(test, "other.xml", "ok");
    assert_int_equal(pass(test), ATVM_COLLECT_COMPLETE);
    assert_int_equal(unit_count(test), 3);
    for (size_t i = 0; i < 3; i++) {
        static const char *const stems[] = {"B", "atvm71-redhat9.1", "b"};

        begin = json_object_object_get(json_object_array_get_idx(fake_host_units(test->fake), i),
                                       "begin");
        assert_string_equal(member(begin, "stem"), stems[i]);
        assert_string_equal(member(begin, "kind"), "junit");
        assert_string_equal(member(begin, "mode"), "replace");
        assert_int_equal(json_object_get_int64(json_object_object_get(begin, "size")), 2);
        assert_int_equal(json_object_get_int64(json_object_object_get(begin, "mtime")),
                         NOW - 3600 * NS);
    }
    begin = json_object_object_get(
        unit(test, "test-result-atvm71-redhat9.1_2026-04-16T16-00-00.xml"), "begin");
    assert_int_equal(json_object_get_int64(json_object_object_get(begin, "name_time")),
                     NOW - 3600 * NS);
    assert_string_equal(member(fake_host_find(test->fake, "fact", "b"), "text"), "ok");
}

static void an_unchanged_folder_says_nothing_again(void **state)
{
    struct test *test = *state;

    write_file(test, "a.xml", "ok");
    write_file(test, "b.xml", "broken");
    assert_int_equal(pass(test), ATVM_COLLECT_COMPLETE);
    assert_int_equal(unit_count(test), 2);
    assert_damaged(test, "b.xml", "6 bytes");
    assert_int_equal(pass(test), ATVM_COLLECT_COMPLETE);
    assert_int_equal(unit_count(test), 0);
    assert_int_equal(test->visits, 0);
}

static void size_time_and_inode_each_count_as_a_change(void **state)
{
    struct test *test = *state;
    CLEANUP_FREE char *path = path_of(test, "a.xml");
    CLEANUP_FREE char *other = path_of(test, "a.new");

    write_file(test, "a.xml", "ok");
    write_file(test, "b.xml", "ok");
    pass(test);
    write_file(test, "a.xml", "okay"); /* size */
    pass(test);
    assert_int_equal(test->visits, 1);
    assert_non_null(unit(test, "a.xml"));
    write_at(path, "oooo", 3599 * NS); /* time */
    pass(test);
    assert_int_equal(test->visits, 1);
    write_at(other, "eeee", 3599 * NS); /* inode */
    assert_int_equal(rename(other, path), 0);
    pass(test);
    assert_int_equal(test->visits, 1);
    pass(test);
    assert_int_equal(test->visits, 0);
}

static void a_vanished_file_retracts_nothing_and_counts_anew_when_it_returns(void **state)
{
    struct test *test = *state;
    CLEANUP_FREE char *path = path_of(test, "a.xml");

    write_file(test, "a.xml", "ok");
    pass(test);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(pass(test), ATVM_COLLECT_COMPLETE);
    assert_int_equal(unit_count(test), 0);
    write_file(test, "a.xml", "ok");
    pass(test);
    assert_int_equal(test->visits, 1);
}

static void a_missing_folder_is_an_empty_one_until_it_appears(void **state)
{
    struct test *test = *state;
    CLEANUP_FREE char *path = path_of(test, "later");

    test->settings.path = path;
    assert_int_equal(pass(test), ATVM_COLLECT_COMPLETE);
    assert_int_equal(fake_host_watches(test->fake, path), 1);
    make_folder(test, "later");
    write_file(test, "later/a.xml", "ok");
    assert_int_equal(pass(test), ATVM_COLLECT_COMPLETE);
    assert_int_equal(test->visits, 1);
}

static void a_file_in_the_place_of_the_folder_is_not_an_empty_folder(void **state)
{
    struct test *test = *state;
    CLEANUP_FREE char *path = path_of(test, "file");

    write_file(test, "file", "");
    test->settings.path = path;
    assert_int_equal(pass(test), ATVM_COLLECT_UNAVAILABLE);
    assert_non_null(strstr(fake_host_failure(test->fake), path));
}

static void subfolders_are_looked_into_one_level_deep(void **state)
{
    struct test *test = *state;
    CLEANUP_FREE char *host = path_of(test, "atvm71-redhat9.1");

    test->settings.depth = 1;
    make_folder(test, "atvm71-redhat9.1");
    make_folder(test, "atvm71-redhat9.1/deeper");
    make_folder(test, ".hidden");
    write_file(test, "top.xml", "ok");
    write_file(test, "atvm71-redhat9.1/a.xml", "ok");
    write_file(test, "atvm71-redhat9.1/deeper/b.xml", "ok");
    write_file(test, ".hidden/c.xml", "ok");
    assert_int_equal(pass(test), ATVM_COLLECT_COMPLETE);
    assert_int_equal(unit_count(test), 2);
    assert_non_null(unit(test, "top.xml"));
    assert_string_equal(member(fake_host_find(test->fake, "fact", "a"), "entity"),
                        "atvm71-redhat9.1");
    assert_int_equal(fake_host_watches(test->fake, test->root), 1);
    assert_int_equal(fake_host_watches(test->fake, host), 1);
}

/* ---------------------------------------------------------------- what must not be opened */

static void a_fifo_does_not_block_and_is_damaged(void **state)
{
    struct test *test = *state;
    CLEANUP_FREE char *path = path_of(test, "atvm71-redhat9.1.xml");

    assert_int_equal(mkfifo(path, 0644), 0);
    alarm(20);
    assert_int_equal(pass(test), ATVM_COLLECT_COMPLETE);
    alarm(0);
    assert_damaged(test, "atvm71-redhat9.1.xml", "FIFO");
    assert_null(json_object_object_get(
        json_object_object_get(unit(test, "atvm71-redhat9.1.xml"), "begin"), "size"));
    assert_int_equal(test->visits, 0);
    pass(test);
    assert_int_equal(unit_count(test), 0);
    /* ... until a file takes its place */
    assert_int_equal(unlink(path), 0);
    write_file(test, "atvm71-redhat9.1.xml", "ok");
    pass(test);
    assert_int_equal(test->visits, 1);
}

static void a_socket_is_damaged(void **state)
{
    struct test *test = *state;
    CLEANUP_CLOSE int listener = socket(AF_UNIX, SOCK_STREAM, 0);
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    snprintf(address.sun_path, sizeof(address.sun_path), "%s/s.xml", test->root);
    assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(pass(test), ATVM_COLLECT_COMPLETE);
    assert_damaged(test, "s.xml", "socket");
}

static void links_are_not_followed_wherever_they_lead(void **state)
{
    struct test *test = *state;
    CLEANUP_FREE char *link = path_of(test, "link.xml");
    CLEANUP_FREE char *loop = path_of(test, "loop.xml");
    CLEANUP_FREE char *dangling = path_of(test, "dangling.xml");

    write_file(test, "secret", "ok");
    assert_int_equal(symlink("secret", link), 0);
    assert_int_equal(symlink("loop.xml", loop), 0);
    assert_int_equal(symlink("nowhere", dangling), 0);
    assert_int_equal(pass(test), ATVM_COLLECT_COMPLETE);
    assert_int_equal(test->visits, 0);
    assert_damaged(test, "link.xml", "symbolic link");
    assert_damaged(test, "loop.xml", "symbolic link");
    assert_damaged(test, "dangling.xml", "symbolic link");
}

static void a_link_in_the_place_of_a_hosts_folder_is_damaged(void **state)
{
    struct test *test = *state;
    CLEANUP_FREE char *host = path_of(test, "atvm71-redhat9.1");
    CLEANUP_FREE char *loop = path_of(test, "loop");

    test->settings.depth = 1;
    make_folder(test, "real");
    write_file(test, "real/a.xml", "ok");
    assert_int_equal(symlink("real", host), 0);
    assert_int_equal(symlink(".", loop), 0);
    assert_int_equal(pass(test), ATVM_COLLECT_COMPLETE);
    assert_int_equal(unit_count(test), 2);
    assert_non_null(unit(test, "real/a.xml"));
    assert_damaged(test, "atvm71-redhat9.1", "symbolic link");
}

static void a_folder_named_like_an_artifact_is_damaged(void **state)
{
    struct test *test = *state;

    make_folder(test, "a.xml");
    write_file(test, "b.xml", "ok");
    assert_int_equal(pass(test), ATVM_COLLECT_COMPLETE);
    assert_damaged(test, "a.xml", "folder");
    assert_int_equal(test->visits, 1);
}

/* ---------------------------------------------------------------- what cannot be read */

/* root may read everything, so another user looks. Returns what `check` returned there. */
static int as_nobody(struct test *test, int (*check)(struct test *test))
{
    pid_t child;
    int status;

    if (geteuid() != 0)
        return check(test);
    fflush(NULL);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        if (setgid(65534) < 0 || setuid(65534) < 0)
            _exit(100);
        _exit(check(test));
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition))                                                                          \
            return __LINE__ % 97 + 1;                                                              \
    } while (0)

static int unreadable_file(struct test *test)
{
    struct json_object *found;

    CHECK(pass(test) == ATVM_COLLECT_COMPLETE);
    CHECK(test->visits == 1); /* b.xml */
    found = unit(test, "a.xml");
    CHECK(found);
    CHECK(strcmp(member(found, "quality"), "damaged") == 0);
    CHECK(strstr(member(found, "reason"), "Permission denied"));
    /* Said once, although it is tried again every time: a chmod changes no modification time. */
    CHECK(pass(test) == ATVM_COLLECT_COMPLETE);
    CHECK(unit_count(test) == 0);
    return 0;
}

static void an_unreadable_file_is_damaged(void **state)
{
    struct test *test = *state;
    CLEANUP_FREE char *path = path_of(test, "a.xml");

    assert_int_equal(chmod(test->root, 0755), 0);
    write_file(test, "a.xml", "ok");
    write_file(test, "b.xml", "ok");
    assert_int_equal(chmod(path, 0), 0);
    assert_int_equal(as_nobody(test, unreadable_file), 0);
}

static int file_becomes_readable(struct test *test)
{
    CLEANUP_FREE char *path = path_of(test, "a.xml");

    CHECK(chmod(path, 0) == 0);
    pass(test);
    CHECK(test->visits == 0);
    CHECK(chmod(path, 0600) == 0);
    pass(test);
    CHECK(test->visits == 1);
    pass(test);
    CHECK(test->visits == 0);
    return 0;
}

static void a_file_that_became_readable_is_visited(void **state)
{
    struct test *test = *state;
    CLEANUP_FREE char *path = path_of(test, "a.xml");

    assert_int_equal(chmod(test->root, 0755), 0);
    write_file(test, "a.xml", "ok");
    if (geteuid() == 0)
        assert_int_equal(chown(path, 65534, 65534), 0);
    assert_int_equal(as_nobody(test, file_becomes_readable), 0);
}

static int unreadable_folder(struct test *test)
{
    CHECK(pass(test) == ATVM_COLLECT_UNAVAILABLE);
    CHECK(strstr(fake_host_failure(test->fake), "Permission denied"));
    return 0;
}

static void an_unreadable_folder_is_not_an_empty_one(void **state)
{
    struct test *test = *state;
    CLEANUP_FREE char *path = path_of(test, "closed");

    assert_int_equal(chmod(test->root, 0755), 0);
    make_folder(test, "closed");
    assert_int_equal(chmod(path, 0), 0);
    test->settings.path = path;
    assert_int_equal(as_nobody(test, unreadable_folder), 0);
}

static int unreadable_subfolder(struct test *test)
{
    CHECK(pass(test) == ATVM_COLLECT_UNAVAILABLE);
    CHECK(test->visits == 1); /* the others are read all the same */
    return 0;
}

static void an_unreadable_subfolder_does_not_hide_the_others(void **state)
{
    struct test *test = *state;
    CLEANUP_FREE char *path = path_of(test, "closed");

    assert_int_equal(chmod(test->root, 0755), 0);
    test->settings.depth = 1;
    make_folder(test, "closed");
    make_folder(test, "open");
    write_file(test, "open/a.xml", "ok");
    assert_int_equal(chmod(path, 0), 0);
    assert_int_equal(as_nobody(test, unreadable_subfolder), 0);
}

static void remove_b(struct test *test, const struct artifact *artifact)
{
    CLEANUP_FREE char *path = path_of(test, "b.xml");

    (void)artifact;
    assert_int_equal(unlink(path), 0);
}

static void a_file_that_vanishes_between_listing_and_open_is_passed_over(void **state)
{
    struct test *test = *state;

    write_file(test, "a.xml", "ok");
    write_file(test, "b.xml", "ok");
    write_file(test, "c.xml", "ok");
    test->during_visit = remove_b;
    assert_int_equal(pass(test), ATVM_COLLECT_COMPLETE);
    assert_int_equal(test->visits, 2);
    assert_null(unit(test, "b.xml"));
    assert_non_null(unit(test, "c.xml"));
}

static void an_empty_file_is_the_visitors_to_judge(void **state)
{
    struct test *test = *state;

    write_file(test, "a.xml", "");
    assert_int_equal(pass(test), ATVM_COLLECT_COMPLETE);
    assert_damaged(test, "a.xml", "0 bytes");
}

static void a_file_over_the_limit_is_damaged_and_not_read(void **state)
{
    struct test *test = *state;

    test->settings.size_limit = 1;
    write_file(test, "a.xml", "ok");
    assert_int_equal(pass(test), ATVM_COLLECT_COMPLETE);
    assert_damaged(test, "a.xml", "limit of 1");
    assert_int_equal(test->visits, 0);
}

static void a_source_that_was_set_aside_is_skipped(void **state)
{
    struct test *test = *state;
    CLEANUP_FREE char *path = path_of(test, "a.xml");

    write_file(test, "a.xml", "ok");
    write_file(test, "b.xml", "ok");
    fake_host_set_aside(test->fake, path);
    assert_int_equal(pass(test), ATVM_COLLECT_COMPLETE);
    assert_int_equal(test->visits, 1);
    assert_null(unit(test, "a.xml"));
}

/* ---------------------------------------------------------------- files that change */

static void append(struct test *test, const struct artifact *artifact)
{
    CLEANUP_FILE FILE *file = fopen(artifact->path, "a");

    (void)test;
    assert_non_null(file);
    fputs("!", file);
}

static void a_file_that_changes_while_it_is_read_is_read_again(void **state)
{
    struct test *test = *state;

    write_file(test, "a.xml", "ok");
    test->during_visit = append;
    assert_int_equal(pass(test), ATVM_COLLECT_AGAIN);
    assert_string_equal(member(unit(test, "a.xml"), "quality"), "growing");
    write_file(test, "a.xml", "ok");
    assert_int_equal(pass(test), ATVM_COLLECT_COMPLETE);
    assert_string_equal(member(unit(test, "a.xml"), "quality"), "whole");
}

static void a_damaged_file_may_still_be_in_writing_for_two_seconds(void **state)
{
    struct test *test = *state;
    CLEANUP_FREE char *path = path_of(test, "a.xml");

    write_at(path, "o", NS);
    assert_int_equal(pass(test), ATVM_COLLECT_AGAIN);
    assert_string_equal(member(unit(test, "a.xml"), "quality"), "growing");
    assert_int_equal(pass(test), ATVM_COLLECT_AGAIN);
    assert_int_equal(test->visits, 1);
    fake_host_set_now(test->fake, NOW + NS);
    assert_int_equal(pass(test), ATVM_COLLECT_COMPLETE);
    assert_damaged(test, "a.xml", "1 bytes");
    assert_int_equal(pass(test), ATVM_COLLECT_COMPLETE);
    assert_int_equal(test->visits, 0);
}

static void a_whole_file_is_believed_at_once(void **state)
{
    struct test *test = *state;
    CLEANUP_FREE char *path = path_of(test, "a.xml");

    write_at(path, "ok", 0);
    assert_int_equal(pass(test), ATVM_COLLECT_COMPLETE);
    assert_string_equal(member(unit(test, "a.xml"), "quality"), "whole");
}

static void where_the_clock_stands_still_waiting_ends_all_the_same(void **state)
{
    struct test *test = *state;
    CLEANUP_FREE char *path = path_of(test, "a.xml");
    time_t end = time(NULL) + 30;
    unsigned passes = 0;

    write_at(path, "o", -NS); /* a file from the future, as in a replay */
    while (pass(test) == ATVM_COLLECT_AGAIN && time(NULL) < end) {
        struct timespec pause = {0, 50000000};

        passes++;
        nanosleep(&pause, NULL);
    }
    assert_true(passes > 0);
    assert_damaged(test, "a.xml", "1 bytes");
}

/* ---------------------------------------------------------------- many files, little time */

static void write_many(struct test *test, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        CLEANUP_FREE char *name = memory_format("%06u.xml", i);

        write_file(test, name, "ok");
    }
}

static void ten_thousand_files_are_read_once(void **state)
{
    struct test *test = *state;

    write_many(test, 10000);
    assert_int_equal(pass(test), ATVM_COLLECT_COMPLETE);
    assert_int_equal(test->visits, 10000);
    write_file(test, "005000.xml", "okay");
    assert_int_equal(pass(test), ATVM_COLLECT_COMPLETE);
    assert_int_equal(test->visits, 1);
}

static void a_pass_without_time_reads_one_file_and_wants_another_pass(void **state)
{
    struct test *test = *state;

    write_many(test, 3);
    fake_host_set_deadline(test->fake, 0);
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(pass(test), ATVM_COLLECT_AGAIN);
        assert_int_equal(test->visits, 1);
    }
    assert_int_equal(pass(test), ATVM_COLLECT_COMPLETE);
    assert_int_equal(test->visits, 1);
    assert_non_null(unit(test, "000002.xml"));
    assert_int_equal(pass(test), ATVM_COLLECT_COMPLETE);
    assert_int_equal(test->visits, 0);
    /* What a pass could not get to is not forgotten. */
    write_file(test, "000000.xml", "1");
    write_file(test, "000001.xml", "1");
    assert_int_equal(pass(test), ATVM_COLLECT_AGAIN);
    assert_int_equal(pass(test), ATVM_COLLECT_COMPLETE);
    assert_int_equal(test->visits, 1);
    assert_null(unit(test, "000002.xml"));
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(files_are_visited_in_byte_order_with_what_their_name_tells),
        TEST(an_unchanged_folder_says_nothing_again),
        TEST(size_time_and_inode_each_count_as_a_change),
        TEST(a_vanished_file_retracts_nothing_and_counts_anew_when_it_returns),
        TEST(a_missing_folder_is_an_empty_one_until_it_appears),
        TEST(a_file_in_the_place_of_the_folder_is_not_an_empty_folder),
        TEST(subfolders_are_looked_into_one_level_deep),
        TEST(a_fifo_does_not_block_and_is_damaged),
        TEST(a_socket_is_damaged),
        TEST(links_are_not_followed_wherever_they_lead),
        TEST(a_link_in_the_place_of_a_hosts_folder_is_damaged),
        TEST(a_folder_named_like_an_artifact_is_damaged),
        TEST(an_unreadable_file_is_damaged),
        TEST(a_file_that_became_readable_is_visited),
        TEST(an_unreadable_folder_is_not_an_empty_one),
        TEST(an_unreadable_subfolder_does_not_hide_the_others),
        TEST(a_file_that_vanishes_between_listing_and_open_is_passed_over),
        TEST(an_empty_file_is_the_visitors_to_judge),
        TEST(a_file_over_the_limit_is_damaged_and_not_read),
        TEST(a_source_that_was_set_aside_is_skipped),
        TEST(a_file_that_changes_while_it_is_read_is_read_again),
        TEST(a_damaged_file_may_still_be_in_writing_for_two_seconds),
        TEST(a_whole_file_is_believed_at_once),
        TEST(where_the_clock_stands_still_waiting_ends_all_the_same),
        TEST(ten_thousand_files_are_read_once),
        TEST(a_pass_without_time_reads_one_file_and_wants_another_pass),
    };

    return cmocka_run_group_tests_name("artifact-folder", tests, NULL, NULL);
}
