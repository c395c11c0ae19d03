#include "deliver-host.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "clock.h"
#include "collect-text.h"
#include "deliver-secret.h"
#include "durable-file.h"
#include "log.h"
#include "memory.h"
#include "module-options.h"
#include "outbox.h"

/* Bytes of one text that a module may leave in log or receipt. */
#define TEXT_MAX       4096
#define REDACTED_MAX   (16 * TEXT_MAX)
#define LOG_FIELDS_MAX 16
#define SECRETS_MAX    8
/* Shorter ones are words that a text may hold by chance. */
#define SECRET_REDACTED_MIN 6

struct list_option {
    const char *name;
    const char **items;
    size_t count;
};

struct deliver_host {
    struct atvm_host table;
    struct deliver_host_settings settings;
    struct list_option *lists;
    size_t list_count;
    char *secrets[SECRETS_MAX]; /* what was handed out, to keep it out of log and receipt */
    size_t secret_count;
    bool committed, answered;
    char *failure;
};

static struct deliver_host *host_of(void *context)
{
    return context;
}

/* ---- text of a module */

/* Overwrites the secret wherever it stands. */
static void redact(char *text, const char *secret)
{
    size_t length = strlen(secret);

    for (char *found = strstr(text, secret); found; found = strstr(found + length, secret))
        memset(found, '*', length);
}

/* As valid UTF-8 without control characters and secrets, cut where it is too long; free it. NULL
 * gives NULL. */
static char *fit_text(const struct deliver_host *host, const char *text)
{
    struct obstack strings;
    char *long_text, *fit;

    if (!text)
        return NULL;
    obstack_init(&strings);
    /* Cut to its final size only after the redaction: half a secret would not be found. */
    long_text = collect_text_clean(&strings, text, strnlen(text, REDACTED_MAX), REDACTED_MAX, NULL);
    for (size_t i = 0; i < host->secret_count; i++)
        redact(long_text, host->secrets[i]);
    fit = memory_string(collect_text_clean(&strings, long_text, strlen(long_text), TEXT_MAX, NULL));
    obstack_free(&strings, NULL);
    return fit;
}

/* ---- log */

static bool is_field_name(const char *name)
{
    size_t length = name ? strlen(name) : 0;

    return length > 0 && length <= 64 &&
           strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == length;
}

static void host_log(void *context, int32_t level, const char *message,
                     const struct atvm_field *fields, size_t field_count, size_t field_stride)
{
    struct deliver_host *host = host_of(context);
    CLEANUP_FREE char *text = fit_text(host, message);
    char *lines[LOG_FIELDS_MAX + 1] = {NULL};
    size_t count = 0;

    if (!text)
        return;
    if (level < ATVM_LOG_ERROR || level > ATVM_LOG_DEBUG)
        level = ATVM_LOG_NOTICE;
    if (!fields || field_stride < sizeof(*fields))
        field_count = 0;
    for (size_t i = 0; i < field_count && count < LOG_FIELDS_MAX; i++) {
        const struct atvm_field *field = (const void *)((const char *)fields + i * field_stride);
        CLEANUP_FREE char *value = fit_text(host, field->value);

        if (is_field_name(field->name) && value)
            lines[count++] = memory_format("%s=%s", field->name, value);
    }
    log_line(level, (const char *const *)lines, "sink %s: %s", host->settings.name, text);
    for (size_t i = 0; i < count; i++)
        free(lines[i]);
}

/* A module that breaks a rule of the interface: said to its author by way of the log. */
static void complain(const struct deliver_host *host, const char *what, const char *detail)
{
    log_warning("sink %s: module %s breaks a rule of the interface: %s%s%s", host->settings.name,
                host->settings.module->name, what, detail ? ": " : "", detail ? detail : "");
}

static void host_fail(void *context, const char *message)
{
    struct deliver_host *host = host_of(context);

    if (!message)
        return;
    free(host->failure);
    host->failure = fit_text(host, message);
}

/* ---- options */

/* Whether the module declared the option with one of `types` (bits). */
static bool is_declared(const struct deliver_host *host, const char *name, unsigned types,
                        struct atvm_option *ret)
{
    const struct atvm_sink *module = host->settings.module;
    const struct module_options options = {module->options, module->option_count,
                                           module->option_stride};

