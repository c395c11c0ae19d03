/* The processes there are, read from a proc file system (proc(5)) or a copy of one. */
#ifndef ATVM_PLUGINS_PROC_PROCESS_TABLE_H
#define ATVM_PLUGINS_PROC_PROCESS_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* TASK_COMM_LEN of the kernel, with NUL: longer names are cut. Recorded copies may hold more. */
#define PROCESS_NAME_BYTES 64
/* Of a longer command line only this much is read. */
#define PROCESS_ARGUMENTS_BYTES 65536

struct process {
    int64_t pid, parent_pid;
    char state;                    /* 'R', 'S', 'D', 'Z' ...: field 3 of stat */
    char name[PROCESS_NAME_BYTES]; /* comm: may hold spaces and parentheses */
    int64_t start_ticks;           /* since boot, in clock ticks: field 22 of stat */
    char *arguments;               /* each with its NUL; owned; "" for zombies and kernel threads */
    size_t arguments_length;       /* bytes, the NULs included; 0: none */
};

struct process_table {
    struct process *processes; /* sorted by pid */
    size_t count, capacity;
    int64_t boot_ns; /* when the machine was started, since 1970; -1: not told */
};

/*
 * Reads the table. Processes that vanish meanwhile are left out. false: could not look, with one
 * line why and what to do in reason (reason_size bytes with NUL); *ret is then empty. Never reads
 * what only a process's owner may (environ). Free with process_table_free.
 */
bool process_table_read(const char *root, struct process_table *ret, char *reason,
                        size_t reason_size);
void process_table_free(struct process_table *table);

/* The process with this pid; NULL: none. */
const struct process *process_table_find(const struct process_table *table, int64_t pid);

/*
 * Takes one line of /proc/PID/stat apart, into everything but the arguments. The name is what
 * stands between the first '(' and the last ')'. false: it is not such a line.
 */
bool process_parse_stat(const char *line, struct process *ret);

#endif
