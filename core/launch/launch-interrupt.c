#include "launch-interrupt.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "cleanup.h"
#include "clock.h"

int launch_interrupt_open(struct launch_interrupt *interrupt)
{
    sigset_t signals;

    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGHUP);
    if (sigprocmask(SIG_BLOCK, &signals, NULL) < 0)
        return -errno;
    *interrupt =
        (struct launch_interrupt){.descriptor = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK)};
    return interrupt->descriptor < 0 ? -errno : 0;
}

void launch_interrupt_close(struct launch_interrupt *interrupt)
{
    if (interrupt->descriptor >= 0)
        close(take_descriptor(&interrupt->descriptor));
}

void launch_interrupt_outlive_hangup(struct launch_interrupt *interrupt)
{
    interrupt->outlives_hangup = true;
    signal(SIGPIPE, SIG_IGN);
}

bool launch_interrupt_came_again(struct launch_interrupt *interrupt)
{
    struct signalfd_siginfo taken;
    bool came = false;

    while (read(interrupt->descriptor, &taken, sizeof(taken)) == (ssize_t)sizeof(taken)) {
        if (taken.ssi_signo == SIGHUP && interrupt->outlives_hangup)
            continue;
        interrupt->signal = (int)taken.ssi_signo;
        came = true;
    }
    return came;
}

bool launch_interrupt_came(struct launch_interrupt *interrupt)
{
    return launch_interrupt_came_again(interrupt) || interrupt->signal != 0;
}

int launch_interrupt_wait(const struct launch_interrupt *interrupt, int descriptor,
                          int64_t timeout_ns)
{
    struct pollfd waiting[] = {{.fd = descriptor, .events = POLLIN},
                               {.fd = interrupt->descriptor, .events = POLLIN}};
    struct timespec timeout = {timeout_ns / NS_PER_SECOND, timeout_ns % NS_PER_SECOND};

    if (ppoll(waiting, 2, timeout_ns < 0 ? NULL : &timeout, NULL) < 0)
        return errno == EINTR ? 0 : -errno;
    return waiting[0].revents != 0;
}
