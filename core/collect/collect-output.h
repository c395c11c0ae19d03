/* What the collect worker writes to the watcher: lines, buffered, whole or not at all. */
#ifndef ATVM_CORE_COLLECT_OUTPUT_H
#define ATVM_CORE_COLLECT_OUTPUT_H

#include <json-c/json.h>
#include <stddef.h>

struct collect_output {
    int descriptor;
    char *bytes;
    size_t length, capacity;
};

/* Appends a line of type `type` with the keys of `object` (taken over; NULL: none); returns its
 * bytes. Writes what has gathered once that is more than 64 KiB. */
size_t collect_output_line(struct collect_output *output, const char *type,
                           struct json_object *object);

/* Writes all that has gathered. When the watcher no longer reads, this worker is of no use: it ends
 * here, quietly (status 0) where the pipe is closed, with a message (1) otherwise. */
void collect_output_flush(struct collect_output *output);

/* Frees the buffer; what is in it is lost. */
void collect_output_free(struct collect_output *output);

/* Adds a string or number to an object; NULL text adds nothing. */
void collect_output_add_text(struct json_object *object, const char *key, const char *text);
void collect_output_add_number(struct json_object *object, const char *key, int64_t number);

#endif
