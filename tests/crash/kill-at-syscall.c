/*
 * Runs a watcher and kills it, or a worker of its, just before its N-th system call is carried out.
 * Nothing a process does has an effect outside itself but through system calls, so killing at each
 * of them in turn is killing at every instruction.
 *
 *   kill-at-syscall -o REPORT [-f FILE] [-t watcher|workers] [-c CALL,...] [-p PATTERN]
 *                   [-k one|all|short] [-n N] [-s FOLDER] [-l LIST] -- COMMAND...
 *
 *   -f FILE   calls count from the moment at which FILE exists (default: all)
 *   -t        whose calls count: the command's own, or those of the processes that it started
 *             after FILE existed, one after the other
 *   -c        only calls of these names count (default: all)
 *   -p        only calls about a file whose path matches count (fnmatch(3); traced-call.h)
 *   -k one    kills the process whose call it is; with a watcher that is killed the program ends at
 *             once and leaves its workers alone, else it waits for the watcher's end
 *   -k all    kills the command and all its descendants, and waits until they are gone
 *   -k short  kills nothing: calls are those of write(2) with more than one byte, and the N-th is
 *             given half its bytes, as a full disk or a signal would
 *   -n N      the call, from 1; 0 (default) kills nothing and counts
 *   -s FOLDER first shuts down the file system that holds FOLDER, as a power loss would: what was
 *             not synced is lost (see FS_IOC_SHUTDOWN; ext4 and xfs know it)
 *   -l LIST   a file that gets a line for each call that counts: its name and its paths
 *
 * REPORT gets one line: "struck N CALL PATH...", or "ended COUNT" where there were fewer calls.
 * Exit status: the command's, 137 where it was killed, 125 where this program failed.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include "memory.h"
#include "traced-call.h"

/* linux/fs.h has it since 6.8, under the name FS_IOC_SHUTDOWN; before it was xfs's and ext4's
 * (fs/ext4/ext4.h, EXT4_IOC_SHUTDOWN). 2: do not even flush the journal. */
#define SHUT_DOWN            _IOR('X', 125, uint32_t)
#define SHUT_DOWN_NO_JOURNAL 2

#define FAILED 125
#define KILLED 137

/* More names than this are not taken by -c. */
#define CALL_NAMES_MAX 64

enum whose { OF_WATCHER, OF_WORKERS };
enum deed { KILL_ONE, KILL_ALL, SHORTEN };

struct settings {
    const char *report, *from_file;
    const char *pattern; /* NULL: whatever it is about */
    enum whose whose;
    int calls[CALL_NAMES_MAX]; /* numbers of those that count */
    size_t call_count;         /* 0: all do */
    enum deed deed;
    unsigned long at;
    int filesystem; /* -1: stays up */
    FILE *list;     /* NULL: none is wanted */
    char **command;
};

/* A thread that is traced. */
struct task {
    pid_t id;
    pid_t process;
    bool known;   /* whose it is was told by its parent's event */
    bool stopped; /* before that was told */
    bool counts;
};

struct tracer {
    struct settings settings;
    pid_t watcher;
    struct task *tasks;
    size_t task_count, task_capacity;
    int *processes; /* pidfds of all that were ever started, for -k all */
    size_t process_count, process_capacity;
    unsigned long calls;
};

static void __attribute__((noreturn, format(printf, 1, 2))) give_up(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    fprintf(stderr, "kill-at-syscall: ");
    vfprintf(stderr, format, arguments);
    fprintf(stderr, ": %s\n", strerror(errno));
    va_end(arguments);
    exit(FAILED);
}

/* ---- the command line */

/* The place of the word among `words`, which end with NULL. */
static int choose(const char *word, const char *const *words)
{
    for (int i = 0; words[i]; i++)
        if (strcmp(word, words[i]) == 0)
            return i;
    errno = EINVAL;
    give_up("'%s'", word);
}

/* Cuts `names` into pieces. One that this architecture lacks gets a number that no call has. */
static void choose_calls(char *names, struct settings *settings)
{
    for (char *rest = NULL, *name = strtok_r(names, ",", &rest); name;
         name = strtok_r(NULL, ",", &rest)) {
        int number = seccomp_syscall_resolve_name(name);

        errno = EINVAL;
        if (number == __NR_SCMP_ERROR || settings->call_count == CALL_NAMES_MAX)
            give_up("call '%s'", name);
        settings->calls[settings->call_count++] = number;
    }
}

