/* The sound parts of the faulty modules: each takes these and breaks one thing. */
#ifndef ATVM_TESTS_FAULTY_SOUND_H
#define ATVM_TESTS_FAULTY_SOUND_H

#include <atvm/plugin.h>

static inline void *sound_create(const struct atvm_host *host)
{
    return (void *)(uintptr_t)host;
}

static inline int32_t sound_collect(void *self)
{
    (void)self;
    return ATVM_COLLECT_COMPLETE;
}

static inline void sound_destroy(void *self)
{
    (void)self;
}

#define SOUND_NAMES .name = "faulty", .version = "1", .summary = "has one fault"
#define SOUND_CALLS .create = sound_create, .collect = sound_collect, .destroy = sound_destroy

#endif
