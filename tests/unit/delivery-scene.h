/*
 * A state folder, sinks of the module tests/sinks/test-sink, and an event loop that is run until
 * something has happened. A test program that uses it calls delivery_worker first thing in main:
 * deliver workers are this same program.
 */
#ifndef ATVM_TESTS_DELIVERY_SCENE_H
#define ATVM_TESTS_DELIVERY_SCENE_H

#include <stdbool.h>
#include <systemd/sd-event.h>

#include "config.h"
#include "outbox.h"
#include "post.h"
#include "state.h"

#define SCENE_BUILD     "e2e-build"
#define SCENE_SINKS_MAX 4
#define SCENE_GRACE_NS  200000000 /* of deliver workers */

struct delivery_scene {
    char *root;   /* state root; the journals lie in it too */
    char *folder; /* of the build */
    struct config_module sinks[SCENE_SINKS_MAX];
    struct config config;
    sd_event *event;
    struct state *state;
    struct post *post;
    int terminal, secrets;  /* -1 */
    size_t parts;           /* of each message that is posted: 1 */
    const char *posting;    /* scope of the last one */
    const char *key_suffix; /* of the keys, "<build>/<scope>"; NULL: none */
    /* Announcements so far, and the last one. */
    unsigned settled;
    char *settled_scope;
    struct post_summary summary;
};

/* Whether this process is a deliver worker; then *ret_status is what it ends with. */
bool delivery_worker(int argc, char **argv, int *ret_status);

/* Retries after 10 ms to 40 ms, gives up after 60 s, time limit 30 s. */
struct delivery_scene *delivery_scene_new(void);
void delivery_scene_free(struct delivery_scene *scene);

/* Adds a sink; its journal is <root>/<name>.journal and its gate the FIFO <root>/<name>.gate. */
struct config_module *delivery_scene_add(struct delivery_scene *scene, const char *name,
                                         const char *behaviour);
/* Changes a sink's behaviour for the next workers. */
void delivery_scene_behave(struct delivery_scene *scene, const char *name, const char *behaviour);

/* Describes the sink as one that can be asked whether a message has arrived. */
void delivery_scene_can_confirm(struct config_module *sink);
/* It does so for this part of a message only, and delivers the others; 0: for all. */
void delivery_scene_behave_at_part(struct delivery_scene *scene, const char *name, int part);

/* Opens state and event loop, takes up the outbox; what a watcher does at its start. */
void delivery_scene_open(struct delivery_scene *scene);
/* Gives them up without tidying, as far as that is possible without dying. */
void delivery_scene_close(struct delivery_scene *scene);

/* Posts the scope with the body "<scope> as <format>"; in several parts, "<scope>, part <n>". */
void delivery_scene_post(struct delivery_scene *scene, const char *scope);
/* The same, which may fail as post_scope does. */
int delivery_scene_try_to_post(struct delivery_scene *scene, const char *scope, char **ret_error);
/* Runs the loop until `settled` has reached the number; fails the test after 60 s. */
void delivery_scene_run(struct delivery_scene *scene, unsigned settled);
/* The same until the condition holds. */
void delivery_scene_run_until(struct delivery_scene *scene,
                              bool (*condition)(struct delivery_scene *scene));

/* How many messages have arrived at the sink; what arrived, one "<key> <attempt>" a line (free it;
 * "" for nothing). */
size_t delivery_scene_arrived(const struct delivery_scene *scene, const char *sink);
char *delivery_scene_journal(const struct delivery_scene *scene, const char *sink);
/* Opens the gate once: waits until a sink waits there, and lets it go. */
void delivery_scene_open_gate(const struct delivery_scene *scene, const char *sink);

/* The record of sink and scope as it stands on disk; free it. */
struct outbox_record *delivery_scene_record(const struct delivery_scene *scene, const char *sink,
                                            const char *scope);
struct outbox_record *delivery_scene_part(const struct delivery_scene *scene, const char *sink,
                                          const char *scope, int32_t part);

#endif
