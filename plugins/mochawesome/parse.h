/*
 * mochawesome's reports of one spec, as JSON and as HTML with the same JSON inside.
 *
 * Everything is counted from the test and hook objects, one at a time; stats only serve to notice a
 * contradiction, because mochawesome subtracts failed hooks (and under Cypress pending tests) from
 * stats.failures. The objects are parsed, never searched: `code` and `context` hold any words.
 */
#ifndef ATVM_PLUGINS_MOCHAWESOME_PARSE_H
#define ATVM_PLUGINS_MOCHAWESOME_PARSE_H

#include <stdbool.h>
#include <stddef.h>

#include "host-result.h"

struct mochawesome_parser;

/* For one file, fed in pieces of any size; is_html: how to read it. Never NULL. */
struct mochawesome_parser *mochawesome_parser_new(bool is_html);
void mochawesome_parser_feed(struct mochawesome_parser *parser, const char *bytes, size_t length);
/* Pure. The result of all that was fed, to be freed with host_result_free; frees the parser. */
struct host_result mochawesome_parser_finish(struct mochawesome_parser *parser);

#endif
