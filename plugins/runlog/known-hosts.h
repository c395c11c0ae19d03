/*
 * The machines a run log has told of: which are expected and not yet named, and what is known of
 * their failures until the table at the end of the run.
 */
#ifndef ATVM_PLUGINS_RUNLOG_KNOWN_HOSTS_H
#define ATVM_PLUGINS_RUNLOG_KNOWN_HOSTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "line-text.h"

/* Why a host failed, as the text of its spec told it. Every string may be empty. */
struct host_failure {
    struct byte_string step, message, excerpt;
    bool hook; /* step is the title of a hook */
};

struct known_host {
    char *name;
    bool expected;
    bool mentioned;        /* named in a line after its specPattern */
    int32_t started_batch; /* last batch in which it began; 0: none */
    int32_t closed_batch;  /* last batch in which its Results box was closed; 0: none */
    struct host_failure failure;
};

struct known_hosts;

struct known_hosts *known_hosts_new(void);
/* Accepts NULL. */
void known_hosts_free(struct known_hosts *hosts);

/* The host of this name, made where it is new. Lives as long as the set. */
struct known_host *known_hosts_add(struct known_hosts *hosts, const char *name);
/* Notes that the host is expected: the first line that names it is of interest. */
void known_hosts_expect(struct known_hosts *hosts, struct known_host *host);

/*
 * Goes through the expected hosts that this line is the first to name in full ("atvm7-a1" is not
 * named by "atvm7-a12" or "atvm7-a1.2"), in the order of the line. *position: 0 before the first
 * call. NULL: no further one. The work is bounded by the line's length, whatever the number of
 * hosts.
 */
struct known_host *known_hosts_next_mention(struct known_hosts *hosts, struct text line,
                                            size_t *position);

/* The one host that began in `batch`, has no closed box there, and whose name or spec begins with
 * `part`; NULL: none, or several. */
struct known_host *known_hosts_by_part(struct known_hosts *hosts, struct text part, int32_t batch);

/* Replaces what is known of the host's failure; an excerpt that would make all of them together
 * larger than 32 MB is left out. */
void known_hosts_set_failure(struct known_hosts *hosts, struct known_host *host,
                             const struct host_failure *failure);
void known_hosts_clear_failure(struct known_hosts *hosts, struct known_host *host);

#endif
