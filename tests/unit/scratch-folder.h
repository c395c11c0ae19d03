/* A folder for one test, and small file helpers that fail the test when they fail. */
#ifndef ATVM_TESTS_SCRATCH_FOLDER_H
#define ATVM_TESTS_SCRATCH_FOLDER_H

#include <stdbool.h>
#include <stddef.h>

/* A new empty folder below $TMPDIR or /tmp; free() the path after scratch_folder_remove. */
char *scratch_folder_new(void);
/* Removes it with all it holds. */
void scratch_folder_remove(const char *path);

/* Replaces the file at <folder>/<name>. */
void scratch_write(const char *folder, const char *name, const char *text);
/* Its content; free() it. NULL: there is no such file. */
char *scratch_read(const char *folder, const char *name);
bool scratch_exists(const char *folder, const char *name);
/* How many names in <folder>/<name> hold `part`; 0 where there is no such folder. */
size_t scratch_count(const char *folder, const char *name, const char *part);

#endif