static FILE *make_list(const char *path)
{
    FILE *list = fopen(path, "we");

    if (!list)
        give_up("%s", path);
    return list;
}

static int open_folder(const char *path)
{
    int descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (descriptor < 0)
        give_up("%s", path);
    return descriptor;
}

static struct settings parse(int argc, char **argv)
{
    static const char *const whose[] = {"watcher", "workers", NULL};
    static const char *const deeds[] = {"one", "all", "short", NULL};
    struct settings settings = {.filesystem = -1};
    int option;

    while ((option = getopt(argc, argv, "+o:f:t:c:p:k:n:s:l:")) != -1) {
        switch (option) {
        case 'o':
            settings.report = optarg;
            break;
        case 'f':
            settings.from_file = optarg;
            break;
        case 't':
            settings.whose = (enum whose)choose(optarg, whose);
            break;
        case 'c':
            choose_calls(optarg, &settings);
            break;
        case 'p':
            settings.pattern = optarg;
            break;
        case 'k':
            settings.deed = (enum deed)choose(optarg, deeds);
            break;
        case 'n':
            settings.at = strtoul(optarg, NULL, 10);
            break;
        case 's':
            settings.filesystem = open_folder(optarg);
            break;
        case 'l':
            settings.list = make_list(optarg);
            break;
        default:
            exit(FAILED);
        }
    }
    settings.command = argv + optind;
    if (!settings.report || !settings.command[0]) {
        errno = EINVAL;
        give_up("a report and a command are needed");
    }
    return settings;
}

/* ---- tasks */

static struct task *find_task(struct tracer *tracer, pid_t id)
{
    for (size_t i = 0; i < tracer->task_count; i++)
        if (tracer->tasks[i].id == id)
            return &tracer->tasks[i];
    memory_grow(&tracer->tasks, tracer->task_count, &tracer->task_capacity, sizeof(struct task));
    tracer->tasks[tracer->task_count] = (struct task){.id = id};
    return &tracer->tasks[tracer->task_count++];
}

static void forget_task(struct tracer *tracer, pid_t id)
{
    *find_task(tracer, id) = tracer->tasks[tracer->task_count - 1];
    tracer->task_count--;
}

static void note_process(struct tracer *tracer, pid_t pid)
{
    int descriptor = pidfd_open(pid, 0);

    if (descriptor < 0)
        give_up("pidfd_open");
    memory_grow(&tracer->processes, tracer->process_count, &tracer->process_capacity, sizeof(int));
    tracer->processes[tracer->process_count++] = descriptor;
}

/* ESRCH: it was killed meanwhile, which is heard of later. */
static void resume(const struct tracer *tracer, const struct task *task, int signal)
{
    bool stop_at_calls = task->counts || tracer->settings.whose == OF_WATCHER;
    unsigned how = stop_at_calls ? PTRACE_SYSCALL : PTRACE_CONT;

    if (ptrace(how, task->id, NULL, signal) < 0 && errno != ESRCH)
        give_up("resume process %d", (int)task->id);
}

static bool counting_has_begun(const struct tracer *tracer)
{
    return !tracer->settings.from_file || access(tracer->settings.from_file, F_OK) == 0;
}

/* ---- a new process or thread */

/* A process that is of no interest goes on untraced. */
static void begin_task(struct tracer *tracer, struct task *task)
{
    pid_t id = task->id;

    task->stopped = false;
    if (task->process == tracer->watcher || task->counts) {
        resume(tracer, task, 0);
        return;
    }
    forget_task(tracer, id);
    if (ptrace(PTRACE_DETACH, id, NULL, 0) < 0 && errno != ESRCH)
        give_up("detach process %d", (int)id);
}

static void on_new_task(struct tracer *tracer, pid_t parent, bool is_thread)
{
    unsigned long id = 0;
    struct task *task;

    if (ptrace(PTRACE_GETEVENTMSG, parent, NULL, &id) < 0) {
        if (errno == ESRCH)
            return;
        give_up("ask for a new process");
    }
    task = find_task(tracer, (pid_t)id);
    task->known = true;
    if (is_thread) {
        const struct task *maker = find_task(tracer, parent);

        task = find_task(tracer, (pid_t)id);
        task->process = maker->process;
        task->counts = maker->counts;
    } else {
        task->process = (pid_t)id;
        task->counts = tracer->settings.whose == OF_WORKERS && counting_has_begun(tracer);
        note_process(tracer, (pid_t)id);
    }
    if (task->stopped)
        begin_task(tracer, task);
}

