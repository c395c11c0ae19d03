/* The command with which watching a build goes on. */
#ifndef ATVM_CORE_WATCH_COMMAND_H
#define ATVM_CORE_WATCH_COMMAND_H

#include <stdbool.h>

#include "config.h"

/* StateDirectory= of the unit: it knows no build that is kept elsewhere. */
#define UNIT_STATE_ROOT "/var/lib/atvm-run-watcher"

/* Whether the build's unit would watch it with this configuration, on this machine. */
bool watch_command_is_unit(const struct config *config, const char *build);

/* Starts the unit where that can be, else the watcher by hand; for a shell, free() it. `build` is a
 * valid name. */
char *watch_command(const struct config *config, const char *build);

/* "systemctl <words>", with sudo for who is not root; free() it. */
char *systemctl_command(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
