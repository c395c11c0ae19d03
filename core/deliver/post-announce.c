#include "post-announce.h"

#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "log.h"
#include "memory.h"

struct expected_scope {
    char *name;
    bool announced;
};

struct post_announcer {
    sd_event_source *source;
    post_announce announce;
    void *user;
    struct expected_scope *scopes;
    size_t count, capacity;
};

static int on_turn(sd_event_source *source, void *user)
{
    struct post_announcer *announcer = user;

    (void)source;
    /* The callback may add scopes, and so move the array. */
    for (size_t i = 0; i < announcer->count; i++) {
        CLEANUP_FREE char *scope = NULL;

        if (announcer->scopes[i].announced)
            continue;
        scope = memory_string(announcer->scopes[i].name);
        announcer->scopes[i].announced = true;
        if (!announcer->announce(announcer->user, scope))
            announcer->scopes[i].announced = false;
    }
    return 0;
}

int post_announcer_new(sd_event *event, post_announce announce, void *user,
                       struct post_announcer **ret)
{
    struct post_announcer *announcer = memory_zeroed(1, sizeof(*announcer));
    int error;

    announcer->announce = announce;
    announcer->user = user;
    error = sd_event_add_defer(event, &announcer->source, on_turn, announcer);
    if (error >= 0)
        error = sd_event_source_set_enabled(announcer->source, SD_EVENT_OFF);
    if (error < 0) {
        post_announcer_free(announcer);
        return error;
    }
    *ret = announcer;
    return 0;
}

void post_announcer_free(struct post_announcer *announcer)
{
    if (!announcer)
        return;
    for (size_t i = 0; i < announcer->count; i++)
        free(announcer->scopes[i].name);
    free(announcer->scopes);
    sd_event_source_disable_unref(announcer->source);
    free(announcer);
}

void post_announcer_expect(struct post_announcer *announcer, const char *scope)
{
    for (size_t i = 0; i < announcer->count; i++) {
        if (strcmp(announcer->scopes[i].name, scope) == 0) {
            announcer->scopes[i].announced = false;
            return;
        }
    }
    memory_grow(&announcer->scopes, announcer->count, &announcer->capacity,
                sizeof(*announcer->scopes));
    announcer->scopes[announcer->count++] = (struct expected_scope){memory_string(scope), false};
}

void post_announcer_look(struct post_announcer *announcer)
{
    int error = sd_event_source_set_enabled(announcer->source, SD_EVENT_ONESHOT);

    if (error < 0)
        log_error("could not schedule the end of a posting: %s", strerror(-error));
}
