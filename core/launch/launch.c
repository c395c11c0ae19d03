#include "launch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "cleanup.h"
#include "config-call.h"
#include "clock.h"
#include "launch-ask.h"
#include "launch-command.h"
#include "launch-files.h"
#include "launch-interrupt.h"
#include "launch-look.h"
#include "log.h"
#include "start-environment.h"
#include "start-obstacle.h"
#include "unit-control.h"

/* How long the service manager may take to execute the runner. */
#define RUNNER_TIMEOUT_NS (90 * NS_PER_SECOND)

/* How far a step of the launch has come, for whoever has to know what is there now. */
enum step {
    STEP_NOT_BEGUN,
    STEP_FAILED, /* it was begun, and did not come to its end */
    STEP_DONE
};

struct launch {
    const struct launch_settings *settings;
    const char *config_path; /* as for config_load */
    struct launch_interrupt interrupt;
    struct unit_control *units;
    /* Made anew whenever somebody may have changed something. */
    struct config *config;
    struct launch_plan plan;
    struct obstack memory;
    enum step generated, watched, running;
};

/* ---------------------------------------------------------------- the plan */

/* Behind what was printed so far. */
static enum launch_status fail_with(enum launch_status status, const char *error)
{
    fflush(stdout);
    log_error("%s", error);
    return status;
}

static void forget_plan(struct launch *launch)
{
    launch_plan_clear(&launch->plan);
    config_free(launch->config);
    launch->config = NULL;
    obstack_free(&launch->memory, NULL);
    obstack_init(&launch->memory);
}

/* *ret_error: free it. */
static enum launch_status find_obstacles(struct launch *launch, char **ret_error)
{
    int status = 0;

    if (!launch->units)
        status = unit_control_open(&launch->units, ret_error);
    if (status < 0)
        return LAUNCH_FAILED;
    status = start_obstacle(launch->config, launch->plan.build, launch->plan.runner_unit,
                            launch->units, ret_error);
    return status == 0 ? LAUNCH_OK : status == -EBUSY ? LAUNCH_BUSY : LAUNCH_STATE;
}

static enum launch_status look_for_obstacles(struct launch *launch)
{
    CLEANUP_FREE char *error = NULL;
    enum launch_status status = find_obstacles(launch, &error);

    return status == LAUNCH_OK ? LAUNCH_OK : fail_with(status, error);
}

/* Decides what is to be done, from what is there now. */
static enum launch_status make_plan(struct launch *launch)
{
    const struct launch_request *request = &launch->settings->request;
    CLEANUP_FREE char *error = NULL;
    const char *refusal;
    int status;

    forget_plan(launch);
    launch->config = config_load(launch->config_path, request->build, &error);
    if (!launch->config)
        return fail_with(LAUNCH_USAGE, error);
    if (request->cypress_config) {
        free(launch->config->cypress_config);
        launch->config->cypress_config = memory_string(request->cypress_config);
    }
    status = launch_plan_make(request, launch->config, &launch->memory, &launch->plan, &refusal);
    if (status < 0)
        return fail_with(status == -EPERM ? LAUNCH_REFUSED : LAUNCH_USAGE, refusal);
    if (!launch_files_are_there(&launch->plan, request, launch->config, &error))
        return fail_with(LAUNCH_USAGE, error);
    return LAUNCH_OK;
}

/* And whether it could be done now. */
static enum launch_status prepare(struct launch *launch)
{
    enum launch_status status = make_plan(launch);

    return status == LAUNCH_OK ? look_for_obstacles(launch) : status;
}

static void show_plan(struct launch *launch)
{
    fputs(launch_plan_text(&launch->memory, &launch->plan), stdout);
}

/* obstacle: why it could not be done now; NULL: it could. */
static void print_json(const struct launch *launch, const char *obstacle)
{
    CLEANUP_JSON struct json_object *object = launch_plan_json(&launch->plan);

    json_object_object_add(object, "obstacle", obstacle ? json_object_new_string(obstacle) : NULL);
    puts(json_object_to_json_string_ext(object, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED |
                                                    JSON_C_TO_STRING_NOSLASHESCAPE));
}

/* ---------------------------------------------------------------- approval */

