/*
 * The job: what the watcher tells a new collect worker in its first line (doc/evidence.md). Both
 * ends of that line are here.
 */
#ifndef ATVM_CORE_COLLECT_JOB_H
#define ATVM_CORE_COLLECT_JOB_H

#include <atvm/plugin.h>

#include <json-c/json.h>
#include <stdbool.h>

#include "collect.h"
#include "memory.h"

/* The job line's object, the caller's. set_aside: array of { collector, path }, shared; an element
 * without a path sets the whole collector aside. fixed_now_ns -1: the real clock. */
struct json_object *collect_job_to_json(const struct config *config, const struct collect_run *run,
                                        struct json_object *set_aside, int64_t fixed_now_ns);

/* One collector as the job names it. Strings and options belong to the job's `json`. */
struct collect_job_collector {
    const char *name, *module;
    bool critical;
    struct json_object *options; /* name -> typed value; may be NULL */
};

struct collect_job {
    struct json_object *json;
    struct atvm_run run;
    const char **cypress_env; /* what run.cypress_env points to */
    struct collect_job_collector *collectors;
    size_t collector_count;
    struct json_object *set_aside; /* may be NULL; in json */
    int64_t fixed_now_ns;          /* -1: the real clock */
};

/* Reads a job line. NULL and *ret_error (free it) where it is none. collect_job_free accepts NULL.
 */
struct collect_job *collect_job_parse(const char *line, size_t length, char **ret_error);
void collect_job_free(struct collect_job *job);

/* Whether `path` of `collector` is set aside; path NULL: whether the whole collector is. */
bool collect_job_is_set_aside(const struct collect_job *job, const char *collector,
                              const char *path);

#endif
