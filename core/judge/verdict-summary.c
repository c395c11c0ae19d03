#include "verdict-summary.h"

#include <stdlib.h>
#include <string.h>

#include "cleanup.h"

static int compare_hosts(const void *left, const void *right)
{
    const struct host_verdict *a = *(const struct host_verdict *const *)left;
    const struct host_verdict *b = *(const struct host_verdict *const *)right;

    return strcmp(a->name, b->name);
}

/* A title may hold anything; the summary has one host a line and TABs between the columns. */
static void add_step(struct obstack *text, const char *step)
{
    for (const char *byte = step; *byte; byte++)
        obstack_1grow(text, (unsigned char)*byte < ' ' ? ' ' : *byte);
}

static void add_host(struct obstack *text, const struct host_verdict *host)
{
    obstack_printf(text, "%s\t%s", host->name, host_status_name(host->status));
    if (host->status == HOST_FAIL && host->step) {
        obstack_1grow(text, '\t');
        add_step(text, host->step);
    }
    obstack_1grow(text, '\n');
}

char *verdict_summary(const struct scope_verdict *scope)
{
    CLEANUP_FREE const struct host_verdict **hosts =
        memory_zeroed(scope->host_count + 1, sizeof(*hosts));
    struct obstack text;
    char *summary;

    obstack_init(&text);
    for (size_t i = 0; i < scope->host_count; i++)
        hosts[i] = &scope->hosts[i];
    if (scope->host_count > 0)
        qsort(hosts, scope->host_count, sizeof(*hosts), compare_hosts);
    obstack_printf(&text, "%s\n", run_state_name(scope->state));
    for (size_t i = 0; i < scope->host_count; i++)
        add_host(&text, hosts[i]);
    obstack_1grow(&text, '\0');
    summary = memory_string(obstack_finish(&text));
    obstack_free(&text, NULL);
    return summary;
}

enum run_state verdict_summary_state(const char *summary)
{
    CLEANUP_FREE char *word = strndup(summary, strcspn(summary, "\n"));

    return word ? run_state_from_name(word) : 0;
}

/* ---- differences */

/* One line of a summary after the first. */
struct told {
    const char *line;
    size_t length, name_length;
};

static bool next_line(const char **cursor, struct told *ret)
{
    const char *line = *cursor;

    if (!*line)
        return false;
    ret->line = line;
    ret->length = strcspn(line, "\n");
    ret->name_length = strcspn(line, "\t\n");
    *cursor = line + ret->length + (line[ret->length] == '\n');
    return true;
}

static bool find_host(const char *summary, const struct told *wanted, struct told *ret)
{
    const char *cursor = summary;

    next_line(&cursor, ret); /* the state */
    while (next_line(&cursor, ret))
        if (ret->name_length == wanted->name_length &&
            strncmp(ret->line, wanted->line, wanted->name_length) == 0)
            return true;
    return false;
}

static void add_result(struct obstack *text, const struct told *told)
{
    for (size_t i = told->name_length + 1; i < told->length; i++) {
        if (told->line[i] == '\t')
            obstack_grow(text, " at ", 4);
        else
            obstack_1grow(text, told->line[i]);
    }
}

static void add_changed(struct obstack *text, const struct told *now, const struct told *before)
{
    obstack_printf(text, "; %.*s: ", (int)now->name_length, now->line);
    add_result(text, now);
    if (!before)
        return;
    obstack_grow(text, " instead of ", 12);
    add_result(text, before);
}

static void add_hosts(struct obstack *text, const char *before, const char *now)
{
    struct told told, then;
    const char *cursor = now;

    next_line(&cursor, &told);
    while (next_line(&cursor, &told)) {
        bool known = find_host(before, &told, &then);

        if (!known)
            add_changed(text, &told, NULL);
        else if (then.length != told.length || strncmp(then.line, told.line, told.length) != 0)
            add_changed(text, &told, &then);
    }
    cursor = before;
    next_line(&cursor, &told);
    while (next_line(&cursor, &told))
        if (!find_host(now, &told, &then))
            obstack_printf(text, "; %.*s is no longer part of it", (int)told.name_length,
                           told.line);
}

char *verdict_summary_difference(const char *before, const char *now)
{
    size_t length = strcspn(now, "\n"), was = before ? strcspn(before, "\n") : 0;
    struct obstack text;
    char *difference;

    obstack_init(&text);
    obstack_grow(&text, now, (int)length);
    if (!before)
        obstack_printf(&text, "; what was posted is not known");
    else if (was != length || strncmp(before, now, length) != 0)
        obstack_printf(&text, " instead of %.*s", (int)was, before);
    if (before)
        add_hosts(&text, before, now);
    obstack_1grow(&text, '\0');
    difference = memory_string(obstack_finish(&text));
    obstack_free(&text, NULL);
    return difference;
}
