/*
 * Room on the disk that is kept for the moment at which there is none: the file "reserve" in a
 * build's folder. It is given up when what was posted, or is about to be, could not be recorded
 * otherwise, and made again when there is room. It holds nothing.
 */
#ifndef ATVM_CORE_RESERVE_H
#define ATVM_CORE_RESERVE_H

#include <stdbool.h>

/* Bytes. A record with the longest message of a sink takes 300 KB, and stands twice for a moment
 * while it is replaced; markers and states are small. */
#define RESERVE_BYTES (1024 * 1024)

/* Makes it where it is not whole. 0, also on a file system that cannot promise room; or -errno with
 * *ret_error (free it). */
int reserve_make(const char *folder, char **ret_error);

/* Gives it up. Whether there was one. */
bool reserve_release(const char *folder);

/* Whether what failed with `error` (-errno) can be tried once more: there was no room, and the
 * reserve was given up for it. *ret_error is then freed and NULL. */
bool reserve_gives_room(const char *folder, int error, char **ret_error);

#endif
