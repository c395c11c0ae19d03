#include "collect-output.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "memory.h"

/* A pipe's usual capacity (pipe(7)): more at once only waits for the reader. */
#define GATHER_BYTES (64 * 1024)

static void make_room(struct collect_output *output, size_t more)
{
    while (output->capacity - output->length < more)
        memory_grow(&output->bytes, output->capacity, &output->capacity, 1);
}

size_t collect_output_line(struct collect_output *output, const char *type,
                           struct json_object *object)
{
    const char *text;
    size_t length;

    if (!object)
        object = json_object_new_object();
    json_object_object_add(object, "t", json_object_new_string(type));
    text = json_object_to_json_string_length(
        object, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE, &length);
    make_room(output, length + 1);
    memcpy(output->bytes + output->length, text, length);
    output->bytes[output->length + length] = '\n';
    output->length += length + 1;
    json_object_put(object);
    if (output->length > GATHER_BYTES)
        collect_output_flush(output);
    return length + 1;
}

void collect_output_flush(struct collect_output *output)
{
    size_t written = 0;

    while (written < output->length) {
        ssize_t done = write(output->descriptor, output->bytes + written, output->length - written);

        if (done >= 0) {
            written += (size_t)done;
        } else if (errno == EPIPE) {
            _exit(0);
        } else if (errno != EINTR) {
            fprintf(stderr, "cannot write evidence to the watcher: %s\n", strerror(errno));
            _exit(1);
        }
    }
    output->length = 0;
}

void collect_output_free(struct collect_output *output)
{
    free(output->bytes);
    output->bytes = NULL;
    output->length = output->capacity = 0;
}

void collect_output_add_text(struct json_object *object, const char *key, const char *text)
{
    if (text)
        json_object_object_add(object, key, json_object_new_string(text));
}

void collect_output_add_number(struct json_object *object, const char *key, int64_t number)
{
    json_object_object_add(object, key, json_object_new_int64(number));
}
