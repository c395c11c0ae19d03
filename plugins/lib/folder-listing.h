/* The names in a folder (and in its direct sub-folders), chosen by prefix and ending, in byte
 * order. */
#ifndef ATVM_PLUGINS_FOLDER_LISTING_H
#define ATVM_PLUGINS_FOLDER_LISTING_H

#include <stdbool.h>
#include <stddef.h>

/* More names than this in one place are not a reporter's work: the folder counts as unreadable. */
#define FOLDER_LISTING_LIMIT 200000

struct folder_listing {
    char **names; /* sorted by strcmp; owned by the listing */
    size_t count;
    size_t capacity;
};

/*
 * Which names are wanted: `prefix` ("" for any) and one of `endings` (NULL-terminated). endings
 * NULL: every name that does not begin with a dot.
 */
struct folder_filter {
    const char *prefix;
    const char *const *endings;
};

bool folder_filter_accepts(const struct folder_filter *filter, const char *name);

/*
 * Reads the names of the open folder, which stays open; its read position is set back first.
 * Returns 0, or -errno (-EOVERFLOW: more than FOLDER_LISTING_LIMIT). The listing is to be freed
 * either way.
 */
int folder_listing_read(int descriptor, const struct folder_filter *filter,
                        struct folder_listing *ret);
void folder_listing_free(struct folder_listing *listing);

#endif
