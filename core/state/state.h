/*
 * The durable state of one build: <state_root>/<build>/ (doc/outbox.md describes every file).
 *
 * One writer: whoever opened it with STATE_OWN holds the build's lock until state_close. Reading
 * needs no lock, since every file is replaced atomically. Functions return 0 or -errno; *ret_error
 * (free it) then says what failed, where, and what to do.
 */
#ifndef ATVM_CORE_STATE_H
#define ATVM_CORE_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "verdict.h"

/* "A sink has this scope's post": follows from the outbox, which is the authority. */
struct state_posted {
    char *sink; /* name of the sink's instance */
    int64_t time_ns;
    char *remote_id; /* opaque name the other side gave; NULL: none */
};

/* One line of the last host summary. */
struct state_host {
    char *name;
    char *status; /* host_status_name() */
};

/* state.json of a run or of one sub-run. Strings are owned by the struct; times are ns since 1970
 * UTC, -1 where it has not happened. */
struct scope_state {
    char *name;   /* of the scope; the build's for the run itself */
    char *folder; /* absolute */
    enum run_state state;
    char *reason; /* one sentence; NULL */
    int64_t first_seen_ns, last_seen_ns;
    int64_t closed_ns;        /* closed scopes stay what they are */
    int64_t completed_ns;     /* closed as COMPLETED or FAILED */
    int64_t cancelled_ns;     /* closed as CANCELLED */
    int64_t terminated_ns;    /* closed as TERMINATED */
    int64_t reset_ns;         /* reopened by an operator; the last time */
    char *reset_request;      /* id of the request for that; NULL */
    int64_t corrected_ns;     /* judged again after its post, and found to differ; the last time */
    char *run_url;            /* NULL: not seen yet */
    struct state_host *hosts; /* as last judged */
    size_t host_count, host_capacity;
    struct state_posted *posted;
    size_t posted_count, posted_capacity;
};

/* What the watcher was told about the run: with it the kept evidence can be judged again, by a
 * later watcher or by `status`, and shown with its coverage. Words are NULL where they were not
 * given. */
struct state_asked {
    int64_t since_ns; /* start of the run's window; -1: not noted */
    char **hosts;     /* the operator's list */
    size_t host_count;
    char **cypress_env; /* "KEY=VALUE" */
    size_t env_count;
    char *template_name, *plugin;
    char *config_family, *migration_style, *scope_description;
    char *template_command; /* its secrets are masked */
};

struct state {
    char *build;
    char *folder;          /* absolute: <state_root>/<build> */
    bool found;            /* there was a valid state.json: this build was watched before */
    bool categorized;      /* mode */
    bool runner_seen;      /* a runner or its traces were seen, ever */
    char **expected_hosts; /* captured when watching started */
    size_t expected_host_count;
    struct state_asked asked;
    struct scope_state run;
    struct scope_state **subruns; /* by first_seen_ns, then by name */
    size_t subrun_count, subrun_capacity;
    /* What was damaged and what became of it, one sentence a line; NULL: nothing. For the log. */
    char *warnings;
    int lock; /* -1 with STATE_LOOK */
};

enum state_access {
    STATE_OWN, /* a watcher: makes what is missing, takes the lock, sets damaged files aside */
    STATE_OWN_BRIEFLY, /* a command: the same */
    STATE_LOOK         /* changes nothing */
};

/*
 * Opens the state of `build` (a valid build name, else -EINVAL). -EBUSY: another process has it
 * (not STATE_LOOK; the message names it). -ENOENT: there is none (STATE_LOOK). -EPROTONOSUPPORT:
 * written by a newer version. Absent parts are fresh; damaged ones too, and named in `warnings`.
 * now_ns becomes first_seen_ns of what is fresh.
 */
int state_open(const char *state_root, const char *build, enum state_access access, int64_t now_ns,
               struct state **ret, char **ret_error);
/* Gives the lock back. Saves nothing. Accepts NULL. */
void state_close(struct state *state);

/* The scope of that name: the run itself for the build's, else a sub-run; NULL: none yet. */
struct scope_state *state_find_scope(struct state *state, const char *name);
/* The same; makes the sub-run and its folder where there is none. Lives until state_close.
 * -ENAMETOOLONG: no name for a folder can be made of it. */
int state_add_scope(struct state *state, const char *name, int64_t now_ns, struct scope_state **ret,
                    char **ret_error);

/* Changes in memory; state_save makes them durable. Strings are copied. */
void scope_state_set_hosts(struct scope_state *scope, const struct host_verdict *hosts,
                           size_t count);
