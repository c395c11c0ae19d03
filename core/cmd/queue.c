/* `atvm-watcher queue`: the messages of all builds; looks at them, sends one again, gives one up.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "clock.h"
#include "config-call.h"
#include "log.h"
#include "memory.h"
#include "nearest-name.h"
#include "operate.h"
#include "outbox-parts.h"
#include "queue-print.h"

enum queue_verb { QUEUE_LIST, QUEUE_SHOW, QUEUE_RETRY, QUEUE_DROP };

static const char *const verbs[] = {"list", "show", "retry", "drop"};

static const struct option options[] = {
    OPERATE_OPTIONS,    OPERATE_RECORD_OPTIONS,
    OPERATE_ALL_OPTION, {"reason", required_argument, NULL, OPERATE_OPTION_REASON},
    {NULL, 0, NULL, 0},
};

/* ---------------------------------------------------------------- what there is */

struct build_posts {
    char *build;
    struct outbox_list list;
};

struct queue {
    struct operate *operate;
    enum queue_verb verb;
    struct config *config;
    int64_t now_ns;
    struct build_posts *builds;
    size_t build_count, build_capacity;
    struct queued *queued; /* those that are meant */
    size_t count, capacity;
};

static bool is_meant(const struct queue *queue, const struct queued *queued)
{
    const struct request *request = &queue->operate->request;
    const struct outbox_message *message = &queued->record->message;
    bool open = queued->standing == POST_WAITING || queued->standing == POST_HELD;

    return (queue->verb == QUEUE_SHOW || request->all || open) &&
           (!request->scope || strcmp(message->scope, request->scope) == 0) &&
           (!request->sink || strcmp(queued->record->sink, request->sink) == 0) &&
           (request->part == 0 || message->part == request->part) &&
           (request->correction == 0 || message->correction == request->correction);
}

static void add_records(struct queue *queue, const struct build_posts *posts)
{
    for (size_t i = 0; i < posts->list.count; i++) {
        const struct outbox_record *record = posts->list.records[i];
        const struct queued queued = {
            .build = posts->build,
            .record = record,
            .standing = post_standing_of(&posts->list, record, queue->config),
            .is_behind = outbox_turn_of(&posts->list, record) == OUTBOX_TURN_HELD,
        };

        if (!is_meant(queue, &queued))
            continue;
        memory_grow(&queue->queued, queue->count, &queue->capacity, sizeof(*queue->queued));
        queue->queued[queue->count++] = queued;
    }
}

/* What cannot be read of one build hides no other. */
static int read_build(struct queue *queue, const char *build)
{
    CLEANUP_FREE char *folder = memory_format("%s/%s", queue->config->state_root, build);
    CLEANUP_FREE char *error = NULL;
    struct build_posts *posts;

    memory_grow(&queue->builds, queue->build_count, &queue->build_capacity, sizeof(*queue->builds));
    posts = &queue->builds[queue->build_count];
    if (outbox_look_all(folder, queue->now_ns, &posts->list, &error) < 0) {
        log_error("%s", error);
        return COMMAND_STATE;
    }
    posts->build = memory_string(build);
    queue->build_count++;
    return COMMAND_OK;
}

static int read_builds(struct queue *queue)
{
    CLEANUP_FREE char *error = NULL;
    struct build_rows rows;
    bool found = false;
    int status = COMMAND_OK;

    if (build_rows_load(queue->config, queue->now_ns, &rows, &error) < 0) {
        log_error("%s", error);
        return COMMAND_STATE;
    }
    for (size_t i = 0; i < rows.count; i++) {
        if (queue->operate->build && strcmp(queue->operate->build, rows.rows[i].name) != 0)
            continue;
        found = true;
        if (read_build(queue, rows.rows[i].name) != COMMAND_OK)
            status = COMMAND_STATE;
    }
    build_rows_free(&rows);
    if (queue->operate->build && !found)
        return operate_report_unknown(queue->config, queue->operate->build);
    for (size_t i = 0; i < queue->build_count; i++)
        add_records(queue, &queue->builds[i]);
    return status;
}

static void clear(struct queue *queue)
{
    for (size_t i = 0; i < queue->build_count; i++) {
        free(queue->builds[i].build);
        outbox_list_free(&queue->builds[i].list);
    }
    free(queue->builds);
    free(queue->queued);
    config_free(queue->config);
}

/* ---------------------------------------------------------------- list and show */

static void print_list(const struct queue *queue)
{
    CLEANUP_JSON struct json_object *array = NULL;

    if (!queue->operate->json) {
        if (queue->count == 0)
            printf("Nothing waits or is held%s.\n",
                   queue->operate->request.all ? ", and nothing was posted" : "");
        else
            queue_print_table(queue->queued, queue->count, queue->now_ns);
        return;
    }
    array = json_object_new_array();
    for (size_t i = 0; i < queue->count; i++)
        json_object_array_add(array, queue_record_json(&queue->queued[i], false));
    command_print_json(array);
}

