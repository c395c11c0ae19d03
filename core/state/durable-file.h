/*
 * Files that survive a crash: whoever reads one after a crash, a full disk or an I/O error finds
 * the old content or the new one, whole.
 *
 * All functions return 0 or -errno. Where `ret_error` is given and the call fails, *ret_error names
 * path, step and cause ("/x/state.json: fsync: Input/output error"); free() it. A folder has one
 * writer at a time (the holder of the build's lock): temporary files have fixed names, so that a
 * crashed write leaves at most one behind, which the next one replaces.
 */
#ifndef ATVM_CORE_DURABLE_FILE_H
#define ATVM_CORE_DURABLE_FILE_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

/*
 * What root makes in a folder belongs to the owner of that folder: the watcher runs as a user of
 * its own, and must be able to go on with what a command of root's left in its state folder. All
 * functions below that make something see to it; this is for who makes a file otherwise. `path` is
 * the file's, open as `descriptor`. 0 or -errno.
 */
int durable_give_to_owner(const char *path, int descriptor);

/* Writes the message for a failed step, with what helps where that is known; yields `error`
 * (-errno). */
int durable_failed(char **ret_error, int error, const char *path, const char *step);

/*
 * Replaces `path` atomically: writes ".NAME.new" beside it, fsyncs, renames, fsyncs the folder. On
 * failure the previous content stays; only where the last step failed the new one may stand already
 * (without a promise that it outlives a power loss).
 */
int durable_write(const char *path, const void *data, size_t length, mode_t mode, char **ret_error);

/* The same for content that is written piece by piece. `write_content` returns 0 or -errno. */
int durable_write_stream(const char *path, mode_t mode,
                         int (*write_content)(void *user, FILE *stream), void *user,
                         char **ret_error);

/* Makes a new empty file for reading and appending (close-on-exec) and fsyncs it and its folder.
 * What had that name before loses it. */
int durable_create(const char *path, mode_t mode, int *ret_descriptor, char **ret_error);

/* Appends to an open file and fsyncs it. `path` is for the message only. */
int durable_append(int descriptor, const char *path, const void *data, size_t length,
                   char **ret_error);

/* Makes what was renamed or linked within the folder outlive a power loss. */
int durable_sync_folder(const char *path, char **ret_error);

/* Makes the folder `path`, whose parent exists, and fsyncs the parent. A folder that is there
 * already is fine. */
int durable_make_folder(const char *path, mode_t mode, char **ret_error);
/* The same for each missing folder of `path` in turn. */
int durable_make_folders(const char *path, mode_t mode, char **ret_error);

/*
 * Reads a whole regular file of at most `limit` bytes into memory, NUL-terminated; free() it. A
 * symbolic link, FIFO or device is refused with -ELOOP or -EINVAL, a larger file with -EFBIG. A
 * file that does not exist gives -ENOENT without a message.
 */
int durable_read(const char *path, size_t limit, char **ret_data, size_t *ret_length,
                 char **ret_error);

/* Removes a file and fsyncs its folder. One that does not exist is fine. */
int durable_remove(const char *path, char **ret_error);

/* What becomes of the name of a file that is set aside. */
enum durable_original {
    DURABLE_MOVE, /* the name is free afterwards */
    DURABLE_KEEP  /* the file stands under both names until the old one is overwritten */
};

/* Sets a damaged file aside as "PATH.corrupt-<time>" (UTC; "-2" ... is added where that is taken)
 * and fsyncs the folder. *ret_path: the new path; free() it. */
int durable_set_aside(const char *path, enum durable_original original, int64_t now_ns,
                      char **ret_path, char **ret_error);

/*
 * Foreign text as one component of a path: [A-Za-z0-9][A-Za-z0-9._-]* stays as it is, every other
 * byte becomes %XX. Different names give different components; free() the result. NULL where it is
 * empty or the component would be longer than DURABLE_COMPONENT_MAX bytes.
 */
#define DURABLE_COMPONENT_MAX 200
char *durable_component(const char *name);
/* The name back; free() it. NULL where durable_component would not have written it. */
char *durable_component_decode(const char *component);

#endif
