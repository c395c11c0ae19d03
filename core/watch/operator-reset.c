/* reset: a scope that was closed without a post is judged anew. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-login.h>
#include <unistd.h>

#include "cleanup.h"
#include "config-call.h"
#include "memory.h"
#include "operator.h"
#include "post.h"
#include "shell-word.h"
#include "unit-control.h"
#include "watch-command.h"

static char *occasion_of(const struct request *request)
{
    return memory_format("reset-%s", request->id);
}

/* ---- why not */

static bool was_posted(const struct scope_state *scope, const struct config *config)
{
    bool posted = scope->posted_count > 0;

    /* Could not look is not "no". */
    for (size_t i = 0; i < config->sink_count && !posted; i++)
        posted = state_posted(scope, config->sinks[i].name) != 0;
    return posted;
}

/* Why a message forbids a reset; NULL: it does not. */
static char *objection_of(const struct operator_scene *scene, const struct outbox_record *record)
{
    CLEANUP_FREE char *drop =
        operator_command_about(scene, record, "queue drop", " --reason 'given up'");
    CLEANUP_FREE char *resolve = operator_command_about(scene, record, "resolve", " --posted");
    CLEANUP_FREE char *correct = config_command(scene->config, "correct %s", scene->state->build);

    if (record->state == OUTBOX_PENDING)
        return memory_format("its message waits to be sent: it is posted as it is, or given up "
                             "with `%s`",
                             drop);
    if (record->state == OUTBOX_SENDING)
        return memory_string("its message is being sent at this moment");
    if (record->state == OUTBOX_DELIVERED)
        return memory_format("it was posted: where the post is wrong, use `%s`", correct);
    if (outbox_has_left(record))
        return memory_format("it may have been posted: look there, and settle that first with "
                             "`%s`, or the same with --resend in place of --posted",
                             resolve);
    return NULL;
}

/* Whether a scope may be reopened; else the answer says why not. */
static bool may_be_reset(const struct operator_scene *scene, const struct scope_state *scope,
                         struct request_answer *answer)
{
    const struct outbox_list *list = post_records(watch_close_post(scene->closing));

    for (size_t i = 0; i < list->count; i++) {
        const struct outbox_record *record = list->records[i];
        CLEANUP_FREE char *objection =
            strcmp(record->message.scope, scope->name) == 0 ? objection_of(scene, record) : NULL;

        if (objection) {
            answer_end(answer, REQUEST_REFUSED, "%s, sink %s: %s", scope->name, record->sink,
                       objection);
            return false;
        }
    }
    if (was_posted(scope, scene->config)) {
        CLEANUP_FREE char *correct =
            config_command(scene->config, "correct %s", scene->state->build);

        answer_end(answer, REQUEST_REFUSED,
                   "%s: a marker says that it was posted: where the post is wrong, use `%s`",
                   scope->name, correct);
        return false;
    }
    return true;
}

/* ---- reopening */

/* Messages that have certainly not left would stand in the way of the new one. */
static int set_messages_aside(const struct operator_scene *scene, const char *scope,
                              const char *folder, char **ret_error)
{
    struct outbox_list *list = post_records(watch_close_post(scene->closing));
    size_t kept = 0;
    int status = 0;

    for (size_t i = 0; i < list->count; i++) {
        struct outbox_record *record = list->records[i];
        CLEANUP_FREE char *path = outbox_path(scene->state->folder, record);
        CLEANUP_FREE char *name = NULL;

        if (status == 0 && path && strcmp(record->message.scope, scope) == 0) {
            name = memory_format("outbox-%s-%s", record->sink, strrchr(path, '/') + 1);
            status = state_move_into(path, folder, name, ret_error);
            if (status == 0) {
                outbox_record_free(record);
                continue;
            }
        }
        list->records[kept++] = record;
    }
    list->count = kept;
    return status;
}

static int reopen(const struct operator_scene *scene, const struct request *request,
                  struct scope_state *scope, struct request_answer *answer)
{
    CLEANUP_FREE char *occasion = occasion_of(request);
    CLEANUP_FREE char *folder = NULL, *error = NULL;
    bool is_parent = scope == &scene->state->run && scene->state->subrun_count > 0;
    enum run_state before = scope->state;
    int status = state_keep_history(scene->state, scope, occasion, &folder, &error);

    if (status == 0 && !is_parent)
        status = set_messages_aside(scene, scope->name, folder, &error);
    if (status == 0)
        status = state_reopen(scene->state, scope, request->id, request->time_ns, &error);
    if (status < 0)
        answer_failed(answer, error);
    else
        answer_add(answer, "%s: was %s, is open again; what was there is kept in %s", scope->name,
                   run_state_name(before), folder);
    return status;
}

/* A cancellation that stayed would close the scope again at once. */
static int take_marker_back(const struct operator_scene *scene, const struct request *request,
                            struct request_answer *answer)
{
    CLEANUP_FREE char *occasion = occasion_of(request);
    CLEANUP_FREE char *marker = memory_format("%s/cancelled", scene->state->folder);
    CLEANUP_FREE char *folder = NULL, *error = NULL;
    int status = state_cancelled(scene->state);

    if (status == 0)
        return 0;
    status = state_keep_history(scene->state, &scene->state->run, occasion, &folder, &error);
    if (status == 0)
        status = state_move_into(marker, folder, "cancelled", &error);
    if (status < 0)
        answer_failed(answer, error);
    else
        answer_add(answer, "%s: the cancellation is taken back", scene->state->build);
    return status;
}

