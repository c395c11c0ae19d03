/* Making room for another run of the same name: what is known of the earlier one is kept. */
#ifndef ATVM_CORE_STATE_ASIDE_H
#define ATVM_CORE_STATE_ASIDE_H

#include <stdint.h>

/*
 * Moves the folder of `build` to <state_root>/<build>/history/<time, UTC>/ and leaves a new, empty
 * one; the history of the earlier ones moves along. The folder disappears in one step, so that at
 * no time a part of the old state (closed, but its posts gone) could be taken for the state of a
 * run; an interrupted call is finished by the next one.
 *
 * 0: *ret_aside (free it) is where it went, NULL where there was none. -EBUSY: a watcher has the
 * build. Else -errno; *ret_error (free it) says what failed.
 */
int state_move_aside(const char *state_root, const char *build, int64_t now_ns, char **ret_aside,
                     char **ret_error);

/* Renames a log of the earlier run to "<path>.<time, UTC>". 0: *ret_aside (free it) is its new
 * name, NULL where there was none. Else -errno with *ret_error. */
int log_move_aside(const char *path, int64_t now_ns, char **ret_aside, char **ret_error);

#endif
