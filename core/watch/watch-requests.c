#include "watch-requests.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "clock.h"
#include "log.h"
#include "memory.h"
#include "path-watch.h"

struct watch_requests {
    char *folder; /* of the build */
    char *path;   /* of the requests */
    int64_t poll_interval_ns;
    request_handler handler;
    void *user;
    struct path_watch *paths;
    sd_event_source *look; /* once for several changes */
    sd_event_source *poll; /* where changes cannot be noticed, or answers not be written */
    bool failing;          /* said so already */
};

/* An error of our own files is said once; it is tried again at the next poll. */
static void report(struct watch_requests *requests, const char *error)
{
    if (!requests->failing)
        log_error("%s; requests of operators are looked for again in %lld s", error,
                  (long long)(requests->poll_interval_ns / NS_PER_SECOND));
    requests->failing = true;
}

/* ---- one request */

/* false: it was withdrawn, or cannot be taken up now. */
static bool take_up(struct watch_requests *requests, const struct request *request)
{
    CLEANUP_FREE char *error = NULL;
    int status = request_take_up(requests->folder, request->id, &error);

    if (status < 0 && status != -ENOENT)
        report(requests, error);
    return status == 0;
}

static void handle(struct watch_requests *requests, const struct request *request)
{
    CLEANUP_FREE char *error = NULL;
    struct request_answer answer;

    if (!take_up(requests, request))
        return;
    requests->handler(requests->user, request, &answer);
    /* Without an answer it is found again, and finished without being repeated. */
    if (request_answer(requests->folder, request->id, &answer, &error) < 0)
        report(requests, error);
    request_answer_clear(&answer);
}

void watch_requests_look(struct watch_requests *requests)
{
    CLEANUP_FREE char *warnings = NULL, *error = NULL;
    struct request_list list;
    bool failing = requests->failing;

    requests->failing = false;
    if (requests_list(requests->folder, clock_ns(CLOCK_REALTIME), &list, &warnings, &error) < 0) {
        requests->failing = failing;
        report(requests, error);
        return;
    }
    if (warnings)
        log_warning("%s", warnings);
    for (size_t i = 0; i < list.count; i++)
        handle(requests, &list.requests[i]);
    request_list_clear(&list);
}

/* ---- noticing */

static int on_look(sd_event_source *source, void *user)
{
    (void)source;
    watch_requests_look(user);
    return 0;
}

static void on_change(void *user)
{
    struct watch_requests *requests = user;
    int error = sd_event_source_set_enabled(requests->look, SD_EVENT_ONESHOT);

    if (error < 0)
        log_error("requests: event loop: %s", strerror(-error));
}

static int arm(struct watch_requests *requests)
{
    int error = sd_event_source_set_time_relative(requests->poll,
                                                  (uint64_t)requests->poll_interval_ns / 1000);

    return error < 0 ? error : sd_event_source_set_enabled(requests->poll, SD_EVENT_ONESHOT);
}

static int on_poll(sd_event_source *source, uint64_t time_us, void *user)
{
    struct watch_requests *requests = user;

    (void)source;
    (void)time_us;
    path_watch_add(requests->paths, requests->path);
    if (requests->failing || path_watch_unwatched(requests->paths) > 0)
        watch_requests_look(requests);
    arm(requests);
    return 0;
}

/* ---- start and end */

static int listen(struct watch_requests *requests, sd_event *event)
{
    int error = sd_event_add_defer(event, &requests->look, on_look, requests);

    if (error >= 0)
        error = sd_event_source_set_enabled(requests->look, SD_EVENT_OFF);
    if (error >= 0)
        error = sd_event_add_time_relative(event, &requests->poll, CLOCK_BOOTTIME, 0, 1000, on_poll,
                                           requests);
    if (error >= 0)
        error = arm(requests);
    if (error < 0)
        log_error("requests: event loop: %s", strerror(-error));
    return error;
}

struct watch_requests *watch_requests_new(sd_event *event, const char *folder,
                                          int64_t poll_interval_ns, request_handler handler,
                                          void *user)
{
    struct watch_requests *requests = memory_zeroed(1, sizeof(*requests));
    CLEANUP_FREE char *error = NULL;

    requests->folder = memory_string(folder);
    requests->path = requests_path(folder);
    requests->poll_interval_ns = poll_interval_ns;
    requests->handler = handler;
    requests->user = user;
    requests->paths = path_watch_new(event, on_change, requests);
    if (requests_make_folder(folder, &error) < 0)
        log_error("%s", error);
    if (error || listen(requests, event) < 0) {
        watch_requests_free(requests);
        return NULL;
    }
    requests_sweep(folder, clock_ns(CLOCK_REALTIME));
    path_watch_add(requests->paths, requests->path);
    return requests;
}

void watch_requests_free(struct watch_requests *requests)
{
    if (!requests)
        return;
    path_watch_free(requests->paths);
    sd_event_source_disable_unref(requests->look);
    sd_event_source_disable_unref(requests->poll);
    free(requests->folder);
    free(requests->path);
    free(requests);
}
