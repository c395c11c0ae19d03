#include "known-hosts.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "allocate.h"
#include "host-name.h"

#define EXCERPTS_MAX (32 * 1024 * 1024) /* bytes of all excerpts that wait for the table */

struct known_hosts {
    void *by_name; /* tsearch(3) */
    struct known_host **all;
    size_t count, capacity;
    char common[HOST_NAME_MAX_BYTES + 1]; /* what all expected names begin with */
    size_t expected, mentioned;
    size_t excerpt_bytes;
};

static int compare_names(const void *left, const void *right)
{
    return strcmp(((const struct known_host *)left)->name,
                  ((const struct known_host *)right)->name);
}

struct known_hosts *known_hosts_new(void)
{
    return allocate(1, sizeof(struct known_hosts));
}

static void ignore(void *node)
{
    (void)node;
}

static void failure_free(struct host_failure *failure)
{
    byte_string_free(&failure->step);
    byte_string_free(&failure->message);
    byte_string_free(&failure->excerpt);
}

void known_hosts_free(struct known_hosts *hosts)
{
    if (!hosts)
        return;
    tdestroy(hosts->by_name, ignore);
    for (size_t i = 0; i < hosts->count; i++) {
        failure_free(&hosts->all[i]->failure);
        free(hosts->all[i]->name);
        free(hosts->all[i]);
    }
    free(hosts->all);
    free(hosts);
}

static struct known_host *find(const struct known_hosts *hosts, const char *name)
{
    struct known_host key = {.name = (char *)name};
    struct known_host *const *node = tfind(&key, &hosts->by_name, compare_names);

    return node ? *node : NULL;
}

struct known_host *known_hosts_add(struct known_hosts *hosts, const char *name)
{
    struct known_host *host = find(hosts, name);

    if (host)
        return host;
    hosts->all = grow_array(hosts->all, hosts->count, &hosts->capacity, sizeof(*hosts->all));
    host = allocate(1, sizeof(*host));
    host->name = copy_string(name);
    hosts->all[hosts->count++] = host;
    if (!tsearch(host, &hosts->by_name, compare_names))
        abort();
    return host;
}

void known_hosts_expect(struct known_hosts *hosts, struct known_host *host)
{
    size_t same = 0;

    if (host->expected)
        return;
    host->expected = true;
    if (hosts->expected++ == 0) {
        memcpy(hosts->common, host->name, strlen(host->name) + 1);
        return;
    }
    while (hosts->common[same] && hosts->common[same] == host->name[same])
        same++;
    hosts->common[same] = '\0';
}

static bool is_name_character(char character)
{
    return (character >= 'a' && character <= 'z') || (character >= 'A' && character <= 'Z') ||
           (character >= '0' && character <= '9') || character == '-';
}

/* The expected host whose whole name stands at the start of `text`: a name ends where no letter,
 * digit or '-' follows; a dot ends it only where no digit comes next ("….ts", end of sentence), a
 * '_' always ("…_2026-04-16T17-00-00.json"). The longest name counts. */
static struct known_host *host_at(const struct known_hosts *hosts, struct text text)
{
    char name[HOST_NAME_MAX_BYTES + 1];
    size_t length = 0;

    while (length < text.length && length < HOST_NAME_MAX_BYTES &&
           (is_name_character(text.bytes[length]) || memchr("._", text.bytes[length], 2)))
        length++;
    while (length > 0) {
        struct known_host *host;
        bool version_follows;

        memcpy(name, text.bytes, length);
        name[length] = '\0';
        host = find(hosts, name);
        if (host && host->expected)
            return host;
        do
            length--;
        while (length > 0 && !memchr("._", text.bytes[length], 2));
        version_follows = text.bytes[length] == '.' && length + 1 < text.length &&
                          text.bytes[length + 1] >= '0' && text.bytes[length + 1] <= '9';
        if (version_follows)
            return NULL;
    }
    return NULL;
}

struct known_host *known_hosts_next_mention(struct known_hosts *hosts, struct text line,
                                            size_t *position)
{
    size_t common = strlen(hosts->common);

    while (hosts->mentioned < hosts->expected && *position < line.length) {
        const char *at =
            memmem(line.bytes + *position, line.length - *position, hosts->common, common);
        size_t start;
        struct known_host *host;

        if (!at)
            break;
        start = (size_t)(at - line.bytes);
        *position = start + 1;
        if (start > 0 && is_name_character(line.bytes[start - 1]))
            continue;
        host = host_at(hosts, text_from(line, start));
        if (host && !host->mentioned) {
            host->mentioned = true;
            hosts->mentioned++;
            return host;
        }
    }
    return NULL;
}

struct known_host *known_hosts_by_part(struct known_hosts *hosts, struct text part, int32_t batch)
{
    struct known_host *found = NULL;

    for (size_t i = 0; i < hosts->count; i++) {
        struct known_host *host = hosts->all[i];
        size_t length = strlen(host->name);

        if (host->started_batch != batch || host->closed_batch == batch)
            continue;
        /* the part may reach into the ending of the spec's file name */
        if (part.length < length)
            length = part.length;
        if (length == 0 || memcmp(host->name, part.bytes, length) != 0)
            continue;
        if (part.length > length && part.bytes[length] != '.')
            continue;
        if (found)
            return NULL;
        found = host;
    }
    return found;
}

static void assign_string(struct byte_string *to, const struct byte_string *from)
{
    byte_string_clear(to);
    byte_string_append(to, from->bytes, from->length, (size_t)-1);
}

void known_hosts_clear_failure(struct known_hosts *hosts, struct known_host *host)
{
    hosts->excerpt_bytes -= host->failure.excerpt.length;
    failure_free(&host->failure);
    host->failure.hook = false;
}

void known_hosts_set_failure(struct known_hosts *hosts, struct known_host *host,
                             const struct host_failure *failure)
{
    known_hosts_clear_failure(hosts, host);
    host->failure.hook = failure->hook;
    assign_string(&host->failure.step, &failure->step);
    assign_string(&host->failure.message, &failure->message);
    if (hosts->excerpt_bytes + failure->excerpt.length > EXCERPTS_MAX)
        return;
    assign_string(&host->failure.excerpt, &failure->excerpt);
    hosts->excerpt_bytes += failure->excerpt.length;
}
