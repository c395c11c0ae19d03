#include "launch-command.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cleanup.h"
#include "clock.h"
#include "memory.h"
#include "render-escape.h"
#include "render-secret.h"
#include "report.h"

/* How long what was asked to end may take to. */
#define END_TIMEOUT_NS (5 * NS_PER_SECOND)
/* How often the moving line moves; on anything but a terminal a line comes rarely. */
#define MOVE_INTERVAL_NS  NS_PER_SECOND
#define SPEAK_INTERVAL_NS (30 * NS_PER_SECOND)

#define LAST_LINES 15
#define TAIL_BYTES 16384
/* Of the last line, on the moving line. */
#define SHOWN_CHARACTERS 60

struct running {
    const struct launch_command *command;
    struct launch_interrupt *interrupt;
    int log;
    pid_t pid; /* also its process group */
    int pidfd;
    int64_t began_ns, spoke_ns; /* CLOCK_MONOTONIC */
    int64_t ending_ns;          /* since when it is being ended; -1: it is not */
    int reason;                 /* why: -EINTR, -ETIMEDOUT; 0 */
    bool terminal;
};

/* ---------------------------------------------------------------- its output */

static int open_log(const char *path, char **ret_error)
{
    CLEANUP_FREE char *previous = memory_format("%s.previous", path);
    int descriptor = -1;

    if (rename(path, previous) == 0 || errno == ENOENT)
        descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0640);
    if (descriptor < 0)
        *ret_error =
            memory_format("%s: %s; correct launch_log in the configuration", path, strerror(errno));
    return descriptor;
}

/* The end of the output, fit for a terminal; in memory. */
static char *tail_of(struct obstack *memory, int log)
{
    char bytes[TAIL_BYTES + 1];
    off_t size = lseek(log, 0, SEEK_END);
    ssize_t got = pread(log, bytes, TAIL_BYTES, size > TAIL_BYTES ? size - TAIL_BYTES : 0);

    bytes[got > 0 ? got : 0] = '\0';
    return secret_mask(memory, escape_block(memory, bytes));
}

static const char *last_lines(const char *text, unsigned count)
{
    const char *line = text + strlen(text);

    while (line > text && (line[-1] != '\n' || --count > 0))
        line--;
    return line;
}

/* How it ended, its last lines, and where all of them are; free it. */
static char *describe_failure(const struct running *running, const char *how)
{
    CLEANUP_FREE char *buffer = NULL;
    size_t length;
    FILE *stream = open_memstream(&buffer, &length);
    struct obstack memory;
    const char *line;

    if (!stream)
        abort(); /* out of memory, as in memory.h */
    obstack_init(&memory);
    fprintf(stream, "the template command %s", how);
    line = last_lines(tail_of(&memory, running->log), LAST_LINES);
    fputs(*line ? "; its last lines:" : "; it said nothing", stream);
    for (; *line; line += strcspn(line, "\n"), line += *line == '\n')
        fprintf(stream, "\n  | %.*s", (int)strcspn(line, "\n"), line);
    fprintf(stream, "\nall it said: %s", running->command->log);
    obstack_free(&memory, NULL);
    if (fclose(stream) != 0)
        abort();
    return TAKE_POINTER(buffer);
}

/* ---------------------------------------------------------------- progress */

static void draw(struct running *running, int64_t now_ns)
{
    FILE *stream = running->command->progress;
    char elapsed[32];
    struct obstack memory;
    const char *line;

    if (!running->terminal && now_ns - running->spoke_ns < SPEAK_INTERVAL_NS)
        return;
    running->spoke_ns = now_ns;
    obstack_init(&memory);
    line = last_lines(tail_of(&memory, running->log), 1);
    line = escape_shorten(&memory, escape_line(&memory, line), SHOWN_CHARACTERS);
    render_duration((now_ns - running->began_ns) / NS_PER_SECOND * NS_PER_SECOND, elapsed);
    fprintf(stream, "%stemplate command: %s  %s%s", running->terminal ? "\r\033[K" : "", elapsed,
            line, running->terminal ? "" : "\n");
    fflush(stream);
    obstack_free(&memory, NULL);
}

static void clear_line(const struct running *running)
{
    if (!running->terminal)
        return;
    fputs("\r\033[K", running->command->progress);
    fflush(running->command->progress);
}

/* ---------------------------------------------------------------- the process */

/* Signals as a program expects to find them; a group of its own. */
static int set_attributes(posix_spawnattr_t *attributes)
{
    short flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP;
    sigset_t none, pipe_only;

    sigemptyset(&none);
    sigemptyset(&pipe_only);
    sigaddset(&pipe_only, SIGPIPE);
    posix_spawnattr_setsigmask(attributes, &none);
    posix_spawnattr_setsigdefault(attributes, &pipe_only);
    posix_spawnattr_setpgroup(attributes, 0);
    return posix_spawnattr_setflags(attributes, flags);
}

