/* The system call that a stopped process is about to make: its name, and the files it is about. */
#ifndef ATVM_TESTS_CRASH_TRACED_CALL_H
#define ATVM_TESTS_CRASH_TRACED_CALL_H

#include <stdbool.h>
#include <sys/ptrace.h>
#include <sys/types.h>

struct traced_call {
    char *name;     /* as in the manual; "?" where it is not known */
    char *paths[2]; /* NULL where there is none; of two the first is the older name */
};

/* `info`: of `task`, which stands at the entry of the call. Only of calls that open, change, name
 * or sync files or send bytes are the paths read; of a pipe or socket that is what /proc calls it
 * ("socket:[N]"). traced_call_clear() it. */
void traced_call_read(pid_t task, const struct __ptrace_syscall_info *info,
                      struct traced_call *ret);
void traced_call_clear(struct traced_call *call);

/* Whether one of its paths matches a pattern of fnmatch(3), in which '*' matches slashes, too. */
bool traced_call_is_about(const struct traced_call *call, const char *pattern);

/* Its name and its paths, in a line; free() it. */
char *traced_call_line(const struct traced_call *call);

#endif