    for (uint32_t i = 0; name && i < options.count; i++) {
        *ret = module_option(&options, i);
        if (strcmp(ret->name, name) == 0 && (types & 1U << ret->type))
            return true;
    }
    complain(host, "it reads an option that it did not declare with this type", name);
    return false;
}

static struct json_object *option_value(struct deliver_host *host, const char *name, unsigned types)
{
    struct json_object *value = NULL;
    struct atvm_option option;

    if (is_declared(host, name, types, &option))
        json_object_object_get_ex(host->settings.options, name, &value);
    return value;
}

static const char *host_option_string(void *context, const char *name)
{
    struct json_object *value = option_value(host_of(context), name, 1U << ATVM_OPTION_STRING);

    return json_object_is_type(value, json_type_string) ? json_object_get_string(value) : NULL;
}

static int64_t host_option_number(void *context, const char *name)
{
    struct json_object *value =
        option_value(host_of(context), name,
                     1U << ATVM_OPTION_INTEGER | 1U << ATVM_OPTION_BOOLEAN |
                         1U << ATVM_OPTION_DURATION | 1U << ATVM_OPTION_SIZE);

    if (json_object_is_type(value, json_type_boolean))
        return json_object_get_boolean(value);
    return json_object_is_type(value, json_type_int) ? json_object_get_int64(value) : -1;
}

static size_t host_option_list(void *context, const char *name, const char *const **ret_items)
{
    struct deliver_host *host = host_of(context);

    *ret_items = NULL;
    if (!option_value(host, name, 1U << ATVM_OPTION_STRING_LIST))
        return 0;
    for (size_t i = 0; i < host->list_count; i++) {
        if (strcmp(host->lists[i].name, name) != 0)
            continue;
        *ret_items = host->lists[i].items;
        return host->lists[i].count;
    }
    return 0;
}

static void add_list(struct deliver_host *host, const char *name, struct json_object *array)
{
    struct list_option *list = &host->lists[host->list_count++];

    list->name = name;
    list->count = json_object_array_length(array);
    list->items = memory_zeroed(list->count + 1, sizeof(*list->items));
    for (size_t i = 0; i < list->count; i++)
        list->items[i] = json_object_get_string(json_object_array_get_idx(array, i));
}

static void make_lists(struct deliver_host *host)
{
    host->lists = memory_zeroed((size_t)json_object_object_length(host->settings.options),
                                sizeof(*host->lists));
    json_object_object_foreach(host->settings.options, name, value)
    {
        if (json_object_is_type(value, json_type_array))
            add_list(host, name, value);
    }
}

/* ---- secrets */

static void remember_secret(struct deliver_host *host, const char *secret)
{
    if (strlen(secret) >= SECRET_REDACTED_MIN && host->secret_count < SECRETS_MAX)
        host->secrets[host->secret_count++] = memory_string(secret);
}

static void forget_secrets(struct deliver_host *host)
{
    for (size_t i = 0; i < host->secret_count; i++) {
        explicit_bzero(host->secrets[i], strlen(host->secrets[i]));
        free(host->secrets[i]);
    }
}

static int64_t host_secret(void *context, const char *name, char *buffer, size_t buffer_size)
{
    struct deliver_host *host = host_of(context);
    struct atvm_option option;
    int64_t length;

    if (!is_declared(host, name, 1U << ATVM_OPTION_SECRET, &option))
        return -1;
    length = deliver_secret_find(getenv("CREDENTIALS_DIRECTORY"), host->settings.secrets,
                                 option.fallback ? option.fallback : name, buffer, buffer_size);
    if (length < 0 && length != -ENOENT)
        log_error("sink %s: the secret %s cannot be read: %s", host->settings.name,
                  option.fallback ? option.fallback : name, strerror((int)-length));
    if (length < 0)
        return -1;
    remember_secret(host, buffer);
    return length;
}

/* ---- clock and run */

static const struct atvm_run *host_run(void *context)
{
    (void)context;
    return NULL;
}

static int64_t host_now(void *context)
{
    (void)context;
    return clock_ns(CLOCK_REALTIME);
}

static int64_t host_deadline(void *context)
{
    return host_of(context)->settings.deadline_ns;
}

/* The worker blocks SIGTERM, so that one which arrives in the middle of a delivery stays pending
 * and only shortens it. */
