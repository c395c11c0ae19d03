#include "watch-standing.h"

#include "cleanup.h"
#include "clock.h"
#include "config-call.h"
#include "memory.h"
#include "post.h"
#include "watch-words.h"

static char *words_of(const struct watch_standing *standing)
{
    return watch_words_of_status(standing->state, standing->verdict, clock_ns(CLOCK_REALTIME),
                                 standing->time_zone);
}

void watch_standing_say(const struct watch_standing *standing)
{
    CLEANUP_FREE char *line = words_of(standing);

    watch_notify_round(standing->notify);
    watch_notify_ready(standing->notify);
    watch_notify_status(standing->notify, line, run_state_is_final(standing->verdict->state));
}

void watch_standing_say_delivering(const struct watch_standing *standing)
{
    CLEANUP_FREE char *words = words_of(standing);
    CLEANUP_FREE char *line = memory_format("%s; its post is being delivered", words);

    watch_notify_rounds_end(standing->notify);
    watch_notify_ready(standing->notify);
    watch_notify_status(standing->notify, line, true);
}

void watch_standing_say_end(const struct watch_standing *standing, const struct watch_close *closing)
{
    CLEANUP_FREE char *words = words_of(standing);
    CLEANUP_FREE char *list = config_command(standing->config, "queue list %s", standing->state->build);
    CLEANUP_FREE char *line =
        watch_words_of_end(standing->state, words, post_records(watch_close_post(closing)),
                           watch_close_end(closing), list);

    watch_notify_status(standing->notify, line, true);
}
