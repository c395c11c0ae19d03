/*
 * Units of the system's service manager: starting, stopping and asking about them, and starting a
 * command as a unit of its own. Over the system bus (org.freedesktop.systemd1(5)); where no bus
 * answers, through systemctl(1) and systemd-run(1), which root can use without one.
 *
 * All calls block until the service manager has answered; none is for the watcher's loop. They
 * return 0 or -errno; *ret_error (free it) then says what was asked of which unit, what the answer
 * was and what to do.
 */
#ifndef ATVM_CORE_UNIT_CONTROL_H
#define ATVM_CORE_UNIT_CONTROL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* The template instance that watches a build: "atvm-run-watcher@BUILD.service". free() it. The name
 * of a build needs no escaping: its letters are all allowed in the name of a unit. */
char *unit_of_watcher(const char *build);

struct unit_control;

/* -ENOTCONN: neither a bus nor systemctl answers, as on a machine that runs no systemd. */
int unit_control_open(struct unit_control **ret, char **ret_error);
/* Accepts NULL. */
void unit_control_close(struct unit_control *control);

/* What the service manager knows of a unit, in its own words; see systemctl(1), `show`. */
struct unit_status {
    char *load_state;   /* "loaded"; "not-found": there is no such unit */
    char *active_state; /* "active", "activating", "reloading", "deactivating", "inactive", "failed"
                         */
    char *sub_state;    /* "running", "dead", "auto-restart" ... */
    char *result;       /* "success", "exit-code", "signal", "watchdog", "start-limit-hit" ... */
    char *status_text;  /* its last STATUS= line; "": none */
    int32_t exit_code;  /* how its main process ended: CLD_EXITED, CLD_KILLED ...; 0: it has not */
    int32_t exit_status; /* exit status, or number of the signal */
    int64_t main_pid;    /* 0: none */
};
void unit_status_clear(struct unit_status *status);

/* A unit that nobody knows is no error: its load_state is "not-found", its active_state "inactive".
 */
int unit_query(struct unit_control *control, const char *unit, struct unit_status *ret,
               char **ret_error);

/* Whether it has processes or is about to: anything but inactive and failed. */
bool unit_status_is_running(const struct unit_status *status);

/*
 * Starts (stops) a unit and waits until that is done: of a unit of Type=notify, until it said
 * READY. timeout_ns bounds the waiting, not the unit. -ETIMEDOUT: still under way. -ECANCELED:
 * another request came between. -ENOENT: there is no such unit. -EIO: it failed; *ret_error says
 * how (result and exit status) and how to read its log.
 */
int unit_start(struct unit_control *control, const char *unit, int64_t timeout_ns,
               char **ret_error);
int unit_stop(struct unit_control *control, const char *unit, int64_t timeout_ns, char **ret_error);

/* A command that is to outlive whoever started it. */
struct transient_service {
    const char *unit;        /* "atvm-run-NAME.service" */
    const char *description; /* one line */
    const char *const
        *arguments; /* NULL-terminated; the first is the absolute path of the program */
    const char *working_directory;  /* absolute; NULL: / */
    const char *const *environment; /* "NAME=value", NULL-terminated, added to what the service
                                     * manager gives every service; NULL: none. Anybody on the
                                     * machine can read it: no secrets */
    const char *output_path; /* absolute; both outputs are appended to it; NULL: the journal */
};

/*
 * Starts the command as a transient service: no shell, no controlling terminal, standard input is
 * /dev/null. Waits until the program was executed, not until it ends. The unit disappears by itself
 * when the command has ended, however it did. -EEXIST: a unit of that name is there (it still
 * runs). Other errors as unit_start.
 */
int unit_start_transient(struct unit_control *control, const struct transient_service *service,
                         int64_t timeout_ns, char **ret_error);

#endif