/*
 * What becomes of a scope's state; nothing else changes it. Closed, it stays what it is: noting and
 * closing change nothing then (note says so with false). Only a correction, or opening it again,
 * for a reset or where the closing could not be stored, does.
 */
bool scope_state_is_closed(const struct scope_state *scope);
bool scope_state_note(struct scope_state *scope, enum run_state judged, const char *reason,
                      int64_t now_ns);
void scope_state_close(struct scope_state *scope, enum run_state state, const char *reason,
                       int64_t now_ns);
void scope_state_correct(struct scope_state *scope, enum run_state judged, const char *reason,
                         int64_t now_ns);
void scope_state_open(struct scope_state *scope);
void state_set_expected_hosts(struct state *state, const char *const *hosts, size_t count);
void state_set_asked(struct state *state, const struct state_asked *asked);

/* Writes state.json of this scope. */
int state_save(struct state *state, const struct scope_state *scope, char **ret_error);

/* Keeps the URL of the recorded run: in the file "url" and in state.json, at once. The same URL
 * again costs nothing. */
int state_note_url(struct state *state, struct scope_state *scope, const char *url,
                   char **ret_error);

/* The operator's cancellation marker. state_cancelled: 1, 0, or -errno when it could not look. */
int state_mark_cancelled(struct state *state, const char *by_whom, int64_t now_ns,
                         char **ret_error);
int state_cancelled(const struct state *state);
/* Who cancelled, as the marker says; never NULL; free it. */
char *state_cancelled_by(const struct state *state);

/* Notes a delivered post: the file posted/<sink> and the entry in state.json. */
int state_mark_posted(struct state *state, struct scope_state *scope, const char *sink,
                      const char *remote_id, int64_t now_ns, char **ret_error);
/* Whether one of the two is there: 1, 0, or -errno when it could not look. */
int state_posted(const struct scope_state *scope, const char *sink);

/* As of when a closed run was judged: its close, or a later correction of it or of a sub-run; -1:
 * it is not closed. */
int64_t state_judged_ns(const struct state *state);

/* Replaces evidence.jsonl; `write_content` as for durable_write_stream. */
int state_write_evidence(struct state *state, int (*write_content)(void *user, FILE *stream),
                         void *user, char **ret_error);
/* The path of report.<ending> of this scope; free it. */
char *state_report_path(const struct scope_state *scope, const char *ending);
/* Replaces report.<ending> of this scope; ending: "txt", "md" or "json". */
int state_write_report(const struct scope_state *scope, const char *ending, const char *text,
                       char **ret_error);

/* ---- what operators ask for */

/*
 * Keeps what the scope's folder says now (state.json, closed.json, the reports) under
 * history/<occasion>/<scope>/ of the build, from which *ret_folder (free it). Doing it again for
 * the same occasion keeps what was kept first.
 */
int state_keep_history(const struct state *state, const struct scope_state *scope,
                       const char *occasion, char **ret_folder, char **ret_error);
/* Moves the file at `path` into `folder`, durably. One that is not there is fine. */
int state_move_into(const char *path, const char *folder, const char *name, char **ret_error);

/* Reopens a closed scope for this request, and saves it. */
int state_reopen(struct state *state, struct scope_state *scope, const char *request,
                 int64_t now_ns, char **ret_error);

/* ---- used by the parts of the state only */

#define STATE_SCHEMA         "atvm.state"
#define STATE_SCHEMA_VERSION 1
#define STATE_FOLDER_MODE    0750
/* No state.json of ours comes near it; a larger one is somebody else's. */
#define STATE_FILE_MAX (8 * 1024 * 1024)

/* state.json of `scope` as an object; the caller owns it. */
struct json_object *state_to_json(const struct state *state, const struct scope_state *scope);
void state_asked_clear(struct state_asked *asked);
/* Fills *scope (and, for the run's own, *state). false: something in it is not what it must be. */
bool state_from_json(struct json_object *object, struct state *state, struct scope_state *scope);
void scope_state_clear(struct scope_state *scope);
/* A scope that was never seen before; name and folder are taken over. */
void scope_state_init(struct scope_state *scope, char *name, char *folder, int64_t now_ns);

/* Adds a line to the warnings. */
void state_warn(struct state *state, const char *text);
/*
 * Reads state.json of a scope that was initialised, or, where that is lost, closed.json. With
 * STATE_OWN what is damaged is set aside, and of a closed scope both files are made to stand. 0,
 * -ENOENT where there is neither, or -errno with *ret_error (free it).
 */
int state_load_scope(struct state *state, struct scope_state *scope, enum state_access access,
                     int64_t now_ns, char **ret_error);

#endif
