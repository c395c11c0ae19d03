#include "containment-filter.h"

#include <atvm/plugin.h>

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>
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
static int add_signals(scmp_filter_ctx filter)
{
    const scmp_datum_t self = (scmp_datum_t)getpid();
    const struct conditional rules[] = {
        {SCMP_ACT_ALLOW, SCMP_SYS(kill), SCMP_A0_32(SCMP_CMP_EQ, self)},
        {SCMP_ACT_KILL_PROCESS, SCMP_SYS(kill), SCMP_A0_32(SCMP_CMP_NE, self)},
        {SCMP_ACT_ALLOW, SCMP_SYS(tgkill), SCMP_A0_32(SCMP_CMP_EQ, self)},
#if !CONTAINMENT_UNDER_SANITIZERS
        {SCMP_ACT_KILL_PROCESS, SCMP_SYS(tgkill), SCMP_A0_32(SCMP_CMP_NE, self)},
#endif
    };

    return add_conditional(filter, rules, COUNT(rules));
}

static int add_processes(scmp_filter_ctx filter)
{
    /* Its flags are in memory too; the C library falls back to clone(2). A thread fails there with
       the default action, a process is deadly. */
    static const int unseen[] = {SCMP_SYS(clone3)};
    const struct conditional process = {
        SCMP_ACT_KILL_PROCESS, SCMP_SYS(clone),
        SCMP_CMP(CLONE_FLAGS_ARGUMENT, SCMP_CMP_MASKED_EQ, CLONE_THREAD, 0)};
    int error;

    if (CONTAINMENT_UNDER_SANITIZERS)
        return 0;
    error = add_calls(filter, SCMP_ACT_ERRNO(ENOSYS), unseen, COUNT(unseen));
    if (!error)
        error = add_conditional(filter, &process, 1);
    if (error)
        return error;
    return add_calls(filter, SCMP_ACT_KILL_PROCESS, deadly_processes, COUNT(deadly_processes));
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

static int add_rules(scmp_filter_ctx filter, uint32_t needs)
{
    /* A query has no new value. */
    const struct conditional query = {SCMP_ACT_ALLOW, SCMP_SYS(prlimit64), SCMP_A2(SCMP_CMP_EQ, 0)};
    int error = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);

    if (!error)
        error = add_calls(filter, SCMP_ACT_ALLOW, allowed, COUNT(allowed));
    if (!error)
        error = add_conditional(filter, &query, 1);
    if (!error)
        error = add_calls(filter, SCMP_ACT_KILL_PROCESS, deadly, COUNT(deadly));
    if (!error)
        error = add_opening(filter);
    if (!error)
        error = add_signals(filter);
    if (!error)
        error = add_processes(filter);
    return error ? error : add_sockets(filter, (needs & ATVM_NEED_UNIX_SOCKET) != 0);
}

int containment_filter_load(uint32_t needs)
{
    scmp_filter_ctx filter = seccomp_init(DEFAULT_ACTION);
    int error;

    if (!filter)
        return -ENOMEM;
    error = add_rules(filter, needs);
    if (!error)
        error = seccomp_load(filter);
    seccomp_release(filter);
    return error;
}
