/*
 * One JSON document, strictly: a single value, valid UTF-8, nothing before or after it but white
 * space, nested at most JSON_DOCUMENT_DEPTH deep. It is fed in pieces of any size, so that what it
 * is taken from need not be in memory as a whole.
 *
 * json-c keeps only the last of two members of an object that have the same name; a failing test
 * could vanish so. The reader notices that members were lost.
 */
#ifndef ATVM_PLUGINS_JSON_DOCUMENT_H
#define ATVM_PLUGINS_JSON_DOCUMENT_H

#include <json-c/json.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Suites nest two levels each; a report with more than 250 nested suites is nobody's. */
#define JSON_DOCUMENT_DEPTH 512

struct json_reader;

/* Never NULL; json_reader_free accepts NULL. */
struct json_reader *json_reader_new(void);
void json_reader_free(struct json_reader *reader);

/* The next bytes. What is wrong with them is said by json_reader_finish. */
void json_reader_feed(struct json_reader *reader, const char *bytes, size_t length);

/*
 * The document, to be freed with json_object_put; *ret_members_lost: an object of it named a member
 * twice. NULL: it is not one (also for the document "null"); reason says why, in one line.
 */
struct json_object *json_reader_finish(struct json_reader *reader, bool *ret_members_lost,
                                       char *reason, size_t reason_size);

/* The member `name` if `object` is an object that has it with that type, else NULL; borrowed. */
struct json_object *json_member(struct json_object *object, const char *name, enum json_type type);
/* The text of a member that is a string, else NULL; lives as long as the object. */
const char *json_member_text(struct json_object *object, const char *name);
/* A member that is a number, rounded to a whole one, else `otherwise`. */
int64_t json_member_number(struct json_object *object, const char *name, int64_t otherwise);
/* Whether the member is there and true. */
bool json_member_is_true(struct json_object *object, const char *name);

#endif
