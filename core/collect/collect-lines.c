#include "collect-lines.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "memory.h"

#define READ_BYTES (64 * 1024)

/* Room for one more read and a NUL. */
static void make_room(struct collect_lines *lines)
{
    while (lines->capacity - lines->length < READ_BYTES + 1)
        memory_grow(&lines->bytes, lines->capacity, &lines->capacity, 1);
}

/* Hands on whole lines; searched_from: there is no newline before it. */
static void hand_on(struct collect_lines *lines, size_t searched_from, collect_lines_take take,
                    void *user)
{
    size_t begin = 0, from = searched_from;
    char *newline;

    while ((newline = memchr(lines->bytes + from, '\n', lines->length - from))) {
        size_t end = (size_t)(newline - lines->bytes);

        *newline = '\0';
        take(user, lines->bytes + begin, end - begin);
        begin = from = end + 1;
    }
    lines->length -= begin;
    memmove(lines->bytes, lines->bytes + begin, lines->length);
}

int collect_lines_read(struct collect_lines *lines, int descriptor, collect_lines_take take,
                       void *user)
{
    size_t before = lines->length;
    ssize_t length;

    make_room(lines);
    do
        length = read(descriptor, lines->bytes + lines->length, READ_BYTES);
    while (length < 0 && errno == EINTR);
    if (length <= 0)
        return length == 0 ? 0 : -errno;
    lines->length += (size_t)length;
    hand_on(lines, before, take, user);
    return lines->length > lines->limit ? -EMSGSIZE : 1;
}

void collect_lines_flush(struct collect_lines *lines, collect_lines_take take, void *user)
{
    if (lines->length == 0)
        return;
    make_room(lines);
    lines->bytes[lines->length] = '\0';
    take(user, lines->bytes, lines->length);
    lines->length = 0;
}

void collect_lines_free(struct collect_lines *lines)
{
    free(lines->bytes);
    lines->bytes = NULL;
    lines->length = lines->capacity = 0;
}
