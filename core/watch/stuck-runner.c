#include "stuck-runner.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/pidfd.h>
#include <unistd.h>

#include "cleanup.h"
#include "clock.h"
#include "memory.h"
#include "status-runner.h"
#include "stuck-runner-decide.h"

#define STAT_BYTES 2048
/* Of a command line; the build stands near its front. */
#define ARGUMENTS_MAX (64 * 1024)

enum fate {
    FATE_SIGNALLED, /* SIGTERM was sent; what came of it is not known yet */
    FATE_ENDED,
    FATE_KILLED,  /* as before, after SIGKILL */
    FATE_LEFT,    /* no signal was sent; `why` */
    FATE_SURVIVED /* SIGKILL did not end it */
};

struct target {
    struct stuck_process process;
    int pidfd; /* -1: none, or no longer needed */
    sd_event_source *exit;
    enum fate fate;
    char *why;
};

struct stuck_runner {
    struct target *targets;
    size_t count;
    sd_event_source *timer;
    int64_t grace_ns;
    bool killing; /* SIGKILL was sent to those that were left */
    stuck_runner_ended ended;
    void *user;
};

/* ---------------------------------------------------------------- proving which process it is */

/* The beginning of /proc/PID/<name> with a NUL added; its length, or -errno. */
static ssize_t read_of(int64_t pid, const char *name, char *buffer, size_t size)
{
    CLEANUP_FREE char *path = memory_format("/proc/%lld/%s", (long long)pid, name);
    CLEANUP_CLOSE int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    size_t length = 0;

    if (descriptor < 0)
        return -errno;
    while (length < size - 1) {
        ssize_t got = read(descriptor, buffer + length, size - 1 - length);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -errno;
        if (got == 0)
            break;
        length += (size_t)got;
    }
    buffer[length] = '\0';
    return (ssize_t)length;
}

static bool is_runner_of(const struct stuck_runner_settings *settings, int64_t pid)
{
    CLEANUP_FREE char *arguments = memory_allocate(ARGUMENTS_MAX);
    ssize_t length = read_of(pid, "cmdline", arguments, ARGUMENTS_MAX);
    size_t script_count = 0;
    CLEANUP_FREE const char **scripts = status_runner_scripts(settings->config, &script_count);
    struct status_runner runner = {.build = NULL};
    bool is_ours = length > 0 &&
                   status_runner_parse(arguments, (size_t)length, scripts, script_count, &runner) &&
                   strcmp(runner.build, settings->build) == 0;

    free(runner.build);
    return is_ours;
}

/* NULL: the process of this number is the one the evidence tells of; else why it is left alone
 * (constant text). */
static const char *objection(const struct stuck_runner_settings *settings,
                             const struct stuck_process *process)
{
    struct stuck_process_now now;
    char stat[STAT_BYTES];

    if (read_of(process->pid, "stat", stat, sizeof(stat)) <= 0 || !stuck_process_parse(stat, &now))
        return "it is gone";
    if (!stuck_process_is_same(process, &now))
        return "its number stands for another process by now";
    if (now.state == 'Z' || now.state == 'X')
        return "it has ended, and its parent has not waited for it";
    if (process->is_runner && !is_runner_of(settings, process->pid))
        return "its command line does not name this build as --build_name";
    return NULL;
}

/* The pidfd first: if the process that is looked at afterwards began before, it is the one behind
 * the pidfd. */
static void find_target(const struct stuck_runner_settings *settings, struct target *target)
{
    const char *why;

    target->fate = FATE_LEFT;
    target->pidfd = pidfd_open((pid_t)target->process.pid, 0);
    if (target->pidfd < 0) {
        target->why = memory_string(errno == ESRCH ? "it is gone" : strerror(errno));
        return;
    }
    why = objection(settings, &target->process);
    if (!why) {
        target->fate = FATE_SIGNALLED;
        return;
    }
    target->why = memory_string(why);
    close(take_descriptor(&target->pidfd));
}

/* A child is not proven by its own command line, but by its parent's. */
static void leave_children_of_strangers(struct stuck_runner *stuck)
{
    for (size_t i = 0; i < stuck->count; i++) {
        struct target *child = &stuck->targets[i];

        for (size_t j = 0; j < i && child->fate == FATE_SIGNALLED; j++) {
            const struct target *parent = &stuck->targets[j];

            if (parent->process.pid != child->process.parent_pid || parent->fate != FATE_LEFT ||
                child->process.is_runner)
                continue;
            child->fate = FATE_LEFT;
            child->why = memory_string("it could not be shown that it is of this build");
            close(take_descriptor(&child->pidfd));
        }
    }
}

