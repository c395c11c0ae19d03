#include "runner-exit.h"

#include <sys/epoll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cleanup.h"
#include "memory.h"

struct runner_exit {
    sd_event *event;
    sd_event_source *source; /* readable when the process has exited; NULL: none is followed */
    int pidfd;
    int64_t pid; /* -1: none */
    void (*exited)(void *user);
    void *user;
};

static int on_exit_of_runner(sd_event_source *source, int descriptor, uint32_t events, void *user)
{
    struct runner_exit *runner = user;

    (void)descriptor;
    (void)events;
    sd_event_source_set_enabled(source, SD_EVENT_OFF);
    runner->exited(runner->user);
    return 0;
}

static void forget(struct runner_exit *runner)
{
    runner->source = sd_event_source_disable_unref(runner->source);
    if (runner->pidfd >= 0)
        close(take_descriptor(&runner->pidfd));
    runner->pid = -1;
}

struct runner_exit *runner_exit_new(sd_event *event, void (*exited)(void *user), void *user)
{
    struct runner_exit *runner = memory_zeroed(1, sizeof(*runner));

    runner->event = sd_event_ref(event);
    runner->pidfd = -1;
    runner->pid = -1;
    runner->exited = exited;
    runner->user = user;
    return runner;
}

void runner_exit_free(struct runner_exit *runner)
{
    if (!runner)
        return;
    forget(runner);
    sd_event_unref(runner->event);
    free(runner);
}

void runner_exit_follow(struct runner_exit *runner, int64_t pid)
{
    if (pid == runner->pid)
        return;
    forget(runner);
    if (pid <= 0)
        return;
    runner->pidfd = (int)syscall(SYS_pidfd_open, (pid_t)pid, 0);
    if (runner->pidfd < 0)
        return;
    if (sd_event_add_io(runner->event, &runner->source, runner->pidfd, EPOLLIN, on_exit_of_runner,
                        runner) < 0) {
        close(take_descriptor(&runner->pidfd));
        return;
    }
    runner->pid = pid;
}
