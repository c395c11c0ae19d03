#include "containment-filter.h"

#include <atvm/plugin.h>

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

/* Under sanitizers what is not named below is allowed instead of refused: they and their look for
 * leaks (clone, ptrace) need an open set of calls. Opening for writing, sockets, programs and
 * changes to the file system are confined there as well. */
#if CONTAINMENT_UNDER_SANITIZERS
#define DEFAULT_ACTION SCMP_ACT_ALLOW
#else
#define DEFAULT_ACTION SCMP_ACT_ERRNO(EPERM)
#endif

#define WRITING_BITS ((uint64_t)(O_WRONLY | O_RDWR | O_CREAT | O_TRUNC))

/* Which argument of clone(2) holds the flags. */
#if defined(__s390__) || defined(__CRIS__)
#define CLONE_FLAGS_ARGUMENT 1
#else
#define CLONE_FLAGS_ARGUMENT 0
#endif

/* What reading files, waiting for a line, allocating and ending take. Names that an architecture
 * does not have are passed over (libseccomp gives those a negative number). */
static const int allowed[] = {
    /* files */
    SCMP_SYS(read),
    SCMP_SYS(pread64),
    SCMP_SYS(readv),
    SCMP_SYS(preadv),
    SCMP_SYS(preadv2),
    SCMP_SYS(lseek),
    SCMP_SYS(_llseek),
    SCMP_SYS(close),
    SCMP_SYS(fstat),
    SCMP_SYS(fstat64),
    SCMP_SYS(stat),
    SCMP_SYS(stat64),
    SCMP_SYS(lstat),
    SCMP_SYS(lstat64),
    SCMP_SYS(newfstatat),
    SCMP_SYS(fstatat64),
    SCMP_SYS(statx),
    SCMP_SYS(fstatfs),
    SCMP_SYS(fstatfs64),
    SCMP_SYS(statfs),
    SCMP_SYS(statfs64),
    SCMP_SYS(getdents),
    SCMP_SYS(getdents64),
    SCMP_SYS(readlink),
    SCMP_SYS(readlinkat),
    SCMP_SYS(access),
    SCMP_SYS(faccessat),
    SCMP_SYS(getcwd),
    SCMP_SYS(dup),
    SCMP_SYS(dup2),
    SCMP_SYS(dup3),
    SCMP_SYS(fcntl),
    SCMP_SYS(fcntl64),
    SCMP_SYS(fadvise64),
    SCMP_SYS(fadvise64_64),
    SCMP_SYS(readahead),
    /* descriptors that are there: writing to pipes; RLIMIT_FSIZE keeps files from growing */
    SCMP_SYS(write),
    SCMP_SYS(writev),
    SCMP_SYS(poll),
    SCMP_SYS(ppoll),
    SCMP_SYS(ppoll_time64),
    SCMP_SYS(select),
    SCMP_SYS(_newselect),
    SCMP_SYS(pselect6),
    /* memory */
    SCMP_SYS(mmap),
    SCMP_SYS(mmap2),
    SCMP_SYS(munmap),
    SCMP_SYS(mprotect),
    SCMP_SYS(mremap),
    SCMP_SYS(brk),
    SCMP_SYS(madvise),
    SCMP_SYS(membarrier),
    SCMP_SYS(futex),
    SCMP_SYS(futex_time64),
    SCMP_SYS(rseq),
    SCMP_SYS(set_robust_list),
    SCMP_SYS(sysinfo),
    /* time */
    SCMP_SYS(clock_gettime),
    SCMP_SYS(clock_gettime64),
    SCMP_SYS(clock_getres),
    SCMP_SYS(clock_nanosleep),
    SCMP_SYS(clock_nanosleep_time64),
    SCMP_SYS(nanosleep),
    SCMP_SYS(gettimeofday),
    SCMP_SYS(time),
    SCMP_SYS(times),
    SCMP_SYS(getrusage),
    /* itself */
    SCMP_SYS(getpid),
    SCMP_SYS(gettid),
    SCMP_SYS(getppid),
    SCMP_SYS(getuid),
    SCMP_SYS(geteuid),
    SCMP_SYS(getgid),
    SCMP_SYS(getegid),
    SCMP_SYS(uname),
    SCMP_SYS(getrandom),
    SCMP_SYS(getcpu),
    SCMP_SYS(sched_yield),
    SCMP_SYS(sched_getaffinity),
    SCMP_SYS(getrlimit),
    SCMP_SYS(ugetrlimit),
    SCMP_SYS(rt_sigaction),
    SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(rt_sigreturn),
    SCMP_SYS(sigreturn),
    SCMP_SYS(rt_sigpending),
    SCMP_SYS(sigaltstack),
    SCMP_SYS(restart_syscall),
    SCMP_SYS(exit),
    SCMP_SYS(exit_group),
    SCMP_SYS(arch_prctl),
/* younger than the oldest libseccomp this builds with */
#ifdef __SNR_faccessat2
    SCMP_SYS(faccessat2),
#endif
#ifdef __SNR_close_range
    SCMP_SYS(close_range),
#endif
};

