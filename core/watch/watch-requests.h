/*
 * The watcher's side of requests: notices them, has them carried out one after the other, and
 * leaves the answers. What is no request is set aside, with a word in the log.
 */
#ifndef ATVM_CORE_WATCH_REQUESTS_H
#define ATVM_CORE_WATCH_REQUESTS_H

#include <systemd/sd-event.h>

#include "request.h"

struct watch_requests;

/* Carries one out, from the event loop or from within watch_requests_look. */
typedef void (*request_handler)(void *user, const struct request *request,
                                struct request_answer *ret);

/* `folder`: of the build. Where changes cannot be noticed, it looks each poll_interval_ns. NULL:
 * logged. watch_requests_free accepts NULL. */
struct watch_requests *watch_requests_new(sd_event *event, const char *folder,
                                          int64_t poll_interval_ns, request_handler handler,
                                          void *user);
void watch_requests_free(struct watch_requests *requests);

/* Carries out what is there now, also what an earlier watcher did not finish. */
void watch_requests_look(struct watch_requests *requests);

#endif
