#include "status-window.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "clock.h"

/* /proc/stat gives the time of boot, from which the start of a process is counted, in whole seconds
 * (proc(5), btime). */
#define PROCESS_START_SLACK NS_PER_SECOND

struct status_window status_window_of(const struct window_hints *hints)
{
    struct status_window window = {-1, NULL};

    if (hints->runner_ns >= 0)
        return (struct status_window){hints->runner_ns - PROCESS_START_SLACK,
                                      "the start of its runner"};
    if (hints->log_created_ns >= 0)
        window = (struct status_window){hints->log_created_ns, "the creation of its log"};
    /* A launch log that was written after the run log is of a launch that has not run yet. */
    if (hints->launch_written_ns > window.since_ns &&
        hints->launch_written_ns < hints->log_written_ns)
        window = (struct status_window){hints->launch_written_ns, "the end of its launch log"};
    /* The first line was written in the same tick as the file was created. */
    if (window.since_ns >= 0)
        window.since_ns -= NS_PER_SECOND;
    return window;
}

static bool is_runner(const struct atvm_evidence *record)
{
    return record->claim == ATVM_CLAIM_PROCESS && record->form &&
           strcmp(record->form, "runner") == 0 && record->since_ns >= 0;
}

static int64_t runner_start(const struct ledger *ledger)
{
    int64_t earliest = -1;

    for (size_t i = 0; i < ledger->source_count; i++) {
        const struct ledger_source *source = ledger->sources[i];

        for (size_t j = 0; j < source->record_count; j++) {
            const struct atvm_evidence *record = &source->records[j];

            if (is_runner(record) && (earliest < 0 || record->since_ns < earliest))
                earliest = record->since_ns;
        }
    }
    return earliest;
}

static int64_t nanoseconds(const struct statx_timestamp *time)
{
    return time->tv_sec * NS_PER_SECOND + time->tv_nsec;
}

/* -1 where there is no such file, or its file system does not keep that time. */
static void file_times(const char *path, int64_t *ret_created_ns, int64_t *ret_written_ns)
{
    struct statx status = {0};

    *ret_created_ns = *ret_written_ns = -1;
    if (statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, STATX_BTIME | STATX_MTIME, &status) < 0)
        return;
    if (status.stx_mask & STATX_BTIME)
        *ret_created_ns = nanoseconds(&status.stx_btime);
    if (status.stx_mask & STATX_MTIME)
        *ret_written_ns = nanoseconds(&status.stx_mtime);
}

void window_hints_find(const struct config *config, const struct ledger *ledger,
                       struct window_hints *ret)
{
    int64_t launch_created_ns;

    ret->runner_ns = runner_start(ledger);
    file_times(config->run_log, &ret->log_created_ns, &ret->log_written_ns);
    file_times(config->launch_log, &launch_created_ns, &ret->launch_written_ns);
}

/* "BUILD-redhat": the build's name, a dash, and letters (the family of the batch's hosts). */
static bool names_sub_run(const char *scope, const char *build)
{
    size_t length = strlen(build);
    const char *group;

    if (!scope || strncmp(scope, build, length) != 0 || scope[length] != '-')
        return false;
    group = scope + length + 1;
    return *group && group[strspn(group, "abcdefghijklmnopqrstuvwxyz"
                                         "ABCDEFGHIJKLMNOPQRSTUVWXYZ")] == '\0';
}

bool status_shows_sub_runs(const struct ledger *ledger, const char *build)
{
    for (size_t i = 0; i < ledger->source_count; i++) {
        const struct ledger_source *source = ledger->sources[i];

        for (size_t j = 0; j < source->record_count; j++) {
            const struct atvm_evidence *record = &source->records[j];

            if (record->claim == ATVM_CLAIM_SCOPE_STARTED &&
                ((record->text && *record->text) || names_sub_run(record->scope, build)))
                return true;
        }
    }
    return false;
}
