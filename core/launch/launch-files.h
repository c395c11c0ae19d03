/* The files a launch needs, looked at before anything is shown or run. */
#ifndef ATVM_CORE_LAUNCH_FILES_H
#define ATVM_CORE_LAUNCH_FILES_H

#include "launch-plan.h"

/* Whether the automation root, the Cypress configuration, and programs and scripts of both commands
 * are there. No substitute is looked for. false and *ret_error (free it): the first that is not. */
bool launch_files_are_there(const struct launch_plan *plan, const struct launch_request *request,
                            const struct config *config, char **ret_error);

/* The absolute path of a command's program: as written, below the folder, or found in PATH; free
 * it. NULL: it is not there, or cannot be executed. */
char *launch_program_path(const char *program, const char *folder);

#endif