/* ---- the end */

static void report(const struct tracer *tracer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void report(const struct tracer *tracer, const char *format, ...)
{
    FILE *stream = fopen(tracer->settings.report, "we");
    va_list arguments;

    va_start(arguments, format);
    if (!stream || vfprintf(stream, format, arguments) < 0 || fclose(stream) != 0)
        give_up("%s", tracer->settings.report);
    va_end(arguments);
}

static void shut_down_filesystem(const struct tracer *tracer)
{
    uint32_t flags = SHUT_DOWN_NO_JOURNAL;

    if (tracer->settings.filesystem >= 0 &&
        ioctl(tracer->settings.filesystem, SHUT_DOWN, &flags) < 0)
        give_up("shut the file system down");
}

static void kill_everything(const struct tracer *tracer)
{
    for (size_t i = 0; i < tracer->process_count; i++)
        if (pidfd_send_signal(tracer->processes[i], SIGKILL, NULL, 0) < 0 && errno != ESRCH)
            give_up("kill");
    while (waitpid(-1, NULL, __WALL) > 0 || errno == EINTR)
        continue;
}

static int kill_watcher_alone(const struct tracer *tracer)
{
    int status = 0;

    if (kill(tracer->watcher, SIGKILL) < 0)
        give_up("kill");
    do {
        if (waitpid(tracer->watcher, &status, __WALL) < 0 && errno != EINTR)
            give_up("wait for the watcher");
    } while (!WIFSIGNALED(status));
    return KILLED;
}

/* Of a task that is about to call write(2): half the bytes. */
static void shorten(const struct tracer *tracer, const struct task *task)
{
    struct user_regs_struct registers;
    struct iovec place = {&registers, sizeof(registers)};

    if (ptrace(PTRACE_GETREGSET, task->id, NT_PRSTATUS, &place) < 0)
        give_up("read the registers");
#if defined(__x86_64__)
    registers.rdx /= 2;
#elif defined(__aarch64__)
    registers.regs[2] /= 2;
#else
    errno = ENOSYS;
    give_up("which register holds a length is not known here");
#endif
    if (ptrace(PTRACE_SETREGSET, task->id, NT_PRSTATUS, &place) < 0)
        give_up("write the registers");
    resume(tracer, task, 0);
}

/* The call is not carried out: SIGKILL takes effect where the task stands. -1: go on tracing. */
static int strike(struct tracer *tracer, const struct task *task, const struct traced_call *call)
{
    char *line = traced_call_line(call);

    report(tracer, "struck %lu %s\n", tracer->calls, line);
    free(line);
    shut_down_filesystem(tracer);
    if (tracer->settings.deed == SHORTEN) {
        shorten(tracer, task);
        return -1;
    }
    if (tracer->settings.deed == KILL_ALL) {
        kill_everything(tracer);
        return KILLED;
    }
    if (task->process == tracer->watcher)
        return kill_watcher_alone(tracer);
    if (kill(task->process, SIGKILL) < 0)
        give_up("kill");
    return -1;
}

/* ---- stops */

static bool has_chosen_name(const struct settings *settings, uint64_t number)
{
    for (size_t i = 0; i < settings->call_count; i++)
        if (settings->calls[i] >= 0 && (uint64_t)settings->calls[i] == number)
            return true;
    return settings->call_count == 0;
}

static bool is_of_interest(const struct settings *settings,
                           const struct __ptrace_syscall_info *info)
{
    if (info->op != PTRACE_SYSCALL_INFO_ENTRY || !has_chosen_name(settings, info->entry.nr))
        return false;
    return settings->deed != SHORTEN || (info->entry.nr == SYS_write && info->entry.args[2] > 1);
}

static void note_in_list(FILE *list, const struct traced_call *call)
{
    char *line = traced_call_line(call);

    if (fprintf(list, "%s\n", line) < 0 || fflush(list) != 0)
        give_up("write the list of calls");
    free(line);
}

/* Counts the call if it is about what is looked for, and strikes where its turn has come. As
 * on_stop(). */
static int on_call_of_interest(struct tracer *tracer, const struct task *task,
                               const struct __ptrace_syscall_info *info)
{
    const struct settings *settings = &tracer->settings;
    struct traced_call call;
    int result = -1;
    bool counts;

    traced_call_read(task->id, info, &call);
    counts = !settings->pattern || traced_call_is_about(&call, settings->pattern);
    if (counts && settings->list)
        note_in_list(settings->list, &call);
    if (counts && ++tracer->calls == settings->at)
        result = strike(tracer, task, &call);
    else
        resume(tracer, task, 0);
    traced_call_clear(&call);
    return result;
}

/* As on_stop(). */
static int on_call(struct tracer *tracer, const struct task *task)
{
    struct __ptrace_syscall_info info;
    bool counts = task->counts || (tracer->settings.whose == OF_WATCHER &&
                                   task->process == tracer->watcher && counting_has_begun(tracer));

    if (counts && ptrace(PTRACE_GET_SYSCALL_INFO, task->id, sizeof(info), &info) > 0 &&
        is_of_interest(&tracer->settings, &info))
        return on_call_of_interest(tracer, task, &info);
    resume(tracer, task, 0);
    return -1;
}

/* Returns the exit status once there is one, else -1. */
static int on_stop(struct tracer *tracer, struct task *task, int status)
{
    int event = status >> 16, signal = WSTOPSIG(status);

    if (!task->known) {
        task->stopped = true;
        return -1;
    }
    if (signal == (SIGTRAP | 0x80))
        return on_call(tracer, task);
    if (event == PTRACE_EVENT_STOP && task->id != tracer->watcher) {
        begin_task(tracer, task);
        return -1;
    }
    if (event == PTRACE_EVENT_FORK || event == PTRACE_EVENT_VFORK || event == PTRACE_EVENT_CLONE) {
        pid_t id = task->id;

        on_new_task(tracer, id, event == PTRACE_EVENT_CLONE);
        task = find_task(tracer, id);
    }
    resume(tracer, task, event ? 0 : signal);
    return -1;
}

static int on_change(struct tracer *tracer, pid_t id, int status)
{
    if (WIFSTOPPED(status))
        return on_stop(tracer, find_task(tracer, id), status);
    forget_task(tracer, id);
    if (id != tracer->watcher)
        return -1;
    if (tracer->calls < tracer->settings.at || tracer->settings.at == 0)
        report(tracer, "ended %lu\n", tracer->calls);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* ---- start */

/* The command waits until it is traced. */
static pid_t start(char **command)
{
    int ready[2];
    char byte;
    pid_t pid;

    if (pipe2(ready, O_CLOEXEC) < 0)
        give_up("pipe");
    pid = fork();
    if (pid < 0)
        give_up("fork");
    if (pid == 0) {
        close(ready[1]);
        if (read(ready[0], &byte, 1) == 0)
            execv(command[0], command);
        give_up("%s", command[0]);
    }
    close(ready[0]);
    if (ptrace(PTRACE_SEIZE, pid, NULL,
               PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |
                   PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC) < 0)
        give_up("ptrace");
    if (ptrace(PTRACE_INTERRUPT, pid, NULL, NULL) < 0)
        give_up("ptrace");
    close(ready[1]);
    return pid;
}

int main(int argc, char **argv)
{
    struct tracer tracer = {.settings = parse(argc, argv)};
    struct task *watcher;
    int result = -1;

    if (tracer.settings.deed == KILL_ALL && prctl(PR_SET_CHILD_SUBREAPER, 1) < 0)
        give_up("become the reaper");
    tracer.watcher = start(tracer.settings.command);
    note_process(&tracer, tracer.watcher);
    watcher = find_task(&tracer, tracer.watcher);
    watcher->process = tracer.watcher;
    watcher->known = true;
    while (result < 0) {
        int status;
        pid_t id = waitpid(-1, &status, __WALL);

        if (id > 0)
            result = on_change(&tracer, id, status);
        else if (errno != EINTR)
            give_up("wait");
    }
    free(tracer.tasks);
    free(tracer.processes);
    return result;
}
