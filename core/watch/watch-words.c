#include "watch-words.h"

#include "cleanup.h"
#include "memory.h"
#include "posts-words.h"
#include "progress-line.h"
#include "stale-files.h"

char *watch_words_of_status(const struct state *state, const struct verdict *verdict,
                            int64_t now_ns, const char *time_zone)
{
    if (!verdict)
        return memory_string(run_state_name(state->run.state));
    if (verdict->scope_count == 0)
        return memory_string(verdict->reason);
    return progress_line(verdict, &verdict->scopes[verdict->scope_count - 1], now_ns, time_zone);
}

char *watch_words_of_stop(const struct scope_state *run, enum watch_close_end end)
{
    if (run->closed_ns < 0)
        return memory_string("before the run was over; start it again to go on");
    if (end == WATCH_CLOSE_OPEN)
        return memory_format("after the run was closed as %s, before its post was delivered; that "
                             "goes on at the next start",
                             run_state_name(run->state));
    return memory_format("after the run was closed as %s, while its runner was being ended; the "
                         "runner stays",
                         run_state_name(run->state));
}

char *watch_words_of_end(const struct state *state, const char *standing,
                         const struct outbox_list *posts, enum watch_close_end end,
                         const char *list)
{
    CLEANUP_FREE char *words = NULL;

    if (!scope_state_is_closed(&state->run))
        return memory_format("%s; the watcher has ended before the run was over", standing);
    words = posts_words(posts, state->build);
    return end == WATCH_CLOSE_HELD ? memory_format("%s; %s; see `%s`", standing, words, list)
                                   : memory_format("%s; %s", standing, words);
}

char *watch_words_of_stale_files(const struct state *state, int64_t since_ns,
                                 const struct verdict *verdict, const char *time_zone)
{
    bool nobody_said = since_ns == state->run.first_seen_ns;
    CLEANUP_FREE char *hint = nobody_said && !verdict->runner_seen
                                  ? stale_files_hint(verdict, since_ns, time_zone)
                                  : NULL;

    return hint ? memory_format("%s: nothing of this run has been seen yet. %s", state->build, hint)
                : NULL;
}
