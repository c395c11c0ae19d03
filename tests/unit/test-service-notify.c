/* What the service manager is told, by a listener that plays its part. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "clock.h"
#include "memory.h"
#include "scratch-folder.h"
#include "service-notify.h"
#include "watch-notify.h"

/* More than any listener's queue holds. */
#define FLOOD 100000
/* Heartbeats that are waited for; at one in 10 ms the loop of a test that fails ends, too. */
#define BEATS       3
#define TURNS_MAX   3000
#define WATCHDOG_US "30000"

struct listener {
    char *folder, *path;
    int descriptor;
};

static int setup(void **state)
{
    struct listener *listener = memory_zeroed(1, sizeof(*listener));
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    listener->folder = scratch_folder_new();
    listener->path = memory_format("%s/notify", listener->folder);
    assert_true(strlen(listener->path) < sizeof(address.sun_path));
    strcpy(address.sun_path, listener->path);
    listener->descriptor = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(listener->descriptor, (struct sockaddr *)&address, sizeof(address)), 0);
    setenv("NOTIFY_SOCKET", listener->path, 1);
    *state = listener;
    return 0;
}

static int teardown(void **state)
{
    struct listener *listener = *state;

    unsetenv("NOTIFY_SOCKET");
    unsetenv("WATCHDOG_USEC");
    close(listener->descriptor);
    scratch_folder_remove(listener->folder);
    free(listener->folder);
    free(listener->path);
    free(listener);
    return 0;
}

/* The next message; "" where there is none. */
static const char *heard(const struct listener *listener)
{
    static char message[256];
    ssize_t length = recv(listener->descriptor, message, sizeof(message) - 1, 0);

    message[length < 0 ? 0 : length] = '\0';
    return message;
}

static void a_message_is_handed_over(void **state)
{
    struct service_notify notify;

    assert_int_equal(service_notify_open(&notify), 0);
    assert_true(service_notify_send(&notify, "READY=1\nSTATUS=up"));
    assert_string_equal(heard(*state), "READY=1\nSTATUS=up");
    service_notify_close(&notify);
}

static void an_abstract_name_is_found(void **state)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char *name = memory_format("atvm-test-%d", (int)getpid());
    struct listener abstract = {.descriptor =
                                    socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
    struct service_notify notify;

    (void)state;
    strcpy(address.sun_path + 1, name);
    assert_int_equal(bind(abstract.descriptor, (struct sockaddr *)&address,
                          (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(name))),
                     0);
    address.sun_path[0] = '@';
    setenv("NOTIFY_SOCKET", address.sun_path, 1);
    assert_int_equal(service_notify_open(&notify), 0);
    assert_true(service_notify_send(&notify, "READY=1"));
    assert_string_equal(heard(&abstract), "READY=1");
    service_notify_close(&notify);
    close(abstract.descriptor);
    free(name);
}

static void without_a_listener_nothing_is_said_and_nothing_fails(void **state)
{
    struct service_notify notify;

    (void)state;
    unsetenv("NOTIFY_SOCKET");
    assert_int_equal(service_notify_open(&notify), 0);
    assert_true(service_notify_send(&notify, "READY=1"));
    service_notify_close(&notify);
    setenv("NOTIFY_SOCKET", "relative", 1);
    assert_int_equal(service_notify_open(&notify), -EINVAL);
}

/* libsystemd's call would wait here for ever. */
static void a_listener_that_does_not_listen_holds_nobody_up(void **state)
{
    struct service_notify notify;
    int sent = 0;

    (void)state;
    assert_int_equal(service_notify_open(&notify), 0);
    while (sent < FLOOD && service_notify_send(&notify, "STATUS=again"))
        sent++;
    assert_true(sent < FLOOD);
    service_notify_close(&notify);
}

/* ---- the watch's side of it */

static void ready_is_said_once_although_nobody_listened_at_first(void **state)
{
    struct service_notify flood;
    struct watch_notify *notify;
    sd_event *event = NULL;
    int ready = 0;

    assert_int_equal(sd_event_new(&event), 0);
    assert_int_equal(service_notify_open(&flood), 0);
    while (service_notify_send(&flood, "X=1"))
        ;
    notify = watch_notify_new(event, NS_PER_SECOND);
    watch_notify_ready(notify);
    for (const char *message = heard(*state); *message; message = heard(*state))
        assert_string_equal(message, "X=1");
    watch_notify_round(notify);
    watch_notify_round(notify);
    watch_notify_free(notify);
    for (const char *message = heard(*state); *message; message = heard(*state))
        ready += strcmp(message, "READY=1") == 0;
    assert_int_equal(ready, 1);
    service_notify_close(&flood);
    sd_event_unref(event);
}

static void the_same_status_is_not_said_again(void **state)
{
    struct watch_notify *notify;
    sd_event *event = NULL;

    assert_int_equal(sd_event_new(&event), 0);
    notify = watch_notify_new(event, NS_PER_SECOND);
    watch_notify_status(notify, "1/3 hosts", false);
    watch_notify_status(notify, "1/3 hosts", true);
    watch_notify_status(notify, "FAILED: 3/3 hosts", true);
    assert_string_equal(heard(*state), "STATUS=1/3 hosts");
    assert_string_equal(heard(*state), "STATUS=FAILED: 3/3 hosts");
    watch_notify_free(notify);
    assert_string_equal(heard(*state), "STOPPING=1");
    sd_event_unref(event);
}

/* How many heartbeats came until BEATS did, or the other message. */
static int beats_until(const struct listener *listener, sd_event *event, const char *other)
{
    int beats = 0;

    for (int turn = 0; turn < TURNS_MAX && beats < BEATS; turn++) {
        const char *message;

        assert_true(sd_event_run(event, 1000 * 1000) >= 0);
        while (*(message = heard(listener))) {
            if (other && strcmp(message, other) == 0)
                return beats;
            beats += strcmp(message, "WATCHDOG=1") == 0;
        }
    }
    return beats;
}

static void a_watch_that_only_waits_for_a_delivery_beats_on(void **state)
{
    struct watch_notify *notify;
    sd_event *event = NULL;

    setenv("WATCHDOG_USEC", WATCHDOG_US, 1);
    assert_int_equal(sd_event_new(&event), 0);
    notify = watch_notify_new(event, 0);
    watch_notify_rounds_end(notify);
    assert_int_equal(beats_until(*state, event, NULL), BEATS);
    watch_notify_free(notify);
    sd_event_unref(event);
}

/* The loop turns, but no round is made: its timer says what is to be said, and does not beat. */
static void a_loop_without_a_round_does_not_beat(void **state)
{
    struct watch_notify *notify;
    sd_event *event = NULL;

    setenv("WATCHDOG_USEC", WATCHDOG_US, 1);
    assert_int_equal(sd_event_new(&event), 0);
    notify = watch_notify_new(event, -1);
    watch_notify_status(notify, "first", true);
    watch_notify_status(notify, "second", false);
    assert_int_equal(beats_until(*state, event, "STATUS=second"), 0);
    watch_notify_free(notify);
    sd_event_unref(event);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_message_is_handed_over),
        TEST(an_abstract_name_is_found),
        TEST(without_a_listener_nothing_is_said_and_nothing_fails),
        TEST(a_listener_that_does_not_listen_holds_nobody_up),
        TEST(ready_is_said_once_although_nobody_listened_at_first),
        TEST(the_same_status_is_not_said_again),
        TEST(a_watch_that_only_waits_for_a_delivery_beats_on),
        TEST(a_loop_without_a_round_does_not_beat),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
