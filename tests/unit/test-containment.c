/*
 * What a confined process can and cannot do. Each action runs in a child that confines itself first
 * and then says how the action ended.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <atvm/plugin.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cleanup.h"
#include "containment-filter.h"
#include "containment.h"
#include "memory.h"

/* An action returns 0 or an errno. */
typedef int (*action)(void);

static char folder[] = "/tmp/atvm-containment-XXXXXX";
static char *file;

static int error_of(long result)
{
    return result < 0 ? errno : 0;
}

static int error_of_open(int flags)
{
    CLEANUP_CLOSE int descriptor = open(file, flags, 0600);

    return error_of(descriptor);
}

/* ---- actions that reading needs */

static int read_file(void)
{
    CLEANUP_CLOSE int descriptor = open(file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    char content[8] = "";

    if (descriptor < 0 || read(descriptor, content, sizeof(content)) != 7)
        return errno ? errno : EIO;
    return strcmp(content, "content") == 0 ? 0 : EINVAL;
}

static int read_by_stream(void)
{
    CLEANUP_FILE FILE *stream = fopen(file, "re");
    char content[8] = "";

    return stream && fgets(content, sizeof(content), stream) ? 0 : errno;
}

static int map_file(void)
{
    CLEANUP_CLOSE int descriptor = open(file, O_RDONLY);

    return mmap(NULL, 7, PROT_READ, MAP_PRIVATE, descriptor, 0) == MAP_FAILED ? errno : 0;
}

static int list_folder(void)
{
    CLEANUP_DIR DIR *listing = opendir(folder);

    return listing && readdir(listing) ? 0 : errno;
}

static int stat_file(void)
{
    struct stat status;

    return error_of(stat(file, &status));
}

static int read_link(void)
{
    char target[64];

    return error_of(readlink("/proc/self/exe", target, sizeof(target)));
}

static int read_process_table(void)
{
    CLEANUP_FILE FILE *stream = fopen("/proc/1/stat", "re");

    return stream && fgetc(stream) == '1' ? 0 : errno;
}

static int allocate(void)
{
    void *memory = malloc(8 * 1024 * 1024);
    int error = memory ? 0 : ENOMEM;

    free(memory);
    return error;
}

static int read_clock(void)
{
    struct timespec now;

    return error_of(clock_gettime(CLOCK_REALTIME, &now));
}

static int write_to_pipe(void)
{
    return error_of(write(STDERR_FILENO, "", 0));
}

static int query_limit(void)
{
    struct rlimit now;

    if (getrlimit(RLIMIT_NOFILE, &now) < 0)
        return errno;
    return now.rlim_cur <= 256 && now.rlim_max <= 256 ? 0 : ERANGE;
}

/* ---- actions that it does not need */

static int open_write_only(void)
{
    return error_of_open(O_WRONLY);
}

static int open_read_write(void)
{
    return error_of_open(O_RDWR);
}

static int open_append(void)
{
    return error_of_open(O_WRONLY | O_APPEND);
}

static int open_truncating(void)
{
    return error_of_open(O_RDONLY | O_TRUNC);
}

static int open_creating(void)
{
    return error_of_open(O_RDONLY | O_CREAT);
}

static int open_by_old_call(void)
{
#ifdef SYS_open
    return error_of(syscall(SYS_open, file, O_RDWR));
#else
    return EACCES;
#endif
}

static int open_by_openat2(void)
{
    uint64_t how[3] = {O_RDWR, 0, 0};

    return error_of(syscall(SYS_openat2, AT_FDCWD, file, how, sizeof(how)));
}

static int read_parents_environment(void)
{
    char path[64];
    CLEANUP_CLOSE int descriptor = -1;

    snprintf(path, sizeof(path), "/proc/%d/environ", (int)getppid());
    descriptor = open(path, O_RDONLY);
    return error_of(descriptor);
}

static int open_inet_socket(void)
{
    return error_of(socket(AF_INET, SOCK_STREAM, 0));
}

static int open_unix_socket(void)
{
    struct sockaddr_un nobody = {.sun_family = AF_UNIX, .sun_path = "/nowhere"};
    int descriptor = socket(AF_UNIX, SOCK_STREAM, 0);

    if (descriptor < 0)
        return errno;
    return connect(descriptor, (struct sockaddr *)&nobody, sizeof(nobody)) < 0 && errno == ENOENT
               ? 0
               : EINVAL;
}

static int run_program(void)
{
    return error_of(execl("/bin/true", "true", NULL));
}

static int fork_process(void)
{
    return error_of(fork());
}

static int fork_by_clone(void)
{
    return error_of(syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0));
}

static void *do_nothing(void *argument)
{
    return argument;
}

static int start_thread(void)
{
    pthread_t thread;

    return pthread_create(&thread, NULL, do_nothing, NULL);
}

static int trace_parent(void)
{
    return error_of(ptrace(PTRACE_ATTACH, getppid(), NULL, NULL));
}

static int signal_parent(void)
{
    return error_of(kill(getppid(), 0));
}

static int signal_parents_thread(void)
{
    return error_of(syscall(SYS_tgkill, getppid(), getppid(), 0));
}

