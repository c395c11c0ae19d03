/* The machine's clock and time zone: machine.clock, machine.synchronized, machine.time_zone. */
#ifndef ATVM_CORE_DOCTOR_CLOCK_H
#define ATVM_CORE_DOCTOR_CLOCK_H

#include "doctor-look.h"

/* Times are ns since 1970 UTC. */
struct clock_seen {
    int64_t now_ns;
    int64_t program_ns; /* when the running program's file was written; -1: not known */
    int error;          /* -errno of adjtimex(2) */
    long max_error_us;  /* its maxerror */
    const char *zone;   /* as in struct config */
    bool zone_is_local; /* where `zone` is NULL: TZ or /etc/localtime names it */
    bool has_client;    /* something is installed that `timedatectl set-ntp` can start */
};

/* Pure but for the zone database. */
void doctor_judge_clock(struct doctor_report *report, const struct clock_seen *seen);
void doctor_look_clock(const struct doctor_asked *asked, const struct config *config,
                       struct doctor_report *report);

#endif