static enum launch_status not_approved(enum launch_answer answer, const char *how)
{
    if (answer == LAUNCH_ANSWER_INTERRUPT)
        return LAUNCH_INTERRUPTED;
    log_error("not approved%s%s; nothing was started", answer == LAUNCH_ANSWER_NOBODY ? ": " : "",
              answer == LAUNCH_ANSWER_NOBODY ? how : "");
    return LAUNCH_REFUSED;
}

static enum launch_status approve(struct launch *launch)
{
    CLEANUP_FREE char *how = NULL;
    enum launch_answer answer = launch_ask("Run this?", &launch->interrupt);

    if (answer == LAUNCH_ANSWER_YES)
        return LAUNCH_OK;
    how = memory_format("nobody answered; approve exactly this plan with --approve %s, or any with "
                        "--yes",
                        launch_plan_digest(&launch->memory, &launch->plan));
    return not_approved(answer, how);
}

static enum launch_status confirm(struct launch *launch)
{
    const struct launch_words *reasons = &launch->plan.confirmations;

    for (size_t i = 0; i < reasons->count && !launch->settings->confirmed; i++) {
        CLEANUP_FREE char *question =
            memory_format("WARNING: %s. Run it all the same?", reasons->words[i]);
        enum launch_answer answer = launch_ask(question, &launch->interrupt);

        if (answer != LAUNCH_ANSWER_YES)
            return not_approved(answer, "nobody answered the second question; --confirm answers "
                                        "it beforehand");
    }
    return LAUNCH_OK;
}

/* Whether the plan that lies there now was approved when the launch was called. */
static bool is_approved_beforehand(struct launch *launch)
{
    const struct launch_settings *settings = launch->settings;

    if (settings->yes)
        return true;
    if (!settings->approved)
        return false;
    if (strcmp(settings->approved, launch_plan_digest(&launch->memory, &launch->plan)) == 0)
        return true;
    fflush(stdout);
    log_warning("the plan is another than %s, which was approved; look at it again",
                settings->approved);
    return false;
}

/*
 * Shows the plan and asks for it, until somebody has approved the very plan that would be made now:
 * configuration and files may have changed while the question stood there.
 */
static enum launch_status get_approval(struct launch *launch)
{
    enum launch_status status = prepare(launch);

    while (status == LAUNCH_OK) {
        bool beforehand = is_approved_beforehand(launch);
        CLEANUP_FREE char *shown =
            memory_string(launch_plan_digest(&launch->memory, &launch->plan));

        show_plan(launch);
        status = beforehand ? LAUNCH_OK : approve(launch);
        if (status == LAUNCH_OK)
            status = confirm(launch);
        if (status == LAUNCH_OK)
            status = prepare(launch);
        if (status != LAUNCH_OK ||
            strcmp(shown, launch_plan_digest(&launch->memory, &launch->plan)) == 0)
            break;
        log_warning("the plan has changed since it was shown; look at it again");
    }
    return status;
}

/* ---------------------------------------------------------------- the steps */

/* Two launches at once would overwrite each other's specPattern. */
static enum launch_status lock_root(const struct launch *launch, int *ret_descriptor)
{
    const char *root = launch->plan.working_directory;

    *ret_descriptor = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (*ret_descriptor >= 0 && flock(*ret_descriptor, LOCK_EX | LOCK_NB) == 0)
        return LAUNCH_OK;
    if (errno == EWOULDBLOCK) {
        log_error("%s: another launch is at work there; wait for its end", root);
        return LAUNCH_BUSY;
    }
    log_error("%s: cannot be locked: %s", root, strerror(errno));
    return LAUNCH_STATE;
}

static enum launch_status generate(struct launch *launch)
{
    const struct launch_command command = {
        .words = &launch->plan.template_command,
        .folder = launch->plan.working_directory,
        .log = launch->plan.launch_log,
        .timeout_ns = launch->config->launch.template_timeout_ns,
        .progress = stderr,
    };
    CLEANUP_FREE char *error = NULL;
    int status;

    fprintf(stderr, "template command: started\n");
    launch->generated = STEP_FAILED;
    status = launch_command_run(&command, &launch->interrupt, &error);
    if (status == 0) {
        launch->generated = STEP_DONE;
        fprintf(stderr, "template command: done\n");
        return LAUNCH_OK;
    }
    log_error("%s", error);
    return status == -EINTR ? LAUNCH_INTERRUPTED : LAUNCH_TEMPLATE;
}

