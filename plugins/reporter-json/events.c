#include "events.h"

#include <string.h>

#include "allocate.h"
#include "clock.h"
#include "error-text.h"
#include "json-document.h"

/* An event of either shape; strings are borrowed, NULL where there is none. */
struct event {
    const char *type, *message, *severity;
    size_t message_length;
};

static const char *text_or_null(struct json_object *value)
{
    return json_object_is_type(value, json_type_string) ? json_object_get_string(value) : NULL;
}

static struct event read_event(struct json_object *value)
{
    struct json_object *message = NULL;
    struct event event = {0};

    if (json_object_is_type(value, json_type_array)) {
        event.type = text_or_null(json_object_array_get_idx(value, 0));
        message = json_object_array_get_idx(value, 1);
        event.severity = text_or_null(json_object_array_get_idx(value, 2));
    } else if (json_object_is_type(value, json_type_object)) {
        event.type = json_member_text(value, "type");
        message = json_object_object_get(value, "message");
        event.severity = json_member_text(value, "severity");
    }
    /* A message that is no string (an object that was logged) is shown as it stands. */
    event.message = message ? json_object_get_string(message) : "";
    event.message_length = strlen(event.message);
    return event;
}

/* Errors that passing tests write too: the browser's console, and requests of the page. */
static bool is_harmless_type(const char *type)
{
    return strncmp(type, "cons:", 5) == 0 || strcmp(type, "cy:xhr") == 0 ||
           strcmp(type, "cy:fetch") == 0;
}

static bool is_quiet_severity(const char *severity)
{
    return strcmp(severity, "success") == 0 || strcmp(severity, "warning") == 0;
}

static void add_event(struct event_log_entry *entry, struct json_object *value)
{
    struct event event = read_event(value);

    entry->event_count++;
    if (!event.type || !event.severity) {
        event_log_doubt(entry, "an event of \"%s\" has no type or no severity", entry->title);
    } else if (strcmp(event.severity, "error") == 0) {
        if (!is_harmless_type(event.type))
            event_log_fail(entry, event.message, event.message_length, -1);
    } else if (!is_quiet_severity(event.severity)) {
        event_log_doubt(entry, "an event of \"%s\" has the unknown severity \"%s\"", entry->title,
                        event.severity);
    }
}

static void add_events(struct event_log_entry *entry, struct json_object *events)
{
    for (size_t i = 0; i < json_object_array_length(events); i++)
        add_event(entry, json_object_array_get_idx(events, i));
}

/* ---------------------------------------------------------------- errors and states */

bool json_events_add_error(struct event_log_entry *entry, struct json_object *error)
{
    const char *message = json_member_text(error, "message");
    const char *stack = json_member_text(error, "stack");
    const char *text = json_object_is_type(error, json_type_string) ? json_object_get_string(error)
                       : message && message[0] != '\0'              ? message
                                                                    : stack;

    if (!text || text[0] == '\0')
        return json_object_is_type(error, json_type_object) && json_object_object_length(error) > 0;
    free(entry->message);
    entry->message = error_text_clean(text, strlen(text), ERROR_MESSAGE_LIMIT);
    if (stack && stack[0] != '\0')
        text = stack;
    free(entry->excerpt);
    entry->excerpt = error_text_clean(text, strlen(text), ERROR_EXCERPT_LIMIT);
    return true;
}

static enum test_state read_state(struct event_log_entry *entry, struct json_object *test)
{
    static const struct {
        const char *word;
        enum test_state state;
    } states[] = {
        {"passed", TEST_STATE_PASSED},
        {"failed", TEST_STATE_FAILED},
        {"pending", TEST_STATE_PENDING},
        {"skipped", TEST_STATE_SKIPPED},
    };
    const char *word = json_member_text(test, "state");

    if (!word)
        return TEST_STATE_NONE;
    for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++)
        if (strcmp(word, states[i].word) == 0)
            return states[i].state;
    event_log_doubt(entry, "\"%s\" has the unknown state \"%s\"", entry->title, word);
    return TEST_STATE_NONE;
}

/* ---------------------------------------------------------------- tests */

/* What a test says beside its title. */
static void read_test(struct event_log_entry *entry, struct json_object *test)
{
    struct json_object *events = json_member(test, "events", json_type_array);
    struct json_object *error = NULL;
    int64_t retry = json_member_number(test, "currentRetry", -1);
    int64_t milliseconds = json_member_number(test, "duration", -1);

    if (entry->attempt == 0 && retry >= 0 && retry < 1000)
        entry->attempt = (unsigned)retry + 1;
    if (milliseconds >= 0 && milliseconds < INT64_MAX / NS_PER_MS)
        entry->duration_ns = milliseconds * NS_PER_MS;
    entry->state = read_state(entry, test);
    if (events)
        add_events(entry, events);
    if (json_object_object_get_ex(test, "err", &error) ||
        json_object_object_get_ex(test, "error", &error))
        entry->has_marker |= json_events_add_error(entry, error);
}

/* Without a state only its events tell how a test went. */
static void expect_events(struct event_log_entry *entry)
{
    if (entry->event_count == 0 && entry->state == TEST_STATE_NONE)
        event_log_doubt(entry, "\"%s\" has no event", entry->title);
}

void json_events_add_map(struct event_log *log, struct json_object *tests,
                         struct host_result *result)
{
    json_object_object_foreach(tests, path, value)
    {
        struct event_log_entry *entry = event_log_add(log, path, strlen(path));

        if (json_object_is_type(value, json_type_array))
            add_events(entry, value);
        else if (json_object_is_type(value, json_type_object))
            read_test(entry, value);
        else
            host_result_damage(result, "has no list of events for \"%s\"", path);
        expect_events(entry);
    }
}

/* The path of a test in a list: its suites stand in front of the title in fullTitle. */
static char *listed_path(struct json_object *test)
{
    const char *title = json_member_text(test, "title");
    const char *full = json_member_text(test, "fullTitle");
    size_t title_length, full_length;

    if (!title)
        title = json_member_text(test, "name");
    if (!title)
        title = full;
    if (!title)
        return NULL;
    title_length = strlen(title);
    full_length = full ? strlen(full) : 0;
    if (full_length <= title_length + 1 || strcmp(full + full_length - title_length, title) != 0)
        return copy_text(title, title_length);
    return format_text("%.*s -> %s", (int)(full_length - title_length - 1), full, title);
}

void json_events_add_list(struct event_log *log, struct json_object *tests,
                          struct host_result *result)
{
    for (size_t i = 0; i < json_object_array_length(tests); i++) {
        struct json_object *test = json_object_array_get_idx(tests, i);
        char *path = listed_path(test);
        struct event_log_entry *entry;

        if (!path) {
            host_result_damage(result, "has a test without a title (number %zu)", i + 1);
            path = copy_text("", 0);
        }
        entry = event_log_add(log, path, strlen(path));
        free(path);
        if (json_object_is_type(test, json_type_object))
            read_test(entry, test);
        expect_events(entry);
    }
}
