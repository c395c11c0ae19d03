/*
 * The VM inventory: which kernel runs on which host. A Markdown document that operators keep; what
 * counts in it are its tables (GitHub's: head row, row of dashes, rows) with a host column and a
 * kernel column.
 *
 * The columns are found by their heads, in any letter case and order: the host column is named
 * Host, Hostname, VM or "VM name", else Name or Machine, else has one of these words in its name;
 * the kernel column is named Kernel, or has that word in its name. Of several the best fits, then
 * the leftmost.
 */
#ifndef ATVM_CORE_INVENTORY_H
#define ATVM_CORE_INVENTORY_H

#include <stdbool.h>
#include <stddef.h>

#include "memory.h"
#include "report.h"

/* An inventory takes some ten KiB. */
#define INVENTORY_SIZE_MAX (1024 * 1024)

/*
 * Pure. The hosts of all such tables with their kernels, in the order of the text; a host without
 * a value (an empty cell, a dash) is left out. *ret (never NULL on success) is an array in
 * `memory`. false: there is no table with both columns.
 */
bool inventory_parse(struct obstack *memory, const char *text, struct host_fact **ret,
                     size_t *ret_count);

/*
 * The same of a regular file of at most INVENTORY_SIZE_MAX bytes. 0, or -errno with *ret_error
 * (free it), which says what is missing and what to do; -ENOENT: there is no such file; -EBADMSG:
 * there is no such table in it.
 */
int inventory_read(struct obstack *memory, const char *path, struct host_fact **ret,
                   size_t *ret_count, char **ret_error);

#endif