/* Allowed with a need for AF_UNIX (such a socket reaches nothing else), deadly without. */
static const int on_sockets[] = {SCMP_SYS(connect),    SCMP_SYS(sendto),     SCMP_SYS(sendmsg),
                                 SCMP_SYS(recvfrom),   SCMP_SYS(recvmsg),    SCMP_SYS(shutdown),
                                 SCMP_SYS(getsockopt), SCMP_SYS(setsockopt), SCMP_SYS(getsockname),
                                 SCMP_SYS(getpeername)};

/* What a delivery takes besides: the receipt is synced, libraries wait and run threads in their own
 * ways (a pair of sockets reaches nobody else). */
static const int delivering[] = {
    SCMP_SYS(fsync),           SCMP_SYS(fdatasync),
    SCMP_SYS(sync_file_range), SCMP_SYS(ftruncate),
    SCMP_SYS(ftruncate64),     SCMP_SYS(flock),
    SCMP_SYS(pwrite64),        SCMP_SYS(pwritev),
    SCMP_SYS(pwritev2),        SCMP_SYS(sendfile),
    SCMP_SYS(sendfile64),      SCMP_SYS(pipe),
    SCMP_SYS(pipe2),           SCMP_SYS(socketpair),
    SCMP_SYS(eventfd2),        SCMP_SYS(timerfd_create),
    SCMP_SYS(timerfd_settime), SCMP_SYS(timerfd_settime64),
    SCMP_SYS(epoll_create),    SCMP_SYS(epoll_create1),
    SCMP_SYS(epoll_ctl),       SCMP_SYS(epoll_wait),
    SCMP_SYS(epoll_pwait),     SCMP_SYS(pselect6_time64),
    SCMP_SYS(alarm),           SCMP_SYS(setitimer),
    SCMP_SYS(pause),           SCMP_SYS(rt_sigsuspend),
    SCMP_SYS(rt_sigtimedwait), SCMP_SYS(set_tid_address),
    SCMP_SYS(sched_getparam),  SCMP_SYS(sched_getscheduler),
    SCMP_SYS(mlock),           SCMP_SYS(munlock),
    SCMP_SYS(msync),           SCMP_SYS(mincore),
    SCMP_SYS(umask),           SCMP_SYS(getpgrp),
    SCMP_SYS(getpgid),         SCMP_SYS(getsid),
    SCMP_SYS(getresuid),       SCMP_SYS(getresgid),
    SCMP_SYS(getgroups),       SCMP_SYS(capget),
    SCMP_SYS(getxattr),        SCMP_SYS(fgetxattr),
/* younger than the oldest libseccomp this builds with */
#ifdef __SNR_epoll_pwait2
    SCMP_SYS(epoll_pwait2),
#endif
};

