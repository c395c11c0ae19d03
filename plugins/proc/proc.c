/* The collector proc: the runner of this build and what it has started. */
#include <atvm/plugin.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "allocate.h"
#include "build-process.h"
#include "clock.h"
#include "host-call.h"
#include "process-table.h"

#define TEXT_BYTES   256
#define REASON_BYTES 512

/* What is told of one process. */
struct found {
    int64_t pid, parent_pid, start_ticks;
    enum build_process_form form;
    char state;
    char text[TEXT_BYTES];
};

struct found_list {
    struct found *items; /* sorted by pid */
    size_t count, capacity;
};

struct proc {
    const struct atvm_host *host;
    const char *root; /* the core's */
    struct build_search search;
    long ticks_per_second;
    struct found_list told; /* what the last unit said */
    bool has_told;
};

static const struct atvm_option options[] = {
    {
        .name = "root",
        .type = ATVM_OPTION_STRING,
        .fallback = "/proc",
        .help = "where the process table is mounted; another folder for recorded processes",
    },
    {
        .name = "match",
        .type = ATVM_OPTION_STRING_LIST,
        .fallback = "run-sorry-cypress.py",
        .help = "file names of the runner's script, as they stand in its command line",
    },
};

static void *proc_create(const struct atvm_host *host)
{
    struct proc *proc = allocate(1, sizeof(*proc));

    proc->host = host;
    return proc;
}

static int32_t proc_configure(void *self)
{
    struct proc *proc = self;
    const struct atvm_host *host = proc->host;
    const struct atvm_run *run = host->run(host->context);

    proc->root = host->option_string(host->context, "root");
    proc->search.build = run->build;
    proc->search.categorized = run->categorized != 0;
    proc->search.script_count = host->option_list(host->context, "match", &proc->search.scripts);
    proc->ticks_per_second = sysconf(_SC_CLK_TCK);
    if (proc->root[0] != '/')
        return host_fail(host, ATVM_FAILED, "option root: \"%s\" is not an absolute path",
                         proc->root);
    if (proc->search.script_count == 0)
        return host_fail(host, ATVM_FAILED,
                         "option match: is empty; name the runner's script, for example "
                         "[ \"run-sorry-cypress.py\" ]");
    return ATVM_OK;
}

/* ---------------------------------------------------------------- what there is */

static void add_found(struct found_list *list, const struct found *item)
{
    list->items = grow_array(list->items, list->count, &list->capacity, sizeof(*list->items));
    list->items[list->count++] = *item;
}

static void find_processes(const struct build_search *search, const struct process_table *table,
                           struct found_list *ret)
{
    for (size_t i = 0; i < table->count; i++) {
        const struct process *process = &table->processes[i];
        struct found item = {
            .pid = process->pid,
            .parent_pid = process->parent_pid,
            .start_ticks = process->start_ticks,
            .form = build_process_form_of(search, table, process),
            .state = process->state,
        };

        if (item.form == BUILD_PROCESS_NONE)
            continue;
        build_process_describe(search, process, item.text, sizeof(item.text));
        add_found(ret, &item);
    }
}

/* Whether a process is running, sleeping or waiting changes all the time and says nothing. */
static bool same_processes(const struct found_list *left, const struct found_list *right)
{
    if (left->count != right->count)
        return false;
    for (size_t i = 0; i < left->count; i++) {
        const struct found *one = &left->items[i], *other = &right->items[i];

        if (one->pid != other->pid || one->parent_pid != other->parent_pid ||
            one->start_ticks != other->start_ticks || one->form != other->form ||
            strcmp(one->text, other->text) != 0)
            return false;
    }
    return true;
}

/* ---------------------------------------------------------------- telling it */

static int64_t start_time(const struct proc *proc, int64_t boot_ns, int64_t ticks)
{
    int64_t rate = proc->ticks_per_second;

    if (boot_ns < 0 || rate <= 0 || ticks < 0 || ticks / rate > INT64_C(4000000000))
        return -1;
    return boot_ns + ticks / rate * NS_PER_SECOND + ticks % rate * (NS_PER_SECOND / rate);
}

static void emit_process(const struct proc *proc, const struct found *item, int64_t boot_ns)
{
    struct atvm_evidence claim = ATVM_EVIDENCE_INIT(ATVM_CLAIM_PROCESS);
    const char state[2] = {item->state, '\0'};

    claim.basis = ATVM_BASIS_DIRECT;
    claim.form = build_process_form_name(item->form);
    claim.pid = item->pid;
    claim.parent_pid = item->parent_pid;
    claim.value = (double)item->start_ticks;
    claim.unit = "ticks";
    claim.since_ns = start_time(proc, boot_ns, item->start_ticks);
    claim.text = item->text;
    claim.entity = state;
    host_emit(proc->host, &claim);
}

/* A unit without evidence says that the table was looked at and held nothing of this build. */
static void tell(struct proc *proc, struct found_list *found, int64_t boot_ns)
{
    const struct atvm_host *host = proc->host;
    struct atvm_source source = {
        .struct_size = sizeof(source),
        .mode = ATVM_SOURCE_REPLACE,
        .path = proc->root,
        .kind = "process",
        .size = -1,
        .mtime_ns = -1,
        .name_time_ns = -1,
    };

    if (host->begin_source(host->context, &source) != ATVM_OK)
        return;
    for (size_t i = 0; i < found->count; i++)
        emit_process(proc, &found->items[i], boot_ns);
    host_end_source(host, ATVM_QUALITY_WHOLE, NULL);
    free(proc->told.items);
    proc->told = *found;
    proc->has_told = true;
    *found = (struct found_list){0};
}

static int32_t proc_collect(void *self)
{
    struct proc *proc = self;
    struct process_table table;
    struct found_list found = {0};
    char reason[REASON_BYTES] = "";

    if (!process_table_read(proc->root, &table, reason, sizeof(reason)))
        return host_fail(proc->host, ATVM_COLLECT_UNAVAILABLE, "%s", reason);
    find_processes(&proc->search, &table, &found);
    if (!proc->has_told || !same_processes(&proc->told, &found))
        tell(proc, &found, table.boot_ns);
    process_table_free(&table);
    free(found.items);
    return ATVM_COLLECT_COMPLETE;
}

static void proc_destroy(void *self)
{
    struct proc *proc = self;

    if (!proc)
        return;
    free(proc->told.items);
    free(proc);
}

ATVM_COLLECTOR = {
    ATVM_COLLECTOR_HEAD,
    .name = "proc",
    .version = PACKAGE_VERSION,
    .summary = "the process table: the runner of this build, its children, defunct ones",
    .options = options,
    .option_count = sizeof(options) / sizeof(options[0]),
    .option_stride = sizeof(options[0]),
    .needs = ATVM_NEED_PROCESSES,
    .create = proc_create,
    .configure = proc_configure,
    .collect = proc_collect,
    .destroy = proc_destroy,
};