static int remove_file(void)
{
    return error_of(unlink(file));
}

static int rename_file(void)
{
    return error_of(rename(file, "/tmp/atvm-containment-other"));
}

static int make_folder(void)
{
    return error_of(mkdir("/tmp/atvm-containment-new", 0700));
}

static int change_mode(void)
{
    return error_of(chmod(file, 0777));
}

static int use_io_uring(void)
{
    return error_of(syscall(SYS_io_uring_setup, 1, NULL));
}

static int raise_limit(void)
{
    struct rlimit more = {1024, 1024};

    return error_of(setrlimit(RLIMIT_NOFILE, &more));
}

static int become_dumpable(void)
{
    return error_of(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0));
}

static int abort_itself(void)
{
    abort();
}

/* What is true of a confined process without doing anything; 0 or the number of the broken promise.
 */
static int look_at_itself(void)
{
    struct rlimit core, size;

    if (getrlimit(RLIMIT_CORE, &core) < 0 || core.rlim_max != 0)
        return 1;
    if (getrlimit(RLIMIT_FSIZE, &size) < 0 || size.rlim_max != 0)
        return 2;
    return 0;
}

/* ---- running them */

#define CONFINEMENT_FAILED 250

/* Exit status of a child that confines itself and acts; its signal number as a negative number. */
static int outcome(uint32_t needs, action act)
{
    const struct containment containment = {.needs = needs,
                                            .address_space = CONTAINMENT_ADDRESS_SPACE_DEFAULT};
    int status;
    pid_t child = fork();

    assert_true(child >= 0);
    if (child == 0) {
        const char *step;

        if (containment_enter(&containment, &step) != 0) {
            fprintf(stderr, "confinement failed at %s\n", step);
            _exit(CONFINEMENT_FAILED);
        }
        errno = 0;
        _exit(act());
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

struct expectation {
    const char *name;
    action act;
    int outcome;
    bool not_under_sanitizers; /* containment is looser there: see containment-filter.c */
};

static void check(const struct expectation *expectations, size_t count, uint32_t needs)
{
    for (size_t i = 0; i < count; i++) {
        int got;

        if (CONTAINMENT_UNDER_SANITIZERS && expectations[i].not_under_sanitizers)
            continue;
        got = outcome(needs, expectations[i].act);
        if (got != expectations[i].outcome)
            fail_msg("%s: %d instead of %d", expectations[i].name, got, expectations[i].outcome);
    }
}

#define EXPECT(act, outcome)                                                                       \
    {                                                                                              \
#act, act, outcome, false                                                                  \
    }
#define EXPECT_IF_STRICT(act, outcome)                                                             \
    {                                                                                              \
#act, act, outcome, true                                                                   \
    }
#define CHECK(expectations, needs)                                                                 \
    check(expectations, sizeof(expectations) / sizeof((expectations)[0]), needs)

static void test_reading_goes_on(void **state)
{
    static const struct expectation reading[] = {
        EXPECT(read_file, 0),
        EXPECT(read_by_stream, 0),
        EXPECT(map_file, 0),
        EXPECT(list_folder, 0),
        EXPECT(stat_file, 0),
        EXPECT(read_link, 0),
        EXPECT(allocate, 0),
        EXPECT(read_clock, 0),
        EXPECT(read_process_table, 0),
        EXPECT(write_to_pipe, 0),
        EXPECT(query_limit, 0),
        EXPECT(look_at_itself, 0),
        EXPECT(abort_itself, -SIGABRT),
    };

    (void)state;
    CHECK(reading, ATVM_NEED_FILES | ATVM_NEED_PROCESSES);
}

static void test_opening_for_writing_fails(void **state)
{
    static const struct expectation writing[] = {
        EXPECT(open_write_only, EACCES), EXPECT(open_read_write, EACCES),
        EXPECT(open_append, EACCES),     EXPECT(open_truncating, EACCES),
        EXPECT(open_creating, EACCES),   EXPECT(open_by_old_call, EACCES),
        EXPECT(open_by_openat2, ENOSYS),
    };

    (void)state;
    CHECK(writing, ATVM_NEED_FILES);
    assert_int_equal(outcome(ATVM_NEED_FILES, read_file), 0);
}

static void test_dangerous_calls_end_the_process(void **state)
{
    static const struct expectation dangerous[] = {
        EXPECT(open_inet_socket, -SIGSYS),
        EXPECT(open_unix_socket, -SIGSYS),
        EXPECT(run_program, -SIGSYS),
        EXPECT_IF_STRICT(fork_process, -SIGSYS),
        EXPECT_IF_STRICT(fork_by_clone, -SIGSYS),
        EXPECT_IF_STRICT(trace_parent, -SIGSYS),
        EXPECT(signal_parent, -SIGSYS),
        EXPECT_IF_STRICT(signal_parents_thread, -SIGSYS),
        EXPECT(remove_file, -SIGSYS),
        EXPECT(rename_file, -SIGSYS),
        EXPECT(make_folder, -SIGSYS),
        EXPECT(change_mode, -SIGSYS),
        EXPECT(use_io_uring, -SIGSYS),
    };
    struct stat status;

    (void)state;
    CHECK(dangerous, ATVM_NEED_FILES);
    assert_int_equal(stat(file, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    assert_int_equal(access("/tmp/atvm-containment-new", F_OK), -1);
}

static void test_the_rest_is_refused(void **state)
{
    static const struct expectation refused[] = {
        EXPECT_IF_STRICT(start_thread, EPERM),
        EXPECT(raise_limit, EPERM),
        EXPECT_IF_STRICT(become_dumpable, EPERM),
    };

    (void)state;
    CHECK(refused, ATVM_NEED_FILES);
}

static void test_a_unix_socket_is_allowed_to_who_needs_it(void **state)
{
    static const struct expectation sockets[] = {
        EXPECT(open_unix_socket, 0),
        EXPECT(open_inet_socket, -SIGSYS),
    };

    (void)state;
    CHECK(sockets, ATVM_NEED_FILES | ATVM_NEED_UNIX_SOCKET);
}

static void test_parents_environment_is_out_of_reach(void **state)
{
    static const struct expectation looking[] = {EXPECT(read_parents_environment, EACCES)};

    (void)state;
    /* As a watcher is: then only CAP_SYS_PTRACE could. A parent that is root is protected by its
       capabilities alone. */
    if (geteuid() != 0)
        prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    CHECK(looking, ATVM_NEED_FILES);
    prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
}

/* Capabilities as /proc/self/status shows them; the filter refuses capget(2). */
static int check_capabilities(void)
{
    CLEANUP_FILE FILE *stream = fopen("/proc/self/status", "re");
    unsigned long long permitted = 1, effective = 1, bounding = 1, no_new_privs = 0;
    char line[256];

    while (stream && fgets(line, sizeof(line), stream)) {
        if (sscanf(line, "CapPrm: %llx", &permitted) == 1 ||
            sscanf(line, "CapEff: %llx", &effective) == 1 ||
            sscanf(line, "CapBnd: %llx", &bounding) == 1)
            continue;
        if (sscanf(line, "NoNewPrivs: %llu", &no_new_privs) == 1)
            break;
    }
    if ((permitted | effective) & ~(1ULL << CAP_DAC_READ_SEARCH))
        return 1;
    if (geteuid() == 0 && bounding & ~(1ULL << CAP_DAC_READ_SEARCH))
        return 2;
    return no_new_privs == 1 ? 0 : 3;
}

static void test_no_capability_but_reading_is_left(void **state)
{
    static const struct expectation capabilities[] = {EXPECT(check_capabilities, 0)};

    (void)state;
    CHECK(capabilities, ATVM_NEED_FILES);
}

#if !CONTAINMENT_UNDER_SANITIZERS && SIZE_MAX > UINT32_MAX
static int allocate_beyond_the_limit(void)
{
    /* Sizes are volatile so that the compiler keeps the call. */
    volatile size_t size = 3UL * 1024 * 1024 * 1024;
    void *memory = malloc(size);
    int error = memory ? 0 : errno;

    free(memory);
    return error;
}

static void test_address_space_is_limited(void **state)
{
    static const struct expectation allocation[] = {EXPECT(allocate_beyond_the_limit, ENOMEM)};

    (void)state;
    CHECK(allocation, ATVM_NEED_FILES);
}
#endif

static void test_network_and_writing_are_refused_with_a_reason(void **state)
{
    (void)state;
    assert_null(containment_refusal(ATVM_NEED_FILES | ATVM_NEED_PROCESSES | ATVM_NEED_UNIX_SOCKET));
    assert_non_null(strstr(containment_refusal(ATVM_NEED_NETWORK), "needs the network"));
    assert_non_null(strstr(containment_refusal(ATVM_NEED_WRITE), "needs to write"));
}

static int make_file(void **state)
{
    int descriptor;

    (void)state;
    if (!mkdtemp(folder))
        return -1;
    file = memory_format("%s/file", folder);
    descriptor = open(file, O_WRONLY | O_CREAT | O_EXCL, 0600);
    if (descriptor < 0 || write(descriptor, "content", 7) != 7)
        return -1;
    return close(descriptor);
}

static int remove_folder(void **state)
{
    int error;

    (void)state;
    error = unlink(file) < 0 || rmdir(folder) < 0 ? -1 : 0;
    free(file);
    return error;
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reading_goes_on),
        cmocka_unit_test(test_opening_for_writing_fails),
        cmocka_unit_test(test_dangerous_calls_end_the_process),
        cmocka_unit_test(test_the_rest_is_refused),
        cmocka_unit_test(test_a_unix_socket_is_allowed_to_who_needs_it),
        cmocka_unit_test(test_parents_environment_is_out_of_reach),
        cmocka_unit_test(test_no_capability_but_reading_is_left),
#if !CONTAINMENT_UNDER_SANITIZERS && SIZE_MAX > UINT32_MAX
        cmocka_unit_test(test_address_space_is_limited),
#endif
        cmocka_unit_test(test_network_and_writing_are_refused_with_a_reason),
    };

    return cmocka_run_group_tests(tests, make_file, remove_folder);
}
