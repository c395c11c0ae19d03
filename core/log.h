/*
 * The watcher's log: journal fields where standard error is the journal, else plain lines on
 * standard error ("atvm-watcher: warning: …"). Functions either log an error or return it.
 */
#ifndef ATVM_CORE_LOG_H
#define ATVM_CORE_LOG_H

#include <atvm/plugin.h>

/* Below this level (enum atvm_log_level) nothing is written to standard error; default
 * ATVM_LOG_NOTICE. The journal gets ATVM_LOG_INFO as well. */
void log_set_level(int32_t level);

/* One line. fields: "NAME=value" strings, NULL-terminated; NULL: none. */
void log_line(int32_t level, const char *const *fields, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#define log_error(...)   log_line(ATVM_LOG_ERROR, NULL, __VA_ARGS__)
#define log_warning(...) log_line(ATVM_LOG_WARNING, NULL, __VA_ARGS__)
#define log_notice(...)  log_line(ATVM_LOG_NOTICE, NULL, __VA_ARGS__)
#define log_info(...)    log_line(ATVM_LOG_INFO, NULL, __VA_ARGS__)
#define log_debug(...)   log_line(ATVM_LOG_DEBUG, NULL, __VA_ARGS__)

#endif
