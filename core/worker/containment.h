/*
 * What a worker takes away from itself before it reads the first foreign byte or lets a module use
 * the network: privileges, resources and system calls that its work does not need. It cannot be
 * undone.
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
    bool delivers;         /* a deliver worker; else a collect worker */
};

/*
 * Why a module with these needs cannot run in the collect worker: it wants the network or to write.
 * Constant text; NULL: it can.
 */
const char *containment_refusal(uint32_t needs);

/*
 * Confines the calling process, which has one thread:
 *   - no new privileges, not dumpable, no core dump, 256 descriptors, `address_space`;
 *   - of all capabilities only what its needs give sense to. A collect worker keeps
 *     CAP_DAC_READ_SEARCH (it is to read logs that belong to others, and must not reach its
 * parent's environment with CAP_SYS_PTRACE). A deliver worker keeps that for ATVM_NEED_FILES, and
 * for ATVM_NEED_WRITE those with which root writes into the folders of others;
 *   - a seccomp filter. Reading files is allowed to both.
 *
 * In a collect worker no file may grow; opening for writing fails with EACCES; sockets (but AF_UNIX
 * for ATVM_NEED_UNIX_SOCKET), new processes and programs, ptrace, signals to others and changes to
 * the file system end the process with SIGSYS; everything else fails with EPERM.
 *
 * In a deliver worker what is not allowed fails, and nothing ends the process: its end in the
 * middle of a delivery would make that uncertain. Descriptors that are open (receipt, terminal) may
 * be written and synced, threads started. Opening for writing and changes to the file system take
 * ATVM_NEED_WRITE (else EACCES, EPERM); connections by IP and looking up names ATVM_NEED_NETWORK,
 * AF_UNIX sockets ATVM_NEED_UNIX_SOCKET (else EAFNOSUPPORT, which the C library's name services
 * take for a machine without such sockets); nobody may accept connections, run programs, make
 * processes or signal others (EPERM).
 *
 * 0, or -errno with the failed step's name (constant text) in *ret_step.
 */
int containment_enter(const struct containment *containment, const char **ret_step);

#endif
