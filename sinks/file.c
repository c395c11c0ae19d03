/* The sink file: keeps the last message in a file, or appends each to it. */
#include <atvm/plugin.h>

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file-mark.h"
#include "host-call.h"

#define FILE_MODE   0644
#define FOLDER_MODE 0755

static const struct atvm_option options[] = {
    {"path", ATVM_OPTION_STRING, 1, NULL, 0, 0, NULL,
     "absolute path of the file; %b in it becomes the build's name, %s the name of the scope"},
    {"format", ATVM_OPTION_STRING, 0, "markdown", 0, 0, "text|markdown|json",
     "how the message is written"},
    {"append", ATVM_OPTION_BOOLEAN, 0, "false", 0, 0, NULL,
     "true: add each message to the file; false: the file holds the last one only"},
};

struct file_sink {
    const struct atvm_host *host;
    const char *path; /* the option */
    bool append;
};

/* One delivery. What goes wrong is noted with the step; the first failure stands. */
struct delivery {
    const struct file_sink *sink;
    const struct atvm_message *message;
    char *path, *folder, *temporary;
    int32_t outcome; /* enum atvm_delivery; 0: nothing has failed */
    int code;
    char reason[2 * 4096];
};

static void *file_create(const struct atvm_host *host)
{
    struct file_sink *sink = calloc(1, sizeof(*sink));

    if (sink)
        sink->host = host;
    else
        host_fail(host, ATVM_FAILED, "out of memory");
    return sink;
}

static int32_t file_configure(void *self)
{
    struct file_sink *sink = self;
    const struct atvm_host *host = sink->host;

    sink->path = host->option_string(host->context, "path");
    sink->append = host->option_number(host->context, "append") == 1;
    if (!sink->path || sink->path[0] != '/')
        return host_fail(host, ATVM_FAILED, "option path = \"%s\": write an absolute path",
                         sink->path ? sink->path : "");
    if (sink->path[strlen(sink->path) - 1] == '/')
        return host_fail(host, ATVM_FAILED, "option path = \"%s\": write a file, not a folder",
                         sink->path);
    return ATVM_OK;
}

static void file_destroy(void *self)
{
    free(self);
}

/* ---- failures */

/* Local trouble that passes (a full disk) is worth another attempt; a wrong path is not. */
static int32_t outcome_of(int error)
{
    switch (error) {
    case ENOSPC:
    case EDQUOT:
    case EIO:
    case EMFILE:
    case ENFILE:
    case ENOMEM:
    case EINTR:
    case EAGAIN:
        return ATVM_RETRY;
    default:
        return ATVM_REJECTED;
    }
}

static bool fail_as(struct delivery *delivery, int32_t outcome, int error, const char *path,
                    const char *step)
{
    if (delivery->outcome)
        return false;
    delivery->outcome = outcome;
    delivery->code = error;
    snprintf(delivery->reason, sizeof(delivery->reason), "%s: %s: %s", path, step, strerror(error));
    return false;
}

static bool fail(struct delivery *delivery, int error, const char *path, const char *step)
{
    return fail_as(delivery, outcome_of(error), error, path, step);
}

static const char *remedy_for_error(int error)
{
    switch (error) {
    case ENOENT:
    case ENOTDIR:
        return "create the folder, or mend the sink's option path";
    case EACCES:
    case EPERM:
    case EROFS:
        return "let the watcher write there (also ReadWritePaths= of its unit), or mend the sink's "
               "option path";
    case ENOSPC:
    case EDQUOT:
        return "make room on that file system";
    default:
        return "mend the sink's option path, or remove what stands in the way";
    }
}

static const char *remedy_for(const struct delivery *delivery)
{
    return delivery->outcome == ATVM_UNCERTAIN ? "look whether the message is in the file"
                                               : remedy_for_error(delivery->code);
}

static bool commit(struct delivery *delivery)
{
    const struct atvm_host *host = delivery->sink->host;

    if (host->committing(host->context) == ATVM_OK)
        return true;
    return fail_as(delivery, ATVM_RETRY, EIO, delivery->path, "record that writing begins");
}

/* ---- paths */

static bool is_plain(char byte)
{
    return (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= 'a' && byte <= 'z') || byte == '.' || byte == '_' || byte == '-';
}