/* What a need for writing allows. Not mknod: a device node would be another way to the disk. */
static const int on_files[] = {
    SCMP_SYS(creat),       SCMP_SYS(unlink),       SCMP_SYS(unlinkat),       SCMP_SYS(rename),
    SCMP_SYS(renameat),    SCMP_SYS(renameat2),    SCMP_SYS(mkdir),          SCMP_SYS(mkdirat),
    SCMP_SYS(rmdir),       SCMP_SYS(link),         SCMP_SYS(linkat),         SCMP_SYS(symlink),
    SCMP_SYS(symlinkat),   SCMP_SYS(chmod),        SCMP_SYS(fchmod),         SCMP_SYS(fchmodat),
    SCMP_SYS(chown),       SCMP_SYS(fchown),       SCMP_SYS(lchown),         SCMP_SYS(fchownat),
    SCMP_SYS(truncate),    SCMP_SYS(truncate64),   SCMP_SYS(fallocate),      SCMP_SYS(utime),
    SCMP_SYS(utimes),      SCMP_SYS(futimesat),    SCMP_SYS(utimensat),      SCMP_SYS(syncfs),
    SCMP_SYS(fsetxattr),   SCMP_SYS(setxattr),     SCMP_SYS(lsetxattr),      SCMP_SYS(fremovexattr),
    SCMP_SYS(removexattr), SCMP_SYS(lremovexattr), SCMP_SYS(copy_file_range)};

/* What a need for the network allows on sockets besides; binding is part of asking the kernel for
 * the machine's addresses, as getaddrinfo(3) does. */
static const int on_network_sockets[] = {SCMP_SYS(bind), SCMP_SYS(sendmmsg), SCMP_SYS(recvmmsg),
                                         SCMP_SYS(recvmmsg_time64)};

/* What no collector does by mistake: the process ends at once, and the watcher says so. */
static const int deadly[] = {
    /* programs and processes */
    SCMP_SYS(execve), SCMP_SYS(execveat), SCMP_SYS(process_vm_readv), SCMP_SYS(process_vm_writev),
    SCMP_SYS(pidfd_getfd), SCMP_SYS(pidfd_send_signal), SCMP_SYS(rt_sigqueueinfo),
    SCMP_SYS(rt_tgsigqueueinfo), SCMP_SYS(kcmp), SCMP_SYS(unshare), SCMP_SYS(setns),
    SCMP_SYS(personality),
    /* identity */
    SCMP_SYS(setuid), SCMP_SYS(setgid), SCMP_SYS(setreuid), SCMP_SYS(setregid), SCMP_SYS(setresuid),
    SCMP_SYS(setresgid), SCMP_SYS(setfsuid), SCMP_SYS(setfsgid), SCMP_SYS(setgroups),
    SCMP_SYS(capset),
    /* the network */
    SCMP_SYS(bind), SCMP_SYS(listen), SCMP_SYS(accept), SCMP_SYS(accept4),
    /* the file system */
    SCMP_SYS(unlink), SCMP_SYS(unlinkat), SCMP_SYS(rename), SCMP_SYS(renameat), SCMP_SYS(renameat2),
    SCMP_SYS(mkdir), SCMP_SYS(mkdirat), SCMP_SYS(rmdir), SCMP_SYS(mknod), SCMP_SYS(mknodat),
    SCMP_SYS(link), SCMP_SYS(linkat), SCMP_SYS(symlink), SCMP_SYS(symlinkat), SCMP_SYS(chmod),
    SCMP_SYS(fchmod), SCMP_SYS(fchmodat), SCMP_SYS(chown), SCMP_SYS(fchown), SCMP_SYS(lchown),
    SCMP_SYS(fchownat), SCMP_SYS(truncate), SCMP_SYS(truncate64), SCMP_SYS(ftruncate),
    SCMP_SYS(ftruncate64), SCMP_SYS(fallocate), SCMP_SYS(utime), SCMP_SYS(utimes),
    SCMP_SYS(futimesat), SCMP_SYS(utimensat), SCMP_SYS(setxattr), SCMP_SYS(lsetxattr),
    SCMP_SYS(fsetxattr), SCMP_SYS(removexattr), SCMP_SYS(lremovexattr), SCMP_SYS(fremovexattr),
    SCMP_SYS(chroot), SCMP_SYS(pivot_root), SCMP_SYS(mount), SCMP_SYS(umount2), SCMP_SYS(fsopen),
    SCMP_SYS(fsmount), SCMP_SYS(move_mount), SCMP_SYS(open_tree), SCMP_SYS(open_by_handle_at),
    SCMP_SYS(memfd_create),
    /* the kernel */
    SCMP_SYS(bpf), SCMP_SYS(keyctl), SCMP_SYS(add_key), SCMP_SYS(request_key),
    SCMP_SYS(perf_event_open), SCMP_SYS(userfaultfd), SCMP_SYS(io_uring_setup),
    SCMP_SYS(io_uring_enter), SCMP_SYS(io_uring_register), SCMP_SYS(init_module),
    SCMP_SYS(finit_module), SCMP_SYS(delete_module), SCMP_SYS(kexec_load),
    SCMP_SYS(kexec_file_load), SCMP_SYS(reboot), SCMP_SYS(swapon), SCMP_SYS(swapoff),
    SCMP_SYS(settimeofday), SCMP_SYS(clock_settime), SCMP_SYS(adjtimex), SCMP_SYS(iopl),
    SCMP_SYS(ioperm)};

