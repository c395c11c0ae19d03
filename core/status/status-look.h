/*
 * One build looked at, once or until its run has ended: what is on disk and, while it is not
 * closed, what it is judged to be now.
 */
#ifndef ATVM_CORE_STATUS_LOOK_H
#define ATVM_CORE_STATUS_LOOK_H

#include <stdio.h>

#include "run-settings.h"
#include "status.h"

struct status_look;

/*
 * config_path as for config_load. `settings`: the build's name, and what the command line says of
 * the run (since_ns -1: nothing); it is the caller's, outlives the look and is completed. NULL and
 * *ret_error (free it) where the configuration is wrong. status_look_free accepts NULL.
 */
struct status_look *status_look_new(const char *config_path, struct run_settings *settings,
                                    char **ret_error);
void status_look_free(struct status_look *look);

/*
 * Looks. 0, or -errno with *ret_error (free it): -ENOENT: nobody has watched the run, no runner of
 * it lives and it left no log; -EINVAL: configuration or collectors are wrong; -ENODATA: nothing
 * shows when it began; others: its state cannot be read.
 */
int status_look_refresh(struct status_look *look, char **ret_error);

/* As last seen, also where it could not be judged; until the next look. */
const struct build_status *status_look_status(const struct status_look *look);

/*
 * Goes on looking until the run has ended: its watcher has closed it and tried each post once or,
 * where nobody watches, its state is final and has settled. Says on `progress` what happens
 * (progress-output.h). As status_look_refresh, after which it is to be called.
 */
int status_look_follow(struct status_look *look, FILE *progress, char **ret_error);

#endif
