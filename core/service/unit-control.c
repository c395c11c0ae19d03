#include "unit-control.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "clock.h"
#include "memory.h"
#include "unit-bus.h"
#include "unit-journal.h"
#include "unit-systemctl.h"

struct unit_control {
    sd_bus *bus; /* NULL: through systemctl */
};

char *unit_of_watcher(const char *build)
{
    return memory_format("atvm-run-watcher@%s.service", build);
}

/* ---------------------------------------------------------------- opening */

int unit_control_open(struct unit_control **ret, char **ret_error)
{
    sd_bus *bus = NULL;
    int status = unit_bus_open(&bus);

    if (status < 0 && !unit_systemctl_is_usable()) {
        *ret_error =
            memory_format("the service manager cannot be reached: %s; this needs a machine "
                          "that is run by systemd",
                          strerror(-status));
        return -ENOTCONN;
    }
    *ret = memory_zeroed(1, sizeof(**ret));
    (*ret)->bus = bus;
    return 0;
}

void unit_control_close(struct unit_control *control)
{
    if (!control)
        return;
    sd_bus_flush_close_unref(control->bus);
    free(control);
}

/* ---------------------------------------------------------------- what a unit is doing */

void unit_status_clear(struct unit_status *status)
{
    free(status->load_state);
    free(status->active_state);
    free(status->sub_state);
    free(status->result);
    free(status->status_text);
    *status = (struct unit_status){0};
}

bool unit_status_is_running(const struct unit_status *status)
{
    return strcmp(status->active_state, "inactive") != 0 &&
           strcmp(status->active_state, "failed") != 0;
}

static int query(struct unit_control *control, const char *unit, struct unit_status *ret,
                 char **ret_error)
{
    return control->bus ? unit_bus_query(control->bus, unit, ret, ret_error)
                        : unit_systemctl_query(unit, ret, ret_error);
}

int unit_query(struct unit_control *control, const char *unit, struct unit_status *ret,
               char **ret_error)
{
    CLEANUP_FREE char *why = NULL;
    int status = query(control, unit, ret, &why);

    if (status < 0)
        *ret_error = memory_format("%s: the service manager does not tell its state: %s", unit,
                                   why ? why : strerror(-status));
    return status;
}

/* ---------------------------------------------------------------- starting and stopping */

/* "exit-code, exit status 2"; free() it. */
static char *how_it_ended(const struct unit_status *status)
{
    if (status->exit_code == CLD_EXITED)
        return memory_format("%s, exit status %d", status->result, status->exit_status);
    if (status->exit_code == CLD_KILLED || status->exit_code == CLD_DUMPED)
        return memory_format("%s, signal %d (%s)", status->result, status->exit_status,
                             strsignal(status->exit_status));
    return memory_string(status->result);
}

/* "; it said:\n...", and where there is more; free() it. */
static char *what_it_said(const char *unit, int64_t since_ns)
{
    CLEANUP_FREE char *errors = unit_journal_errors(unit, since_ns);
    CLEANUP_FREE char *more =
        memory_format("%sjournalctl -u '%s' -n 30", geteuid() == 0 ? "" : "sudo ", unit);

    return errors ? memory_format("; it said:\n%s\nmore of it: `%s`", errors, more)
                  : memory_format("; its log says why: `%s`", more);
}

static char *failure_text(struct unit_control *control, const char *unit, int64_t since_ns)
{
    CLEANUP_FREE char *how = NULL, *ignored = NULL, *said = what_it_said(unit, since_ns);
    struct unit_status status;

    if (query(control, unit, &status, &ignored) == 0) {
        how = how_it_ended(&status);
        unit_status_clear(&status);
    }
    return memory_format("%s: failed%s%s%s", unit, how ? ": " : "", how ? how : "", said);
}

/* A start or stop, and what came of it. */
struct attempt {
    const char *verb;
    int64_t began_ns; /* wall clock */
    int error;        /* -errno */
    const char *why;  /* NULL: nothing was said */
};

/* What it is to be reported as; free() it. */
static char *describe(struct unit_control *control, const char *unit, const struct attempt *attempt)
{
    const char *verb = attempt->verb, *why = attempt->why;
    int error = attempt->error;

    if (error == -EIO && !why)
        return failure_text(control, unit, attempt->began_ns);
    switch (error) {
    case -ETIMEDOUT:
        return memory_format("%s: the %s is still under way; look with: systemctl status '%s'",
                             unit, verb, unit);
    case -ECANCELED:
        return memory_format("%s: the %s was cancelled by another request; look with: systemctl "
                             "status '%s'",
                             unit, verb, unit);
    case -ENOENT:
        return memory_format("%s: there is no such unit%s%s; is atvm-watcher installed, and has "
                             "`systemctl daemon-reload` been run since?",
                             unit, why ? ": " : "", why ? why : "");
    case -EEXIST:
        return memory_format("%s: a unit of that name is there; look with: systemctl status '%s'",
                             unit, unit);
    case -EACCES:
    case -EPERM:
        return memory_format("%s: no permission for a %s: %s; do it as root", unit, verb,
                             why ? why : strerror(-error));
    default:
        return memory_format("%s: %s: %s", unit, verb, why ? why : strerror(-error));
    }
}

int unit_start(struct unit_control *control, const char *unit, int64_t timeout_ns, char **ret_error)
{
    int64_t began_ns = clock_ns(CLOCK_REALTIME);
    CLEANUP_FREE char *why = NULL;
    int error = control->bus ? unit_bus_start(control->bus, unit, timeout_ns, &why)
                             : unit_systemctl_start(unit, timeout_ns, &why);

    if (error < 0)
        *ret_error = describe(control, unit, &(struct attempt){"start", began_ns, error, why});
    return error;
}

int unit_stop(struct unit_control *control, const char *unit, int64_t timeout_ns, char **ret_error)
{
    int64_t began_ns = clock_ns(CLOCK_REALTIME);
    CLEANUP_FREE char *why = NULL;
    int error = control->bus ? unit_bus_stop(control->bus, unit, timeout_ns, &why)
                             : unit_systemctl_stop(unit, timeout_ns, &why);

    if (error < 0)
        *ret_error = describe(control, unit, &(struct attempt){"stop", began_ns, error, why});
    return error;
}

static char *transient_failure(const struct transient_service *service, int64_t began_ns)
{
    CLEANUP_FREE char *said = what_it_said(service->unit, began_ns);

    return memory_format("%s: could not be started: %s: is it there, and executable?%s",
                         service->unit, service->arguments[0], said);
}

int unit_start_transient(struct unit_control *control, const struct transient_service *service,
                         int64_t timeout_ns, char **ret_error)
{
    int64_t began_ns = clock_ns(CLOCK_REALTIME);
    CLEANUP_FREE char *why = NULL;
    int error = control->bus ? unit_bus_start_transient(control->bus, service, timeout_ns, &why)
                             : unit_systemctl_start_transient(service, timeout_ns, &why);

    /* Of a failed transient unit nothing is left to be asked. */
    if (error == -EIO && !why)
        *ret_error = transient_failure(service, began_ns);
    else if (error < 0)
        *ret_error =
            describe(control, service->unit, &(struct attempt){"start", began_ns, error, why});
    return error;
}
