/*
 * The mark on a file: which message was the last to be written into it as a whole. It is an
 * extended attribute (xattr(7)), so it moves with the file's content when that is renamed into
 * place, and is never part of it. Where the file system has none, there is no mark.
 */
#ifndef ATVM_SINKS_FILE_MARK_H
#define ATVM_SINKS_FILE_MARK_H

#include <stdbool.h>

/* Marks an open file with the key of a message. Cannot fail: a mark that is missing makes a later
 * question unanswerable, no more. */
void file_mark(int descriptor, const char *key);

/* Whether the file has the mark of this message. */
bool file_has_mark(const char *path, const char *key);

#endif