static enum launch_status check(struct launch *launch, int64_t since_ns)
{
    const struct launch_expectation expectation = {&launch->plan, since_ns};
    struct launch_words hosts = {0};
    const char *error;
    int status = launch_look(&expectation, launch->config_path, &launch->memory, &hosts, &error);

    if (status == 0) {
        fprintf(stderr, "check: %zu machine%s:", hosts.count, hosts.count == 1 ? "" : "s");
        for (size_t i = 0; i < hosts.count; i++)
            fprintf(stderr, " %s", hosts.words[i]);
        fputc('\n', stderr);
    } else if (status == -EBADMSG) {
        log_error("what was generated is not what was asked for; nothing was started\n%s", error);
    } else {
        log_error("what was generated could not be looked at: %s", error);
    }
    launch_words_free(&hosts);
    return status == 0 ? LAUNCH_OK : LAUNCH_MISMATCH;
}

static enum launch_status start_watcher(struct launch *launch)
{
    int status;

    if (!launch->plan.watched)
        return LAUNCH_OK;
    launch->watched = STEP_FAILED;
    fflush(stdout);
    status = launch_command_call(launch->plan.watcher_command.words);
    if (status == 0) {
        launch->watched = STEP_DONE;
        return LAUNCH_OK;
    }
    if (status < 0)
        log_error("the watcher could not be started: %s", strerror(-status));
    else
        log_error("the watcher could not be started: atvm-watcher start ended with status %d",
                  status);
    /* `start` and `launch` mean the same by these. */
    return status > LAUNCH_OK && status <= LAUNCH_STATE ? (enum launch_status)status
                                                        : LAUNCH_FAILED;
}

/* "NAME=value" of the variables that the runner is to have; free array and strings. */
static char **environment_of(const struct config_launch *launch)
{
    char **environment = memory_zeroed(launch->environment.count + 1, sizeof(*environment));
    size_t count = 0;

    for (size_t i = 0; i < launch->environment.count; i++) {
        const char *name = launch->environment.texts[i], *value = getenv(name);

        if (value)
            environment[count++] = memory_format("%s=%s", name, value);
    }
    return environment;
}

static int start_unit(struct launch *launch, const char *const *arguments, char **environment,
                      char **ret_error)
{
    CLEANUP_FREE char *description = memory_format("Cypress run %s", launch->plan.build);
    const struct transient_service service = {
        .unit = launch->plan.runner_unit,
        .description = description,
        .arguments = arguments,
        .working_directory = launch->plan.working_directory,
        .environment = (const char *const *)environment,
        .output_path = launch->plan.runner_output,
    };

    return unit_start_transient(launch->units, &service, RUNNER_TIMEOUT_NS, ret_error);
}

static enum launch_status start_runner(struct launch *launch)
{
    struct launch_words *command = &launch->plan.runner_command;
    CLEANUP_FREE char *program =
        launch_program_path(command->words[0], launch->plan.working_directory);
    CLEANUP_FREE char *error = NULL;
    char **environment = environment_of(&launch->config->launch);
    int status;

    launch->running = STEP_FAILED;
    if (program)
        command->words[0] = program;
    status = start_unit(launch, command->words, environment, &error);
    for (char **variable = environment; *variable; variable++)
        free(*variable);
    free(environment);
    if (status == 0) {
        launch->running = STEP_DONE;
        return LAUNCH_OK;
    }
    log_error("the runner could not be started: %s", error);
    return status == -EEXIST ? LAUNCH_BUSY : LAUNCH_FAILED;
}

/* ---------------------------------------------------------------- in the one right order */

static enum launch_status unless_interrupted(struct launch *launch, enum launch_status status)
{
    return status == LAUNCH_OK && launch_interrupt_came(&launch->interrupt) ? LAUNCH_INTERRUPTED
                                                                            : status;
}

static enum launch_status run_steps(struct launch *launch)
{
    CLEANUP_CLOSE int root = -1;
    int64_t since_ns = clock_ns(CLOCK_REALTIME);
    enum launch_status status = lock_root(launch, &root);

