/*
 * What the collect worker takes away from itself before it reads the first foreign byte:
 * privileges, resources and system calls that reading files does not need. It cannot be undone.
 */
#ifndef ATVM_CORE_CONTAINMENT_H
#define ATVM_CORE_CONTAINMENT_H

#include <stdbool.h>
#include <stdint.h>

#define CONTAINMENT_ADDRESS_SPACE_DEFAULT (INT64_C(2) * 1024 * 1024 * 1024)

struct containment {
    uint32_t needs;        /* enum atvm_need of all modules, ORed; see containment_refusal */
    int64_t address_space; /* bytes (RLIMIT_AS); 0: no limit. Sanitizers reserve terabytes: without
                              effect in a build with them */
};

/*
 * Why a module with these needs cannot run in the collect worker: it wants the network or to write.
 * Constant text; NULL: it can.
 */
const char *containment_refusal(uint32_t needs);

/*
 * Confines the calling process, which has one thread:
 *   - no new privileges, not dumpable, of all capabilities only CAP_DAC_READ_SEARCH is left (it is
 * to read logs that belong to others, and must not reach its parent's environment with
 *     CAP_SYS_PTRACE);
 *   - no core dump, no growing of any file, 256 descriptors, `address_space`;
 *   - a seccomp filter: what reads files is allowed; opening for writing fails with EACCES; sockets
 *     (but AF_UNIX for ATVM_NEED_UNIX_SOCKET), new processes and programs, ptrace, signals to
 * others and changes to the file system end the process with SIGSYS; everything else fails with
 * EPERM. 0, or -errno with the failed step's name (constant text) in *ret_step.
 */
int containment_enter(const struct containment *containment, const char **ret_step);

#endif
