/* The workers' system call filters, built with libseccomp for whatever architecture this is. */
#ifndef ATVM_CORE_CONTAINMENT_FILTER_H
#define ATVM_CORE_CONTAINMENT_FILTER_H

#include "containment.h"

/* 1 in a build with AddressSanitizer. It reserves terabytes of address space, uses calls of its own
 * and looks for leaks from a child process: containment is looser then, as said where that is. */
#if defined(__SANITIZE_ADDRESS__)
#define CONTAINMENT_UNDER_SANITIZERS 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define CONTAINMENT_UNDER_SANITIZERS 1
#endif
#endif
#ifndef CONTAINMENT_UNDER_SANITIZERS
#define CONTAINMENT_UNDER_SANITIZERS 0
#endif

/* Loads the filter that containment.h describes into the calling thread. 0 or -errno (as
 * seccomp_rule_add(3) and seccomp_load(3) give it). */
int containment_filter_load(const struct containment *containment);

#endif