    status = unless_interrupted(launch, status);
    if (status == LAUNCH_OK)
        status = generate(launch);
    if (status == LAUNCH_OK)
        status = check(launch, since_ns);
    /* The template command may have taken half an hour. */
    status = unless_interrupted(launch, status);
    if (status == LAUNCH_OK)
        status = look_for_obstacles(launch);
    if (status == LAUNCH_OK)
        status = start_watcher(launch);
    status = unless_interrupted(launch, status);
    return status == LAUNCH_OK ? start_runner(launch) : status;
}

static const char *step_text(enum step step, const char *done)
{
    switch (step) {
    case STEP_DONE:
        return done;
    case STEP_FAILED:
        return "was begun, and did not come to its end";
    default:
        return "was not started";
    }
}

/* What is there now; for a launch that did not come to its end. */
static void say_what_is_there(const struct launch *launch, enum launch_status status)
{
    const char *build = launch->settings->request.build;
    CLEANUP_FREE char *cancel = config_command(launch->config, "cancel --build-name %s", build);

    fflush(stdout);
    if (status == LAUNCH_INTERRUPTED)
        fprintf(stderr, "%s: the launch was interrupted\n", build);
    fprintf(stderr, "  template command: %s\n",
            step_text(launch->generated, "was run; its specs are there"));
    if (launch->plan.watched)
        fprintf(stderr, "  watcher: %s\n", step_text(launch->watched, "was started, and runs"));
    fprintf(stderr, "  runner: %s\n", step_text(launch->running, "was started, and runs"));
    if (launch->watched == STEP_DONE)
        fprintf(stderr, "The watcher waits for a runner; end it with: %s\n", cancel);
}

static void say_where_to_look(const struct launch *launch)
{
    const struct launch_plan *plan = &launch->plan;
    CLEANUP_FREE char *look = config_command(launch->config, "status %s --follow", plan->build);

    printf("\n%s is running.\n"
           "  look at it:           %s\n",
           plan->build, look);
    if (plan->runner_output)
        printf("  the runner's output:  %s\n", plan->runner_output);
    else
        printf("  the runner's output:  journalctl -u '%s' -f\n", plan->runner_unit);
    printf("  end it:               systemctl stop '%s'\n", plan->runner_unit);
}

/* Also a plan that could not be done now is worth seeing. */
static enum launch_status show_only(struct launch *launch)
{
    CLEANUP_FREE char *obstacle = NULL;
    enum launch_status status = make_plan(launch);

    if (status != LAUNCH_OK)
        return status;
    status = find_obstacles(launch, &obstacle);
    if (launch->settings->json)
        print_json(launch, obstacle);
    else
        show_plan(launch);
    return status == LAUNCH_OK ? LAUNCH_OK : fail_with(status, obstacle);
}

static enum launch_status really_launch(struct launch *launch)
{
    enum launch_status status = get_approval(launch);

    if (status == LAUNCH_OK) {
        launch_interrupt_outlive_hangup(&launch->interrupt);
        fflush(stdout);
        status = run_steps(launch);
    }
    if (status == LAUNCH_OK)
        say_where_to_look(launch);
    else if (status == LAUNCH_INTERRUPTED || launch->generated != STEP_NOT_BEGUN)
        say_what_is_there(launch, status);
    return status;
}

/* The watcher will read the same environment, and so the same configuration. */
static void take_environment(struct launch *launch)
{
    CLEANUP_FREE char *error = NULL;
    const char *path;

    if (start_environment_load(START_ENVIRONMENT_FILE, &error) < 0)
        log_warning("%s; what it sets does not count for this run", error);
    path = getenv("ATVM_WATCHER_CONFIG");
    launch->config_path = launch->settings->request.config_path;
    if (!launch->config_path && path && *path)
        launch->config_path = path;
}

enum launch_status launch(const struct launch_settings *settings)
{
    struct launch launch = {.settings = settings, .interrupt = {.descriptor = -1}};
    enum launch_status status;
    int error = launch_interrupt_open(&launch.interrupt);

    if (error < 0) {
        log_error("the launch could not be begun: %s", strerror(-error));
        return LAUNCH_FAILED;
    }
    take_environment(&launch);
    obstack_init(&launch.memory);
    status = settings->dry_run ? show_only(&launch) : really_launch(&launch);
    launch_plan_clear(&launch.plan);
    config_free(launch.config);
    obstack_free(&launch.memory, NULL);
    unit_control_close(launch.units);
    launch_interrupt_close(&launch.interrupt);
    return status;
}
