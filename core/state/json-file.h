/*
 * JSON documents on disk, and structs in them: durable writing, strict reading, and tables that say
 * which member of a struct is which key.
 */
#ifndef ATVM_CORE_JSON_FILE_H
#define ATVM_CORE_JSON_FILE_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Permissions of what the state folder holds: reports name machines, so not for everybody. */
#define JSON_FILE_MODE 0640

/* Writes `object` durably (see durable_write), indented, with a newline at the end and, as its last
 * member, a "digest" of what stands before that. 0 or -errno. */
int json_file_write(const char *path, struct json_object *object, char **ret_error);

/*
 * Reads a document of at most `limit` bytes whose member "schema" is "<schema>/<version>". The
 * caller owns *ret. -ENOENT: there is no such file (no message). -EBADMSG: it is damaged: not one
 * whole JSON object in UTF-8, other than its digest says, or of another schema. -EPROTONOSUPPORT:
 * its version is newer. Other -errno: it could not be read. Messages name the path; free
 * *ret_error.
 */
int json_file_read(const char *path, size_t limit, const char *schema, int64_t version,
                   struct json_object **ret, char **ret_error);

/* One whole JSON object in UTF-8, or NULL; the caller owns it. */
struct json_object *json_object_of(const char *text, size_t length);

enum json_member_type {
    JSON_MEMBER_STRING, /* char *, allocated; NULL is left out */
    JSON_MEMBER_INT32,  /* int32_t; always written */
    JSON_MEMBER_INT64,  /* int64_t; -1 (unknown) is left out */
    JSON_MEMBER_BOOLEAN /* bool; always written */
};

/* One member of a struct. A table of them ends with a NULL key. */
struct json_member {
    const char *key;
    enum json_member_type type;
    size_t offset;
};

/* Adds the members of the struct at `base` to `object`. */
void json_members_write(const struct json_member *members, const void *base,
                        struct json_object *object);
/* Sets the members that `object` has; strings are allocated and replace (and free) what was there.
 * Absent or null: the member stays. false: a value of the wrong type or out of range. */
bool json_members_read(const struct json_member *members, struct json_object *object, void *base);
/* Frees the strings of the struct at `base` and sets them to NULL. */
void json_members_free(const struct json_member *members, void *base);

#endif
