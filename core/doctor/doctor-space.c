#include "doctor-space.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/statvfs.h>

#include "cleanup.h"

#define MIB UINT64_C(1048576)
#define GIB (1024 * MIB)

/* Little is little both in itself and as a share: a small tmpfs may be all but empty. */
struct threshold {
    uint64_t amount;
    unsigned percent;
};

static const struct threshold little_space = {1 * GIB, 10}, no_space = {100 * MIB, 5};
static const struct threshold few_inodes = {10000, 5}, no_inodes = {1000, 1};
/* With less, not even a state file of a large run can be written, whatever the share. */
#define SPACE_MIN (1 * MIB)

/* ---- what it amounts to */

static bool is_below(uint64_t free, uint64_t total, const struct threshold *threshold)
{
    return free < threshold->amount && (double)free * 100 < (double)total * threshold->percent;
}

static const char *bytes_text(struct doctor_report *report, uint64_t bytes)
{
    if (bytes >= 10 * GIB)
        return doctor_text(report, "%" PRIu64 " GiB", bytes / GIB);
    return doctor_text(report, "%" PRIu64 " MiB", bytes / MIB);
}

static enum doctor_level level_of(uint64_t free, uint64_t total, const struct threshold *little,
                                  const struct threshold *none)
{
    if (is_below(free, total, none))
        return DOCTOR_BAD;
    return is_below(free, total, little) ? DOCTOR_WARN : DOCTOR_OK;
}

static void judge_bytes(struct doctor_report *report, const struct space_seen *seen)
{
    enum doctor_level level =
        level_of(seen->free_bytes, seen->total_bytes, &little_space, &no_space);
    const char *cure =
        doctor_as_root(report, "du -xk %s | sort -n | tail -n 20", doctor_word(report, seen->path));
    const char *found =
        doctor_text(report, "%s of %s are free for the %s", bytes_text(report, seen->free_bytes),
                    bytes_text(report, seen->total_bytes), seen->what);

    if (seen->free_bytes < SPACE_MIN)
        level = DOCTOR_BAD;
    if (level == DOCTOR_OK)
        doctor_ok(report, "machine.space", seen->path, "%s", found);
    else
        doctor_problem(report, level, "machine.space", seen->path, cure,
                       "only %s; remove what is largest and not needed", found);
}

static void judge_inodes(struct doctor_report *report, const struct space_seen *seen)
{
    enum doctor_level level =
        level_of(seen->free_inodes, seen->total_inodes, &few_inodes, &no_inodes);
    const char *cure = doctor_as_root(report, "du -x --inodes %s | sort -n | tail -n 20",
                                      doctor_word(report, seen->path));

    if (seen->total_inodes == 0)
        return;
    if (level == DOCTOR_OK)
        doctor_ok(report, "machine.inodes", seen->path,
                  "%" PRIu64 " more files can be made for the %s", seen->free_inodes, seen->what);
    else
        doctor_problem(report, level, "machine.inodes", seen->path, cure,
                       "only %" PRIu64 " more files can be made for the %s; remove files that are "
                       "not needed",
                       seen->free_inodes, seen->what);
}

void doctor_judge_space(struct doctor_report *report, const struct space_seen *seen)
{
    if (seen->error) {
        doctor_unseen(report, "machine.space", seen->path,
                      doctor_text(report, "df %s", doctor_word(report, seen->path)), "%s",
                      strerror(-seen->error));
        return;
    }
    if (seen->read_only) {
        doctor_problem(report, DOCTOR_BAD, "machine.space", seen->path,
                       doctor_as_root(report, "mount -o remount,rw \"$(findmnt -no TARGET -T %s)\"",
                                      doctor_word(report, seen->path)),
                       "the file system of the %s is mounted read-only", seen->what);
        return;
    }
    judge_bytes(report, seen);
    judge_inodes(report, seen);
}

/* ---- looking */

/* The nearest folder above that exists; what is to come will lie there. */
static char *existing_folder(const char *path)
{
    char *folder = memory_string(path);

    while (access(folder, F_OK) < 0 && errno == ENOENT && strcmp(folder, "/") != 0) {
        char *slash = strrchr(folder, '/');

        if (!slash)
            break;
        slash[slash == folder] = '\0';
    }
    return folder;
}

static char *folder_of(const char *file)
{
    const char *slash = strrchr(file, '/');

    return slash == file ? memory_string("/") : memory_format("%.*s", (int)(slash - file), file);
}

/* Of what can never be there, permissions.path tells. */
static void look_at(struct doctor_report *report, const char *what, const char *path)
{
    CLEANUP_FREE char *folder = existing_folder(path);
    struct space_seen seen = {.what = what, .path = folder};
    struct statvfs status;

    if (statvfs(folder, &status) < 0 && errno == ENOTDIR)
        return;
    if (statvfs(folder, &status) < 0) {
        seen.error = -errno;
    } else {
        seen.read_only = status.f_flag & ST_RDONLY;
        seen.free_bytes = (uint64_t)status.f_bavail * status.f_frsize;
        seen.total_bytes = (uint64_t)status.f_blocks * status.f_frsize;
        seen.free_inodes = status.f_favail;
        seen.total_inodes = status.f_files;
    }
    doctor_judge_space(report, &seen);
}

void doctor_look_space(const struct config *config, struct doctor_report *report)
{
    CLEANUP_FREE char *logs = config ? folder_of(config->run_log) : NULL;
    CLEANUP_FREE char *no_state = NULL;

    look_at(report, "logs of the runs", logs ? logs : "/tmp");
    if (!config)
        return;
    if (!config_state_root_is_impossible(config_check_state_root(config, &no_state)))
        look_at(report, "state root", config->state_root);
    look_at(report, "automation root", config->automation_root);
}
