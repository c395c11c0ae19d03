/* Whether the folders that a watcher cannot do without are there, or can be made. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "config.h"
#include "memory.h"

static const char *place_of(const struct config *config, const char *setting)
{
    const char *place = json_object_get_string(json_object_object_get(config->places, setting));

    return place ? place : "built-in configuration";
}

bool config_check_root(const struct config *config, char **ret_error)
{
    CLEANUP_DIR DIR *folder = opendir(config->automation_root);

    if (folder)
        return true;
    *ret_error = memory_format(
        "%s: automation_root: %s: %s; %s", place_of(config, "automation_root"),
        config->automation_root, strerror(errno),
        errno == EACCES ? "this user may not look there: do it as root (sudo), or correct the "
                          "permissions of that folder"
                        : "set it to the folder of the Cypress project");
    return false;
}

/* ---- the state root */

/* The nearest folder that is there, of `path` itself or above it, becomes *ret_folder (free it). 0,
 * or -errno: of what is in the way, *ret_folder. A link that leads nowhere is in the way, too. */
static int find_existing(const char *path, char **ret_folder)
{
    CLEANUP_FREE char *folder = memory_string(path);
    struct stat status;
    int error = 0;

    while (lstat(folder, &status) < 0 && (errno == ENOENT || errno == ENOTDIR)) {
        char *slash = strrchr(folder, '/');

        slash[slash == folder] = '\0';
    }
    if (stat(folder, &status) < 0)
        error = -errno;
    else if (!S_ISDIR(status.st_mode))
        error = -ENOTDIR;
    *ret_folder = TAKE_POINTER(folder);
    return error;
}

/* Only trying tells: nothing can be made in /proc, whatever its mode and however root one is. The
 * name is none that a build can have. */
static int try_to_make_in(const char *folder)
{
    CLEANUP_FREE char *trial =
        memory_format("%s/.atvm-watcher-XXXXXX", strcmp(folder, "/") == 0 ? "" : folder);

    return mkdtemp(trial) && rmdir(trial) == 0 ? 0 : -errno;
}

static const char *what_helps(int error)
{
    if (error == -EACCES || error == -EPERM)
        return "start the watcher as root, or set state_root to a folder that is its own";
    return "set state_root to a folder that is there or can be made";
}

int config_check_state_root(const struct config *config, char **ret_error)
{
    CLEANUP_FREE char *folder = NULL;
    int error = find_existing(config->state_root, &folder);
    bool is_itself = strcmp(folder, config->state_root) == 0;
    const char *no_entry = error ? "is a link that leads nowhere" : "nothing can be made there";

    if (!error)
        error = try_to_make_in(folder);
    /* A disk that is full is no mistake of the configuration. */
    if (!error || error == -ENOSPC || error == -EDQUOT)
        return 0;
    *ret_error = memory_format("%s: state_root: %s%s%s: %s; %s", place_of(config, "state_root"),
                               config->state_root,
                               is_itself ? "" : " cannot be made: ", is_itself ? "" : folder,
                               error == -ENOENT ? no_entry : strerror(-error), what_helps(error));
    return error;
}

bool config_state_root_is_impossible(int error)
{
    return error && error != -EACCES && error != -EPERM && error != -EROFS;
}
