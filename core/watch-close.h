/*
 * What the watch loop makes durable: the state of each scope as it goes, and, when its verdict has
 * settled, its close: report files, the posts, the closed state, in the one order that loses and
 * doubles nothing. The outbox record stands before the closed state: a crash between the two leads
 * to the same verdict again, and the record suppresses a second post.
 */
#ifndef ATVM_CORE_WATCH_CLOSE_H
#define ATVM_CORE_WATCH_CLOSE_H

#include <systemd/sd-event.h>

#include "config.h"
#include "ledger.h"
#include "run-settings.h"
#include "state.h"
#include "verdict.h"

struct watch_close;

/* `posts_settled` is called whenever the last open delivery has been settled. Everything given is
 * the caller's and outlives it. terminal: what the stdout sink writes to; -1: none. */
struct watch_close *watch_close_new(sd_event *event, const struct config *config,
                                    const struct run_settings *settings, struct state *state,
                                    int terminal, void (*posts_settled)(void *user), void *user,
                                    char **ret_error);
void watch_close_free(struct watch_close *closing);

/* Notes URLs, hosts and states that changed, and says so in the log. 0, or -errno (logged). */
int watch_close_note(struct watch_close *closing, const struct verdict *verdict, int64_t now_ns);

/* Closes a scope of the verdict, unless it is closed. 0, or -errno (logged). */
int watch_close_scope(struct watch_close *closing, const struct verdict *verdict,
                      const struct scope_verdict *scope, const struct ledger *ledger);
/* Closes a categorized run; a plain one closes with its scope. */
int watch_close_run(struct watch_close *closing, const struct verdict *verdict,
                    const struct ledger *ledger);

/* Whether the scope of that name (the build's: the run) is closed. */
bool watch_close_is_closed(const struct watch_close *closing, const char *scope);
bool watch_close_all_scopes_closed(const struct watch_close *closing,
                                   const struct verdict *verdict);
/* Whether some post is uncertain or quarantined. */
bool watch_close_is_held(const struct watch_close *closing);

/* Goes on with the open deliveries of a run that was closed earlier. */
void watch_close_resume(struct watch_close *closing);
/* Writes the evidence snapshot and the state of a run that is not closed. Accepts NULL. */
void watch_close_save(struct watch_close *closing, const struct ledger *ledger);

#endif
