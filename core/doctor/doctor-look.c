#include "doctor-look.h"

#include "cleanup.h"
#include "doctor-builds.h"
#include "doctor-clock.h"
#include "doctor-config.h"
#include "doctor-journal.h"
#include "doctor-limits.h"
#include "doctor-permissions.h"
#include "doctor-service.h"
#include "doctor-sinks.h"
#include "doctor-space.h"
#include "doctor-versions.h"

void doctor_look(const struct doctor_asked *asked, struct doctor_report *report)
{
    int secrets = -1;
    struct config *config = doctor_look_config(asked, report, &secrets);

    doctor_look_programs(report);
    doctor_look_permissions(asked, config, report);
    if (config)
        doctor_look_sinks(asked, config, secrets, report);
    doctor_look_clock(asked, config, report);
    doctor_look_space(config, report);
    doctor_look_limits(config, report);
    if (config)
        doctor_look_builds(asked, config, report);
    doctor_look_service(asked, report);
    doctor_look_journal(asked, config, report);
    if (secrets != asked->secrets)
        cleanup_close_descriptor(&secrets);
    config_free(config);
}
