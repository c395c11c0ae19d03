#include "doctor-journal.h"

#include <errno.h>
#include <string.h>
#include <systemd/sd-id128.h>
#include <systemd/sd-journal.h>

#include "cleanup.h"
#include "clock.h"
#include "status-builds.h"
#include "unit-control.h"

#define WINDOW_NS   (600 * NS_PER_SECOND)
#define ENTRIES_MAX 1000
/* Entries of all units that are gone through to find ours. */
#define STEPS_MAX 100000

#define UNIT_PREFIX "atvm-run-watcher@"
#define IDENTIFIER  "atvm-watcher"

/* ---- what it amounts to */

bool journal_message_is_noise(const char *message)
{
    return strstr(message, "reset-failed") ||
           strstr(message, "ailed to reset failed state of unit");
}

static bool counts(const struct journal_entry *entry, bool settled)
{
    return entry->is_settled == settled && !journal_message_is_noise(entry->message);
}

static const char *last_message(const struct journal_seen *seen, int priority)
{
    for (size_t i = seen->count; i > 0; i--)
        if (seen->entries[i - 1].priority <= priority && counts(&seen->entries[i - 1], false))
            return seen->entries[i - 1].message;
    return "";
}

static size_t count_of(const struct journal_seen *seen, int lowest, int highest, bool settled)
{
    size_t count = 0;

    for (size_t i = 0; i < seen->count; i++)
        count += seen->entries[i].priority >= lowest && seen->entries[i].priority <= highest &&
                 counts(&seen->entries[i], settled);
    return count;
}

/* The command that shows them. */
static const char *show(struct doctor_report *report, const struct journal_seen *seen)
{
    if (seen->build)
        return doctor_text(report, "journalctl -u " UNIT_PREFIX "%s --since=-10min -p warning",
                           doctor_word(report, seen->build));
    return "journalctl -u '" UNIT_PREFIX "*' --since=-10min -p warning";
}

static void judge_entries(struct doctor_report *report, const struct journal_seen *seen)
{
    size_t errors = count_of(seen, 0, ATVM_LOG_ERROR, false);
    size_t warnings = count_of(seen, ATVM_LOG_WARNING, ATVM_LOG_WARNING, false);
    size_t settled = count_of(seen, 0, ATVM_LOG_WARNING, true);

    if (errors + warnings + settled == 0)
        doctor_ok(report, "journal.recent", seen->build, "no error and no warning");
    else if (errors + warnings == 0)
        doctor_ok(report, "journal.recent", seen->build,
                  "%zu error%s or warning%s, all of runs that are closed, with nothing left to be "
                  "done",
                  settled, settled == 1 ? "" : "s", settled == 1 ? "" : "s");
    else
        doctor_problem(report, errors > 0 ? DOCTOR_BAD : DOCTOR_WARN, "journal.recent", seen->build,
                       show(report, seen), "%s%zu error%s, %zu warning%s; the last: %s",
                       seen->is_cut ? "at least " : "", errors, errors == 1 ? "" : "s", warnings,
                       warnings == 1 ? "" : "s",
                       last_message(seen, errors > 0 ? ATVM_LOG_ERROR : ATVM_LOG_WARNING));
}

void doctor_judge_journal(struct doctor_report *report, const struct journal_seen *seen)
{
    if (seen->is_hidden)
        doctor_unseen(report, "journal.access", NULL,
                      doctor_as_root(report, "usermod --append --groups systemd-journal \"$USER\""),
                      "the system's journal may not be read by this user; after the command log in "
                      "again, or ask as root");
    else if (seen->error)
        doctor_unseen(report, "journal.access", NULL, "journalctl --verify", "%s",
                      strerror(-seen->error));
    else if (seen->is_absent)
        doctor_unseen(report, "journal.access", NULL, "systemctl status systemd-journald",
                      "there is no journal on this machine");
    else
        judge_entries(report, seen);
}

/* ---- looking */

static const char *const folders[] = {"/var/log/journal", "/run/log/journal"};

/* sd_journal_open is content with a user's own journal, and silent about the system's. */
static void look_for_files(struct journal_seen *seen)
{
    char machine[SD_ID128_STRING_MAX] = "";
    sd_id128_t id;

    if (sd_id128_get_machine(&id) >= 0)
        sd_id128_to_string(id, machine);
    seen->is_absent = true;
    for (size_t i = 0; i < sizeof(folders) / sizeof(*folders); i++) {
        CLEANUP_FREE char *path = memory_format("%s/%s/system.journal", folders[i], machine);
        int error = access(path, R_OK) < 0 ? errno : 0;

        seen->is_hidden |= error == EACCES || error == EPERM;
        seen->is_absent &= error == ENOENT || error == ENOTDIR;
    }
}

static int match_warnings(sd_journal *journal)
{
    int error = 0;

    for (int priority = 0; priority <= ATVM_LOG_WARNING && error >= 0; priority++) {
        CLEANUP_FREE char *match = memory_format("PRIORITY=%d", priority);

        error = sd_journal_add_match(journal, match, 0);
    }
    return error;
}