/* A scope's name comes from foreign text: nothing in it may lead to another folder. */
static void print_name(FILE *stream, const char *name)
{
    for (const char *byte = name; *byte; byte++) {
        if (is_plain(*byte) && !(byte == name && *byte == '.'))
            fputc(*byte, stream);
        else
            fprintf(stream, "%%%02X", (unsigned char)*byte);
    }
}

/* The path with each %s and %b replaced; free() it. NULL: out of memory. */
static char *expand(const char *path, const struct atvm_message *message)
{
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);

    if (!stream)
        return NULL;
    for (; *path; path++) {
        if (path[0] != '%' || (path[1] != 's' && path[1] != 'b')) {
            fputc(*path, stream);
            continue;
        }
        path++;
        print_name(stream, *path == 's' ? message->scope : message->build);
    }
    if (fclose(stream) != 0) {
        free(text);
        return NULL;
    }
    return text;
}

static bool make_paths(struct delivery *delivery)
{
    const char *slash;

    delivery->path = expand(delivery->sink->path, delivery->message);
    if (!delivery->path)
        return fail(delivery, ENOMEM, delivery->sink->path, "path");
    slash = strrchr(delivery->path, '/');
    if (asprintf(&delivery->folder, "%.*s",
                 slash == delivery->path ? 1 : (int)(slash - delivery->path), delivery->path) < 0)
        delivery->folder = NULL;
    if (asprintf(&delivery->temporary, "%.*s/.%s.new", (int)(slash - delivery->path),
                 delivery->path, slash + 1) < 0)
        delivery->temporary = NULL;
    return delivery->folder && delivery->temporary ? true
                                                   : fail(delivery, ENOMEM, delivery->path, "path");
}

/* Only the last folder is made: more missing ones mean a mistyped path. */
static bool make_folder(struct delivery *delivery)
{
    if (mkdir(delivery->folder, FOLDER_MODE) < 0 && errno != EEXIST)
        return fail(delivery, errno, delivery->folder, "make folder");
    return true;
}

/* ---- writing */

