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
#include "module-host.h"
#include "outbox.h"

/* Bytes of one text that a module may leave in log or receipt. */
#define TEXT_MAX     4096
#define REDACTED_MAX (16 * TEXT_MAX)
#define SECRETS_MAX  8
/* Shorter ones are words that a text may hold by chance. */
#define SECRET_REDACTED_MIN 6

struct deliver_host {
    struct module_host base;
    struct deliver_host_settings settings;
    char *secrets[SECRETS_MAX]; /* what was handed out, to keep it out of log and receipt */
    size_t secret_count;
    bool committed, answered;
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

static char *kind_fit_text(const struct module_host *base, const char *text)
{
    return fit_text((const struct deliver_host *)base, text);
}

void deliver_say(FILE *said, int32_t level, const char *text)
{
    if (level > ATVM_LOG_NOTICE)
        return;
    fprintf(said, "%d ", level);
    for (; *text; text++)
        putc(*text == '\n' ? ' ' : *text, said);
    putc('\n', said);
}

static void kind_log(const struct module_host *base, int32_t level, const char *text,
                     const struct atvm_field *fields, size_t count)
{
    FILE *said = ((const struct deliver_host *)base)->settings.said;
    char **lines;

    if (said) {
        deliver_say(said, level, text);
        return;
    }
    lines = memory_zeroed(count + 1, sizeof(*lines));
    for (size_t i = 0; i < count; i++)
        lines[i] = memory_format("%s=%s", fields[i].name, fields[i].value);
    log_line(level, (const char *const *)lines, "sink %s: %s", base->settings.instance, text);
    for (size_t i = 0; i < count; i++)
        free(lines[i]);
    free(lines);
}

static const struct module_host_kind kind = {.fit_text = kind_fit_text, .log = kind_log};

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

    if (!module_host_declares(&host->base, name, 1U << ATVM_OPTION_SECRET, &option))
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
        module_host_complain(&host->base, "a receipt with an outcome that does not exist", NULL);
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

static const struct atvm_host offered = {
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

    host->settings = *settings;
    module_host_init(&host->base, &kind,
                     &(struct module_host_settings){
                         .instance = settings->name,
                         .module = settings->module->name,
                         .options = {settings->module->options, settings->module->option_count,
                                     settings->module->option_stride},
                         .values = settings->options,
                     },
                     &offered);
    return host;
}

void deliver_host_free(struct deliver_host *host)
{
    if (!host)
        return;
    module_host_release(&host->base);
    forget_secrets(host);
    free(host);
}

const struct atvm_host *deliver_host_table(struct deliver_host *host)
{
    return &host->base.table;
}

const char *deliver_host_failure(const struct deliver_host *host)
{
    return host->base.failure;
}

bool deliver_host_committed(const struct deliver_host *host)
{
    return host->committed;
}

bool deliver_host_answered(const struct deliver_host *host)
{
    return host->answered;
}
