/* Owners and modes of what is trusted, secret or written to: permissions.path. */
#ifndef ATVM_CORE_DOCTOR_PERMISSIONS_H
#define ATVM_CORE_DOCTOR_PERMISSIONS_H

#include <sys/types.h>

#include "doctor-look.h"

enum path_role {
    PATH_PROGRAM,
    PATH_MODULE_FOLDER,
    PATH_MODULE,
    PATH_CONFIG,
    PATH_ENVIRONMENT, /* the file with the secrets */
    PATH_SECRET,      /* in the credential store */
    PATH_STATE_ROOT,
    PATH_AUTOMATION_ROOT,
    PATH_ARTIFACTS /* folder of the per-host artifacts */
};

/* A path and who may do what with it, symbolic links followed. */
struct path_seen {
    enum path_role role;
    const char *path;
    int error; /* -errno of stat(2); 0 */
    mode_t mode;
    uid_t owner;
    gid_t group;
    int read_error;       /* -errno of looking into it; 0; secrets: of opening it */
    uid_t as_user;        /* effective user of whoever looks */
    bool may_be_gone;     /* it need not exist */
    const char *obstacle; /* why it can never be used, as check-config says it; NULL: it can */
    const char *named_in; /* file to name another one in; NULL: the default configuration */
    int named_line;       /* 0: it is not named there */
    bool is_replaceable;  /* of a module: others than root may write its folder */
};

/* Pure. */
void doctor_judge_path(struct doctor_report *report, const struct path_seen *seen);
void doctor_look_permissions(const struct doctor_asked *asked, const struct config *config,
                             struct doctor_report *report);

#endif
