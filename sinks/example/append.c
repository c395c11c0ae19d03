/*
 * An example of a sink, complete and small: appends each message to a file.
 *
 * It needs nothing but the installed header:
 *
 *     cc -shared -fPIC -Wall -o append.so append.c
 *
 * modules.md tells how to configure it.
 */
#include <atvm/plugin.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct append {
    const struct atvm_host *host;
};

static const struct atvm_option options[] = {
    {.name = "path",
     .type = ATVM_OPTION_STRING,
     .required = 1,
     .help = "absolute path of the file to append to; %b in it becomes the build's name"},
};

static const char *path_of(const struct append *self)
{
    return self->host->option_string(self->host->context, "path");
}

static void *create(const struct atvm_host *host)
{
    struct append *self = calloc(1, sizeof(*self));

    if (self)
        self->host = host;
    else
        host->fail(host->context, "out of memory");
    return self;
}

/* Said when the watcher starts, not when the first message is lost. */
static int32_t configure(void *instance)
{
    const struct append *self = instance;

    if (path_of(self)[0] == '/')
        return ATVM_OK;
    self->host->fail(self->host->context, "option path: write an absolute path");
    return ATVM_FAILED;
}

static void give(const struct append *self, int32_t outcome, const char *reason, const char *remedy)
{
    struct atvm_receipt receipt = ATVM_RECEIPT_INIT(outcome);

    receipt.reason = reason;
    receipt.remedy = remedy;
    self->host->receipt(self->host->context, &receipt);
}

/* Only what is certain is called delivered or not delivered: of a message that was written in part,
 * or of which the disk may have lost some, neither can be said. */
static void write_message(const struct append *self, const struct atvm_message *message, int file)
{
    ssize_t written = write(file, message->body, message->body_length);

    if (written == (ssize_t)message->body_length && fsync(file) == 0)
        give(self, ATVM_DELIVERED, NULL, NULL);
    else if (written < 0)
        give(self, ATVM_RETRY, strerror(errno), "make room where the sink's option path points");
    else
        give(self, ATVM_UNCERTAIN, "the message may not be whole in the file",
             "look at the end of the file that the sink's option path names");
}

/* One attempt and one receipt. Before `committing` nothing has left, so dying there is a retry;
 * from it on a death is uncertain. */
static int32_t deliver(void *instance, const struct atvm_message *message)
{
    const struct append *self = instance;
    int file;

    if (!message->body) {
        give(self, ATVM_REJECTED, "the message has no text", "give bundles to another sink");
        return ATVM_OK;
    }
    file = open(path_of(self), O_WRONLY | O_CREAT | O_APPEND | O_NOCTTY | O_CLOEXEC, 0644);
    if (file < 0) {
        give(self, ATVM_RETRY, strerror(errno), "correct the sink's option path");
        return ATVM_OK;
    }
    if (self->host->committing(self->host->context) == ATVM_OK)
        write_message(self, message, file);
    else
        give(self, ATVM_RETRY, "the beginning of the delivery could not be recorded", NULL);
    close(file);
    return ATVM_OK;
}

static void destroy(void *instance)
{
    free(instance);
}

ATVM_SINK = {
    ATVM_SINK_HEAD,
    .name = "append",
    .version = "1.0",
    .summary = "an example: appends the message to a file",
    .options = options,
    .option_count = sizeof(options) / sizeof(options[0]),
    .option_stride = sizeof(options[0]),
    .needs = ATVM_NEED_WRITE,
    .format = ATVM_FORMAT_TEXT,
    .create = create,
    .configure = configure,
    .deliver = deliver,
    .destroy = destroy,
};
