/*
 * Follows one growing text file and hands out its complete lines, pass by pass. What it reads is
 * bracketed with begin_source / end_source: REPLACE for a file's first unit, APPEND for what was
 * added to it since.
 *
 * The file may be absent, grow, be truncated, be rewritten, be replaced by another one (what the
 * old one still held is read first) or be deleted while its writer goes on (it is read to its end
 * as long as this instance lives). A symbolic link, FIFO, folder or device in its place is never
 * opened; it is told as a damaged source without a size, and logged.
 */
#ifndef ATVM_PLUGINS_RUNLOG_LOG_FOLLOWER_H
#define ATVM_PLUGINS_RUNLOG_LOG_FOLLOWER_H

#include <atvm/plugin.h>

#include <stddef.h>
#include <stdint.h>

/* Longer lines are cut here and their rest is passed over. A specPattern of thousands of machines
 * is a few hundred KB. */
#define LOG_LINE_MAX (1024 * 1024)

/* Takes the lines; `user` comes first. Evidence goes to log_follower_emit, during these calls. */
struct log_reader {
    /* The lines that follow are of another file: forget what was remembered. */
    void (*restart)(void *user);
    /* A complete line without its newline, any bytes. number: from 1; offset: of its first byte. */
    void (*line)(void *user, const char *line, size_t length, int64_t number, int64_t offset);
    /* The file has ended for two seconds in a line without a newline. May be NULL. */
    void (*tail)(void *user, const char *line, size_t length, int64_t number);
    void *user;
};

struct log_follower;

/* path (absolute) and kind (atvm_source.kind) are copied; without a kind nothing is told to the
 * core: the lines are read for another source's sake. Never NULL; free with log_follower_free
 * (accepts NULL). */
struct log_follower *log_follower_new(const struct atvm_host *host, const char *path,
                                      const char *kind, const struct log_reader *reader);
void log_follower_free(struct log_follower *follower);

/*
 * Reads what there is, at most about 32 MB and never past host->deadline. Returns enum
 * atvm_collect_result: AGAIN where more is waiting, UNAVAILABLE (host->fail was called) where the
 * file could not be read.
 */
int32_t log_follower_pass(struct log_follower *follower);

/* Adds a record to the open unit; opens one where a tail is the reason. */
void log_follower_emit(struct log_follower *follower, const struct atvm_evidence *evidence);

#endif
