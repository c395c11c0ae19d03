/* What the watchers' units said lately: journal.access, journal.recent. */
#ifndef ATVM_CORE_DOCTOR_JOURNAL_H
#define ATVM_CORE_DOCTOR_JOURNAL_H

#include "doctor-look.h"

/* One entry of priority warning or worse. */
struct journal_entry {
    int priority;     /* of syslog(3) */
    const char *unit; /* it is from or about */
    const char *message;
    const char *build; /* that its watcher named; NULL: it named none */
    bool is_settled; /* its run is closed by now, and nothing of it waits, is held or has failed */
};

struct journal_seen {
    int error;      /* -errno of opening or reading it; 0 */
    bool is_hidden; /* the system's journal is there and may not be read */
    bool is_absent; /* there is none: nothing was logged, or elsewhere */
    const char *build;
    const struct journal_entry *entries; /* oldest first, of the last ten minutes */
    size_t count;
    bool is_cut; /* there were more than are looked at */
};

/* Whether a message only tells that a unit could not be reset which was not loaded: that is how
 * `systemctl reset-failed` always ends on such a unit, and means nothing. Pure. */
bool journal_message_is_noise(const char *message);

/* Pure. */
void doctor_judge_journal(struct doctor_report *report, const struct journal_seen *seen);
/* After builds and service, whose rows say what is not settled. config NULL: nothing is known. */
void doctor_look_journal(const struct doctor_asked *asked, const struct config *config,
                         struct doctor_report *report);

#endif
