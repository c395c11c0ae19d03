/*
 * A host for testing a module without the watcher: options and the run are set by the test, and all
 * the module says is kept as JSON. Breaking a rule of atvm/plugin.h (a nested unit, evidence
 * outside of one, a relative path, an unknown claim or quality, an unknown option) fails the
 * running test.
 */
#ifndef ATVM_TESTS_FAKE_HOST_H
#define ATVM_TESTS_FAKE_HOST_H

#include <atvm/plugin.h>
#include <json-c/json.h>

struct fake_host;

/* `options`, count elements: the module's table, from which defaults come. Never NULL; free with
 * fake_host_free. */
struct fake_host *fake_host_new(const struct atvm_option *options, size_t count);
void fake_host_free(struct fake_host *fake);
/* What the module gets. */
const struct atvm_host *fake_host_table(struct fake_host *fake);
/* To be filled in before create; strings are the test's. */
struct atvm_run *fake_host_run(struct fake_host *fake);
/* An option as it would be written: "5s", "true", lists comma-separated. */
void fake_host_option(struct fake_host *fake, const char *name, const char *value);
/* The run's clock; the real time until this is called. */
void fake_host_set_now(struct fake_host *fake, int64_t now_ns);
/* What host->deadline answers, ns of CLOCK_MONOTONIC; until this is called: a minute ahead. */
void fake_host_set_deadline(struct fake_host *fake, int64_t deadline_ns);
/* begin_source of this path answers ATVM_FAILED from now on. */
void fake_host_set_aside(struct fake_host *fake, const char *path);

/*
 * Completed units so far, an array the fake owns: { "begin": {as evidence_source_to_json},
 * "evidence": [ {as evidence_to_json} ... ], "quality": "whole", "reason": "..." }.
 */
struct json_object *fake_host_units(struct fake_host *fake);
/* Forgets the units. */
void fake_host_clear(struct fake_host *fake);
/* The completed unit of this path, the last one if there are several; NULL. */
struct json_object *fake_host_unit(struct fake_host *fake, const char *path);
/* The first evidence object with this claim (wire name) and host (NULL: any) in any unit; NULL. */
struct json_object *fake_host_find(struct fake_host *fake, const char *claim, const char *host);
/* The last host->fail message; NULL. */
const char *fake_host_failure(struct fake_host *fake);
/* How many warnings it logged. */
unsigned fake_host_warnings(const struct fake_host *fake);
/* How often host->watch named this path. */
unsigned fake_host_watches(struct fake_host *fake, const char *path);

#endif