static bool sync_folder(struct delivery *delivery)
{
    int folder = open(delivery->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool good = folder >= 0 && fsync(folder) == 0;

    if (!good)
        fail_as(delivery, ATVM_UNCERTAIN, errno, delivery->folder, "fsync folder");
    if (folder >= 0)
        close(folder);
    return good;
}

static int write_text(int descriptor, const char *text, size_t length)
{
    while (length > 0) {
        ssize_t written = write(descriptor, text, length);

        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return errno;
        text += written;
        length -= (size_t)written;
    }
    return 0;
}

/* The body, ended by a newline. 0 or errno. */
static int write_body(int descriptor, const struct atvm_message *message)
{
    size_t length = message->body_length;
    int error = write_text(descriptor, message->body, length);

    if (!error && (length == 0 || message->body[length - 1] != '\n'))
        error = write_text(descriptor, "\n", 1);
    return error;
}

static bool write_temporary(struct delivery *delivery)
{
    int descriptor, error;

    /* Not the one that was left by a delivery that died: it has that one's mark. */
    if (unlink(delivery->temporary) < 0 && errno != ENOENT)
        return fail(delivery, errno, delivery->temporary, "remove");
    descriptor =
        open(delivery->temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, FILE_MODE);
    if (descriptor < 0)
        return fail(delivery, errno, delivery->temporary, "create");
    error = write_body(descriptor, delivery->message);
    if (!error)
        file_mark(descriptor, delivery->message->key);
    if (!error && fsync(descriptor) < 0)
        error = errno;
    if (close(descriptor) < 0 && !error)
        error = errno;
    return error ? fail(delivery, error, delivery->temporary, "write") : true;
}

static bool replace(struct delivery *delivery)
{
    if (!write_temporary(delivery) || !commit(delivery)) {
        unlink(delivery->temporary);
        return false;
    }
    if (rename(delivery->temporary, delivery->path) < 0) {
        fail(delivery, errno, delivery->path, "rename");
        unlink(delivery->temporary);
        return false;
    }
    return sync_folder(delivery);
}

/* Takes a half-written message out of the file again; what cannot be taken out may be read. */
static void undo(struct delivery *delivery, int descriptor, off_t before, int error)
{
    if (ftruncate(descriptor, before) == 0)
        fail(delivery, error, delivery->path, "append");
    else
        fail_as(delivery, ATVM_UNCERTAIN, error, delivery->path, "append");
}

static const char separator_markdown[] = "\n---\n\n";
static const char separator_text[] = "\n";

/* JSON documents follow one another as they are. */
static const char *separator_for(const struct atvm_message *message)
{
    if (message->format == ATVM_FORMAT_JSON)
        return "";
    return message->format == ATVM_FORMAT_MARKDOWN ? separator_markdown : separator_text;
}

static bool append_to(struct delivery *delivery, int descriptor)
{
    const char *separator = separator_for(delivery->message);
    struct stat status;
    int error = 0;

    if (fstat(descriptor, &status) < 0)
        return fail(delivery, errno, delivery->path, "stat");
    if (!S_ISREG(status.st_mode))
        return fail_as(delivery, ATVM_REJECTED, EINVAL, delivery->path, "is no regular file");
    if (!commit(delivery))
        return false;
    if (status.st_size > 0)
        error = write_text(descriptor, separator, strlen(separator));
    if (!error)
        error = write_body(descriptor, delivery->message);
    if (!error && fsync(descriptor) < 0)
        error = errno;
    if (error)
        undo(delivery, descriptor, status.st_size, error);
    else
        file_mark(descriptor, delivery->message->key);
    return !error;
}

static bool append(struct delivery *delivery)
{
    /* Non-blocking: a FIFO without a reader must not hold the worker up. */
    int descriptor =
        open(delivery->path, O_WRONLY | O_CREAT | O_APPEND | O_NONBLOCK | O_NOCTTY | O_CLOEXEC,
             FILE_MODE);
    bool good;

    if (descriptor < 0)
        return fail(delivery, errno, delivery->path, "open");
    good = append_to(delivery, descriptor);
    if (close(descriptor) < 0 && good)
        good = fail_as(delivery, ATVM_UNCERTAIN, errno, delivery->path, "close");
    return good && sync_folder(delivery);
}

/* ---- delivery */

static void give_receipt(const struct delivery *delivery)
{
    const struct atvm_host *host = delivery->sink->host;
    struct atvm_receipt receipt =
        ATVM_RECEIPT_INIT(delivery->outcome ? delivery->outcome : ATVM_DELIVERED);

    if (delivery->outcome) {
        receipt.code = delivery->code;
        receipt.reason = delivery->reason;
        receipt.remedy = remedy_for(delivery);
    } else {
        receipt.remote_id = delivery->path;
    }
    host->receipt(host->context, &receipt);
}

static int32_t file_deliver(void *self, const struct atvm_message *message)
{
    const struct file_sink *sink = self;
    struct delivery delivery = {.sink = sink, .message = message};

    if (!message->body)
        fail_as(&delivery, ATVM_REJECTED, EINVAL, sink->path, "the message has no text");
    else if (make_paths(&delivery) && make_folder(&delivery)) {
        /* A further part belongs to what the first part began. */
        if (sink->append || message->part > 1)
            append(&delivery);
        else
            replace(&delivery);
    }
    give_receipt(&delivery);
    free(delivery.path);
    free(delivery.folder);
    free(delivery.temporary);
    return ATVM_OK;
}

/* ---- confirm */

/* Build and scope, from which the path follows, out of "<build>/<scope>@..." (doc/outbox.md). Of
 * another key the path is wrong, and the file there does not have its mark. */
static bool parse_key(const char *key, char **ret_build, char **ret_scope)
{
    const char *slash = strchr(key, '/'), *at = strrchr(key, '@');

    if (!slash || !at || at <= slash)
        return false;
    *ret_build = strndup(key, (size_t)(slash - key));
    *ret_scope = strndup(slash + 1, (size_t)(at - slash - 1));
    return *ret_build && *ret_scope;
}

/* What the marks say. A file that was written but not renamed was certainly not delivered; one that
 * is not there, or holds another message, may have been. */
static void look_for(struct delivery *delivery)
{
    const char *key = delivery->message->key;

    if (file_has_mark(delivery->path, key)) {
        /* It may have come so far without this. */
        sync_folder(delivery);
    } else if (file_has_mark(delivery->temporary, key)) {
        delivery->outcome = ATVM_RETRY;
        snprintf(delivery->reason, sizeof(delivery->reason), "%s: it was not put in place",
                 delivery->temporary);
    } else {
        delivery->outcome = ATVM_UNCERTAIN;
        snprintf(delivery->reason, sizeof(delivery->reason), "%s: does not have its mark",
                 delivery->path);
    }
}

static int32_t file_confirm(void *self, const char *key, const char *remote_id)
{
    const struct file_sink *sink = self;
    char *build = NULL, *scope = NULL;
    struct atvm_message message = {.struct_size = sizeof(message), .key = key};
    struct delivery delivery = {.sink = sink, .message = &message};

    (void)remote_id;
    if (parse_key(key, &build, &scope)) {
        message.build = build;
        message.scope = scope;
        if (make_paths(&delivery))
            look_for(&delivery);
        else
            delivery.outcome = ATVM_UNCERTAIN;
    } else {
        fail_as(&delivery, ATVM_UNCERTAIN, EINVAL, key, "find the file of this message");
    }
    give_receipt(&delivery);
    free(delivery.path);
    free(delivery.folder);
    free(delivery.temporary);
    free(build);
    free(scope);
    return ATVM_OK;
}

/* ---- probe */

/* The part of the path that is the same for every message, up to its last slash: "/" at least. */
static size_t fixed_folder_length(const char *path)
{
    size_t length = 1, i = 0;

    for (; path[i] && !(path[i] == '%' && (path[i + 1] == 's' || path[i + 1] == 'b')); i++)
        if (path[i] == '/')
            length = i > 0 ? i : 1;
    return length;
}

static void cut_to_parent(char *folder)
{
    char *slash = strrchr(folder, '/');

    slash[slash == folder] = '\0';
}

static bool parent_is_there(const char *folder)
{
    char *parent = strdup(folder);
    bool is_there = false;

    if (parent) {
        cut_to_parent(parent);
        is_there = access(parent, F_OK) == 0;
    }
    free(parent);
    return is_there;
}

/* Nothing stays: a folder that would be made for the message is made and removed again; of /proc,
 * for one, nothing else tells that it cannot be. `folder` becomes the one that was decisive. false:
 * errno says why. */
static bool can_write(char *folder, bool may_be_made)
{
    int error;

    if (access(folder, W_OK | X_OK) == 0)
        return true;
    if (errno != ENOENT || !may_be_made)
        return false;
    if (mkdir(folder, FOLDER_MODE) == 0 && rmdir(folder) == 0) {
        cut_to_parent(folder);
        return true;
    }
    error = errno;
    if (!parent_is_there(folder))
        cut_to_parent(folder);
    errno = error;
    return false;
}

static int32_t file_probe(void *self)
{
    const struct file_sink *sink = self;
    const struct atvm_host *host = sink->host;
    size_t length = fixed_folder_length(sink->path);
    char *folder = strndup(sink->path, length);
    bool is_last = folder && !strchr(sink->path + length + (length > 1), '/');
    int32_t result = ATVM_OK;

    if (!folder)
        return host_fail(host, ATVM_FAILED, "out of memory");
    if (can_write(folder, is_last))
        host_log(host, ATVM_LOG_NOTICE, "%s can be written to by this user", folder);
    else
        result = host_fail(host, ATVM_FAILED, "%s: %s; %s", folder, strerror(errno),
                           remedy_for_error(errno));
    free(folder);
    return result;
}

ATVM_SINK = {
    ATVM_SINK_HEAD,
    .name = "file",
    .version = PACKAGE_VERSION,
    .summary = "writes the message to a file",
    .options = options,
    .option_count = sizeof(options) / sizeof(*options),
    .option_stride = sizeof(*options),
    .needs = ATVM_NEED_WRITE,
    .format = ATVM_FORMAT_MARKDOWN,
    .create = file_create,
    .configure = file_configure,
    .deliver = file_deliver,
    .probe = file_probe,
    .confirm = file_confirm,
    .destroy = file_destroy,
};