/* ---------------------------------------------------------------- what was done */

static char *numbers_of(const struct stuck_runner *stuck, enum fate fate, size_t *ret_count)
{
    char *list = memory_string("");

    *ret_count = 0;
    for (size_t i = 0; i < stuck->count; i++) {
        char *longer;

        if (stuck->targets[i].fate != fate)
            continue;
        longer = memory_format("%s%s%lld", list, (*ret_count)++ ? ", " : "",
                               (long long)stuck->targets[i].process.pid);
        free(list);
        list = longer;
    }
    return list;
}

static char *joined(char *text, char *more)
{
    char *both = memory_format("%s%s%s", text, *text ? "; " : "", more);

    free(text);
    free(more);
    return both;
}

static char *add_fate(const struct stuck_runner *stuck, char *text, enum fate fate,
                      const char *words)
{
    size_t count = 0;
    CLEANUP_FREE char *numbers = numbers_of(stuck, fate, &count);

    if (count == 0)
        return text;
    return joined(text,
                  memory_format("%s %s %s", count == 1 ? "process" : "processes", numbers, words));
}

static char *add_those_left(const struct stuck_runner *stuck, char *text)
{
    for (size_t i = 0; i < stuck->count; i++) {
        const struct target *target = &stuck->targets[i];

        if (target->fate == FATE_LEFT)
            text = joined(text, memory_format("process %lld was left alone: %s",
                                              (long long)target->process.pid, target->why));
    }
    return text;
}

static char *outcome_of(const struct stuck_runner *stuck)
{
    CLEANUP_FREE char *killed = memory_format("ended by SIGKILL, %.3g s after SIGTERM",
                                              (double)stuck->grace_ns / (double)NS_PER_SECOND);
    char *text = memory_string("");

    text = add_fate(stuck, text, FATE_ENDED, "ended by SIGTERM");
    text = add_fate(stuck, text, FATE_KILLED, killed);
    text = add_fate(stuck, text, FATE_SURVIVED, "still there after SIGKILL");
    text = add_those_left(stuck, text);
    return *text ? text
                 : joined(text, memory_string("the runner was left alone: it began after the last "
                                              "sign of this run"));
}

static void finish(struct stuck_runner *stuck)
{
    CLEANUP_FREE char *outcome = outcome_of(stuck);

    stuck->ended(stuck->user, outcome);
}

/* ---------------------------------------------------------------- signals and waiting */

static bool waits_for_some(const struct stuck_runner *stuck)
{
    for (size_t i = 0; i < stuck->count; i++)
        if (stuck->targets[i].pidfd >= 0)
            return true;
    return false;
}

static void settle(struct target *target, enum fate fate)
{
    target->fate = fate;
    target->exit = sd_event_source_disable_unref(target->exit);
    if (target->pidfd >= 0)
        close(take_descriptor(&target->pidfd));
}

static void arm(struct stuck_runner *stuck, int64_t delay_ns)
{
    sd_event_source_set_time_relative(stuck->timer, (uint64_t)delay_ns / 1000);
    sd_event_source_set_enabled(stuck->timer, SD_EVENT_ONESHOT);
}

static int on_exit_of_target(sd_event_source *source, int descriptor, uint32_t events, void *user)
{
    struct stuck_runner *stuck = user;

    (void)events;
    for (size_t i = 0; i < stuck->count; i++)
        if (stuck->targets[i].pidfd == descriptor && stuck->targets[i].exit == source)
            settle(&stuck->targets[i], stuck->killing ? FATE_KILLED : FATE_ENDED);
    if (!waits_for_some(stuck))
        arm(stuck, 0);
    return 0;
}

static void send(struct target *target, int number)
{
    if (pidfd_send_signal(target->pidfd, number, NULL, 0) == 0)
        return;
    if (errno == ESRCH) {
        settle(target, FATE_ENDED);
        return;
    }
    target->why = memory_format("%s could not be sent: %s",
                                number == SIGKILL ? "SIGKILL" : "SIGTERM", strerror(errno));
    settle(target, FATE_LEFT);
}

