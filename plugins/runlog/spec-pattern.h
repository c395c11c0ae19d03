/* The list of specs after "Extracted specPattern:". Pure. */
#ifndef ATVM_PLUGINS_RUNLOG_SPEC_PATTERN_H
#define ATVM_PLUGINS_RUNLOG_SPEC_PATTERN_H

#include "line-text.h"

/*
 * Takes the next spec off the front of *list and gives its path in *ret_spec (a part of the list).
 * The list may be written as Python or JSON list ("['a.ts', \"b.ts\"]"), or bare and separated by
 * commas; a path whose closing quote is missing is left out. false: there is no further one.
 */
bool spec_pattern_next(struct text *list, struct text *ret_spec);

/* The list opens a bracket that it does not close: it goes on in the following lines. */
bool spec_pattern_is_open(struct text list);

/* Whether a path names one file: no wildcard, no braces. */
bool spec_path_is_plain(struct text path);

/* Whether it ends as a spec file does (".ts", ".js" ...): a name that was cut does not. */
bool spec_has_ending(struct text path);

#endif
