#include "doctor-limits.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/statfs.h>

#include "cleanup.h"

/* A run watches some dozens of folders and files; several runs go on at a time. */
#define WATCHES_MIN   1024
#define INSTANCES_MIN 16

/* ---- what it amounts to */

static void judge_refusal(struct doctor_report *report, const char *limit, int64_t now, int error)
{
    int64_t more = now > 0 && now < 65536 ? now * 2 : 524288;

    doctor_problem(report, DOCTOR_WARN, "machine.inotify", NULL,
                   doctor_as_root(report, "sysctl -w fs.inotify.%s=%" PRId64, limit, more),
                   "the kernel gives this user no more inotify %s (%s; fs.inotify.%s is %" PRId64
                   "): changes would be seen late, at the next poll",
                   strcmp(limit, "max_user_watches") == 0 ? "watches" : "instances",
                   strerror(-error), limit, now);
}

void doctor_judge_inotify(struct doctor_report *report, const struct inotify_seen *seen)
{
    if (seen->instance_error)
        judge_refusal(report, "max_user_instances", seen->max_instances, seen->instance_error);
    else if (seen->watch_error)
        judge_refusal(report, "max_user_watches", seen->max_watches, seen->watch_error);
    else if (seen->max_watches >= 0 && seen->max_watches < WATCHES_MIN)
        doctor_problem(report, DOCTOR_WARN, "machine.inotify", NULL,
                       doctor_as_root(report, "sysctl -w fs.inotify.max_user_watches=65536"),
                       "a user gets only %" PRId64 " inotify watches, which a few runs use up",
                       seen->max_watches);
    else if (seen->max_instances >= 0 && seen->max_instances < INSTANCES_MIN)
        doctor_problem(report, DOCTOR_WARN, "machine.inotify", NULL,
                       doctor_as_root(report, "sysctl -w fs.inotify.max_user_instances=128"),
                       "a user gets only %" PRId64 " inotify instances, which a few runs use up",
                       seen->max_instances);
    else
        doctor_ok(report, "machine.inotify", NULL, "files can be watched for changes");
}

void doctor_judge_processes(struct doctor_report *report, const struct processes_seen *seen)
{
    if (!seen->is_procfs)
        doctor_problem(
            report, DOCTOR_WARN, "machine.processes", seen->root,
            doctor_edit(report, seen->config_file ? seen->config_file : CONFIG_DEFAULT_PATH, 0),
            "is no process table of the kernel: runners are looked for there all the "
            "same, because the collector's option root says so; remove that option");
    else if (seen->error == -ENOENT || seen->error == -EACCES || seen->error == -EPERM)
        doctor_unseen(report, "machine.processes", seen->root,
                      doctor_as_root(report, "mount -o remount,hidepid=0 %s",
                                     doctor_word(report, seen->root)),
                      "processes of other users are hidden (mount option hidepid): whether their "
                      "runners live cannot be known");
    else if (seen->error)
        doctor_unseen(report, "machine.processes", seen->root,
                      doctor_text(report, "ls %s/1", doctor_word(report, seen->root)), "%s",
                      strerror(-seen->error));
    else
        doctor_ok(report, "machine.processes", seen->root, "processes of all users are visible");
}

/* ---- looking */

static int64_t number_in(const char *path)
{
    CLEANUP_FILE FILE *stream = fopen(path, "re");
    int64_t number;

    return stream && fscanf(stream, "%" SCNd64, &number) == 1 ? number : -1;
}

static struct inotify_seen see_inotify(void)
{
    CLEANUP_CLOSE int instance = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    struct inotify_seen seen = {
        .max_instances = number_in("/proc/sys/fs/inotify/max_user_instances"),
        .max_watches = number_in("/proc/sys/fs/inotify/max_user_watches"),
    };

    if (instance < 0)
        seen.instance_error = -errno;
    else if (inotify_add_watch(instance, "/", IN_DELETE_SELF) < 0)
        seen.watch_error = -errno;
    return seen;
}

/* The collector's option root, where one reads processes. */
static const char *process_root(const struct config *config)
{
    for (size_t i = 0; config && i < config->collector_count; i++) {
        const struct config_module *collector = &config->collectors[i];
        const char *root =
            json_object_get_string(json_object_object_get(collector->options, "root"));

        if (strcmp(collector->module, "proc") == 0 && root)
            return root;
    }
    return "/proc";
}

static struct processes_seen see_processes(const char *root, const char *config_file)
{
    CLEANUP_FREE char *path = memory_format("%s/1/cmdline", root);
    CLEANUP_CLOSE int first = open(path, O_RDONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    struct processes_seen seen = {
        .root = root, .error = first < 0 ? -errno : 0, .config_file = config_file};
    struct statfs status;

    seen.is_procfs = statfs(root, &status) < 0 || status.f_type == PROC_SUPER_MAGIC;
    return seen;
}

void doctor_look_limits(const struct config *config, struct doctor_report *report)
{
    struct inotify_seen inotify = see_inotify();
    struct processes_seen processes =
        see_processes(process_root(config), config ? config->file : NULL);

    doctor_judge_inotify(report, &inotify);
    doctor_judge_processes(report, &processes);
}
