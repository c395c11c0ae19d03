#include "stuck-runner-decide.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* ---------------------------------------------------------------- whether */

static bool all_scopes_are_final(const struct verdict *verdict)
{
    for (size_t i = 0; i < verdict->scope_count; i++)
        if (!run_state_is_final(verdict->scopes[i].state))
            return false;
    return verdict->scope_count > 0;
}

static bool is_over(const struct verdict *verdict)
{
    return run_state_is_posted(verdict->state) && !verdict->more_may_come &&
           all_scopes_are_final(verdict);
}

int64_t stuck_runner_last_sign(const struct verdict *verdict)
{
    int64_t last_ns = verdict->last_progress_ns;

    for (size_t i = 0; i < verdict->scope_count; i++)
        if (verdict->scopes[i].ended_ns > last_ns)
            last_ns = verdict->scopes[i].ended_ns;
    return last_ns;
}

static bool is_quiet(const struct stuck_runner_case *stuck)
{
    int64_t last_ns = stuck_runner_last_sign(stuck->verdict);

    return last_ns >= 0 && stuck->now_ns - last_ns >= stuck->stuck_after_ns;
}

bool stuck_runner_is_to_end(const struct stuck_runner_case *stuck)
{
    const struct runner_verdict *runner = &stuck->verdict->runner;

    return stuck->terminate && stuck->closed && !stuck->cancelled && is_over(stuck->verdict) &&
           runner->looked && runner->alive && is_quiet(stuck);
}

/* ---------------------------------------------------------------- which */

static bool has_form(const struct atvm_evidence *record, const char *form)
{
    return record->claim == ATVM_CLAIM_PROCESS && record->form && strcmp(record->form, form) == 0;
}

/* Process 1 and what has no number or start time are nobody's runner. */
static bool can_be_told_apart(const struct atvm_evidence *record)
{
    return record->pid > 1 && record->pid <= INT32_MAX && record->value >= 0 &&
           record->value < 9007199254740992.0; /* beyond that a double is no exact number */
}

static struct stuck_process process_of(const struct atvm_evidence *record, bool is_runner)
{
    return (struct stuck_process){.pid = record->pid,
                                  .parent_pid = record->parent_pid,
                                  .start_ticks = (int64_t)record->value,
                                  .is_runner = is_runner};
}

static bool has_process(const struct stuck_process *processes, size_t count, int64_t pid)
{
    for (size_t i = 0; i < count; i++)
        if (processes[i].pid == pid)
            return true;
    return false;
}

static size_t add_runners(const struct ledger_source *source, int64_t before_ns,
                          struct stuck_process *ret)
{
    size_t count = 0;

    for (size_t i = 0; i < source->record_count; i++) {
        const struct atvm_evidence *record = &source->records[i];

        if (has_form(record, "runner") && can_be_told_apart(record) && record->since_ns >= 0 &&
            record->since_ns < before_ns && !has_process(ret, count, record->pid))
            ret[count++] = process_of(record, true);
    }
    return count;
}

/* One generation: those whose parent is in the list and who are not. */
static size_t add_children(const struct ledger_source *source, struct stuck_process *ret,
                           size_t count)
{
    size_t known = count;

    for (size_t i = 0; i < source->record_count; i++) {
        const struct atvm_evidence *record = &source->records[i];

        if (has_form(record, "child") && can_be_told_apart(record) &&
            has_process(ret, known, record->parent_pid) && !has_process(ret, count, record->pid))
            ret[count++] = process_of(record, false);
    }
    return count;
}

size_t stuck_runner_processes(const struct ledger_source *source, int64_t before_ns,
                              struct stuck_process *ret)
{
    size_t count = add_runners(source, before_ns, ret), before;

    do {
        before = count;
        count = add_children(source, ret, count);
    } while (count > before);
    return count;
}

/* ---------------------------------------------------------------- still the same */

bool stuck_process_parse(const char *stat, struct stuck_process_now *ret)
{
    /* Field 2, the name, may hold anything, also blanks and parentheses: count behind its last. */
    const char *rest = strrchr(stat, ')');

    *ret = (struct stuck_process_now){.parent_pid = -1, .start_ticks = -1};
    if (!rest || sscanf(rest, ") %c %" SCNd64, &ret->state, &ret->parent_pid) != 2)
        return false;
    rest++; /* the blank before field 3 */
    for (int field = 4; field <= 22 && rest; field++)
        rest = strchr(rest + 1, ' ');
    return rest && sscanf(rest, " %" SCNd64, &ret->start_ticks) == 1;
}

bool stuck_process_is_same(const struct stuck_process *process, const struct stuck_process_now *now)
{
    return now->start_ticks == process->start_ticks &&
           (process->is_runner || now->parent_pid == process->parent_pid);
}
