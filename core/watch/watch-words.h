/* What the watcher says of itself to whoever looks at its log. Pure; free() the results. */
#ifndef ATVM_CORE_WATCH_WORDS_H
#define ATVM_CORE_WATCH_WORDS_H

#include <stdint.h>

#include "outbox.h"
#include "state.h"
#include "verdict.h"
#include "watch-close.h"

/* How the run stands, on one line. verdict NULL: it was closed before, and only its state is known.
 */
char *watch_words_of_status(const struct state *state, const struct verdict *verdict,
                            int64_t now_ns, const char *time_zone);

/* What was not done yet when a signal stopped it, and what the next start goes on with: "before the
 * run was over; ...". */
char *watch_words_of_stop(const struct scope_state *run, enum watch_close_end end);

/*
 * The last word of a watcher: "FAILED: 3/3 hosts, 1 failed, 37m; posted to mattermost, file".
 * standing: from watch_words_of_status; list: the command that shows the messages of this build,
 * named where one is held.
 */
char *watch_words_of_end(const struct state *state, const char *standing,
                         const struct outbox_list *posts, enum watch_close_end end,
                         const char *list);

/*
 * Where nothing of the run was seen, files from before its window lie there, and nobody said when
 * it began (the window begins with the watching): that, and the option to say it. NULL: it is not
 * so. since_ns: start of the window; time_zone: as in struct run_facts.
 */
char *watch_words_of_stale_files(const struct state *state, int64_t since_ns,
                                 const struct verdict *verdict, const char *time_zone);

#endif
