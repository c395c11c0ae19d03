#include "log.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <systemd/sd-journal.h>
#include <unistd.h>

#include "cleanup.h"
#include "memory.h"

#define IDENTIFIER "atvm-watcher"
/* Where journald listens (sd-journal(3)); without it sd_journal_sendv drops entries and calls that
 * a success. */
#define JOURNAL_SOCKET "/run/systemd/journal/socket"
/* Fields beyond this many are left out of a journal entry; the message is never. */
#define FIELDS_MAX 32
/* The journal is searched by level afterwards; what a terminal would drown in belongs there. */
#define JOURNAL_LEVEL ATVM_LOG_INFO

static int32_t lowest_level = ATVM_LOG_NOTICE;

void log_set_level(int32_t level)
{
    lowest_level = level;
}

/* JOURNAL_STREAM holds "device:inode" of the stream systemd connected (systemd.exec(5)); it is also
 * inherited by programs whose standard error was redirected since, hence the comparison. */
static bool standard_error_is_journal(void)
{
    const char *stream = getenv("JOURNAL_STREAM");
    uintmax_t device, inode;
    struct stat status;
    char rest;

    if (!stream || access(JOURNAL_SOCKET, F_OK) != 0 ||
        sscanf(stream, "%" SCNuMAX ":%" SCNuMAX "%c", &device, &inode, &rest) != 2)
        return false;
    return fstat(STDERR_FILENO, &status) == 0 && status.st_dev == device && status.st_ino == inode;
}

static bool send_to_journal(int32_t level, const char *const *fields, const char *message)
{
    CLEANUP_FREE char *text = memory_format("MESSAGE=%s", message);
    CLEANUP_FREE char *priority = memory_format("PRIORITY=%d", level);
    char identifier[] = "SYSLOG_IDENTIFIER=" IDENTIFIER;
    struct iovec parts[3 + FIELDS_MAX] = {
        {text, strlen(text)}, {priority, strlen(priority)}, {identifier, strlen(identifier)}};
    int count = 3;

    for (size_t i = 0; fields && fields[i] && i < FIELDS_MAX; i++)
        parts[count++] = (struct iovec){(void *)(uintptr_t)fields[i], strlen(fields[i])};
    return sd_journal_sendv(parts, count) >= 0;
}

static const char *level_word(int32_t level)
{
    switch (level) {
    case ATVM_LOG_WARNING:
        return "warning";
    case ATVM_LOG_NOTICE:
        return "notice";
    case ATVM_LOG_INFO:
        return "info";
    case ATVM_LOG_DEBUG:
        return "debug";
    default:
        return "error";
    }
}

/* The message with everything removed that a terminal would obey, and with its further lines
 * indented so that none can pass for a log line of its own; free() it. */
static char *printable(const char *message)
{
    char *text = memory_allocate(strlen(message) * 3 + 1), *end = text;

    for (const char *next = message; *next; next++) {
        if (*next == '\n')
            end = stpcpy(end, "\n  ");
        else
            *end++ = ((unsigned char)*next < ' ' && *next != '\t') || *next == 0x7f ? '?' : *next;
    }
    *end = '\0';
    return text;
}

/* A log that cannot be written has nobody left to tell, so an error ends the attempt. */
static void write_to_standard_error(int32_t level, const char *message)
{
    CLEANUP_FREE char *text = printable(message);
    CLEANUP_FREE char *line = memory_format(IDENTIFIER ": %s: %s\n", level_word(level), text);
    size_t written = 0, length = strlen(line);

    while (written < length) {
        ssize_t count = write(STDERR_FILENO, line + written, length - written);

        if (count < 0 && errno != EINTR)
            return;
        if (count > 0)
            written += (size_t)count;
    }
}

void log_line(int32_t level, const char *const *fields, const char *format, ...)
{
    CLEANUP_FREE char *message = NULL;
    va_list arguments;
    bool journal = standard_error_is_journal();

    if (level > lowest_level && !(journal && level <= JOURNAL_LEVEL))
        return;
    va_start(arguments, format);
    message = memory_vformat(format, arguments);
    va_end(arguments);
    if (!journal || !send_to_journal(level, fields, message))
        write_to_standard_error(level, message);
}
