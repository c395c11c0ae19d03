/* Scoped cleanup: resources are released when their variable leaves its block. */
#ifndef ATVM_CORE_CLEANUP_H
#define ATVM_CORE_CLEANUP_H

#include <dirent.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static inline void cleanup_free_pointer(void *variable)
{
    free(*(void **)variable);
}

static inline void cleanup_close_descriptor(int *variable)
{
    if (*variable >= 0)
        close(*variable);
}

static inline void cleanup_close_file(FILE **variable)
{
    if (*variable)
        fclose(*variable);
}

static inline void cleanup_close_folder(DIR **variable)
{
    if (*variable)
        closedir(*variable);
}

static inline void cleanup_release_json(struct json_object **variable)
{
    json_object_put(*variable);
}

/* For results that were only read: whatever was written is closed and checked by hand. */
#define CLEANUP_FREE  __attribute__((cleanup(cleanup_free_pointer)))
#define CLEANUP_CLOSE __attribute__((cleanup(cleanup_close_descriptor)))
#define CLEANUP_FILE  __attribute__((cleanup(cleanup_close_file)))
#define CLEANUP_DIR   __attribute__((cleanup(cleanup_close_folder)))
#define CLEANUP_JSON  __attribute__((cleanup(cleanup_release_json)))

/* Hands a pointer on to another owner: yields its value and leaves NULL behind. */
#define TAKE_POINTER(pointer)                                                                      \
    __extension__({                                                                                \
        __typeof__(pointer) taken_ = (pointer);                                                    \
        (pointer) = NULL;                                                                          \
        taken_;                                                                                    \
    })

/* The same for a descriptor: leaves -1 behind. */
static inline int take_descriptor(int *descriptor)
{
    int taken = *descriptor;

    *descriptor = -1;
    return taken;
}

#endif
