#include "doctor-versions.h"

#include <errno.h>
#include <string.h>
#include <systemd/sd-login.h>

#include "build-id.h"
#include "cleanup.h"
#include "unit-control.h"

/* ---- what it amounts to */

static bool is_same(const char *left, const char *right)
{
    return left && right && strcmp(left, right) == 0;
}

static const char *id_text(const char *build_id)
{
    return build_id ? build_id : "none";
}

void doctor_judge_programs(struct doctor_report *report, const struct programs_seen *seen)
{
    const struct build_of_file *own = &seen->this_program, *installed = &seen->installed;

    doctor_ok(report, "versions.this", own->path,
              "this is atvm-watcher %s, plugin ABI %d.%d, build id %s", PACKAGE_VERSION,
              ATVM_ABI_MAJOR, ATVM_ABI_MINOR, id_text(own->build_id));
    if (installed->error == -ENOENT)
        doctor_problem(report, DOCTOR_WARN, "versions.installed", installed->path,
                       doctor_as_root(report, "make -C build install"),
                       "nothing is installed there, where units start it from");
    else if (!installed->build_id || !own->build_id)
        doctor_unseen(report, "versions.installed", installed->path,
                      doctor_text(report, "%s --version", doctor_word(report, installed->path)),
                      "%s",
                      installed->error ? strerror(-installed->error)
                                       : "this program was linked without a build id");
    else if (is_same(installed->build_id, own->build_id))
        doctor_ok(report, "versions.installed", installed->path,
                  "the installed program is this one");
    else
        doctor_problem(report, DOCTOR_WARN, "versions.installed", installed->path,
                       doctor_as_root(report, "make -C build install"),
                       "units start another build than this one, with build id %s: what is said "
                       "here may not hold for it",
                       installed->build_id);
}

/* What is different on disk; NULL: nothing. */
static const char *skew_of(struct doctor_report *report, const struct running_seen *seen)
{
    const struct watcher_identity *identity = seen->identity;
    const char *skew = NULL;

    if (seen->program->build_id && !is_same(identity->build_id, seen->program->build_id))
        skew = doctor_text(report, "the program (build id %s)", seen->program->build_id);
    for (size_t i = 0; i < identity->module_count; i++) {
        const struct build_of_file *now = &seen->modules[i];

        if (!now->build_id || is_same(identity->modules[i].build_id, now->build_id))
            continue;
        skew = doctor_text(report, "%s%smodule %s (build id %s)", skew ? skew : "",
                           skew ? ", " : "", identity->modules[i].name, now->build_id);
    }
    return skew;
}

/* The first file whose build is not known; NULL: all are. */
static const struct build_of_file *unknown_of(const struct running_seen *seen)
{
    if (!seen->program->build_id)
        return seen->program;
    for (size_t i = 0; i < seen->identity->module_count; i++)
        if (!seen->modules[i].build_id)
            return &seen->modules[i];
    return NULL;
}

static const char *restart(struct doctor_report *report, const struct running_seen *seen)
{
    if (seen->unit)
        return doctor_as_root(report, "systemctl restart %s", doctor_word(report, seen->unit));
    /* The next one is refused as long as this one lives. */
    return doctor_text(report, "kill %d && tail --pid=%d -f /dev/null && %s", (int)seen->pid,
                       (int)seen->pid,
                       doctor_command(report, "run %s", doctor_word(report, seen->build)));
}

void doctor_judge_running(struct doctor_report *report, const struct running_seen *seen)
{
    const struct build_of_file *unknown;
    const char *skew;

    if (seen->error == -ENOENT || (!seen->error && seen->identity->pid != seen->pid)) {
        doctor_unseen(report, "versions.running", seen->build, restart(report, seen),
                      "its watcher (process %d) does not say which build it is: it is older than "
                      "this program",
                      (int)seen->pid);
        return;
    }
    if (seen->error) {
        doctor_unseen(report, "versions.running", seen->build, doctor_again_as_root(report),
                      "which build its watcher (process %d) is: %s", (int)seen->pid,
                      strerror(-seen->error));
        return;
    }
    skew = skew_of(report, seen);
    unknown = unknown_of(seen);
    if (skew)
        doctor_problem(report, DOCTOR_WARN, "versions.running", seen->build, restart(report, seen),
                       "its watcher (process %d) is %s, build id %s, and was started before these "
                       "were installed: %s",
                       (int)seen->pid, seen->identity->version, id_text(seen->identity->build_id),
                       skew);
    else if (unknown)
        doctor_unseen(report, "versions.running", seen->build,
                      doctor_text(report, "file %s", doctor_word(report, unknown->path)),
                      "whether its watcher (process %d) is what is installed: %s: %s",
                      (int)seen->pid, unknown->path,
                      strerror(unknown->error ? -unknown->error : ENODATA));
    else
        doctor_ok(report, "versions.running", seen->build,
                  "its watcher (process %d) is %s, build id %s, and it and its modules are those "
                  "on disk",
                  (int)seen->pid, seen->identity->version, seen->identity->build_id);
}

/* ---- looking */

/* The build id is the report's. */
static struct build_of_file see_file(struct doctor_report *report, const char *path)
{
    struct build_of_file seen = {.path = path};
    CLEANUP_FREE char *build_id = NULL;

    seen.error = build_id_of_file(path, &build_id);
    seen.build_id = memory_string_in(&report->memory, build_id);
    return seen;
}

void doctor_look_programs(struct doctor_report *report)
{
    CLEANUP_FREE char *path = program_path();
    CLEANUP_FREE char *build_id = build_id_of("");
    struct programs_seen seen = {
        .this_program = {.path = path ? path : "this program", .build_id = build_id},
        .installed = see_file(report, PROGRAM_FILE),
    };

    doctor_judge_programs(report, &seen);
}

/* A watcher that was started from a file which has since been replaced. */
static const char *without_deleted(struct doctor_report *report, const char *program)
{
    static const char ending[] = " (deleted)";
    size_t length = strlen(program), end = strlen(ending);

    if (length > end && strcmp(program + length - end, ending) == 0)
        length -= end;
    return doctor_text(report, "%.*s", (int)length, program);
}

/* The unit that watches builds; that of somebody's session is none. */
static char *unit_of(pid_t pid, const char *build)
{
    CLEANUP_FREE char *expected = unit_of_watcher(build);
    char *unit = NULL;

    if (sd_pid_get_unit(pid, &unit) >= 0 && strcmp(unit, expected) == 0)
        return unit;
    free(unit);
    return NULL;
}

static void compare(struct running_seen *seen, struct doctor_report *report)
{
    const struct watcher_identity *identity = seen->identity;
    struct build_of_file *modules =
        memory_array_in(&report->memory, NULL, identity->module_count + 1, sizeof(*modules));
    struct build_of_file program =
        see_file(report, without_deleted(report, identity->program ? identity->program : ""));

    for (size_t i = 0; i < identity->module_count; i++)
        modules[i] = see_file(report, identity->modules[i].path);
    seen->program = &program;
    seen->modules = modules;
    doctor_judge_running(report, seen);
}

void doctor_look_running(const char *build, const char *folder, pid_t pid,
                         struct doctor_report *report)
{
    struct watcher_identity *identity = NULL;
    CLEANUP_FREE char *unit = unit_of(pid, build);
    CLEANUP_FREE char *error = NULL;
    struct running_seen seen = {.build = build, .pid = pid, .unit = unit};

    seen.error = watcher_identity_read(folder, &identity, &error);
    seen.identity = identity;
    if (identity)
        compare(&seen, report);
    else
        doctor_judge_running(report, &seen);
    watcher_identity_free(identity);
}
