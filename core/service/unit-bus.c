#include "unit-bus.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "clock.h"
#include "memory.h"

#define SERVICE_MANAGER   "org.freedesktop.systemd1"
#define MANAGER_PATH      "/org/freedesktop/systemd1"
#define MANAGER_INTERFACE "org.freedesktop.systemd1.Manager"
#define UNIT_INTERFACE    "org.freedesktop.systemd1.Unit"
#define SERVICE_INTERFACE "org.freedesktop.systemd1.Service"

#define CLEANUP_BUS_ERROR __attribute__((cleanup(sd_bus_error_free)))
#define CLEANUP_MESSAGE   __attribute__((cleanup(unref_message)))
#define CLEANUP_SLOT      __attribute__((cleanup(unref_slot)))

static void unref_message(sd_bus_message **variable)
{
    sd_bus_message_unref(*variable);
}

static void unref_slot(sd_bus_slot **variable)
{
    sd_bus_slot_unref(*variable);
}

/* ---------------------------------------------------------------- errors */

/* Errors of the service manager that libsystemd knows no number for. */
static const struct {
    const char *name;
    int error;
} known_errors[] = {
    {"org.freedesktop.systemd1.NoSuchUnit", ENOENT},
    {"org.freedesktop.systemd1.UnitMasked", ENOENT},
    {"org.freedesktop.systemd1.LoadFailed", ENOENT},
    {"org.freedesktop.systemd1.UnitExists", EEXIST},
    {"org.freedesktop.DBus.Error.InteractiveAuthorizationRequired", EACCES},
};

/* `status` is what a call returned; the answer's own error says more. */
static int explain(int status, const sd_bus_error *error, char **ret_error)
{
    for (size_t i = 0; i < sizeof(known_errors) / sizeof(known_errors[0]); i++)
        if (sd_bus_error_has_name(error, known_errors[i].name))
            status = -known_errors[i].error;
    *ret_error = memory_string(error->message ? error->message : strerror(-status));
    return status;
}

/* ---------------------------------------------------------------- asking */

int unit_bus_open(sd_bus **ret)
{
    CLEANUP_BUS_ERROR sd_bus_error error = SD_BUS_ERROR_NULL;
    CLEANUP_FREE char *version = NULL;
    sd_bus *bus = NULL;
    int status = sd_bus_open_system(&bus);

    if (status >= 0)
        status = sd_bus_get_property_string(bus, SERVICE_MANAGER, MANAGER_PATH, MANAGER_INTERFACE,
                                            "Version", &error, &version);
    if (status < 0) {
        sd_bus_close_unref(bus);
        return status;
    }
    *ret = bus;
    return 0;
}

/* Also of a unit that is not in memory yet; one without a file gets a path, too. free() it. */
static int find_unit(sd_bus *bus, const char *unit, char **ret_path, char **ret_error)
{
    CLEANUP_BUS_ERROR sd_bus_error error = SD_BUS_ERROR_NULL;
    CLEANUP_MESSAGE sd_bus_message *answer = NULL;
    const char *path = NULL;
    int status = sd_bus_call_method(bus, SERVICE_MANAGER, MANAGER_PATH, MANAGER_INTERFACE,
                                    "LoadUnit", &error, &answer, "s", unit);

    if (status >= 0)
        status = sd_bus_message_read(answer, "o", &path);
    if (status < 0)
        return explain(status, &error, ret_error);
    *ret_path = memory_string(path);
    return 0;
}

struct property {
    const char *interface, *name;
    char type; /* of the D-Bus signature: 's', 'i' or 'u' */
    void *place;
};

static int read_property(sd_bus *bus, const char *path, const struct property *property,
                         char **ret_error)
{
    CLEANUP_BUS_ERROR sd_bus_error error = SD_BUS_ERROR_NULL;
    int status;

    if (property->type == 's')
        status = sd_bus_get_property_string(bus, SERVICE_MANAGER, path, property->interface,
                                            property->name, &error, property->place);
    else
        status =
            sd_bus_get_property_trivial(bus, SERVICE_MANAGER, path, property->interface,
                                        property->name, &error, property->type, property->place);
    return status < 0 ? explain(status, &error, ret_error) : 0;
}

