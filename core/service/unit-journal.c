#include "unit-journal.h"

#include <stdlib.h>
#include <string.h>
#include <systemd/sd-journal.h>

#include <atvm/plugin.h>

#include "cleanup.h"
#include "clock.h"
#include "memory.h"
#include "render-escape.h"
#include "render-secret.h"

#define ERRORS_MAX 3
/* journald takes what was sent to it a little later. */
#define WAIT_US (1000 * 1000)

#define CLEANUP_JOURNAL __attribute__((cleanup(close_journal)))

static void close_journal(sd_journal **variable)
{
    sd_journal_close(*variable);
}

/* Errors with this value of a field: all terms of one match must hold, of one field any. */
static int match(sd_journal *journal, const char *field, const char *unit)
{
    CLEANUP_FREE char *term = memory_format("%s=%s", field, unit);
    int status = sd_journal_add_match(journal, term, 0);

    for (int priority = 0; priority <= ATVM_LOG_ERROR && status >= 0; priority++) {
        CLEANUP_FREE char *level = memory_format("PRIORITY=%d", priority);

        status = sd_journal_add_match(journal, level, 0);
    }
    return status;
}

/* The message of the current entry for a terminal; NULL: it has none. In the memory. */
static const char *message_of(sd_journal *journal, struct obstack *memory)
{
    static const char field[] = "MESSAGE=";
    const void *data = NULL;
    size_t length = 0;

    if (sd_journal_get_data(journal, "MESSAGE", &data, &length) < 0 || length < strlen(field))
        return NULL;
    return secret_mask(
        memory, escape_block(memory, memory_bytes_in(memory, (const char *)data + strlen(field),
                                                     length - strlen(field))));
}

static char *join(const char *const *messages, size_t count)
{
    char *text = NULL;

    /* The journal was read backwards. */
    for (size_t i = count; i-- > 0;) {
        CLEANUP_FREE char *earlier = text;

        text = memory_format("%s%s%s", earlier ? earlier : "", earlier ? "\n" : "", messages[i]);
    }
    return text;
}

/* The last errors that match, since that time. */
static char *read_back(sd_journal *journal, int64_t since_ns)
{
    const char *messages[ERRORS_MAX];
    struct obstack memory;
    uint64_t time_us;
    size_t count = 0;
    char *text;

    obstack_init(&memory);
    if (sd_journal_seek_tail(journal) >= 0) {
        while (count < ERRORS_MAX && sd_journal_previous(journal) > 0 &&
               sd_journal_get_realtime_usec(journal, &time_us) >= 0 &&
               time_us >= (uint64_t)since_ns / NS_PER_US) {
            messages[count] = message_of(journal, &memory);
            count += messages[count] != NULL;
        }
    }
    text = join(messages, count);
    obstack_free(&memory, NULL);
    return text;
}

static char *errors_with(const char *field, const char *unit, int64_t since_ns)
{
    CLEANUP_JOURNAL sd_journal *journal = NULL;
    char *text = NULL;

    if (sd_journal_open(&journal, SD_JOURNAL_LOCAL_ONLY | SD_JOURNAL_SYSTEM) < 0 ||
        match(journal, field, unit) < 0)
        return NULL;
    text = read_back(journal, since_ns);
    if (!text && sd_journal_wait(journal, WAIT_US) > 0)
        text = read_back(journal, since_ns);
    return text;
}

char *unit_journal_errors(const char *unit, int64_t since_ns)
{
    char *text = errors_with("_SYSTEMD_UNIT", unit, since_ns);

    return text ? text : errors_with("UNIT", unit, since_ns);
}
