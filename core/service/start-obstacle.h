/* What forbids that another run of a name is begun. */
#ifndef ATVM_CORE_START_OBSTACLE_H
#define ATVM_CORE_START_OBSTACLE_H

#include "config.h"
#include "unit-control.h"

/*
 * Looks for a runner and a watcher of the build that live, and for posts that are not settled
 * (neither delivered nor given up by an operator). runner_unit: under which the runner may have been started; NULL:
 * not as a unit. 0: there is nothing. -EBUSY: *ret_error (free it) names all of
 * it, a line each, with the command that settles it. Another -errno: it could not be looked, which
 * is not "nothing"; *ret_error says why.
 */
int start_obstacle(const struct config *config, const char *build, const char *runner_unit,
                   struct unit_control *units, char **ret_error);

#endif
