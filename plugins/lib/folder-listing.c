#include "folder-listing.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"

static bool ends_with(const char *name, const char *ending)
{
    size_t name_length = strlen(name);
    size_t ending_length = strlen(ending);

    return name_length > ending_length && strcmp(name + name_length - ending_length, ending) == 0;
}

bool folder_filter_accepts(const struct folder_filter *filter, const char *name)
{
    if (strncmp(name, filter->prefix, strlen(filter->prefix)) != 0)
        return false;
    if (!filter->endings)
        return name[0] != '.';
    for (const char *const *ending = filter->endings; *ending; ending++)
        if (ends_with(name, *ending))
            return true;
    return false;
}

static int add_name(struct folder_listing *listing, const char *name)
{
    if (listing->count == FOLDER_LISTING_LIMIT)
        return -EOVERFLOW;
    if (listing->count == listing->capacity) {
        size_t capacity = listing->capacity ? listing->capacity * 2 : 64;
        char **names = reallocarray(listing->names, capacity, sizeof(*names));

        if (!names)
            return -ENOMEM;
        listing->names = names;
        listing->capacity = capacity;
    }
    listing->names[listing->count] = strdup(name);
    if (!listing->names[listing->count])
        return -ENOMEM;
    listing->count++;
    return 0;
}

static int compare_names(const void *left, const void *right)
{
    return strcmp(*(char *const *)left, *(char *const *)right);
}

static int read_names(DIR *stream, const struct folder_filter *filter,
                      struct folder_listing *listing)
{
    for (;;) {
        struct dirent *entry;
        int error;

        errno = 0;
        entry = readdir(stream);
        if (!entry)
            return -errno;
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
            !folder_filter_accepts(filter, entry->d_name))
            continue;
        error = add_name(listing, entry->d_name);
        if (error)
            return error;
    }
}

int folder_listing_read(int descriptor, const struct folder_filter *filter,
                        struct folder_listing *ret)
{
    CLEANUP_DIR DIR *stream = NULL;
    /* closedir closes what fdopendir was given, and the caller still needs the folder. */
    CLEANUP_CLOSE int copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 0);
    int error;

    *ret = (struct folder_listing){0};
    if (copy < 0)
        return -errno;
    stream = fdopendir(copy);
    if (!stream)
        return -errno;
    take_descriptor(&copy);
    rewinddir(stream);
    error = read_names(stream, filter, ret);
    if (ret->count > 1)
        qsort(ret->names, ret->count, sizeof(*ret->names), compare_names);
    return error;
}

void folder_listing_free(struct folder_listing *listing)
{
    for (size_t i = 0; i < listing->count; i++)
        free(listing->names[i]);
    free(listing->names);
    *listing = (struct folder_listing){0};
}
