/* The per-host artifacts of the recorded runs in tests/fixtures, each with its truth. */
#ifndef ATVM_TESTS_RECORDED_ARTIFACTS_H
#define ATVM_TESTS_RECORDED_ARTIFACTS_H

#include <json-c/json.h>

#include <stdbool.h>
#include <stddef.h>

/* All pointers live during the visit. */
struct recorded_artifact {
    const char *scenario; /* "04-dict-events-no-log" */
    const char *path;
    const char *bytes; /* the file, with NUL */
    size_t length;
    char host[256];            /* from the file's name */
    struct json_object *truth; /* what expected.json says of the host; NULL: it is not in the run */
    struct json_object *flow;  /* expected.json: test_flow */
    bool is_stale;             /* begun before the run */
    bool is_damaged;           /* cut or emptied on purpose */
};

/* Visits every artifact whose path below root/cypress/cmcReporter fits the pattern ("logs/?*" etc.;
 * glob(7)), in byte order. Returns how many there were. */
unsigned recorded_artifacts_each(const char *pattern,
                                 void (*visit)(void *user, const struct recorded_artifact *),
                                 void *user);

/* The file `name` below the source tree, with NUL; free() it. Fails the test if it is not there. */
char *recorded_file(const char *name, size_t *ret_length);
/* The path of `name` below the source tree; free() it. */
char *recorded_path(const char *name);

/* Copies text with "'" turned into '"', so that JSON is readable in C; free() it. */
char *with_double_quotes(const char *text);

#endif
