/* Whose rights a command of root's works with in a build's folder. */
#ifndef ATVM_CORE_CMD_OWNER_RIGHTS_H
#define ATVM_CORE_CMD_OWNER_RIGHTS_H

#include <sys/stat.h>

/*
 * Takes the rights of the folder's owner: files that root made would be closed to a watcher that is
 * another user. What this process executes then can never be root again; it itself can, to start a
 * unit. Nothing happens for who is not root, or where root is the owner. 0 or -errno.
 */
int owner_rights_take(const struct stat *folder);

/* Root again, where this process was root before. 0 or -errno. */
int owner_rights_give_back(void);

#endif