static int32_t host_cancelled(void *context)
{
    sigset_t pending;

    (void)context;
    return sigpending(&pending) == 0 && sigismember(&pending, SIGTERM) == 1;
}

static int32_t host_terminal(void *context)
{
    return host_of(context)->settings.terminal;
}

/* ---- the receipt file */

int deliver_receipt_append(int descriptor, const char *line, char **ret_error)
{
    struct stat before;
    int error;

    if (fstat(descriptor, &before) < 0) {
        error = -errno;
        *ret_error = memory_format("the receipt file: stat: %s", strerror(-error));
        return error;
    }
    error = durable_append(descriptor, "the receipt file", line, strlen(line), ret_error);
    /* Half a line would make the whole file doubtful. */
    if (error && ftruncate(descriptor, before.st_size) < 0)
        log_error("the receipt file: remove half a line: %s", strerror(errno));
    return error;
}

static int32_t host_committing(void *context)
{
    struct deliver_host *host = host_of(context);
    CLEANUP_FREE char *error = NULL;

    if (host->committed)
        return ATVM_OK;
    if (deliver_receipt_append(host->settings.receipt, OUTBOX_COMMITTING_LINE, &error)) {
        log_error("sink %s: %s; nothing is sent", host->settings.name, error);
        return ATVM_FAILED;
    }
    host->committed = true;
    return ATVM_OK;
}

/* As this core knows it: a module may be built with a shorter or longer struct. */
static struct atvm_receipt receipt_of(const struct atvm_receipt *given)
{
    struct atvm_receipt receipt = ATVM_RECEIPT_INIT(0);
    size_t size = given->struct_size < sizeof(receipt) ? given->struct_size : sizeof(receipt);

    memcpy(&receipt, given, size);
    return receipt;
}

static void host_receipt(void *context, const struct atvm_receipt *given)
{
    struct deliver_host *host = host_of(context);
    struct atvm_receipt receipt = receipt_of(given);
    CLEANUP_FREE char *remote_id = fit_text(host, receipt.remote_id);
    CLEANUP_FREE char *reason = fit_text(host, receipt.reason);
    CLEANUP_FREE char *remedy = fit_text(host, receipt.remedy);
    CLEANUP_FREE char *line = NULL;
    CLEANUP_FREE char *error = NULL;

    if (receipt.outcome < ATVM_DELIVERED || receipt.outcome > ATVM_UNCERTAIN) {
        complain(host, "a receipt with an outcome that does not exist", NULL);
        return;
    }
    receipt.remote_id = remote_id;
    receipt.reason = reason;
    receipt.remedy = remedy;
    line = outbox_receipt_line(&receipt);
    if (deliver_receipt_append(host->settings.receipt, line, &error))
        log_error("sink %s: %s; its answer is lost", host->settings.name, error);
    else
        host->answered = true;
}

/* ---- the host */

static const struct atvm_host table = {
    .struct_size = sizeof(struct atvm_host),
    .abi_major = ATVM_ABI_MAJOR,
    .abi_minor = ATVM_ABI_MINOR,
    .log = host_log,
    .fail = host_fail,
    .option_string = host_option_string,
    .option_number = host_option_number,
    .option_list = host_option_list,
    .run = host_run,
    .now = host_now,
    .deadline = host_deadline,
    .cancelled = host_cancelled,
    .secret = host_secret,
    .committing = host_committing,
    .terminal = host_terminal,
    .receipt = host_receipt,
};

struct deliver_host *deliver_host_new(const struct deliver_host_settings *settings)
{
    struct deliver_host *host = memory_zeroed(1, sizeof(*host));

    host->table = table;
    host->table.context = host;
    host->settings = *settings;
    make_lists(host);
    return host;
}

void deliver_host_free(struct deliver_host *host)
{
    if (!host)
        return;
    for (size_t i = 0; i < host->list_count; i++)
        free(host->lists[i].items);
    free(host->lists);
    forget_secrets(host);
    free(host->failure);
    free(host);
}

const struct atvm_host *deliver_host_table(struct deliver_host *host)
{
    return &host->table;
}

const char *deliver_host_failure(const struct deliver_host *host)
{
    return host->failure;
}

bool deliver_host_committed(const struct deliver_host *host)
{
    return host->committed;
}

bool deliver_host_answered(const struct deliver_host *host)
{
    return host->answered;
}
