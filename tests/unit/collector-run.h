/* A collector module at work on a folder of its own, with a fake host. */
#ifndef ATVM_TESTS_COLLECTOR_RUN_H
#define ATVM_TESTS_COLLECTOR_RUN_H

#include <atvm/plugin.h>

#include "fake-host.h"

struct collector_run {
    char root[32]; /* automation_root; empty at first */
    const struct atvm_collector *collector;
    struct fake_host
        *fake;  /* its clock: an hour ahead, so that what is written counts as settled */
    void *self; /* created, not configured */
};

/* Never NULL; collector_run_free removes the folder too. */
struct collector_run *collector_run_new(const struct atvm_collector *collector);
void collector_run_free(struct collector_run *run);

/* Writes a file below the root, with the folders it lies in, and gives it this time. */
void collector_run_write(struct collector_run *run, const char *name, const char *bytes,
                         size_t length, int64_t mtime_s);
/* One pass, expected to look at everything; configures the module at the first one. */
void collector_run_pass(struct collector_run *run);
/* The unit of the file of this name in the last pass; NULL: none. */
struct json_object *collector_run_unit(struct collector_run *run, const char *name);
/* Its only evidence; NULL: it has none. More than one fails the test. */
struct json_object *collector_run_evidence(struct collector_run *run, const char *name);
/* The text of a member, "" where there is none. */
const char *collector_run_text(struct json_object *object, const char *member);

#endif