static void send_to_all(struct stuck_runner *stuck, int number)
{
    for (size_t i = 0; i < stuck->count; i++)
        if (stuck->targets[i].pidfd >= 0)
            send(&stuck->targets[i], number);
}

static void give_up(struct stuck_runner *stuck)
{
    for (size_t i = 0; i < stuck->count; i++)
        if (stuck->targets[i].pidfd >= 0)
            settle(&stuck->targets[i], FATE_SURVIVED);
}

/* The grace after SIGTERM is over, then that after SIGKILL; or all have ended. */
static int on_timer(sd_event_source *source, uint64_t time_us, void *user)
{
    struct stuck_runner *stuck = user;

    (void)source;
    (void)time_us;
    if (waits_for_some(stuck) && !stuck->killing) {
        stuck->killing = true;
        send_to_all(stuck, SIGKILL);
        arm(stuck, stuck->grace_ns);
        return 0;
    }
    give_up(stuck);
    finish(stuck);
    return 0;
}

static int listen_to_all(sd_event *event, struct stuck_runner *stuck)
{
    int error = sd_event_add_time_relative(event, &stuck->timer, CLOCK_MONOTONIC,
                                           (uint64_t)stuck->grace_ns / 1000, 0, on_timer, stuck);

    for (size_t i = 0; i < stuck->count && error >= 0; i++)
        if (stuck->targets[i].pidfd >= 0)
            error = sd_event_add_io(event, &stuck->targets[i].exit, stuck->targets[i].pidfd,
                                    EPOLLIN, on_exit_of_target, stuck);
    return error < 0 ? error : 0;
}

/* ---------------------------------------------------------------- start and end */

/* The table of this machine, as it was read last; NULL: none (another root is a recorded one). */
static const struct ledger_source *process_table_of(const struct ledger *ledger)
{
    const struct ledger_source *found = NULL;

    for (size_t i = 0; i < ledger->source_count; i++) {
        const struct ledger_source *source = ledger->sources[i];

        if (source->file.kind && strcmp(source->file.kind, "process") == 0 && !source->retired &&
            source->quality == ATVM_QUALITY_WHOLE && strcmp(source->file.path, "/proc") == 0)
            found = source;
    }
    return found;
}

static void find_targets(const struct stuck_runner_settings *settings,
                         const struct ledger_source *table, struct stuck_runner *stuck)
{
    CLEANUP_FREE struct stuck_process *processes =
        memory_zeroed(table->record_count + 1, sizeof(*processes));

    stuck->count = stuck_runner_processes(table, settings->before_ns, processes);
    stuck->targets = memory_zeroed(stuck->count + 1, sizeof(*stuck->targets));
    for (size_t i = 0; i < stuck->count; i++) {
        stuck->targets[i].process = processes[i];
        find_target(settings, &stuck->targets[i]);
    }
    leave_children_of_strangers(stuck);
}

struct stuck_runner *stuck_runner_new(sd_event *event, const struct stuck_runner_settings *settings,
                                      stuck_runner_ended ended, void *user, char **ret_error)
{
    const struct ledger_source *table = process_table_of(settings->ledger);
    struct stuck_runner *stuck;
    int error;

    if (!table) {
        *ret_error = memory_string("no collector has read this machine's /proc");
        return NULL;
    }
    stuck = memory_zeroed(1, sizeof(*stuck));
    stuck->grace_ns = settings->config->stuck_grace_ns;
    stuck->ended = ended;
    stuck->user = user;
    find_targets(settings, table, stuck);
    error = listen_to_all(event, stuck);
    if (error) {
        *ret_error = memory_format("its end could not be waited for: %s", strerror(-error));
        stuck_runner_free(stuck);
        return NULL;
    }
    send_to_all(stuck, SIGTERM);
    if (!waits_for_some(stuck))
        arm(stuck, 0);
    return stuck;
}

void stuck_runner_free(struct stuck_runner *stuck)
{
    if (!stuck)
        return;
    for (size_t i = 0; i < stuck->count; i++) {
        settle(&stuck->targets[i], stuck->targets[i].fate);
        free(stuck->targets[i].why);
    }
    sd_event_source_disable_unref(stuck->timer);
    free(stuck->targets);
    free(stuck);
}
