/*
 * What one per-host artifact says about its host, on its way from a pure parser to the core: one
 * HOST_RESULT, and whether the artifact may be believed.
 */
#ifndef ATVM_PLUGINS_HOST_RESULT_H
#define ATVM_PLUGINS_HOST_RESULT_H

#include <atvm/plugin.h>

#include <stdbool.h>

#include "artifact-folder.h"

#define HOST_RESULT_DAMAGE_BYTES 400

struct host_result {
    /* Claim HOST_RESULT. Its strings (but form) belong to this struct; host NULL: the content names
       none. */
    struct atvm_evidence evidence;
    /* Why the artifact is not whole, one line; "" while it is. */
    char damage[HOST_RESULT_DAMAGE_BYTES];
    /* What it says is about nobody for certain (two hosts, not readable): evidence is not emitted.
     */
    bool withheld;
    /* It is the report of the bookkeeping spec, which says nothing about any host. */
    bool bookkeeping;
};

/* A result that says nothing yet, of this form (static string) and basis. */
struct host_result host_result_new(const char *form, int32_t basis);
/* Frees the strings; the struct may be reused after host_result_new. */
void host_result_free(struct host_result *result);

/* Notes why it is damaged; the first reason stays. */
void host_result_damage(struct host_result *result, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* The same for content that cannot be read or belongs to nobody for certain: withholds it. */
void host_result_refuse(struct host_result *result, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Notes why it must not prove a pass (ATVM_EVIDENCE_PROVES_NOTHING); the first reason stays. */
void host_result_doubt(struct host_result *result, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The content names this host; `where` says in what ("its metadata"). Another name than before
 * refuses the content. NULL and "" are passed over. */
void host_result_name(struct host_result *result, const char *name, const char *where);
/* The same for a spec's path: its base name, or `bookkeeping`. */
void host_result_name_by_spec(struct host_result *result, const char *spec, const char *where);
/* The same for the first machine name in a title, if there is one. */
void host_result_name_by_title(struct host_result *result, const char *title, size_t length,
                               const char *where);

/* Where the content leaves room, what is known of the file itself fills it. */
enum host_result_file {
    HOST_RESULT_FILE_NAMES_HOST = 1 << 0, /* its stem is the host's whole name */
    HOST_RESULT_FILE_TIMES_RUN = 1 << 1   /* began at the time in its name, ended when modified */
};

/*
 * Settles the host (content, then the folder's name, then the stem; names that contradict each
 * other refuse the content) and the times, and emits the evidence. `file`: enum host_result_file,
 * ORed. Returns enum atvm_source_quality and fills reason as artifact_visit has to.
 */
int32_t host_result_deliver(struct host_result *result, const struct atvm_host *host,
                            const struct artifact *artifact, unsigned file, char *reason,
                            size_t reason_size);

/* One visit to a log that a reporter leaves per host, whose name and time are those of the host's
 * run: reads it whole, parses it and delivers the result, as above. */
int32_t host_result_deliver_log(struct host_result (*parse)(const char *bytes, size_t length),
                                const struct atvm_host *host, const struct artifact *artifact,
                                char *reason, size_t reason_size);

#endif