int unit_bus_query(sd_bus *bus, const char *unit, struct unit_status *ret, char **ret_error)
{
    struct unit_status found = {0};
    uint32_t pid = 0;
    const struct property properties[] = {
        {UNIT_INTERFACE, "LoadState", 's', &found.load_state},
        {UNIT_INTERFACE, "ActiveState", 's', &found.active_state},
        {UNIT_INTERFACE, "SubState", 's', &found.sub_state},
        {SERVICE_INTERFACE, "Result", 's', &found.result},
        {SERVICE_INTERFACE, "StatusText", 's', &found.status_text},
        {SERVICE_INTERFACE, "ExecMainCode", 'i', &found.exit_code},
        {SERVICE_INTERFACE, "ExecMainStatus", 'i', &found.exit_status},
        {SERVICE_INTERFACE, "MainPID", 'u', &pid},
    };
    CLEANUP_FREE char *path = NULL;
    int status = find_unit(bus, unit, &path, ret_error);

    for (size_t i = 0; i < sizeof(properties) / sizeof(properties[0]) && status == 0; i++)
        status = read_property(bus, path, &properties[i], ret_error);
    if (status < 0) {
        unit_status_clear(&found);
        return status;
    }
    found.main_pid = pid;
    *ret = found;
    return 0;
}

/* ---------------------------------------------------------------- jobs */

/* Several jobs may end between the answer to a request and the look at this list. */
struct job {
    const char *path; /* of the job that is waited for; NULL: not known yet */
    char *result;     /* "done", "failed" ...; NULL: it goes on */
};

static int on_job_removed(sd_bus_message *message, void *user, sd_bus_error *error)
{
    struct job *job = user;
    const char *path, *result;

    (void)error;
    if (sd_bus_message_read(message, "uoss", NULL, &path, NULL, &result) < 0)
        return 0;
    if (job->path && !job->result && strcmp(path, job->path) == 0)
        job->result = memory_string(result);
    return 0;
}

/* Without a subscription only who asked for a job hears of its end, which is enough: an error, such
 * as "already subscribed", costs nothing. */
static int listen(sd_bus *bus, struct job *job, sd_bus_slot **ret)
{
    CLEANUP_BUS_ERROR sd_bus_error error = SD_BUS_ERROR_NULL;
    int status = sd_bus_match_signal(bus, ret, SERVICE_MANAGER, MANAGER_PATH, MANAGER_INTERFACE,
                                     "JobRemoved", on_job_removed, job);

    if (status >= 0)
        sd_bus_call_method(bus, SERVICE_MANAGER, MANAGER_PATH, MANAGER_INTERFACE, "Subscribe",
                           &error, NULL, "");
    return status;
}

static int result_to_error(const char *result)
{
    if (strcmp(result, "done") == 0 || strcmp(result, "skipped") == 0)
        return 0;
    return strcmp(result, "canceled") == 0 ? -ECANCELED : -EIO;
}

static int wait_for_job(sd_bus *bus, struct job *job, int64_t timeout_ns)
{
    int64_t deadline_ns = clock_ns(CLOCK_MONOTONIC) + timeout_ns;

    while (!job->result) {
        int64_t left_ns = deadline_ns - clock_ns(CLOCK_MONOTONIC);
        int status = sd_bus_process(bus, NULL);

        if (status == 0 && left_ns <= 0)
            return -ETIMEDOUT;
        if (status == 0)
            status = sd_bus_wait(bus, (uint64_t)(left_ns / NS_PER_US));
        if (status < 0 && status != -EINTR)
            return status;
    }
    return result_to_error(job->result);
}

/* Sends a request whose answer is the path of a job, and waits for the end of that. */
static int run_job(sd_bus *bus, sd_bus_message *request, int64_t timeout_ns, char **ret_error)
{
    CLEANUP_BUS_ERROR sd_bus_error error = SD_BUS_ERROR_NULL;
    CLEANUP_MESSAGE sd_bus_message *answer = NULL;
    CLEANUP_SLOT sd_bus_slot *slot = NULL;
    struct job job = {0};
    int status = listen(bus, &job, &slot);

    if (status >= 0)
        status = sd_bus_call(bus, request, 0, &error, &answer);
    if (status >= 0)
        status = sd_bus_message_read(answer, "o", &job.path);
    if (status < 0)
        return explain(status, &error, ret_error);
    status = wait_for_job(bus, &job, timeout_ns);
    free(job.result);
    return status;
}

static int request_job(sd_bus *bus, const char *method, const char *unit, int64_t timeout_ns,
                       char **ret_error)
{
    CLEANUP_BUS_ERROR sd_bus_error none = SD_BUS_ERROR_NULL;
    CLEANUP_MESSAGE sd_bus_message *request = NULL;
    int status = sd_bus_message_new_method_call(bus, &request, SERVICE_MANAGER, MANAGER_PATH,
                                                MANAGER_INTERFACE, method);

    if (status >= 0)
        status = sd_bus_message_append(request, "ss", unit, "replace");
    if (status < 0)
        return explain(status, &none, ret_error);
    return run_job(bus, request, timeout_ns, ret_error);
}

