/*
 * Announces when all messages of a scope have settled: from the event loop, never from within a
 * call, and once until it is expected anew.
 */
#ifndef ATVM_CORE_POST_ANNOUNCE_H
#define ATVM_CORE_POST_ANNOUNCE_H

#include <stdbool.h>
#include <systemd/sd-event.h>

struct post_announcer;

/* Asked for each scope that is not announced yet; true: it has been announced. May call the
 * functions below, not post_announcer_free. */
typedef bool (*post_announce)(void *user, const char *scope);

/* 0 or -errno. post_announcer_free accepts NULL. */
int post_announcer_new(sd_event *event, post_announce announce, void *user,
                       struct post_announcer **ret);
void post_announcer_free(struct post_announcer *announcer);

/* The scope is to be announced; also one that was before. The name is copied. */
void post_announcer_expect(struct post_announcer *announcer, const char *scope);
/* Something has settled: asks once the event loop has its turn. */
void post_announcer_look(struct post_announcer *announcer);

#endif
