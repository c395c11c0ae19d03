/* Where the deliver worker finds the secrets of its sink. */
#ifndef ATVM_CORE_DELIVER_SECRET_H
#define ATVM_CORE_DELIVER_SECRET_H

#include <stddef.h>
#include <stdint.h>

#define DELIVER_SECRET_MAX 4096 /* bytes of one secret with its NUL */

/* The credential that the unit makes of /etc/atvm-run-watcher.env. */
#define DELIVER_SECRET_ENVIRONMENT_FILE "atvm-run-watcher.env"

/*
 * Looks the secret `name` up: first as the file of that name in `credentials` (the folder systemd
 * gives, see systemd.exec(5); NULL: none), trailing newlines removed, then as an assignment in the
 * file of environment variables that lies there, then among the "NAME=value" lines of the seekable
 * file `descriptor` (-1: none); of several assignments the last counts. Copies it with a NUL into
 * `buffer`. Returns its length, -ENOENT where there is none, -EMSGSIZE where the buffer is too
 * small, or another -errno. What was read is wiped from memory.
 */
int64_t deliver_secret_find(const char *credentials, int descriptor, const char *name, char *buffer,
                            size_t buffer_size);

#endif
