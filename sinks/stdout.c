/* The sink stdout: shows a message on the terminal (or pipe) the watcher was started on. */
#include <atvm/plugin.h>

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host-call.h"

static const struct atvm_option options[] = {
    {"format", ATVM_OPTION_STRING, 0, "text", 0, 0, "text|markdown|json",
     "how the message is written"},
};

struct stdout_sink {
    const struct atvm_host *host;
};

static void *stdout_create(const struct atvm_host *host)
{
    struct stdout_sink *sink = calloc(1, sizeof(*sink));

    if (sink)
        sink->host = host;
    else
        host_fail(host, ATVM_FAILED, "out of memory");
    return sink;
}

static void stdout_destroy(void *self)
{
    free(self);
}

/* A terminal may have been set to non-blocking by another program. */
static int wait_until_writable(int descriptor)
{
    struct pollfd pollfd = {.fd = descriptor, .events = POLLOUT};

    return poll(&pollfd, 1, -1) < 0 && errno != EINTR ? -errno : 0;
}

/* Adds what was written to *written. 0 or -errno. */
static int write_text(int descriptor, const char *text, size_t length, size_t *written)
{
    while (length > 0) {
        ssize_t got = write(descriptor, text, length);
        int error = got < 0 ? -errno : 0;

        if (error == -EINTR)
            continue;
        if (error == -EAGAIN)
            error = wait_until_writable(descriptor);
        if (error)
            return error;
        if (got < 0)
            continue;
        text += got;
        length -= (size_t)got;
        *written += (size_t)got;
    }
    return 0;
}

/* A blank line before and after sets the message off from what else is written there. */
static int write_message(int descriptor, const struct atvm_message *message, size_t *written)
{
    size_t length = message->body_length;
    const char *end = length > 0 && message->body[length - 1] == '\n' ? "\n" : "\n\n";
    int error = write_text(descriptor, "\n", 1, written);

    if (!error)
        error = write_text(descriptor, message->body, length, written);
    return error ? error : write_text(descriptor, end, strlen(end), written);
}

static void give(const struct stdout_sink *sink, int32_t outcome, int code, const char *reason,
                 const char *remedy)
{
    struct atvm_receipt receipt = ATVM_RECEIPT_INIT(outcome);

    receipt.code = code;
    receipt.reason = reason;
    receipt.remedy = remedy;
    sink->host->receipt(sink->host->context, &receipt);
}

static int32_t stdout_deliver(void *self, const struct atvm_message *message)
{
    const struct stdout_sink *sink = self;
    int terminal = sink->host->terminal(sink->host->context);
    size_t written = 0;
    int error;

    if (!message->body) {
        give(sink, ATVM_REJECTED, 0, "the message has no text",
             "give bundles to a sink that ships files");
        return ATVM_OK;
    }
    if (terminal < 0) {
        give(sink, ATVM_REJECTED, 0, "there is no standard output to write to",
             "start the watcher with a standard output, or remove the sink 'stdout'");
        return ATVM_OK;
    }
    if (sink->host->committing(sink->host->context) != ATVM_OK) {
        give(sink, ATVM_RETRY, 0, "could not record that it begins to write", NULL);
        return ATVM_OK;
    }
    error = write_message(terminal, message, &written);
    if (!error)
        give(sink, ATVM_DELIVERED, 0, NULL, NULL);
    else if (written == 0)
        give(sink, ATVM_REJECTED, -error, strerror(-error),
             "standard output was closed; the report is in the state folder");
    else
        give(sink, ATVM_UNCERTAIN, -error, strerror(-error),
             "only a part was written; the report is in the state folder");
    return ATVM_OK;
}

/* Which one that will be is not known before the watcher is started. */
static int32_t stdout_probe(void *self)
{
    const struct stdout_sink *sink = self;

    host_log(sink->host, ATVM_LOG_NOTICE,
             "writes to the standard output the watcher is started with; as a service that is the "
             "journal");
    return ATVM_OK;
}

ATVM_SINK = {
    ATVM_SINK_HEAD,
    .name = "stdout",
    .version = PACKAGE_VERSION,
    .summary = "writes the message to the standard output the watcher was started on",
    .options = options,
    .option_count = sizeof(options) / sizeof(*options),
    .option_stride = sizeof(*options),
    .needs = 0,
    .format = ATVM_FORMAT_TEXT,
    .create = stdout_create,
    .deliver = stdout_deliver,
    .probe = stdout_probe,
    .destroy = stdout_destroy,
};