/* New processes and looking into others: what a look for leaks does too. */
static const int deadly_processes[] = {SCMP_SYS(fork), SCMP_SYS(vfork), SCMP_SYS(ptrace)};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* What happens to a call of `deadly`: in a collect worker its end, in a deliver worker a refusal.
 */
static uint32_t forbidden(const struct containment *containment)
{
    return containment->delivers ? SCMP_ACT_ERRNO(EPERM) : SCMP_ACT_KILL_PROCESS;
}

/* One call, where argument `condition.arg` compares. */
struct conditional {
    uint32_t action;
    int call;
    struct scmp_arg_cmp condition;
};

/* libseccomp refuses a rule that says what happens anyway; calls which this architecture does not
 * have are none of its concern (EDOM). */
static int checked(int error)
{
    return error == -EDOM ? 0 : error;
}

static int add_calls(scmp_filter_ctx filter, uint32_t action, const int *calls, size_t count)
{
    int error = 0;

    for (size_t i = 0; !error && i < count && action != DEFAULT_ACTION; i++)
        error = checked(seccomp_rule_add(filter, action, calls[i], 0));
    return error;
}

static int add_conditional(scmp_filter_ctx filter, const struct conditional *rules, size_t count)
{
    int error = 0;

    for (size_t i = 0; !error && i < count; i++)
        if (rules[i].action != DEFAULT_ACTION)
            error = checked(seccomp_rule_add_array(filter, rules[i].action, rules[i].call, 1,
                                                   &rules[i].condition));
    return error;
}

/* One rule for each bit that means writing: any of them refuses. */
static int refuse_writing(scmp_filter_ctx filter, int call, unsigned argument)
{
    static const int bits[] = {O_WRONLY, O_RDWR, O_CREAT, O_TRUNC};
    int error = 0;

    for (size_t i = 0; !error && i < COUNT(bits); i++) {
        struct conditional rule = {
            SCMP_ACT_ERRNO(EACCES), call,
            SCMP_CMP(argument, SCMP_CMP_MASKED_EQ, (uint64_t)bits[i], (uint64_t)bits[i])};

        error = add_conditional(filter, &rule, 1);
    }
    return error;
}

static int add_opening(scmp_filter_ctx filter)
{
    /* Flags in memory, where no filter sees them; its callers fall back to openat(2). */
    static const int unseen[] = {SCMP_SYS(openat2)};
    static const int writing[] = {SCMP_SYS(creat)};
    const struct conditional reading[] = {
        {SCMP_ACT_ALLOW, SCMP_SYS(open), SCMP_A1(SCMP_CMP_MASKED_EQ, WRITING_BITS, 0)},
        {SCMP_ACT_ALLOW, SCMP_SYS(openat), SCMP_A2(SCMP_CMP_MASKED_EQ, WRITING_BITS, 0)},
    };
    int error = add_conditional(filter, reading, COUNT(reading));

    if (!error)
        error = refuse_writing(filter, SCMP_SYS(open), 1);
    if (!error)
        error = refuse_writing(filter, SCMP_SYS(openat), 2);
    if (!error)
        error = add_calls(filter, SCMP_ACT_ERRNO(ENOSYS), unseen, COUNT(unseen));
    return error ? error : add_calls(filter, SCMP_ACT_ERRNO(EACCES), writing, COUNT(writing));
}

