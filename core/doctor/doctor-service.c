#include "doctor-service.h"

#include <errno.h>
#include <string.h>
#include <systemd/sd-daemon.h>

#include "cleanup.h"
#include "module-folder.h"
#include "unit-bus.h"
#include "watch.h"

#define CLEANUP_BUS __attribute__((cleanup(close_bus)))

static void close_bus(sd_bus **variable)
{
    sd_bus_close_unref(*variable);
}

/* Any instance shows whether there is a template; this one is never started. */
#define EXAMPLE "doctor"

/* ---- what it amounts to */

/* In the folder of the sources; the user and the folders of the service come with it. */
static const char *install(struct doctor_report *report)
{
    return doctor_text(report, "%s && %s && %s && %s",
                       doctor_as_root(report, "make -C build install"),
                       doctor_as_root(report, "systemd-sysusers"),
                       doctor_as_root(report, "systemd-tmpfiles --create"),
                       doctor_as_root(report, "systemctl daemon-reload"));
}

void doctor_judge_template(struct doctor_report *report, const struct unit_seen *seen)
{
    if (!seen->status)
        doctor_unseen(report, "service.unit", seen->unit, doctor_again_as_root(report), "%s",
                      seen->error_text ? seen->error_text : strerror(-seen->error));
    else if (strcmp(seen->status->load_state, "not-found") == 0)
        doctor_problem(report, DOCTOR_WARN, "service.unit", seen->unit, install(report),
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
        doctor_unseen(report, "service.instance", build, doctor_again_as_root(report), "%s",
                      seen->error_text ? seen->error_text : strerror(-seen->error));
        return;
    }
    if (strcmp(status->active_state, "failed") != 0)
        return;
    if (status->exit_status == WATCH_HELD)
        doctor_problem(
            report, DOCTOR_WARN, "service.instance", build,
            doctor_as_root(report, "systemctl start %s", doctor_word(report, seen->unit)),
            "when its watcher ended, the run was closed, but a post was held: settle "
            "that first, see posts");
    else
        doctor_problem(
            report, DOCTOR_BAD, "service.instance", build,
            doctor_as_root(report, "systemctl start %s", doctor_word(report, seen->unit)),
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

/* The system bus; where no bus daemon runs, the manager's own socket, which is for root only. */
static int open_bus(sd_bus **ret)
{
    CLEANUP_BUS sd_bus *bus = NULL;
    int status = unit_bus_open(ret);

    if (status >= 0)
        return 0;
    status = sd_bus_new(&bus);
    if (status >= 0)
        status = sd_bus_set_address(bus, "unix:path=/run/systemd/private");
    if (status >= 0)
        status = sd_bus_start(bus);
    if (status >= 0)
        *ret = TAKE_POINTER(bus);
    return status;
}

/* "atvm-run-watcher@BUILD.service" -> "BUILD"; free it. NULL: it is none. */
static char *build_of(const char *unit)
{
    static const char ending[] = ".service";
    const char *name = strchr(unit, '@');
    size_t length = name ? strlen(name + 1) : 0;

    if (length <= strlen(ending) || strcmp(name + 1 + length - strlen(ending), ending) != 0)
        return NULL;
    return memory_format("%.*s", (int)(length - strlen(ending)), name + 1);
}

/* Units as ListUnitsByPatterns of org.freedesktop.systemd1(5) gives them. */
static int take_builds(sd_bus_message *answer, struct name_list *ret_builds)
{
    const char *unit;
    int status = sd_bus_message_enter_container(answer, 'a', "(ssssssouso)");

    while (status > 0 && (status = sd_bus_message_enter_container(answer, 'r', "ssssssouso")) > 0) {
        CLEANUP_FREE char *build = NULL;

        status = sd_bus_message_read_basic(answer, 's', &unit);
        build = status > 0 ? build_of(unit) : NULL;
        if (build)
            name_list_add(ret_builds, build);
        if (status > 0)
            status = sd_bus_message_skip(answer, "sssssouso");
        if (status >= 0)
            status = sd_bus_message_exit_container(answer);
    }
    return status;
}

static int list_failed(struct name_list *ret_builds)
{
    CLEANUP_BUS sd_bus *bus = NULL;
    sd_bus_message *answer = NULL;
    int status = open_bus(&bus);

    if (status >= 0)
        status = sd_bus_call_method(bus, "org.freedesktop.systemd1", "/org/freedesktop/systemd1",
                                    "org.freedesktop.systemd1.Manager", "ListUnitsByPatterns", NULL,
                                    &answer, "asas", 1, "failed", 1, "atvm-run-watcher@*.service");
    if (status >= 0)
        status = take_builds(answer, ret_builds);
    sd_bus_message_unref(answer);
    return status < 0 ? status : 0;
}

static void look_at_failed(struct unit_control *control, struct doctor_report *report)
{
    CLEANUP_NAMES struct name_list builds = {0};
    int error = list_failed(&builds);

    if (error)
        doctor_unseen(report, "service.instance", NULL, "systemctl --failed 'atvm-run-watcher@*'",
                      "whether units have failed: %s", strerror(-error));
    else if (builds.count == 0)
        doctor_ok(report, "service.instance", NULL, "no unit has failed");
    for (size_t i = 0; i < builds.count; i++)
        look_at_instance(control, builds.names[i], report);
}

void doctor_look_service(const struct doctor_asked *asked, struct doctor_report *report)
{
    struct unit_control *control = NULL;
    CLEANUP_FREE char *error = NULL;

    if (sd_booted() <= 0) {
        doctor_unseen(report, "service.manager", NULL,
                      doctor_command(report, "run %s", asked->build ? asked->build : "BUILD"),
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
    else
        look_at_failed(control, report);
    unit_control_close(control);
}
