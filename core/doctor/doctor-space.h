/* Room on the file systems that a run needs: machine.space, machine.inodes. */
#ifndef ATVM_CORE_DOCTOR_SPACE_H
#define ATVM_CORE_DOCTOR_SPACE_H

#include "doctor-look.h"

struct space_seen {
    const char *what; /* "state root" */
    const char *path; /* what was looked at */
    int error;        /* -errno of statvfs(3); 0 */
    bool read_only;
    uint64_t free_bytes, total_bytes;   /* free: for those who are not root */
    uint64_t free_inodes, total_inodes; /* total 0: the file system does not count any */
};

/* Pure. */
void doctor_judge_space(struct doctor_report *report, const struct space_seen *seen);
void doctor_look_space(const struct config *config, struct doctor_report *report);

#endif
