/*
 * The builds of a state root, a row each, for `list` and to find the build that is meant. Reads
 * what watchers left; judges nothing and changes nothing.
 */
#ifndef ATVM_CORE_STATUS_BUILDS_H
#define ATVM_CORE_STATUS_BUILDS_H

#include <json-c/json.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "config.h"
#include "outbox.h"
#include "verdict.h"

/* What a post's record means to people. */
enum post_standing {
    POST_DELIVERED = 1,
    POST_WAITING, /* it is still being tried, or will be */
    POST_DROPPED, /* an operator gave it up, or cancelled the run before it left */
    POST_HELD /* uncertain, quarantined, behind a part that is, or for a sink that is not configured
                 any more */
};

/* Pure. The record is one of `posts`; `config`: with its sinks. */
enum post_standing post_standing_of(const struct outbox_list *posts,
                                    const struct outbox_record *record,
                                    const struct config *config);

/* How many posts stand how. */
struct post_counts {
    size_t delivered, waiting, held;
};
struct post_counts count_posts(const struct outbox_list *posts, const struct config *config);

/* One build; strings are owned, times in ns since 1970 UTC. */
struct build_row {
    char *name;
    enum run_state state; /* as last judged by its watcher; 0: not known */
    bool categorized;
    size_t passed, failed, open; /* hosts; open: without a final result */
    int64_t started_ns;          /* of the run's window; -1: not known */
    int64_t closed_ns;           /* -1: not closed */
    struct post_counts posts;
    pid_t watcher; /* holds the build's lock; 0: nobody */
    char *problem; /* why something above is not known; NULL */
};

struct build_rows {
    struct build_row *rows;
    size_t count, capacity;
};

/*
 * Reads all builds of the state root of `config`, newest first. What cannot be read of one build is
 * its row's `problem`. 0; -ENOENT: there is no state root; else -errno; *ret_error (free it) says
 * what to do.
 */
int build_rows_load(const struct config *config, int64_t now_ns, struct build_rows *ret,
                    char **ret_error);
void build_rows_free(struct build_rows *rows);

/* Newest first; those of unknown age last; by name where that is the same. For qsort. */
int build_rows_compare(const void *left, const void *right);

/* The rows as a table with a head, aligned, a line each; free() it. time_zone as in struct
 * run_facts. Pure. */
char *build_rows_text(const struct build_rows *rows, int64_t now_ns, const char *time_zone);
/* The rows as an array (doc/status.md); the caller owns it. Pure. */
struct json_object *build_rows_json(const struct build_rows *rows);

#endif
