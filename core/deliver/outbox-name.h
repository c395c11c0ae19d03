/* Names of the outbox's files. Pure; used by the parts of the outbox only. */
#ifndef ATVM_CORE_OUTBOX_NAME_H
#define ATVM_CORE_OUTBOX_NAME_H

#include "outbox.h"

#define OUTBOX_RECORD_ENDING ".json"

/* What tells the records of a build apart. Strings are the caller's. */
struct outbox_name {
    const char *sink, *scope;
    int32_t correction, part; /* as in struct outbox_message */
};

/* Refers to the record's strings. */
struct outbox_name outbox_name_of(const struct outbox_record *record);

/* "<folder>/outbox/<sink>/<scope>[+correction-<n>][+<part>]<ending>"; free it. NULL: no file can be
 * named after sink or scope. */
char *outbox_name_path(const char *folder, const struct outbox_name *name, const char *ending);
/* Says so in *ret_error (free it), for build folder `folder`; gives -ENAMETOOLONG. */
int outbox_name_refused(const char *folder, const char *sink, const char *scope, char **ret_error);
/* Path of the receipt of its present attempt; free it. NULL as above. */
char *outbox_receipt_path(const char *folder, const struct outbox_record *record);

/* The name of a record's file -> its scope (free it), correction and part; NULL for any other file.
 */
char *outbox_name_of_file(const char *file, struct outbox_name *ret);

#endif
