/*
 * Takes secrets out of text that goes to people: commands and error messages quote them. Pure.
 * What is masked becomes "***"; better one word too many than one too few.
 */
#ifndef ATVM_CORE_RENDER_SECRET_H
#define ATVM_CORE_RENDER_SECRET_H

#include "memory.h"

/*
 * A copy of `text` in `memory` (NULL is an empty text) in which these are masked:
 *   - the value of an option whose name ends in key, token, secret, password, passwd, passphrase,
 *     sshpass:
 *     "--key X", "--record-key=X", also in quotes;
 *   - the value of -p, unless it is a port or a path; after sshpass always, glued or not;
 *   - an assignment to a name with such an ending: "password=X", "RECORD_KEY=X", "\"token\":
 * \"X\"";
 *   - "Bearer X"; the password in "https://user:X@host";
 *   - what makes a webhook address secret: ".../hooks/X", Telegram's ".../botX", and
 *     "hooks.slack.com/services/X".
 * A value that somebody has already masked with asterisks stays as it is.
 */
char *secret_mask(struct obstack *memory, const char *text);

#endif
