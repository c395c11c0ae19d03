/* What is there of a build that forbids to begin another run of that name. */
#ifndef ATVM_CORE_LAUNCH_OBSTACLE_H
#define ATVM_CORE_LAUNCH_OBSTACLE_H

#include "config.h"
#include "unit-control.h"

/*
 * A runner or a watcher that lives, as a unit or as a process, and posts that are not settled. 0:
 * nothing. -EBUSY: *ret_error (free it) names all of it, one line each. Others: it could not be
 * looked, which is no "nothing"; *ret_error says why.
 */
int launch_obstacle(const struct config *config, const char *build, const char *runner_unit,
                    struct unit_control *units, char **ret_error);

#endif
