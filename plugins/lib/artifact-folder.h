/*
 * A folder in which reporters leave files: finds the new and changed ones, opens them safely, and
 * brackets each with begin_source / end_source.
 *
 * Safe means: no FIFO, device or socket is ever opened for reading, no symbolic link is followed,
 * no file blocks, and a name that cannot be opened is a damaged source with the reason, never a
 * silent skip. Names are taken in byte order, whatever readdir says.
 */
#ifndef ATVM_PLUGINS_ARTIFACT_FOLDER_H
#define ATVM_PLUGINS_ARTIFACT_FOLDER_H

#include <atvm/plugin.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* An opened artifact, during one visit. */
struct artifact {
    const char *path;   /* absolute */
    const char *name;   /* last component of path */
    const char *folder; /* name of the folder it lies in (for logs/<host>/…) */
    const char *stem;   /* as host_name_stem gives it; "" names nobody */
    int descriptor;     /* open for reading at offset 0; closed after the visit */
    int64_t size, mtime_ns;
};

/*
 * Reads one artifact and emits what it says; begin_source has been called. Returns enum
 * atvm_source_quality; for anything but WHOLE it writes one line why into reason (reason_size
 * bytes with NUL). A damaged file that was modified less than two seconds before host->now, or that
 * changed while it was read, is reported as growing and visited again by itself.
 */
typedef int32_t (*artifact_visit)(void *user, const struct artifact *artifact, char *reason,
                                  size_t reason_size);

struct artifact_folder_settings {
    const char *path;           /* absolute; it may not exist (yet) */
    const char *kind;           /* atvm_source.kind of what lies here */
    const char *prefix;         /* file names begin with this; "" for any */
    const char *const *endings; /* and end with one of these: { ".xml", NULL } */
    int depth;                  /* 0: only this folder; 1: also its direct sub-folders */
    int64_t size_limit;         /* bytes; a larger file is damaged and not read */
};

struct artifact_folder;

/* Copies the settings. Never NULL; free with artifact_folder_free (accepts NULL). */
struct artifact_folder *artifact_folder_new(const struct atvm_host *host,
                                            const struct artifact_folder_settings *settings);
void artifact_folder_free(struct artifact_folder *folder);

/*
 * One pass: watches the folders (host->watch), visits each file that is new or has another device,
 * inode, size or modification time than at its last visit. A folder that does not exist is an empty
 * one; one that cannot be read gives ATVM_COLLECT_UNAVAILABLE (host->fail was called). Returns enum
 * atvm_collect_result: AGAIN where a file was growing or the deadline drew near.
 */
int32_t artifact_folder_pass(struct artifact_folder *folder, artifact_visit visit, void *user);

/* Reads the whole artifact into memory, NUL-terminated; free() it. NULL: error, reason written. */
char *artifact_read(const struct artifact *artifact, size_t *ret_length, char *reason,
                    size_t reason_size);

#endif