static int show(const struct queue *queue)
{
    CLEANUP_JSON struct json_object *object = NULL;

    if (queue->count == 0) {
        CLEANUP_FREE char *list =
            config_command(queue->config, "queue list %s --all", queue->operate->build);

        log_error("%s: there is no such message; `%s` shows all", queue->operate->build, list);
        return COMMAND_FAILED;
    }
    if (queue->count > 1) {
        log_error("%s: %zu messages are meant; name one of them:", queue->operate->build,
                  queue->count);
        for (size_t i = 0; i < queue->count; i++) {
            CLEANUP_FREE char *words =
                outbox_selection(queue->queued[i].record, queue->operate->build);

            CLEANUP_FREE char *command =
                config_command(queue->config, "queue show %s%s", queue->operate->build, words);

            log_error("  %s", command);
        }
        return COMMAND_FAILED;
    }
    if (!queue->operate->json) {
        queue_print_record(queue->config, &queue->queued[0], queue->now_ns);
        return COMMAND_OK;
    }
    object = queue_record_json(&queue->queued[0], true);
    command_print_json(object);
    return COMMAND_OK;
}

static int look(struct queue *queue)
{
    CLEANUP_FREE char *error = NULL;
    int status;

    queue->config = config_load(queue->operate->config_path, NULL, &error);
    if (!queue->config) {
        log_error("%s", error);
        return COMMAND_USAGE;
    }
    queue->now_ns = clock_ns(CLOCK_REALTIME);
    status = read_builds(queue);
    if (queue->verb == QUEUE_LIST && (status == COMMAND_OK || queue->build_count > 0))
        print_list(queue);
    else if (status == COMMAND_OK)
        status = show(queue);
    return status;
}

/* ---------------------------------------------------------------- the command */

static int take_verb(struct queue *queue, int argc, char **argv)
{
    CLEANUP_FREE char *advice = NULL;

    for (size_t i = 0; argc > 1 && i < sizeof(verbs) / sizeof(*verbs); i++) {
        if (strcmp(argv[1], verbs[i]) != 0)
            continue;
        queue->verb = (enum queue_verb)i;
        return COMMAND_OK;
    }
    if (argc > 1 && argv[1][0] != '-') {
        advice = nearest_name_advice(argv[1], verbs, sizeof(verbs) / sizeof(*verbs),
                                     "it begins with one of these, then a build");
        return command_usage_error(&command_queue, "unknown word \"%s\"; %s", argv[1], advice);
    }
    return command_usage_error(&command_queue, "expected list, show, retry or drop");
}

static int check(const struct queue *queue)
{
    const struct operate *operate = queue->operate;

    if (queue->verb != QUEUE_LIST && !operate->build)
        return command_usage_error(&command_queue, "expected the name of a build");
    if (queue->verb == QUEUE_DROP && !operate->request.reason)
        return command_usage_error(&command_queue, "drop needs --reason TEXT: it is kept with it");
    if (queue->verb != QUEUE_DROP && operate->request.reason)
        return command_usage_error(&command_queue, "--reason goes with drop");
    if (queue->verb == QUEUE_SHOW && operate->request.all)
        return command_usage_error(&command_queue, "show shows one message: --all is for list");
    return COMMAND_OK;
}

static bool wants_help(int argc, char **argv)
{
    return argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0);
}

static int queue_main(int argc, char **argv, int *secrets)
{
    struct operate operate = {.command = &command_queue, .build_is_optional = true};
    struct queue queue = {.operate = &operate};
    int status;

    if (wants_help(argc, argv)) {
        fputs(command_queue.usage, stdout);
        return COMMAND_OK;
    }
    status = take_verb(&queue, argc, argv);
    if (status == COMMAND_OK)
        status = operate_parse(&operate, argc - 1, argv + 1, options, NULL);
    if (status == COMMAND_OK)
        status = check(&queue);
    operate.request.command = queue.verb == QUEUE_RETRY ? REQUEST_RETRY : REQUEST_DROP;
    if (status == COMMAND_OK)
        status = queue.verb == QUEUE_RETRY || queue.verb == QUEUE_DROP
                     ? operate_run(&operate, secrets)
                     : look(&queue);
    clear(&queue);
    return status < 0 ? COMMAND_OK : status;
}

const struct command command_queue = {
    .name = "queue",
    .summary = "messages that wait or are held: list, show, retry, drop",
    .usage =
        "Usage: atvm-watcher queue list [BUILD] [--all] [OPTION]…\n"
        "       atvm-watcher queue show BUILD [OPTION]…\n"
        "       atvm-watcher queue retry BUILD [--all] [OPTION]…\n"
        "       atvm-watcher queue drop BUILD --reason TEXT [--all] [OPTION]…\n\n"
        "list shows the messages of all builds (or of BUILD) that wait to be sent or are held;\n"
        "show one of them, with its attempts, their reasons and remedies, and its text; retry "
        "sends\n"
        "one now that is quarantined or waits for its next attempt; drop gives one up: it is "
        "kept,\n"
        "with who and why, but never sent (retry takes that back). A post that is uncertain is\n"
        "settled with 'atvm-watcher resolve'.\n\n"
        "      --all              list: also those that are delivered or dropped; retry, drop: "
        "all\n"
        "                         that are meant, not just one\n"
        "      --reason TEXT      why it is dropped\n" OPERATE_RECORD_USAGE OPERATE_USAGE "\n"
        "Exit status:\n"
        "  0  shown; or done, and what is to be sent was delivered, or handed to the watcher\n"
        "  1  refused, or no such message\n" OPERATE_STATUS_USAGE
        "  5  retry: not delivered yet, or something else of this build is held\n",
    .main_with_secrets = queue_main,
};
