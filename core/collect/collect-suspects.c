#include "collect-suspects.h"

#include <stdlib.h>
#include <string.h>

#include "collect-output.h"
#include "memory.h"

struct suspect {
    char *collector;
    char *path; /* NULL: the collector itself */
    unsigned faults, outside;
};

struct collect_suspects {
    struct suspect *entries;
    size_t count, capacity;
    struct json_object *set_aside;
};

struct collect_suspects *collect_suspects_new(void)
{
    struct collect_suspects *suspects = memory_zeroed(1, sizeof(*suspects));

    suspects->set_aside = json_object_new_array();
    return suspects;
}

static void suspect_free(struct suspect *suspect)
{
    free(suspect->collector);
    free(suspect->path);
}

void collect_suspects_free(struct collect_suspects *suspects)
{
    if (!suspects)
        return;
    for (size_t i = 0; i < suspects->count; i++)
        suspect_free(&suspects->entries[i]);
    free(suspects->entries);
    json_object_put(suspects->set_aside);
    free(suspects);
}

static bool is_same_path(const char *one, const char *other)
{
    return one && other ? strcmp(one, other) == 0 : one == other;
}

static struct suspect *find(const struct collect_suspects *suspects, const char *collector,
                            const char *path)
{
    for (size_t i = 0; i < suspects->count; i++)
        if (strcmp(suspects->entries[i].collector, collector) == 0 &&
            is_same_path(suspects->entries[i].path, path))
            return &suspects->entries[i];
    return NULL;
}

static struct suspect *add(struct collect_suspects *suspects, const char *collector,
                           const char *path)
{
    memory_grow(&suspects->entries, suspects->count, &suspects->capacity,
                sizeof(*suspects->entries));
    suspects->entries[suspects->count] =
        (struct suspect){.collector = memory_string(collector), .path = memory_string(path)};
    return &suspects->entries[suspects->count++];
}

bool collect_suspects_note(struct collect_suspects *suspects, const char *collector,
                           const char *path, enum collect_blame blame)
{
    struct suspect *suspect = find(suspects, collector, path);
    struct json_object *entry;

    if (!suspect)
        suspect = add(suspects, collector, path);
    if (blame == COLLECT_BLAME_FAULT)
        suspect->faults++;
    else
        suspect->outside++;
    if (suspect->faults < COLLECT_SUSPECTS_FAULTS_MAX &&
        suspect->outside < COLLECT_SUSPECTS_OUTSIDE_MAX)
        return false;
    entry = json_object_new_object();
    collect_output_add_text(entry, "collector", collector);
    collect_output_add_text(entry, "path", path);
    json_object_array_add(suspects->set_aside, entry);
    collect_suspects_clear(suspects, collector, path);
    return true;
}

void collect_suspects_clear(struct collect_suspects *suspects, const char *collector,
                            const char *path)
{
    struct suspect *suspect = find(suspects, collector, path);

    if (!suspect)
        return;
    suspect_free(suspect);
    *suspect = suspects->entries[--suspects->count];
}

struct json_object *collect_suspects_set_aside(const struct collect_suspects *suspects)
{
    return suspects->set_aside;
}
