#include "artifact-search.h"

#include <string.h>
#include <unistd.h>

#define PIECE_BYTES  (64 * 1024)
#define NEEDLE_LEAST 4
#define NEEDLE_MOST  200

/* The longest part that stands in JSON and HTML as it is; *ret_length 0: none. */
static const char *longest_plain_part(const char *text, size_t *ret_length)
{
    static const char escaped[] = "\"'\\&<>\001\002\003\004\005\006\007\010\011\012\013\014\015\016"
                                  "\017\020\021\022\023\024\025\026\027\030\031\032\033\034\035\036"
                                  "\037\177";
    const char *longest = text;

    *ret_length = 0;
    while (*text) {
        size_t length = strcspn(text, escaped);

        if (length > *ret_length) {
            longest = text;
            *ret_length = length;
        }
        text += length + (text[length] != '\0');
    }
    if (*ret_length > NEEDLE_MOST)
        *ret_length = NEEDLE_MOST;
    return longest;
}

int64_t artifact_offset_of(const struct artifact *artifact, const char *text)
{
    char piece[PIECE_BYTES];
    size_t length, kept = 0;
    const char *needle = longest_plain_part(text, &length);
    int64_t offset = 0; /* of piece[0] */
    ssize_t got;

    if (length < NEEDLE_LEAST)
        return -1;
    /* What could be the beginning of the text is kept for the next piece. */
    while ((got = pread(artifact->descriptor, piece + kept, sizeof(piece) - kept,
                        offset + (int64_t)kept)) > 0) {
        size_t filled = kept + (size_t)got;
        const char *found = memmem(piece, filled, needle, length);

        if (found)
            return offset + (found - piece);
        kept = filled < length ? filled : length - 1;
        memmove(piece, piece + filled - kept, kept);
        offset += (int64_t)(filled - kept);
    }
    return -1;
}
