#include "doctor-service.h"

#include <errno.h>
#include <string.h>
#include <systemd/sd-daemon.h>

#include "cleanup.h"
#include "status-builds.h"

/* Any instance shows whether there is a template; this one is never started. */
#define EXAMPLE "doctor"

/* ---- what it amounts to */

void doctor_judge_template(struct doctor_report *report, const struct unit_seen *seen)
{
    if (!seen->status)
        doctor_unseen(report, "service.unit", seen->unit, "sudo atvm-watcher doctor", "%s",
                      seen->error_text ? seen->error_text : strerror(-seen->error));
    else if (strcmp(seen->status->load_state, "not-found") == 0)
        doctor_problem(report, DOCTOR_WARN, "service.unit", seen->unit,
                       "make install && systemctl daemon-reload",
                       "the service manager knows no such unit: runs cannot be watched as a "
                       "service");
    else if (strcmp(seen->status->load_state, "loaded") != 0)
        doctor_problem(report, DOCTOR_BAD, "service.unit", seen->unit,
                       doctor_text(report, "systemctl cat %s", seen->unit),
                       "the unit cannot be used: its load state is \"%s\"",
                       seen->status->load_state);
    else
        doctor_ok(report, "service.unit", seen->unit, "is installed");
}

void doctor_judge_instance(struct doctor_report *report, const char *build,
                           const struct unit_seen *seen)
{
    const struct unit_status *status = seen->status;

    if (!status) {
        doctor_unseen(report, "service.instance", build, "sudo atvm-watcher doctor", "%s",
                      seen->error_text ? seen->error_text : strerror(-seen->error));
        return;
    }
    if (strcmp(status->active_state, "failed") != 0)
        return;
    doctor_problem(report, DOCTOR_BAD, "service.instance", build,
                   doctor_text(report, "systemctl start %s", doctor_word(report, seen->unit)),
                   "its service failed (%s, status %d): look first with journalctl -u %s -n 50",
                   status->result, status->exit_status, seen->unit);
}

/* ---- looking */

static struct unit_seen ask(struct unit_control *control, const char *unit,
                            struct unit_status *status, char **error)
{
    struct unit_seen seen = {.unit = unit};

    seen.error = unit_query(control, unit, status, error);
    seen.error_text = *error;
    seen.status = seen.error ? NULL : status;
    return seen;
}

static void look_at_template(struct unit_control *control, struct doctor_report *report)
{
    CLEANUP_FREE char *unit = unit_of_watcher(EXAMPLE);
    CLEANUP_FREE char *error = NULL;
    struct unit_status status = {0};
    struct unit_seen seen = ask(control, unit, &status, &error);

    seen.unit = "atvm-run-watcher@.service";
    doctor_judge_template(report, &seen);
    unit_status_clear(&status);
}

static void look_at_instance(struct unit_control *control, const char *build,
                             struct doctor_report *report)
{
    CLEANUP_FREE char *unit = unit_of_watcher(build);
    CLEANUP_FREE char *error = NULL;
    struct unit_status status = {0};
    struct unit_seen seen = ask(control, unit, &status, &error);

    doctor_judge_instance(report, build, &seen);
    unit_status_clear(&status);
}

/* Those whose watcher should be at work. What cannot be read here is reported with the builds. */
static void look_at_open_builds(const struct doctor_asked *asked, const struct config *config,
                                struct unit_control *control, struct doctor_report *report)
{
    CLEANUP_FREE char *error = NULL;
    struct build_rows rows;

    if (build_rows_load(config, asked->now_ns, &rows, &error) < 0)
        return;
    for (size_t i = 0; i < rows.count; i++)
        if (rows.rows[i].closed_ns < 0 || rows.rows[i].posts.waiting > 0)
            look_at_instance(control, rows.rows[i].name, report);
    build_rows_free(&rows);
}

void doctor_look_service(const struct doctor_asked *asked, const struct config *config,
                         struct doctor_report *report)
{
    struct unit_control *control = NULL;
    CLEANUP_FREE char *error = NULL;

    if (sd_booted() <= 0) {
        doctor_unseen(report, "service.manager", NULL, "atvm-watcher run BUILD",
                      "no systemd runs on this machine: units cannot be started, but a watcher "
                      "can be run by hand");
        return;
    }
    if (unit_control_open(&control, &error) < 0) {
        doctor_unseen(report, "service.manager", NULL, "systemctl status", "%s", error);
        return;
    }
    doctor_ok(report, "service.manager", NULL, "systemd answers");
    look_at_template(control, report);
    if (asked->build)
        look_at_instance(control, asked->build, report);
    else if (config)
        look_at_open_builds(asked, config, control, report);
    unit_control_close(control);
}
