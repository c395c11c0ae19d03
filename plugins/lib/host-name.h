/* Names of machines under test, as they stand in paths, file names and titles. */
#ifndef ATVM_PLUGINS_HOST_NAME_H
#define ATVM_PLUGINS_HOST_NAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HOST_NAME_MAX_BYTES 255

/*
 * Finds the first machine name in `text` (length bytes): "atvm", digits, '-', then letters, digits
 * and inner dots, where what stands before and after is no letter, digit or '-'. A spec ending
 * (".ts", ".js", ".cy.ts" ...) or artifact ending (".xml", ".json", ".txt", ".html") is not part of
 * it, nor is a sentence's full stop. A name that an ellipsis (U+2026) cuts off is none. Copies it
 * to `name`. false: there is none.
 */
bool host_name_find(const char *text, size_t length, char name[HOST_NAME_MAX_BYTES + 1]);

/* The host a spec file is for: its base name without ".cy.ts", ".ts", ".js" ...; any name counts,
 * not only "atvm...". false: empty, or longer than HOST_NAME_MAX_BYTES. */
bool host_name_of_spec(const char *path, size_t length, char name[HOST_NAME_MAX_BYTES + 1]);

/* The bookkeeping spec "check-xml-files.ts" (path, file name or name without ending): ends a run,
 * tests no host. */
bool host_name_is_bookkeeping(const char *name);

/*
 * Takes an artifact's file name apart: `prefix` ("test-result-" or "") and the last ending go; a
 * mochawesome counter "_001" goes, then a time such as "_2026-04-16T17-00-00", which gives
 * *ret_time_ns (as UTC; -1: none). What is left is the stem. A stem of 32 hex digits (an md5) names
 * nobody and becomes "". false: the name does not begin with `prefix`, or is too long.
 */
bool host_name_stem(const char *file_name, const char *prefix, char stem[HOST_NAME_MAX_BYTES + 1],
                    int64_t *ret_time_ns);

#endif
