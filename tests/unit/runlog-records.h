/* The records that the run log parser makes of a text, as JSON, for tests. */
#ifndef ATVM_TESTS_RUNLOG_RECORDS_H
#define ATVM_TESTS_RUNLOG_RECORDS_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>

/* All complete lines of the text, then (`settled`) what is left of it as a tail. An array of
 * objects as evidence_to_json gives them; the caller puts it. */
struct json_object *runlog_records(const char *text, size_t length, bool categorized, bool settled);

/* The nth record (from 0) with this claim, host and form (NULL: any); NULL: there is none. */
struct json_object *runlog_record(struct json_object *records, const char *claim, const char *host,
                                  const char *form, size_t n);
/* How many there are. */
size_t runlog_record_count(struct json_object *records, const char *claim, const char *host,
                           const char *form);

/* A member of a record; "" or -1 where it is not there. */
const char *record_text(struct json_object *record, const char *key);
int64_t record_number(struct json_object *record, const char *key);

/* Reads a file of the source tree ("tests/fixtures/..."), NUL-terminated; free() it. NULL: there is
 * no such file. */
char *read_tree_file(const char *path, size_t *ret_length);

#endif
