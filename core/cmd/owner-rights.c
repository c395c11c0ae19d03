#include "owner-rights.h"

#include <errno.h>
#include <grp.h>
#include <unistd.h>

int owner_rights_take(const struct stat *folder)
{
    if (geteuid() != 0 || folder->st_uid == 0)
        return 0;
    if (setgroups(0, NULL) < 0 || setresgid(folder->st_gid, folder->st_gid, folder->st_gid) < 0 ||
        setresuid(folder->st_uid, folder->st_uid, 0) < 0)
        return -errno;
    return 0;
}

int owner_rights_give_back(void)
{
    uid_t real, effective, saved;

    if (getresuid(&real, &effective, &saved) < 0)
        return -errno;
    if (effective == 0 || saved != 0)
        return 0;
    return setresuid(0, 0, 0) < 0 ? -errno : 0;
}
