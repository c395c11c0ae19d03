#include "traced-call.h"

#include <fnmatch.h>
#include <limits.h>
#include <seccomp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "memory.h"

enum argument { DESCRIPTOR, PATH };

/* Which arguments tell what a call is about: of PATH the given one, for the "at" calls too, whose
 * folder descriptor nobody here uses. */
static const struct {
    const char *name;
    enum argument kind;
    int first, second; /* -1: there is none */
} known_calls[] = {
    {"write", DESCRIPTOR, 0, -1},
    {"writev", DESCRIPTOR, 0, -1},
    {"pwrite64", DESCRIPTOR, 0, -1},
    {"fsync", DESCRIPTOR, 0, -1},
    {"fdatasync", DESCRIPTOR, 0, -1},
    {"fallocate", DESCRIPTOR, 0, -1},
    {"ftruncate", DESCRIPTOR, 0, -1},
    {"fchown", DESCRIPTOR, 0, -1},
    {"sendto", DESCRIPTOR, 0, -1},
    {"recvfrom", DESCRIPTOR, 0, -1},
    {"open", PATH, 0, -1},
    {"openat", PATH, 1, -1},
    {"mkdir", PATH, 0, -1},
    {"mkdirat", PATH, 1, -1},
    {"unlink", PATH, 0, -1},
    {"unlinkat", PATH, 1, -1},
    {"rename", PATH, 0, 1},
    {"renameat", PATH, 1, 3},
    {"renameat2", PATH, 1, 3},
    {"link", PATH, 0, 1},
    {"linkat", PATH, 1, 3},
};

/* NULL where it has none, or ended meanwhile. */
static char *path_of_descriptor(pid_t task, uint64_t descriptor)
{
    char *link = memory_format("/proc/%d/fd/%d", (int)task, (int)descriptor);
    char path[PATH_MAX];
    ssize_t length = readlink(link, path, sizeof(path));

    free(link);
    return length < 0 ? NULL : memory_format("%.*s", (int)length, path);
}

/* Two pieces, of which the second begins with a page: it may not be there. */
static char *path_in_memory(pid_t task, uint64_t address)
{
    const uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
    const uint64_t next_page = (address / page + 1) * page;
    char path[PATH_MAX];
    size_t first = next_page - address < sizeof(path) ? next_page - address : sizeof(path);
    struct iovec here = {path, sizeof(path)};
    struct iovec there[] = {{(void *)(uintptr_t)address, first},
                            {(void *)(uintptr_t)next_page, sizeof(path) - first}};
    ssize_t length = process_vm_readv(task, &here, 1, there, 2, 0);

    return length < 0 ? NULL : memory_format("%.*s", (int)length, path);
}

static char *path_of(pid_t task, enum argument kind, const struct __ptrace_syscall_info *info,
                     int number)
{
    if (number < 0)
        return NULL;
    if (kind == DESCRIPTOR)
        return path_of_descriptor(task, info->entry.args[number]);
    return path_in_memory(task, info->entry.args[number]);
}

void traced_call_read(pid_t task, const struct __ptrace_syscall_info *info, struct traced_call *ret)
{
    *ret = (struct traced_call){0};
    ret->name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, (int)info->entry.nr);
    if (!ret->name)
        ret->name = memory_string("?");
    for (size_t i = 0; i < sizeof(known_calls) / sizeof(*known_calls); i++) {
        if (strcmp(ret->name, known_calls[i].name) != 0)
            continue;
        ret->paths[0] = path_of(task, known_calls[i].kind, info, known_calls[i].first);
        ret->paths[1] = path_of(task, known_calls[i].kind, info, known_calls[i].second);
    }
}

void traced_call_clear(struct traced_call *call)
{
    free(call->name);
    free(call->paths[0]);
    free(call->paths[1]);
    *call = (struct traced_call){0};
}

bool traced_call_is_about(const struct traced_call *call, const char *pattern)
{
    for (int i = 0; i < 2; i++)
        if (call->paths[i] && fnmatch(pattern, call->paths[i], 0) == 0)
            return true;
    return false;
}

char *traced_call_line(const struct traced_call *call)
{
    return memory_format("%s%s%s%s%s", call->name, call->paths[0] ? " " : "",
                         call->paths[0] ? call->paths[0] : "", call->paths[1] ? " " : "",
                         call->paths[1] ? call->paths[1] : "");
}