/* A process may end itself with a signal (abort(3)), but reaches no other. */
static int add_signals(scmp_filter_ctx filter, const struct containment *containment)
{
    const uint32_t refusal = forbidden(containment);
    const scmp_datum_t self = (scmp_datum_t)getpid();
    const struct conditional rules[] = {
        {SCMP_ACT_ALLOW, SCMP_SYS(kill), SCMP_A0_32(SCMP_CMP_EQ, self)},
        {refusal, SCMP_SYS(kill), SCMP_A0_32(SCMP_CMP_NE, self)},
        {SCMP_ACT_ALLOW, SCMP_SYS(tgkill), SCMP_A0_32(SCMP_CMP_EQ, self)},
#if !CONTAINMENT_UNDER_SANITIZERS
        {refusal, SCMP_SYS(tgkill), SCMP_A0_32(SCMP_CMP_NE, self)},
#endif
    };

    return add_conditional(filter, rules, COUNT(rules));
}

static int add_processes(scmp_filter_ctx filter, const struct containment *containment)
{
    /* Its flags are in memory too; the C library falls back to clone(2). A thread fails there with
       the default action unless it is allowed, a process is forbidden. */
    static const int unseen[] = {SCMP_SYS(clone3)};
    const struct conditional clones[] = {
        {forbidden(containment), SCMP_SYS(clone),
         SCMP_CMP(CLONE_FLAGS_ARGUMENT, SCMP_CMP_MASKED_EQ, CLONE_THREAD, 0)},
        {SCMP_ACT_ALLOW, SCMP_SYS(clone),
         SCMP_CMP(CLONE_FLAGS_ARGUMENT, SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD)},
    };
    int error;

    if (CONTAINMENT_UNDER_SANITIZERS)
        return 0;
    error = add_calls(filter, SCMP_ACT_ERRNO(ENOSYS), unseen, COUNT(unseen));
    if (!error)
        error = add_conditional(filter, clones, containment->delivers ? 2 : 1);
    if (error)
        return error;
    return add_calls(filter, forbidden(containment), deadly_processes, COUNT(deadly_processes));
}

static int add_sockets(scmp_filter_ctx filter, bool unix_sockets)
{
    static const int any[] = {SCMP_SYS(socket)};
    const struct conditional only_unix[] = {
        {SCMP_ACT_ALLOW, SCMP_SYS(socket), SCMP_A0_32(SCMP_CMP_EQ, AF_UNIX)},
        {SCMP_ACT_KILL_PROCESS, SCMP_SYS(socket), SCMP_A0_32(SCMP_CMP_NE, AF_UNIX)},
    };
    int error = unix_sockets ? add_conditional(filter, only_unix, COUNT(only_unix))
                             : add_calls(filter, SCMP_ACT_KILL_PROCESS, any, COUNT(any));

    if (error)
        return error;
    return add_calls(filter, unix_sockets ? SCMP_ACT_ALLOW : SCMP_ACT_KILL_PROCESS, on_sockets,
                     COUNT(on_sockets));
}

/* ---------------------------------------------------------------- delivering */

static int add_delivering_sockets(scmp_filter_ctx filter, uint32_t needs)
{
    bool network = (needs & ATVM_NEED_NETWORK) != 0;
    const uint32_t ip = network ? SCMP_ACT_ALLOW : SCMP_ACT_ERRNO(EAFNOSUPPORT);
    const uint32_t local =
        needs & ATVM_NEED_UNIX_SOCKET ? SCMP_ACT_ALLOW : SCMP_ACT_ERRNO(EAFNOSUPPORT);
    const struct conditional families[] = {
        {ip, SCMP_SYS(socket), SCMP_A0_32(SCMP_CMP_EQ, AF_INET)},
        {ip, SCMP_SYS(socket), SCMP_A0_32(SCMP_CMP_EQ, AF_INET6)},
        {ip, SCMP_SYS(socket), SCMP_A0_32(SCMP_CMP_EQ, AF_NETLINK)},
        {local, SCMP_SYS(socket), SCMP_A0_32(SCMP_CMP_EQ, AF_UNIX)},
        {SCMP_ACT_ERRNO(EAFNOSUPPORT), SCMP_SYS(socket), SCMP_A0_32(SCMP_CMP_GT, AF_NETLINK)},
    };
    int error = add_conditional(filter, families, COUNT(families));

    if (!error && needs & (ATVM_NEED_NETWORK | ATVM_NEED_UNIX_SOCKET))
        error = add_calls(filter, SCMP_ACT_ALLOW, on_sockets, COUNT(on_sockets));
    if (!error && network)
        error = add_calls(filter, SCMP_ACT_ALLOW, on_network_sockets, COUNT(on_network_sockets));
    return error;
}

