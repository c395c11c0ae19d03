#include "operator.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "config-call.h"
#include "log.h"
#include "memory.h"
#include "nearest-name.h"

/* ---- answers */

static void add_line(struct request_answer *answer, const char *line)
{
    char *before = answer->text;

    answer->text = before ? memory_format("%s\n%s", before, line) : memory_string(line);
    free(before);
}

void answer_add(struct request_answer *answer, const char *format, ...)
{
    CLEANUP_FREE char *line = NULL;
    va_list arguments;

    va_start(arguments, format);
    line = memory_vformat(format, arguments);
    va_end(arguments);
    add_line(answer, line);
}

void answer_end(struct request_answer *answer, enum request_outcome outcome, const char *format,
                ...)
{
    CLEANUP_FREE char *line = NULL;
    va_list arguments;

    va_start(arguments, format);
    line = memory_vformat(format, arguments);
    va_end(arguments);
    add_line(answer, line);
    answer->outcome = outcome;
}

void answer_failed(struct request_answer *answer, const char *error)
{
    answer_end(answer, REQUEST_FAILED, "%s; mend that and ask again: nothing is done twice",
               error ? error : "the state could not be written; its log says why");
}

/* ---- questions all of them ask */

bool operator_scope_is_unknown(const struct operator_scene *scene, const struct request *request,
                               struct request_answer *answer)
{
    const struct state *state = scene->state;
    CLEANUP_FREE const char **names = memory_zeroed(state->subrun_count + 1, sizeof(*names));
    CLEANUP_FREE char *advice = NULL;

    if (!request->scope || state_find_scope(scene->state, request->scope))
        return false;
    names[0] = state->build;
    for (size_t i = 0; i < state->subrun_count; i++)
        names[i + 1] = state->subruns[i]->name;
    advice = nearest_name_advice(request->scope, names, state->subrun_count + 1, "its scopes");
    answer_end(answer, REQUEST_REFUSED, "%s: there is no scope %s; %s", state->build,
               request->scope, advice);
    return true;
}

char *operator_command_about(const struct operator_scene *scene, const struct outbox_record *record,
                             const char *verb, const char *options)
{
    const char *build = scene->state->build;
    CLEANUP_FREE char *selection = outbox_selection(record, build);

    return config_command(scene->config, "%s %s%s%s", verb, build, options, selection);
}

bool operator_may_not_post(const struct operator_scene *scene, struct request_answer *answer)
{
    int cancelled = state_cancelled(scene->state);
    CLEANUP_FREE char *by = NULL, *reset = NULL;

    if (cancelled < 0)
        answer_end(answer, REQUEST_FAILED,
                   "%s: whether the run was cancelled could not be looked for: %s",
                   scene->state->build, strerror(-cancelled));
    if (cancelled <= 0)
        return cancelled < 0;
    by = state_cancelled_by(scene->state);
    reset = config_command(scene->config, "reset %s", scene->state->build);
    answer_end(answer, REQUEST_REFUSED,
               "%s: the run was cancelled by %s, so nothing of it is posted any more; `%s` takes "
               "that back",
               scene->state->build, by, reset);
    return true;
}

/* ---- carrying out */

static void log_answer(const struct operator_scene *scene, const struct request *request,
                       const struct request_answer *answer)
{
    CLEANUP_FREE char *build = memory_format("BUILD=%s", scene->state->build);
    CLEANUP_FREE char *scope = memory_format("SCOPE=%s", request->scope ? request->scope : "");
    CLEANUP_FREE char *command =
        memory_format("REQUEST=%s", request_command_name(request->command));
    CLEANUP_FREE char *decision =
        memory_format("DECISION=%s", request_outcome_name(answer->outcome));
    const char *const fields[] = {build, scope, command, decision, NULL};

    log_line(answer->outcome == REQUEST_FAILED ? ATVM_LOG_ERROR : ATVM_LOG_NOTICE, fields,
             "%s: %s, asked for by %s: %s: %s", scene->state->build,
             request_command_name(request->command), request->by,
             request_outcome_name(answer->outcome), answer->text);
}

void operator_carry_out(const struct operator_scene *scene, const struct request *request,
                        struct request_answer *ret)
{
    *ret = (struct request_answer){0};
    switch (request->command) {
    case REQUEST_CANCEL:
        operator_cancel(scene, request, ret);
        break;
    case REQUEST_RESET:
        operator_reset(scene, request, ret);
        break;
    case REQUEST_CORRECT:
        operator_correct(scene, request, ret);
        break;
    default:
        operator_decide(scene, request, ret);
        break;
    }
    if (scene->watching)
        log_answer(scene, request, ret);
}