/* The value of a field of the current entry; the report's. NULL: it has none. */
static const char *field(struct doctor_report *report, sd_journal *journal, const char *name)
{
    const void *data = NULL;
    size_t length = 0, skip = strlen(name) + 1;

    if (sd_journal_get_data(journal, name, &data, &length) < 0 || length < skip)
        return NULL;
    return memory_bytes_in(&report->memory, (const char *)data + skip, length - skip);
}

/* What the service manager says about a unit names it in UNIT, what the unit says in _SYSTEMD_UNIT;
 * a watcher that is run by hand from a unit of another name has only its identifier. */
static bool take_entry(struct doctor_report *report, sd_journal *journal, const char *wanted,
                       struct journal_entry *ret)
{
    const char *unit = field(report, journal, "UNIT"), *priority, *identifier;

    if (!unit)
        unit = field(report, journal, "_SYSTEMD_UNIT");
    if (wanted) {
        if (!unit || strcmp(unit, wanted) != 0)
            return false;
    } else if (!unit || strncmp(unit, UNIT_PREFIX, strlen(UNIT_PREFIX)) != 0) {
        identifier = field(report, journal, "SYSLOG_IDENTIFIER");
        if (!identifier || strcmp(identifier, IDENTIFIER) != 0)
            return false;
    }
    priority = field(report, journal, "PRIORITY");
    ret->priority = priority ? *priority - '0' : ATVM_LOG_ERROR;
    ret->unit = unit ? unit : "";
    ret->message = field(report, journal, "MESSAGE");
    ret->build = field(report, journal, "BUILD");
    return ret->message != NULL;
}

/* ---- whether what they tell is over */

static bool is_of(const struct journal_entry *entry, const char *build)
{
    CLEANUP_FREE char *unit = unit_of_watcher(build);

    return strcmp(entry->unit, unit) == 0 || (entry->build && strcmp(entry->build, build) == 0);
}

static bool has_failed(const struct doctor_report *report, const char *build)
{
    for (size_t i = 0; i < report->count; i++)
        if (strcmp(report->rows[i].id, "service.instance") == 0 && report->rows[i].subject &&
            report->rows[i].level != DOCTOR_OK && strcmp(report->rows[i].subject, build) == 0)
            return true;
    return false;
}

static bool is_settled(const struct doctor_report *report, const struct build_row *row)
{
    return row->closed_ns >= 0 && row->watcher == 0 && !row->problem && row->posts.waiting == 0 &&
           row->posts.held == 0 && !has_failed(report, row->name);
}

static void settle_entries(const struct doctor_report *report, const struct config *config,
                           int64_t now_ns, struct journal_entry *entries, size_t count)
{
    CLEANUP_FREE char *ignored = NULL;
    struct build_rows rows;

    if (!config || build_rows_load(config, now_ns, &rows, &ignored) < 0)
        return;
    for (size_t i = 0; i < rows.count; i++) {
        bool settled = is_settled(report, &rows.rows[i]);

        for (size_t j = 0; j < count && settled; j++)
            entries[j].is_settled |= is_of(&entries[j], rows.rows[i].name);
    }
    build_rows_free(&rows);
}

/* ---- reading it */

static int read_entries(struct doctor_report *report, sd_journal *journal, const char *wanted,
                        struct journal_seen *seen, struct journal_entry *entries)
{
    int status = 1;

    for (size_t step = 0; status > 0 && step < STEPS_MAX && seen->count < ENTRIES_MAX; step++) {
        void *mark = obstack_alloc(&report->memory, 1);

        status = sd_journal_next(journal);
        if (status > 0 && take_entry(report, journal, wanted, &entries[seen->count]))
            seen->count++;
        else
            obstack_free(&report->memory, mark);
    }
    seen->is_cut = status > 0;
    return status < 0 ? status : 0;
}

static void read_journal(struct doctor_report *report, int64_t now_ns, const char *wanted,
                         struct journal_seen *seen, struct journal_entry *entries)
{
    sd_journal *journal = NULL;

    seen->error = sd_journal_open(&journal, SD_JOURNAL_LOCAL_ONLY | SD_JOURNAL_SYSTEM);
    if (seen->error >= 0)
        seen->error = match_warnings(journal);
    if (seen->error >= 0)
        seen->error =
            sd_journal_seek_realtime_usec(journal, (uint64_t)(now_ns - WINDOW_NS) / NS_PER_US);
    if (seen->error >= 0)
        seen->error = read_entries(report, journal, wanted, seen, entries);
    if (seen->error > 0)
        seen->error = 0;
    sd_journal_close(journal);
}

void doctor_look_journal(const struct doctor_asked *asked, const struct config *config,
                         struct doctor_report *report)
{
    struct journal_entry *entries = memory_zeroed(ENTRIES_MAX, sizeof(*entries));
    CLEANUP_FREE char *wanted = asked->build ? unit_of_watcher(asked->build) : NULL;
    struct journal_seen seen = {.build = asked->build, .entries = entries};

    look_for_files(&seen);
    if (!seen.is_hidden && !seen.is_absent)
        read_journal(report, asked->now_ns, wanted, &seen, entries);
    settle_entries(report, config, asked->now_ns, entries, seen.count);
    doctor_judge_journal(report, &seen);
    free(entries);
}
