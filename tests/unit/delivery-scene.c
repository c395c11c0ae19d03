#include "delivery-scene.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "clock.h"
#include "deliver.h"
#include "memory.h"
#include "scratch-folder.h"

bool delivery_worker(int argc, char **argv, int *ret_status)
{
    if (argc != 3 || strcmp(argv[1], "worker") != 0 || strcmp(argv[2], "deliver") != 0)
        return false;
    *ret_status = deliver_worker_main();
    return true;
}

struct delivery_scene *delivery_scene_new(void)
{
    struct delivery_scene *scene = memory_zeroed(1, sizeof(*scene));

    scene->root = scratch_folder_new();
    scene->folder = memory_format("%s/" SCENE_BUILD, scene->root);
    scene->config = (struct config){
        .sinks = scene->sinks,
        .retry_first_ns = 10 * NS_PER_MS,
        .retry_max_ns = 40 * NS_PER_MS,
        .retry_give_up_ns = 60 * NS_PER_SECOND,
        .deliver_timeout_ns = 30 * NS_PER_SECOND,
    };
    scene->terminal = scene->secrets = -1;
    scene->parts = 1;
    return scene;
}

void delivery_scene_free(struct delivery_scene *scene)
{
    delivery_scene_close(scene);
    for (size_t i = 0; i < scene->config.sink_count; i++) {
        free(scene->sinks[i].module);
        free(scene->sinks[i].name);
        json_object_put(scene->sinks[i].options);
        json_object_put(scene->sinks[i].description);
    }
    if (scene->secrets >= 0)
        close(scene->secrets);
    scratch_folder_remove(scene->root);
    free(scene->root);
    free(scene->folder);
    free(scene->settled_scope);
    free(scene);
}

static void set_option(struct json_object *options, const char *name, char *value)
{
    json_object_object_add(options, name, json_object_new_string(value));
    free(value);
}

struct config_module *delivery_scene_add(struct delivery_scene *scene, const char *name,
                                         const char *behaviour)
{
    struct config_module *sink = &scene->sinks[scene->config.sink_count++];
    char *gate = memory_format("%s/%s.gate", scene->root, name);

    assert_true(scene->config.sink_count <= SCENE_SINKS_MAX);
    assert_int_equal(mkfifo(gate, 0600), 0);
    sink->name = memory_string(name);
    sink->module = memory_format("%s/tests/sinks/.libs/test-sink.so", getenv("top_builddir"));
    sink->options = json_object_new_object();
    set_option(sink->options, "behaviour", memory_string(behaviour));
    set_option(sink->options, "journal", memory_format("%s/%s.journal", scene->root, name));
    set_option(sink->options, "gate", gate);
    set_option(sink->options, "format", memory_string("text"));
    json_object_object_add(sink->options, "count", json_object_new_int(0));
    set_option(sink->options, "confirm", memory_string("uncertain"));
    json_object_object_add(sink->options, "at_part", json_object_new_int(0));
    return sink;
}

void delivery_scene_behave(struct delivery_scene *scene, const char *name, const char *behaviour)
{
    for (size_t i = 0; i < scene->config.sink_count; i++)
        if (strcmp(scene->sinks[i].name, name) == 0)
            set_option(scene->sinks[i].options, "behaviour", memory_string(behaviour));
}

void delivery_scene_can_confirm(struct config_module *sink)
{
    sink->description = json_object_new_object();
    json_object_object_add(sink->description, "confirm", json_object_new_boolean(true));
}

void delivery_scene_behave_at_part(struct delivery_scene *scene, const char *name, int part)
{
    for (size_t i = 0; i < scene->config.sink_count; i++)
        if (strcmp(scene->sinks[i].name, name) == 0)
            json_object_object_add(scene->sinks[i].options, "at_part", json_object_new_int(part));
}

static void on_settled(void *user, const char *scope, const struct post_summary *summary)
{
    struct delivery_scene *scene = user;

    scene->settled++;
    free(scene->settled_scope);
    scene->settled_scope = memory_string(scope);
    scene->summary = *summary;
}

/* Fails the test with the message where there is an error. */
static void assert_done(int result, char *error)
{
    if (result)
        print_error("%s\n", error ? error : "(no message)");
    assert_int_equal(result, 0);
    assert_null(error);
}

