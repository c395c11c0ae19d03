/*
 * A sink that does as its option `behaviour` says. What "arrives at the other side" becomes a line
 * "<key> <attempt>" in the file `journal`, so that a test can count posts.
 */
#include <atvm/plugin.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct atvm_option options[] = {
    {"behaviour", ATVM_OPTION_STRING, 1, NULL, 0, 0, NULL, "what it does"},
    {"at_part", ATVM_OPTION_INTEGER, 0, "0", 0, 0, NULL, "the only part for which it does; 0: all"},
    {"journal", ATVM_OPTION_STRING, 1, NULL, 0, 0, NULL, "absolute path: what has arrived"},
    {"confirm", ATVM_OPTION_STRING, 0, "uncertain", 0, 0, NULL, "what it answers when it is asked"},
    {"gate", ATVM_OPTION_STRING, 0, NULL, 0, 0, NULL, "absolute path of a FIFO to wait at"},
    {"items", ATVM_OPTION_STRING_LIST, 0, NULL, 0, 0, NULL, "a list"},
    {"count", ATVM_OPTION_INTEGER, 0, "0", 0, 0, NULL, "a number"},
    {"format", ATVM_OPTION_STRING, 0, "text", 0, 0, "text|markdown|json", "of the message"},
    {"token", ATVM_OPTION_SECRET, 0, "TEST_TOKEN", 0, 0, NULL, "a secret"},
};

struct test_sink {
    const struct atvm_host *host;
    const char *behaviour;
    int64_t at_part;
};

static const char *option(const struct test_sink *sink, const char *name)
{
    return sink->host->option_string(sink->host->context, name);
}

static int is(const struct test_sink *sink, const char *behaviour)
{
    return strcmp(sink->behaviour, behaviour) == 0;
}

static void give(const struct test_sink *sink, int32_t outcome, const char *reason)
{
    struct atvm_receipt receipt = ATVM_RECEIPT_INIT(outcome);

    receipt.reason = reason;
    receipt.code = 42;
    receipt.remedy = outcome == ATVM_REJECTED ? "ask somebody" : NULL;
    receipt.remote_id = outcome == ATVM_DELIVERED ? "remote-1" : NULL;
    sink->host->receipt(sink->host->context, &receipt);
}

static void die(void)
{
    kill(getpid(), SIGKILL);
}

/* Blocks until somebody opens the FIFO for writing. */
static void wait_at_gate(const struct test_sink *sink)
{
    int gate = open(option(sink, "gate"), O_RDONLY | O_CLOEXEC);

    if (gate >= 0)
        close(gate);
}