/* ---- which scopes */

struct targets {
    struct scope_state **scopes;
    size_t count;
};

static bool was_reset_by(const struct scope_state *scope, const struct request *request)
{
    return scope->reset_request && strcmp(scope->reset_request, request->id) == 0;
}

static bool is_resettable(const struct scope_state *scope)
{
    return scope_state_is_closed(scope) && !run_state_is_posted(scope->state);
}

static void add_target(struct targets *targets, const struct request *request,
                       struct scope_state *scope)
{
    bool named = request->scope && strcmp(request->scope, scope->name) == 0;

    if ((!request->scope || named) && is_resettable(scope) && !was_reset_by(scope, request))
        targets->scopes[targets->count++] = scope;
}

/* The run last: while it is closed, no watcher looks at the others. */
static struct targets find_targets(struct state *state, const struct request *request)
{
    struct targets targets = {memory_zeroed(state->subrun_count + 1, sizeof(*targets.scopes)), 0};

    for (size_t i = 0; i < state->subrun_count; i++)
        add_target(&targets, request, state->subruns[i]);
    add_target(&targets, request, &state->run);
    return targets;
}

static bool was_done(struct state *state, const struct request *request)
{
    bool done = was_reset_by(&state->run, request);

    for (size_t i = 0; i < state->subrun_count; i++)
        done |= was_reset_by(state->subruns[i], request);
    return done;
}

static void refuse_none(const struct operator_scene *scene, const struct request *request,
                        struct request_answer *answer)
{
    const char *name = request->scope ? request->scope : scene->state->build;
    const struct scope_state *scope = state_find_scope(scene->state, name);
    CLEANUP_FREE char *correct = config_command(scene->config, "correct %s", scene->state->build);

    if (!scope_state_is_closed(scope))
        answer_end(answer, REQUEST_REFUSED, "%s: is not closed, so there is nothing to reset",
                   name);
    else
        answer_end(answer, REQUEST_REFUSED,
                   "%s: was closed as %s, which is a result: where it is wrong, use `%s`", name,
                   run_state_name(scope->state), correct);
}

static void reset_targets(const struct operator_scene *scene, const struct request *request,
                          const struct targets *targets, struct request_answer *answer)
{
    struct scope_state *run = &scene->state->run;
    int status = 0;

    for (size_t i = 0; i < targets->count && !answer->outcome; i++)
        may_be_reset(scene, targets->scopes[i], answer);
    if (answer->outcome)
        return;
    status = take_marker_back(scene, request, answer);
    for (size_t i = 0; i < targets->count && status == 0; i++)
        status = reopen(scene, request, targets->scopes[i], answer);
    /* Of a sub-run that was named, or of one before a crash. */
    if (status == 0 && scope_state_is_closed(run))
        status = reopen(scene, request, run, answer);
    if (status == 0)
        answer->outcome = REQUEST_DONE;
}

/* The command that ends the watcher, which this process is, and comes back when it has ended. */
static char *command_that_ends_it(const struct operator_scene *scene)
{
    CLEANUP_FREE char *expected = unit_of_watcher(scene->state->build);
    char *unit = NULL, *command = NULL;

    if (sd_pid_get_unit(0, &unit) >= 0 && strcmp(unit, expected) == 0)
        command = systemctl_command("stop '%s'", unit);
    else
        command =
            memory_format("kill %d && tail --pid=%d -f /dev/null", (int)getpid(), (int)getpid());
    free(unit);
    return command;
}

/* It has stopped looking at the run, and would not begin again. */
static void refuse_while_delivering(const struct operator_scene *scene,
                                    const struct request *request, struct request_answer *answer)
{
    CLEANUP_FREE char *scope = shell_word(request->scope ? request->scope : "");
    CLEANUP_FREE char *reset =
        config_command(scene->config, "reset %s%s%s", scene->state->build,
                       request->scope ? " --scope " : "", request->scope ? scope : "");
    CLEANUP_FREE char *end = command_that_ends_it(scene);

    answer_end(answer, REQUEST_REFUSED,
               "%s: is closed, and its watcher (process %d) only waits for posts to be delivered. "
               "Let it end, or end it (what waits is kept) and reset then: `%s && %s`",
               scene->state->build, (int)getpid(), end, reset);
}

static void say_who_goes_on(const struct operator_scene *scene, struct request_answer *answer)
{
    CLEANUP_FREE char *go_on = watch_command(scene->config, scene->state->build);

    answer_add(answer, "%s: watching goes on with `%s`", scene->state->build, go_on);
}

void operator_reset(const struct operator_scene *scene, const struct request *request,
                    struct request_answer *answer)
{
    struct targets targets;

    if (operator_scope_is_unknown(scene, request, answer))
        return;
    if (scene->watching && scope_state_is_closed(&scene->state->run)) {
        refuse_while_delivering(scene, request, answer);
        return;
    }
    targets = find_targets(scene->state, request);
    if (targets.count == 0 && !was_done(scene->state, request))
        refuse_none(scene, request, answer);
    else
        reset_targets(scene, request, &targets, answer);
    if (answer->outcome == REQUEST_DONE && !answer->text)
        answer_add(answer, "%s: that was done already", scene->state->build);
    if (answer->outcome == REQUEST_DONE && !scene->watching)
        say_who_goes_on(scene, answer);
    free(targets.scopes);
}
