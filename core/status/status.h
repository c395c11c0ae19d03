/*
 * What `status` says of one build: who watches it, how its posts stand, and its report: judged just
 * now, or as it was stored when the run was closed. Reading changes nothing; rendering is pure.
 */
#ifndef ATVM_CORE_STATUS_H
#define ATVM_CORE_STATUS_H

#include <json-c/json.h>
#include <stdint.h>
#include <sys/types.h>

#include "config.h"
#include "outbox.h"
#include "report.h"
#include "state.h"
#include "status-window.h"

struct build_status {
    const char *build;           /* the caller's */
    const struct config *config; /* the caller's; with its sinks */
    int64_t now_ns;
    pid_t watcher;            /* holds the build's lock; 0: nobody */
    struct state *state;      /* NULL: nobody has watched it */
    struct outbox_list posts; /* as they stand */
    pid_t runner;             /* a process that looks like its runner; 0: none; the caller's */
    /* Of a closed build: report.txt of its scopes, in their order, and report.json of the whole;
       NULL: not there. */
    char *stored_text, *stored_json;
    /* Of one that is not closed: the caller's; the start of its window from where. */
    const struct report *report;
    struct status_window window;
};

/*
 * Reads what is on disk about `build` (a valid name). 0 (`state` is NULL where nobody has watched
 * it); -errno with *ret_error (free it) where something of it cannot be read. build_status_clear in
 * any case.
 */
int build_status_load(const char *build, const struct config *config, int64_t now_ns,
                      struct build_status *ret, char **ret_error);
void build_status_clear(struct build_status *status);

bool build_status_is_closed(const struct build_status *status);
/* Of the run: as it was closed, else as it was judged; 0 where neither was. */
enum run_state build_status_state(const struct build_status *status);

/* The status for people, several lines; free() it. time_zone as in struct run_facts. Pure. */
char *build_status_text(const struct build_status *status, const char *time_zone);
/* One element of what `status --json` prints (doc/status.md); the caller owns it. Pure. */
struct json_object *build_status_json(const struct build_status *status);

#endif