int unit_bus_start(sd_bus *bus, const char *unit, int64_t timeout_ns, char **ret_error)
{
    CLEANUP_BUS_ERROR sd_bus_error ignored = SD_BUS_ERROR_NULL;

    /* Of a unit that is not loaded there is nothing to reset, and that is no news. */
    sd_bus_call_method(bus, SERVICE_MANAGER, MANAGER_PATH, MANAGER_INTERFACE, "ResetFailedUnit",
                       &ignored, NULL, "s", unit);
    return request_job(bus, "StartUnit", unit, timeout_ns, ret_error);
}

int unit_bus_stop(sd_bus *bus, const char *unit, int64_t timeout_ns, char **ret_error)
{
    return request_job(bus, "StopUnit", unit, timeout_ns, ret_error);
}

/* ---------------------------------------------------------------- transient units */

/* a(sv): each call below appends one property and returns as sd_bus_message_append does. */

static int append_string(sd_bus_message *request, const char *name, const char *value)
{
    return value ? sd_bus_message_append(request, "(sv)", name, "s", value) : 0;
}

static int append_strings(sd_bus_message *request, const char *name, const char *const *values)
{
    int status;

    if (!values)
        return 0;
    status = sd_bus_message_open_container(request, 'r', "sv");
    if (status >= 0)
        status = sd_bus_message_append(request, "s", name);
    if (status >= 0)
        status = sd_bus_message_open_container(request, 'v', "as");
    if (status >= 0)
        status = sd_bus_message_append_strv(request, (char **)(uintptr_t)values);
    if (status >= 0)
        status = sd_bus_message_close_container(request);
    return status < 0 ? status : sd_bus_message_close_container(request);
}

/* ExecStart is a(sasb): program, arguments, whether a failure is to be ignored. */
static int append_command(sd_bus_message *request, const char *const *arguments)
{
    int status = sd_bus_message_open_container(request, 'r', "sv");

    if (status >= 0)
        status = sd_bus_message_append(request, "s", "ExecStart");
    if (status >= 0)
        status = sd_bus_message_open_container(request, 'v', "a(sasb)");
    if (status >= 0)
        status = sd_bus_message_open_container(request, 'a', "(sasb)");
    if (status >= 0)
        status = sd_bus_message_open_container(request, 'r', "sasb");
    if (status >= 0)
        status = sd_bus_message_append(request, "s", arguments[0]);
    if (status >= 0)
        status = sd_bus_message_append_strv(request, (char **)(uintptr_t)arguments);
    if (status >= 0)
        status = sd_bus_message_append(request, "b", 0);
    for (int depth = 0; depth < 4 && status >= 0; depth++)
        status = sd_bus_message_close_container(request);
    return status;
}

static int append_properties(sd_bus_message *request, const struct transient_service *service)
{
    int status = sd_bus_message_open_container(request, 'a', "(sv)");

    if (status >= 0)
        status = append_string(request, "Description", service->description);
    /* With Type=exec a program that cannot be executed is an error of the start. */
    if (status >= 0)
        status = append_string(request, "Type", "exec");
    if (status >= 0)
        status = append_string(request, "CollectMode", "inactive-or-failed");
    if (status >= 0)
        status = append_string(request, "WorkingDirectory", service->working_directory);
    if (status >= 0)
        status = append_strings(request, "Environment", service->environment);
    if (status >= 0)
        status = append_string(request, "StandardOutputFileToAppend", service->output_path);
    if (status >= 0)
        status = append_string(request, "StandardErrorFileToAppend", service->output_path);
    if (status >= 0)
        status = append_command(request, service->arguments);
    return status < 0 ? status : sd_bus_message_close_container(request);
}

static int append_transient(sd_bus_message *request, const struct transient_service *service)
{
    int status = sd_bus_message_append(request, "ss", service->unit, "fail");

    if (status >= 0)
        status = append_properties(request, service);
    /* No auxiliary units. */
    return status < 0 ? status : sd_bus_message_append(request, "a(sa(sv))", 0);
}

int unit_bus_start_transient(sd_bus *bus, const struct transient_service *service,
                             int64_t timeout_ns, char **ret_error)
{
    CLEANUP_BUS_ERROR sd_bus_error none = SD_BUS_ERROR_NULL;
    CLEANUP_MESSAGE sd_bus_message *request = NULL;
    int status = sd_bus_message_new_method_call(bus, &request, SERVICE_MANAGER, MANAGER_PATH,
                                                MANAGER_INTERFACE, "StartTransientUnit");

    if (status >= 0)
        status = append_transient(request, service);
    if (status < 0)
        return explain(status, &none, ret_error);
    return run_job(bus, request, timeout_ns, ret_error);
}
