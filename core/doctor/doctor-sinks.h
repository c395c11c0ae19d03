/* Whether the sinks can work and reach their other side: sinks.ready, sinks.reach. */
#ifndef ATVM_CORE_DOCTOR_SINKS_H
#define ATVM_CORE_DOCTOR_SINKS_H

#include "deliver.h"
#include "doctor-look.h"

struct sink_seen {
    const struct config_module *sink;
    enum deliver_readiness readiness;
    const char *words; /* as deliver_probe gives them; NULL: none */
    const char *environment_file;
    int environment_error; /* -errno of reading it: a secret may only be missing here; 0 */
};

/* Pure. */
void doctor_judge_sink(struct doctor_report *report, const struct sink_seen *seen);

/* Asks each sink in a deliver worker of its own; nothing is posted. secrets: see struct
 * deliver_settings. */
void doctor_look_sinks(const struct doctor_asked *asked, const struct config *config, int secrets,
                       struct doctor_report *report);

#endif
