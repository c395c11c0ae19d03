/* Lines out of a pipe that is read without blocking. */
#ifndef ATVM_CORE_COLLECT_LINES_H
#define ATVM_CORE_COLLECT_LINES_H

#include <stddef.h>

struct collect_lines {
    char *bytes;
    size_t length, capacity;
    size_t limit; /* bytes of the longest line, without its newline */
};

/* One line without its newline, NUL-terminated; lives during the call. */
typedef void (*collect_lines_take)(void *user, const char *line, size_t length);

/*
 * Reads once, at most 64 KiB, and hands on every line that is whole now. Returns 1 after some
 * bytes, 0 at the end of the pipe, -EAGAIN where nothing is there yet, -EMSGSIZE where a line is
 * longer than the limit (lines before it were handed on), or -errno of read(2).
 */
int collect_lines_read(struct collect_lines *lines, int descriptor, collect_lines_take take,
                       void *user);
/* Hands on what has gathered as if it were a line. */
void collect_lines_flush(struct collect_lines *lines, collect_lines_take take, void *user);
void collect_lines_free(struct collect_lines *lines);

#endif