static int set_actions(posix_spawn_file_actions_t *actions, const struct running *running)
{
    int error = posix_spawn_file_actions_addopen(actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);

    if (!error)
        error = posix_spawn_file_actions_adddup2(actions, running->log, STDOUT_FILENO);
    if (!error)
        error = posix_spawn_file_actions_adddup2(actions, running->log, STDERR_FILENO);
    if (!error)
        error = posix_spawn_file_actions_addchdir_np(actions, running->command->folder);
    return error;
}

static int start(struct running *running)
{
    const struct launch_words *words = running->command->words;
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    int error;

    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    error = set_actions(&actions, running);
    if (!error)
        error = set_attributes(&attributes);
    if (!error)
        error = posix_spawnp(&running->pid, words->words[0], &actions, &attributes,
                             (char *const *)words->words, environ);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    if (error)
        return -error;
    running->pidfd = pidfd_open(running->pid, 0);
    if (running->pidfd >= 0)
        return 0;
    error = -errno;
    kill(-running->pid, SIGKILL);
    waitpid(running->pid, NULL, 0);
    return error;
}

/* First a request; whoever does not follow it in time, or is asked again, is ended. */
static void end(struct running *running, int64_t now_ns, bool again)
{
    bool late = running->ending_ns >= 0 && now_ns - running->ending_ns > END_TIMEOUT_NS;

    if (running->ending_ns >= 0 && !late && !again)
        return;
    kill(-running->pid, running->ending_ns >= 0 ? SIGKILL : SIGTERM);
    running->ending_ns = now_ns;
}

static void look(struct running *running, int64_t now_ns)
{
    bool again = launch_interrupt_came_again(running->interrupt);

    if (!running->reason && again)
        running->reason = -EINTR;
    else if (!running->reason && now_ns - running->began_ns > running->command->timeout_ns)
        running->reason = -ETIMEDOUT;
    if (running->reason)
        end(running, now_ns, again);
}

/* Until the process has ended. 0 or -errno. */
static int wait_for_end(struct running *running)
{
    int ready = 0;

    while (ready == 0) {
        int64_t now_ns = clock_ns(CLOCK_MONOTONIC);

        look(running, now_ns);
        draw(running, now_ns);
        ready = launch_interrupt_wait(running->interrupt, running->pidfd, MOVE_INTERVAL_NS);
    }
    clear_line(running);
    return ready < 0 ? ready : 0;
}

/* What became of it; *ret_error as launch_command_run. */
static int judge_end(const struct running *running, char **ret_error)
{
    CLEANUP_FREE char *how = NULL;
    int status = 0;

    if (waitpid(running->pid, &status, 0) < 0) {
        *ret_error = memory_format("the template command: %s", strerror(errno));
        return -errno;
    }
    if (running->reason == -EINTR)
        how = memory_string("was interrupted");
    else if (running->reason == -ETIMEDOUT)
        how = memory_string("took longer than launch.template_timeout allows, and was ended");
    else if (WIFSIGNALED(status))
        how = memory_format("was killed by signal %d (%s)", WTERMSIG(status),
                            strsignal(WTERMSIG(status)));
    else if (WEXITSTATUS(status) != 0)
        how = memory_format("ended with status %d", WEXITSTATUS(status));
    if (!how)
        return 0;
    *ret_error = describe_failure(running, how);
    return running->reason ? running->reason : -EIO;
}

int launch_command_run(const struct launch_command *command, struct launch_interrupt *interrupt,
                       char **ret_error)
{
    CLEANUP_CLOSE int log = open_log(command->log, ret_error);
    struct running running = {
        .command = command,
        .interrupt = interrupt,
        .log = log,
        .pidfd = -1,
        .began_ns = clock_ns(CLOCK_MONOTONIC),
        .spoke_ns = clock_ns(CLOCK_MONOTONIC),
        .ending_ns = -1,
        .terminal = isatty(fileno(command->progress)),
    };
    int error;

    if (log < 0)
        return -EIO;
    error = start(&running);
    if (!error)
        error = wait_for_end(&running);
    if (error && running.pidfd < 0)
        *ret_error = memory_format("the template command could not be run: %s: %s",
                                   command->words->words[0], strerror(-error));
    else if (error)
        *ret_error = memory_format("the template command: %s", strerror(-error));
    else
        error = judge_end(&running, ret_error);
    if (running.pidfd >= 0)
        close(running.pidfd);
    return error;
}

int launch_command_call(const char *const *words)
{
    posix_spawnattr_t attributes;
    int error, status = 0;
    pid_t pid;

    posix_spawnattr_init(&attributes);
    error = set_attributes(&attributes);
    if (!error)
        error =
            posix_spawn(&pid, "/proc/self/exe", NULL, &attributes, (char *const *)words, environ);
    posix_spawnattr_destroy(&attributes);
    if (error)
        return -error;
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return -errno;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
