/*
 * What the watch loop makes durable: the state of each scope as it goes, and, when its verdict has
 * settled, its close: the posts, evidence and report files, the closed state, in the one order that
 * loses and doubles nothing. The outbox record stands before the closed state: a crash between the
 * two leads to the same verdict again, and the record suppresses a second post. What could not be
 * written can be tried again with the same call.
 */
#ifndef ATVM_CORE_WATCH_CLOSE_H
#define ATVM_CORE_WATCH_CLOSE_H

#include <systemd/sd-event.h>

#include "config.h"
#include "ledger.h"
#include "report.h"
#include "state.h"
#include "verdict.h"

struct watch_close;

/*
 * Takes up what an earlier watcher left unfinished in the outbox. `settled` is called from the
 * event loop whenever the deliveries of a scope have settled. Everything given is the caller's and
 * outlives it. terminal: what the stdout sink writes to; secrets: from secret_environment_take;
 * -1: none. no_sending: see struct post_settings.
 */
struct watch_close *watch_close_new(sd_event *event, const struct config *config,
                                    const struct run_facts *facts, struct state *state,
                                    int terminal, int secrets, bool no_sending,
                                    void (*settled)(void *user), void *user, char **ret_error);
void watch_close_free(struct watch_close *closing);

/* Notes URLs, hosts and states that changed, and says so in the log; now and then writes the
 * evidence snapshot, which may fail. 0, or -errno (logged). */
int watch_close_note(struct watch_close *closing, const struct verdict *verdict,
                     const struct ledger *ledger, int64_t now_ns);

/* Closes a scope of the verdict, unless it is closed. 0, or -errno (logged). */
int watch_close_scope(struct watch_close *closing, const struct verdict *verdict,
                      const struct scope_verdict *scope, const struct ledger *ledger);
/* Closes a categorized run; a plain one closes with its scope. */
int watch_close_run(struct watch_close *closing, const struct verdict *verdict,
                    const struct ledger *ledger);

/* Writes the report files of a run that is closed anew, for what was learned since; of a
 * categorized one the run's own. 0, or -errno (logged). */
int watch_close_amend(struct watch_close *closing, const struct verdict *verdict);

/* For what operators ask for (operator.h). */
struct post *watch_close_post(const struct watch_close *closing);

/* Closes a scope without a post, or the run, whatever it is judged to be. 0, or -errno (logged). */
int watch_close_as(struct watch_close *closing, struct scope_state *scope, enum run_state state,
                   const char *reason);

/* Before a closed scope is corrected: keeps the evidence which that rests on, and as of when it was
 * judged. Judged again after a crash, it is the same. 0, or -errno (logged). */
int watch_close_keep_evidence(struct watch_close *closing, struct scope_state *scope,
                              const struct ledger *ledger);
/* A message to one sink that corrects an earlier one; `number`, `supersedes`: see struct
 * post_message. 0, or -errno (logged). */
struct watch_close_correction {
    const char *sink;
    int32_t number;
    const char *supersedes;
};
int watch_close_correct(struct watch_close *closing, const struct verdict *verdict,
                        const struct scope_verdict *scope,
                        const struct watch_close_correction *correction);
/* Makes reports and state of a closed scope say what the verdict says. 0, or -errno (logged). */
int watch_close_rewrite(struct watch_close *closing, const struct verdict *verdict,
                        const struct scope_verdict *scope);

/* Whether the scope of that name (the build's: the run) is closed. */
bool watch_close_is_closed(const struct watch_close *closing, const char *scope);
bool watch_close_all_scopes_closed(const struct watch_close *closing,
                                   const struct verdict *verdict);

/* A full disk or one with errors (-errno of the functions above) is no reason to leave a run alone:
 * what is known is in memory, and is written when that works again. */
bool watch_close_may_recover(int status);

/* Whether there is anything left to do. */
enum watch_close_end {
    WATCH_CLOSE_OPEN, /* the run is not closed, or a delivery is still being tried */
    WATCH_CLOSE_DONE,
    WATCH_CLOSE_HELD /* closed, but a post is uncertain or quarantined */
};
enum watch_close_end watch_close_end(const struct watch_close *closing);

/* Before the end of the watcher: writes the evidence snapshot and the state of a run that is not
 * closed, and gives up the reserve of one that needs it no more. Accepts NULL. */
void watch_close_save(struct watch_close *closing, const struct ledger *ledger);

#endif
