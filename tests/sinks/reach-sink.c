/*
 * A sink that tries what the macro TEST_NEEDS does not say it needs, too, and tells in its receipt
 * what came of each: "write ok, unix EAFNOSUPPORT, …".
 */
#include <atvm/plugin.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct atvm_option options[] = {
    {"journal", ATVM_OPTION_STRING, 1, NULL, 0, 0, NULL, "absolute path of a file to write"},
};

struct reach_sink {
    const struct atvm_host *host;
};

struct trial {
    const char *name;
    int (*perform)(const struct reach_sink *sink); /* 0 or an errno */
};

static int error_of(long result)
{
    return result < 0 ? errno : 0;
}

static const char *path_of(const struct reach_sink *sink)
{
    return sink->host->option_string(sink->host->context, "journal");
}

static int write_file(const struct reach_sink *sink)
{
    int descriptor = open(path_of(sink), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    int error = error_of(descriptor);

    if (!error)
        error = error_of(write(descriptor, "x", 1));
    if (descriptor >= 0)
        close(descriptor);
    return error;
}

static int rename_file(const struct reach_sink *sink)
{
    char other[4096];

    snprintf(other, sizeof(other), "%s.renamed", path_of(sink));
    return error_of(rename(path_of(sink), other));
}

static int read_file(const struct reach_sink *sink)
{
    int descriptor = open("/etc/passwd", O_RDONLY | O_CLOEXEC);

    (void)sink;
    if (descriptor >= 0)
        close(descriptor);
    return error_of(descriptor);
}

static int make_socket(int family)
{
    int descriptor = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (descriptor >= 0)
        close(descriptor);
    return error_of(descriptor);
}

/* To a port that nobody listens at: 0 where the connection could be tried. */
static int connect_by_ip(const struct reach_sink *sink)
{
    struct sockaddr_in nobody = {.sin_family = AF_INET, .sin_port = htons(1)};
    int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int error = error_of(descriptor);

    (void)sink;
    nobody.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (!error)
        error = error_of(connect(descriptor, (struct sockaddr *)&nobody, sizeof(nobody)));
    if (descriptor >= 0)
        close(descriptor);
    return error == ECONNREFUSED ? 0 : error;
}

static int look_up_a_name(const struct reach_sink *sink)
{
    struct addrinfo hints = {.ai_flags = AI_ADDRCONFIG, .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    int error = getaddrinfo("localhost", "80", &hints, &found);

    (void)sink;
    if (!error)
        freeaddrinfo(found);
    return error ? EHOSTUNREACH : 0;
}

static int use_unix_socket(const struct reach_sink *sink)
{
    (void)sink;
    return make_socket(AF_UNIX);
}

static int use_raw_packets(const struct reach_sink *sink)
{
    (void)sink;
    return make_socket(AF_PACKET);
}

static int start_process(const struct reach_sink *sink)
{
    pid_t pid = fork();

    (void)sink;
    if (pid == 0)
        _exit(0);
    return error_of(pid);
}

static int run_program(const struct reach_sink *sink)
{
    (void)sink;
    return error_of(execl("/bin/true", "true", (char *)NULL));
}

static int signal_the_watcher(const struct reach_sink *sink)
{
    (void)sink;
    return error_of(kill(getppid(), 0));
}

static int read_the_watchers_memory(const struct reach_sink *sink)
{
    char path[64];
    int descriptor;

    (void)sink;
    snprintf(path, sizeof(path), "/proc/%d/mem", (int)getppid());
    descriptor = open(path, O_RDONLY | O_CLOEXEC);
    if (descriptor >= 0)
        close(descriptor);
    return error_of(descriptor);
}

static const struct trial trials[] = {
    {"read", read_file},
    {"write", write_file},
    {"rename", rename_file},
    {"ip", connect_by_ip},
    {"name", look_up_a_name},
    {"unix", use_unix_socket},
    {"packet", use_raw_packets},
    {"fork", start_process},
    {"exec", run_program},
    {"signal", signal_the_watcher},
    {"memory", read_the_watchers_memory},
};

static void *reach_create(const struct atvm_host *host)
{
    struct reach_sink *sink = calloc(1, sizeof(*sink));

    if (sink)
        sink->host = host;
    return sink;
}

static int32_t reach_deliver(void *self, const struct atvm_message *message)
{
    const struct reach_sink *sink = self;
    struct atvm_receipt receipt = ATVM_RECEIPT_INIT(ATVM_REJECTED);
    char reason[512] = "";
    size_t length = 0;

    (void)message;
    for (size_t i = 0; i < sizeof(trials) / sizeof(*trials); i++) {
        int error;

        errno = 0;
        error = trials[i].perform(sink);
        length += (size_t)snprintf(reason + length, sizeof(reason) - length, "%s%s %s",
                                   length ? ", " : "", trials[i].name,
                                   error ? strerrorname_np(error) : "ok");
    }
    receipt.reason = reason;
    sink->host->receipt(sink->host->context, &receipt);
    return ATVM_OK;
}

static void reach_destroy(void *self)
{
    free(self);
}

ATVM_SINK = {
    ATVM_SINK_HEAD,
    .name = "reach-sink",
    .version = "1",
    .summary = "tries what it is not allowed",
    .options = options,
    .option_count = sizeof(options) / sizeof(*options),
    .option_stride = sizeof(*options),
    .needs = TEST_NEEDS,
    .format = ATVM_FORMAT_TEXT,
    .create = reach_create,
    .deliver = reach_deliver,
    .destroy = reach_destroy,
};
