/*
 * What became of the builds: builds.known, builds.state, builds.watcher, builds.damaged,
 * posts.uncertain, posts.quarantined, posts.unconfigured, posts.waiting, posts.missing.
 */
#ifndef ATVM_CORE_DOCTOR_BUILDS_H
#define ATVM_CORE_DOCTOR_BUILDS_H

#include <sys/types.h>

#include "doctor-look.h"
#include "module-folder.h"
#include "outbox.h"
#include "state.h"

/* Who holds a build's lock. */
enum watcher_presence {
    WATCHER_NONE,
    WATCHER_LIVES,
    WATCHER_HIDDEN /* whoever held it last may live: the process table does not show it */
};

/* A post that a closed scope should have and of which there is neither record nor marker. */
struct missing_post {
    const char *scope, *sink;
    const char *folder; /* of the scope */
    char *marker;       /* file name of the sink's marker; owned */
};

struct build_seen {
    const char *name;
    const char *folder;
    int error; /* -errno of reading its state; 0 */
    const char *error_text;
    const struct state *state; /* NULL: it cannot be read */
    int posts_error;           /* -errno of reading its outbox */
    const char *posts_error_text;
    const struct outbox_list *posts; /* NULL: it cannot be read */
    const struct missing_post *missing;
    size_t missing_count;
    const struct name_list *damaged; /* files that were set aside */
    enum watcher_presence presence;
    pid_t watcher; /* process that holds, or held, the lock */
    const char *go_on; /* the command of a watcher that goes on with whatever is not finished */
    int64_t now_ns;
};

/* Adds rows for what is not well; a build without any gets none. Returns whether it got none. Pure.
 */
bool doctor_judge_build(struct doctor_report *report, const struct config *config,
                        const struct build_seen *seen);
/* Looks at asked->build, or at all builds of the state root. */
void doctor_look_builds(const struct doctor_asked *asked, const struct config *config,
                        struct doctor_report *report);

#endif
