/* A ledger on disk: evidence.jsonl of the state folder. */
#ifndef ATVM_CORE_LEDGER_FILE_H
#define ATVM_CORE_LEDGER_FILE_H

#include "ledger.h"

/*
 * Feeds a file of evidence lines into `ledger`; lines of a type that is not for a ledger are passed
 * over. 0, or -errno with a message that names file and line (free it): -ENOENT there is no such
 * file; -EBADMSG it is no regular file, or holds what is no evidence line; the ledger then has what
 * stood before that.
 */
int ledger_read_file(struct ledger *ledger, const char *path, char **ret_error);

#endif
