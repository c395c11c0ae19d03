/* The service manager and its units: service.manager, service.unit, service.instance. */
#ifndef ATVM_CORE_DOCTOR_SERVICE_H
#define ATVM_CORE_DOCTOR_SERVICE_H

#include "doctor-look.h"
#include "unit-control.h"

/* One instance that matters, or the template as any instance shows it. */
struct unit_seen {
    const char *unit;
    int error; /* -errno of asking; 0 */
    const char *error_text;
    const struct unit_status *status; /* NULL: not known */
};

/* Pure. */
void doctor_judge_template(struct doctor_report *report, const struct unit_seen *seen);
/* An instance that did not fail gives no row. */
void doctor_judge_instance(struct doctor_report *report, const char *build,
                           const struct unit_seen *seen);

/* Looks at the template, and at the instance of asked->build or at those that failed. */
void doctor_look_service(const struct doctor_asked *asked, struct doctor_report *report);

#endif
