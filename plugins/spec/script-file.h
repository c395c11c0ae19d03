/*
 * Reading a script of the automation project safely: a regular file of at most 16 MB, by a path
 * without symbolic links that does not leave the project.
 */
#ifndef ATVM_PLUGINS_SPEC_SCRIPT_FILE_H
#define ATVM_PLUGINS_SPEC_SCRIPT_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#define SCRIPT_FILE_MAX ((off_t)16 * 1024 * 1024)

struct script_file {
    struct stat status;
    char *text; /* NULL: not read */
    size_t length;
};

/*
 * The part of `path` below `root` (both absolute, or path relative): NULL where it would leave it,
 * by its beginning or by "..". A pointer into path.
 */
const char *script_file_below(const char *root, const char *path);

/*
 * Reads root/relative; with relative NULL, root itself is the file. false: *ret_reason (static)
 * says why not; file->status is filled in where the file could be looked at. Freed with
 * script_file_free either way.
 */
bool script_file_read(const char *root, const char *relative, struct script_file *file,
                      const char **ret_reason);
void script_file_free(struct script_file *file);

#endif
