#include "watch-command.h"

#include <stdarg.h>
#include <string.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "cleanup.h"
#include "config-call.h"
#include "memory.h"
#include "unit-control.h"

bool watch_command_is_unit(const struct config *config, const char *build)
{
    CLEANUP_FREE char *handed_on = NULL;

    if (!config->state_root || strcmp(config->state_root, UNIT_STATE_ROOT) != 0 || sd_booted() <= 0)
        return false;
    /* What `start` noted leads the unit to a configuration that is not the default one. */
    handed_on = memory_format("%s/%s/run.env", config->state_root, build);
    return !config->call.option || !*config->call.option || access(handed_on, F_OK) == 0;
}

/* Also one who has taken another user's rights for a while. */
static bool is_root(void)
{
    uid_t real, effective, saved;

    return getresuid(&real, &effective, &saved) == 0 && (real == 0 || effective == 0 || saved == 0);
}

char *systemctl_command(const char *format, ...)
{
    CLEANUP_FREE char *words = NULL;
    va_list arguments;

    va_start(arguments, format);
    words = memory_vformat(format, arguments);
    va_end(arguments);
    return memory_format("%ssystemctl %s", is_root() ? "" : "sudo ", words);
}

char *watch_command(const struct config *config, const char *build)
{
    CLEANUP_FREE char *unit = unit_of_watcher(build);

    return watch_command_is_unit(config, build) ? systemctl_command("start '%s'", unit)
                                                : config_command(config, "run %s", build);
}