/* Is it a terminal, how much waits: no request that types into one. */
static int add_requests(scmp_filter_ctx filter)
{
    const struct conditional requests[] = {
        {SCMP_ACT_ALLOW, SCMP_SYS(ioctl), SCMP_A1_32(SCMP_CMP_EQ, TCGETS)},
        {SCMP_ACT_ALLOW, SCMP_SYS(ioctl), SCMP_A1_32(SCMP_CMP_EQ, TIOCGWINSZ)},
        {SCMP_ACT_ALLOW, SCMP_SYS(ioctl), SCMP_A1_32(SCMP_CMP_EQ, FIONREAD)},
        {SCMP_ACT_ALLOW, SCMP_SYS(ioctl), SCMP_A1_32(SCMP_CMP_EQ, FIONBIO)},
        {SCMP_ACT_ALLOW, SCMP_SYS(prctl), SCMP_A0_32(SCMP_CMP_EQ, PR_SET_NAME)},
    };

    return add_conditional(filter, requests, COUNT(requests));
}

static int add_writing(scmp_filter_ctx filter)
{
    static const int opening[] = {SCMP_SYS(open), SCMP_SYS(openat)};
    /* Flags in memory; see add_opening. */
    static const int unseen[] = {SCMP_SYS(openat2)};
    int error = add_calls(filter, SCMP_ACT_ALLOW, opening, COUNT(opening));

    if (!error)
        error = add_calls(filter, SCMP_ACT_ALLOW, on_files, COUNT(on_files));
    return error ? error : add_calls(filter, SCMP_ACT_ERRNO(ENOSYS), unseen, COUNT(unseen));
}

/* Calls of `deadly` that these needs make ordinary. */
static bool is_needed(int call, uint32_t needs)
{
    for (size_t i = 0; i < COUNT(delivering); i++)
        if (delivering[i] == call)
            return true;
    for (size_t i = 0; needs & ATVM_NEED_WRITE && i < COUNT(on_files); i++)
        if (on_files[i] == call)
            return true;
    for (size_t i = 0; needs & ATVM_NEED_NETWORK && i < COUNT(on_network_sockets); i++)
        if (on_network_sockets[i] == call)
            return true;
    return false;
}

static int forbid(scmp_filter_ctx filter, const struct containment *containment)
{
    int error = 0;

    for (size_t i = 0; i < COUNT(deadly) && !error; i++)
        if (!containment->delivers || !is_needed(deadly[i], containment->needs))
            error = add_calls(filter, forbidden(containment), &deadly[i], 1);
    return error;
}

static int add_delivery(scmp_filter_ctx filter, uint32_t needs)
{
    int error = add_calls(filter, SCMP_ACT_ALLOW, delivering, COUNT(delivering));

    if (!error)
        error = add_requests(filter);
    if (!error)
        error = needs & ATVM_NEED_WRITE ? add_writing(filter) : add_opening(filter);
    return error ? error : add_delivering_sockets(filter, needs);
}

/* ---------------------------------------------------------------- all of it */

static int add_rules(scmp_filter_ctx filter, const struct containment *containment)
{
    /* A query has no new value. */
    const struct conditional query = {SCMP_ACT_ALLOW, SCMP_SYS(prlimit64), SCMP_A2(SCMP_CMP_EQ, 0)};
    int error = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);

    if (!error)
        error = add_calls(filter, SCMP_ACT_ALLOW, allowed, COUNT(allowed));
    if (!error)
        error = add_conditional(filter, &query, 1);
    if (!error)
        error = forbid(filter, containment);
    if (!error)
        error = add_signals(filter, containment);
    if (!error)
        error = add_processes(filter, containment);
    if (!error && containment->delivers)
        return add_delivery(filter, containment->needs);
    if (!error)
        error = add_opening(filter);
    return error ? error : add_sockets(filter, (containment->needs & ATVM_NEED_UNIX_SOCKET) != 0);
}

int containment_filter_load(const struct containment *containment)
{
    scmp_filter_ctx filter = seccomp_init(DEFAULT_ACTION);
    int error;

    if (!filter)
        return -ENOMEM;
    error = add_rules(filter, containment);
    if (!error)
        error = seccomp_load(filter);
    seccomp_release(filter);
    return error;
}