void delivery_scene_open(struct delivery_scene *scene)
{
    const struct post_settings settings = {
        .config = &scene->config,
        .terminal = scene->terminal,
        .secrets = scene->secrets,
        .grace_ns = SCENE_GRACE_NS,
        .events = {on_settled},
        .user = scene,
    };
    struct post_settings with_state = settings;
    char *error = NULL;

    assert_int_equal(sd_event_new(&scene->event), 0);
    assert_done(state_open(scene->root, SCENE_BUILD, STATE_OWN, clock_ns(CLOCK_REALTIME),
                           &scene->state, &error),
                error);
    with_state.state = scene->state;
    assert_done(post_new(scene->event, &with_state, &scene->post, &error), error);
}

void delivery_scene_close(struct delivery_scene *scene)
{
    post_free(scene->post);
    state_close(scene->state);
    sd_event_unref(scene->event);
    scene->post = NULL;
    scene->state = NULL;
    scene->event = NULL;
}

static struct message_parts render(void *user, const struct post_form *form)
{
    static const char *const names[] = {"", "text", "markdown", "json"};
    const struct delivery_scene *scene = user;
    struct message_parts parts = {NULL, 0, 0};

    for (size_t i = 1; i <= scene->parts; i++)
        message_parts_add(&parts,
                          scene->parts == 1
                              ? memory_format("%s as %s", scene->posting, names[form->format])
                              : memory_format("%s, part %zu", scene->posting, i));
    return parts;
}

int delivery_scene_try_to_post(struct delivery_scene *scene, const char *scope, char **ret_error)
{
    char *key =
        memory_format(SCENE_BUILD "/%s%s", scope, scene->key_suffix ? scene->key_suffix : "");
    const struct post_message message = {
        .scope = scope, .key = key, .title = scope, .render = render, .user = scene};
    int result;

    scene->posting = scope;
    result = post_scope(scene->post, &message, ret_error);
    free(key);
    return result;
}

void delivery_scene_post(struct delivery_scene *scene, const char *scope)
{
    char *error = NULL;

    assert_done(delivery_scene_try_to_post(scene, scope, &error), error);
}

static void step(struct delivery_scene *scene, int64_t deadline_ns)
{
    if (clock_ns(CLOCK_MONOTONIC) > deadline_ns)
        fail_msg("nothing happened for 60 s");
    assert_true(sd_event_run(scene->event, UINT64_C(1000000)) >= 0);
}

void delivery_scene_run(struct delivery_scene *scene, unsigned settled)
{
    int64_t deadline_ns = clock_ns(CLOCK_MONOTONIC) + 60 * NS_PER_SECOND;

    while (scene->settled < settled)
        step(scene, deadline_ns);
}

void delivery_scene_run_until(struct delivery_scene *scene,
                              bool (*condition)(struct delivery_scene *scene))
{
    int64_t deadline_ns = clock_ns(CLOCK_MONOTONIC) + 60 * NS_PER_SECOND;

    while (!condition(scene))
        step(scene, deadline_ns);
}

char *delivery_scene_journal(const struct delivery_scene *scene, const char *sink)
{
    char *name = memory_format("%s.journal", sink);
    char *text = scratch_read(scene->root, name);

    free(name);
    return text ? text : memory_string("");
}

size_t delivery_scene_arrived(const struct delivery_scene *scene, const char *sink)
{
    char *text = delivery_scene_journal(scene, sink);
    size_t lines = 0;

    for (const char *byte = text; *byte; byte++)
        lines += *byte == '\n';
    free(text);
    return lines;
}

void delivery_scene_open_gate(const struct delivery_scene *scene, const char *sink)
{
    char *path = memory_format("%s/%s.gate", scene->root, sink);
    int gate = open(path, O_WRONLY | O_CLOEXEC);

    assert_true(gate >= 0);
    close(gate);
    free(path);
}

struct outbox_record *delivery_scene_record(const struct delivery_scene *scene, const char *sink,
                                            const char *scope)
{
    return delivery_scene_part(scene, sink, scope, 1);
}

struct outbox_record *delivery_scene_part(const struct delivery_scene *scene, const char *sink,
                                          const char *scope, int32_t part)
{
    struct outbox_record *record = NULL;
    char *warning = NULL, *error = NULL;

    assert_done(outbox_load(scene->folder, sink, scope, part, clock_ns(CLOCK_REALTIME), &record,
                            &warning, &error),
                error);
    assert_null(warning);
    return record;
}