static void arrive(const struct test_sink *sink, const struct atvm_message *message)
{
    int journal = open(option(sink, "journal"), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

    if (journal < 0 || dprintf(journal, "%s %d\n", message->key, message->attempt) < 0)
        abort();
    close(journal);
}

static void commit(const struct test_sink *sink)
{
    if (sink->host->committing(sink->host->context) != ATVM_OK)
        abort();
}

static void *test_create(const struct atvm_host *host)
{
    struct test_sink *sink = calloc(1, sizeof(*sink));

    if (sink)
        sink->host = host;
    return sink;
}

static int32_t test_configure(void *self)
{
    struct test_sink *sink = self;

    sink->behaviour = option(sink, "behaviour");
    sink->at_part = sink->host->option_number(sink->host->context, "at_part");
    if (!is(sink, "fail-configure"))
        return ATVM_OK;
    sink->host->fail(sink->host->context, "behaviour: this one fails");
    return ATVM_FAILED;
}

/* Answers with what it was given: the options, and a reason that holds the secret. */
static void tell(const struct test_sink *sink)
{
    const struct atvm_host *host = sink->host;
    const char *const *items;
    char reason[512], token[64] = "none";
    size_t count = host->option_list(host->context, "items", &items);

    host->secret(host->context, "token", token, sizeof(token));
    snprintf(reason, sizeof(reason), "%s %zu %s number %d terminal %d run %d <%s>", token, count,
             count > 0 ? items[count - 1] : "", (int)host->option_number(host->context, "count"),
             host->terminal(host->context) >= 0, host->run(host->context) != NULL,
             strlen(token) > 4 ? token + strlen(token) - 4 : "");
    give(sink, ATVM_REJECTED, reason);
}

static int32_t test_check(void *self)
{
    struct test_sink *sink = self;

    if (is(sink, "crash-in-check"))
        die();
    if (is(sink, "hang-in-check"))
        for (;;)
            pause();
    if (!is(sink, "fail-check"))
        return ATVM_OK;
    sink->host->fail(sink->host->context, "not today;\ntry tomorrow");
    return ATVM_FAILED;
}

static int32_t test_deliver(void *self, const struct atvm_message *message)
{
    struct test_sink *sink = self;

    if (sink->at_part && message->part != sink->at_part)
        sink->behaviour = "deliver";
    if (is(sink, "silent"))
        return ATVM_OK;
    if (is(sink, "tell")) {
        tell(sink);
        return ATVM_OK;
    }
    if (is(sink, "fail")) {
        sink->host->fail(sink->host->context, "no route");
        return ATVM_FAILED;
    }
    if (is(sink, "retry") || (is(sink, "retry-twice") && message->attempt <= 2)) {
        give(sink, ATVM_RETRY, "connection refused");
        return ATVM_OK;
    }
    if (is(sink, "reject")) {
        give(sink, ATVM_REJECTED, "no such channel");
        return ATVM_OK;
    }
    if (is(sink, "crash-before-commit") && message->attempt == 1)
        die();
    if (is(sink, "wait-before-commit") && message->attempt == 1)
        wait_at_gate(sink);
    commit(sink);
    if (is(sink, "crash-between") && message->attempt == 1)
        die();
    arrive(sink, message);
    if (is(sink, "silent-after-commit"))
        return ATVM_OK;
    if (is(sink, "crash-after-commit") && message->attempt == 1)
        die();
    if (is(sink, "hang"))
        for (;;)
            pause();
    if (is(sink, "slow"))
        wait_at_gate(sink);
    if (is(sink, "until-cancelled"))
        while (!sink->host->cancelled(sink->host->context))
            usleep(1000);
    give(sink, is(sink, "uncertain") ? ATVM_UNCERTAIN : ATVM_DELIVERED,
         is(sink, "uncertain") ? "connection reset after the request" : NULL);
    return ATVM_OK;
}

/* Logs with the secret in it, and fails as told. */
static int32_t test_probe(void *self)
{
    const struct test_sink *sink = self;
    const struct atvm_host *host = sink->host;
    char token[64] = "none", text[128];

    if (is(sink, "crash-in-probe"))
        die();
    host->secret(host->context, "token", token, sizeof(token));
    snprintf(text, sizeof(text), "the token is\n3 %s", token);
    host->log(host->context, ATVM_LOG_NOTICE, "somebody answers", NULL, 0, 0);
    host->log(host->context, ATVM_LOG_INFO, "nobody wants to know", NULL, 0, 0);
    host->log(host->context, ATVM_LOG_WARNING, text, NULL, 0, 0);
    if (!is(sink, "fail-probe"))
        return ATVM_OK;
    host->fail(host->context, text);
    return ATVM_FAILED;
}

/* The journal knows. */
static int has_arrived(const struct test_sink *sink, const char *key)
{
    FILE *journal = fopen(option(sink, "journal"), "re");
    char line[512];
    int found = 0;

    while (journal && fgets(line, sizeof(line), journal))
        found |= strncmp(line, key, strlen(key)) == 0 && line[strlen(key)] == ' ';
    if (journal)
        fclose(journal);
    return found;
}

/* As its option `confirm` says: "knows", or something that answers nothing. */
static int32_t test_confirm(void *self, const char *key, const char *remote_id)
{
    const struct test_sink *sink = self;
    const char *how = option(sink, "confirm");

    (void)remote_id;
    if (strcmp(how, "crash") == 0)
        die();
    if (strcmp(how, "silent") == 0)
        return ATVM_OK;
    if (strcmp(how, "fail") == 0) {
        sink->host->fail(sink->host->context, "no route");
        return ATVM_FAILED;
    }
    if (strcmp(how, "knows") == 0)
        give(sink, has_arrived(sink, key) ? ATVM_DELIVERED : ATVM_RETRY, "the journal says so");
    else
        give(sink, ATVM_UNCERTAIN, "cannot tell");
    return ATVM_OK;
}

static void test_destroy(void *self)
{
    free(self);
}

ATVM_SINK = {
    ATVM_SINK_HEAD,
    .name = "test-sink",
    .version = "1",
    .summary = "does as it is told",
    .options = options,
    .option_count = sizeof(options) / sizeof(*options),
    .option_stride = sizeof(*options),
    .needs = ATVM_NEED_WRITE,
    .format = ATVM_FORMAT_TEXT,
    .create = test_create,
    .configure = test_configure,
    .check = test_check,
    .deliver = test_deliver,
    .confirm = test_confirm,
    .probe = test_probe,
    .destroy = test_destroy,
};
