/*
 * Files of environment variables, as systemd reads them (EnvironmentFile= in systemd.exec(5)):
 * "NAME=value" lines, comments after # or ;, values bare, in single or in double quotes. Pure.
 */
#ifndef ATVM_CORE_ENVIRONMENT_FILE_H
#define ATVM_CORE_ENVIRONMENT_FILE_H

#include <stdbool.h>
#include <stddef.h>

/* One assignment; both strings live in the reader's buffer until the next one is read. */
struct environment_assignment {
    const char *name, *value;
};

struct environment_reader {
    const char *next, *end; /* of the text */
    char *buffer;           /* at least as long as the text and two more bytes; the caller's */
};

/*
 * Reads the next assignment; false at the end. A line that is none is passed over. An "export " in
 * front is allowed: such files are read by shells, too. The text is not changed, and need not end
 * with a NUL; a NUL in it ends it.
 */
bool environment_file_next(struct environment_reader *reader, struct environment_assignment *ret);

/* Whether the value can stand in such a file: valid UTF-8 without control characters. */
bool environment_file_value_is_valid(const char *value);

/* A line for that assignment, with its line end, which gives exactly this value back; free() it. */
char *environment_file_line(const char *name, const char *value);

#endif
