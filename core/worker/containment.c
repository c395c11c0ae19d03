#include "containment.h"

#include <atvm/plugin.h>

#include <errno.h>
#include <linux/capability.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "containment-filter.h"

#define DESCRIPTORS_MAX 256

/* glibc has no wrapper; version 3 (linux/capability.h) takes two words of 32 capabilities each. */
struct capabilities {
    struct __user_cap_header_struct header;
    struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3];
};

const char *containment_refusal(uint32_t needs)
{
    if (needs & ATVM_NEED_NETWORK)
        return "it needs the network, which the collect worker does not have; remove it from "
               "\"collectors\"";
    if (needs & ATVM_NEED_WRITE)
        return "it needs to write files, which the collect worker cannot do; remove it from "
               "\"collectors\"";
    return NULL;
}

/* ---------------------------------------------------------------- capabilities */

/* Capabilities a worker keeps, as bits. All of them are among the first 32 (linux/capability.h). */
static uint32_t kept_capabilities(const struct containment *containment)
{
    const uint32_t reading = UINT32_C(1) << CAP_DAC_READ_SEARCH;
    const uint32_t writing = reading | UINT32_C(1) << CAP_DAC_OVERRIDE | UINT32_C(1) << CAP_FOWNER |
                             UINT32_C(1) << CAP_CHOWN;

    if (!containment->delivers)
        return reading;
    if (containment->needs & ATVM_NEED_WRITE)
        return writing;
    return containment->needs & ATVM_NEED_FILES ? reading : 0;
}

/* The bounding set can only be narrowed by who holds CAP_SETPCAP; without it there is nothing to
 * gain from the set either, since no_new_privs is on. */
static int narrow_bounding_set(uint32_t kept)
{
    for (unsigned long capability = 0;; capability++) {
        int held = prctl(PR_CAPBSET_READ, capability, 0, 0, 0);

        if (held < 0) /* EINVAL: beyond the last capability this kernel knows */
            return 0;
        if (held == 0 || (capability < 32 && kept & UINT32_C(1) << capability))
            continue;
        if (prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) < 0)
            return errno == EPERM ? 0 : -errno;
    }
}

static int drop_capabilities(uint32_t kept)
{
    struct capabilities now = {.header = {.version = _LINUX_CAPABILITY_VERSION_3}};

    if (syscall(SYS_capget, &now.header, now.sets) < 0)
        return -errno;
    kept &= now.sets[0].permitted;
    now.sets[0] = (struct __user_cap_data_struct){.effective = kept, .permitted = kept};
    now.sets[1] = (struct __user_cap_data_struct){0};
    return syscall(SYS_capset, &now.header, now.sets) < 0 ? -errno : 0;
}

/* ---------------------------------------------------------------- limits */

static int limit(__rlimit_resource_t resource, rlim_t value)
{
    struct rlimit now;
    rlim_t hard;

    if (getrlimit(resource, &now) < 0)
        return -errno;
    hard = value < now.rlim_max ? value : now.rlim_max;
    now = (struct rlimit){.rlim_cur = hard, .rlim_max = hard};
    return setrlimit(resource, &now) < 0 ? -errno : 0;
}

static int limit_address_space(int64_t bytes)
{
    /* Skipped under sanitizers: their shadow alone is larger than any limit. */
    if (CONTAINMENT_UNDER_SANITIZERS || bytes <= 0)
        return 0;
    return limit(RLIMIT_AS, (rlim_t)bytes);
}

static int limit_resources(const struct containment *containment)
{
    int error = limit(RLIMIT_CORE, 0);

    if (!error && !containment->delivers)
        error = limit(RLIMIT_FSIZE, 0);
    if (!error)
        error = limit(RLIMIT_NOFILE, DESCRIPTORS_MAX);
    if (!error)
        error = limit_address_space(containment->address_space);
    return error;
}

/* ---------------------------------------------------------------- all of it */

static int set_process_flags(void)
{
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return -errno;
    return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 ? -errno : 0;
}

int containment_enter(const struct containment *containment, const char **ret_step)
{
    int error;

    *ret_step = "no_new_privs and dumpable";
    error = set_process_flags();
    if (error)
        return error;
    *ret_step = "capabilities";
    error = narrow_bounding_set(kept_capabilities(containment));
    if (!error)
        error = drop_capabilities(kept_capabilities(containment));
    if (error)
        return error;
    *ret_step = "resource limits";
    error = limit_resources(containment);
    if (error)
        return error;
    *ret_step = "the system call filter";
    return containment_filter_load(containment);
}
